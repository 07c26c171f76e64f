//! Agents: who acts for people, in which role, with which tools, and on whose money.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, TenantId};
use crate::metric::Metric;
use crate::money::Money;
use crate::time::Timestamp;

/// A day, the period of budgets.
const DAY: Duration = Duration::from_hours(24);

/// The longest name, in bytes.
pub const NAME_LENGTH_MAX: usize = 128;

/// What an agent is for. It decides what the agent may do where nothing else is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, other agents included.
    Admin,
    /// Writes code.
    Developer,
    /// Reads code and says what is wrong with it.
    Reviewer,
    /// Looks for what can be attacked.
    Security,
    /// Schemas, migrations and queries.
    Database,
    /// What people see.
    Frontend,
    /// Services and their interfaces.
    Backend,
    /// Tests.
    Tester,
    /// Data, reports and figures.
    Analyst,
    /// Plans, and lets others do the work.
    Coordinator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 10] = [
        Self::Admin,
        Self::Developer,
        Self::Reviewer,
        Self::Security,
        Self::Database,
        Self::Frontend,
        Self::Backend,
        Self::Tester,
        Self::Analyst,
        Self::Coordinator,
    ];

    /// The name used in files, tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::Reviewer => "reviewer",
            Self::Security => "security",
            Self::Database => "database",
            Self::Frontend => "frontend",
            Self::Backend => "backend",
            Self::Tester => "tester",
            Self::Analyst => "analyst",
            Self::Coordinator => "coordinator",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// Where an agent stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// Known, and nobody has said yet that it may work.
    Draft,
    /// At work.
    Active,
    /// Set aside for now.
    Suspended,
    /// Gone for good; kept for the record.
    Retired,
}

impl Lifecycle {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Draft, Self::Active, Self::Suspended, Self::Retired];

    /// The name used in files, tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Retired => "retired",
        }
    }

    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether an agent may go from this state to `next`. Nothing comes back from retirement.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Draft | Self::Suspended, Self::Active)
                | (Self::Draft | Self::Active, Self::Suspended)
                | (Self::Draft | Self::Active | Self::Suspended, Self::Retired)
        )
    }
}

/// What an agent may use and reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rbac {
    /// Tools it may use; `*` is every one.
    pub allowed_tools: Vec<String>,
    /// Tools it may not use, whatever the allowed ones say.
    pub denied_tools: Vec<String>,
    /// Paths it may read and write, as globs.
    pub path_scopes: Vec<String>,
    /// Outside services it may call; `*` is every one.
    pub api_access: Vec<String>,
    /// Whether people decide what it does.
    pub requires_approval: bool,
    /// From which cost of one action on people decide, in the budget's currency.
    pub approval_threshold: Money,
}

/// The approval threshold where nothing is said: 10 units.
pub const APPROVAL_THRESHOLD: Money = Money::from_micros(10_000_000);

/// What an agent may spend, and what it spent on the day of `last_reset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentBudget {
    /// Tokens in one session.
    pub max_tokens_per_session: u64,
    /// Money in one day, which begins at midnight UTC.
    pub max_cost_per_day: Money,
    /// The currency, such as `USD`.
    pub currency: String,
    /// Tokens used on that day.
    pub tokens_used_today: u64,
    /// Money spent on that day.
    pub cost_used_today: Money,
    /// The midnight from which on usage is counted.
    pub last_reset: Timestamp,
}

impl AgentBudget {
    /// The same at a time: on another day nothing is used yet.
    #[must_use]
    pub fn as_of(mut self, now: Timestamp) -> Self {
        let midnight = midnight(now);
        // A clock that was set back does not give a day's money again.
        if midnight > self.last_reset {
            self.last_reset = midnight;
            self.tokens_used_today = 0;
            self.cost_used_today = Money::default();
        }
        self
    }
}

/// The last midnight, UTC.
pub fn midnight(now: Timestamp) -> Timestamp {
    let day = i64::try_from(DAY.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().div_euclid(day).saturating_mul(day))
}

/// What helps people find an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentMetadata {
    /// The part of the house it belongs to, such as `delivery`.
    pub category: String,
    /// Whether it does one thing only.
    pub specialist: bool,
    /// The version of its definition, in its maker's words.
    pub version: String,
    /// Words people put on it.
    pub tags: Vec<String>,
}

/// How an agent has done so far. The counts say how many measurements each average is of; a value that came with the
/// agent's file counts until the first measurement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Performance {
    /// The share of work that succeeded, 0 to 1.
    pub success_rate: f64,
    /// How long work took, in milliseconds.
    pub avg_execution_time_ms: f64,
    /// How good it was, 0 to 1.
    pub quality_score: f64,
    /// Tasks it finished.
    pub total_tasks_completed: u64,
    /// Measurements behind `success_rate`.
    pub successes_measured: u64,
    /// Measurements behind `avg_execution_time_ms`.
    pub times_measured: u64,
    /// Measurements behind `quality_score`.
    pub qualities_measured: u64,
}

impl Performance {
    /// Takes a measurement in.
    pub fn take(&mut self, metric: &Metric) {
        let success = metric
            .success
            .map(|success| if success { 1.0 } else { 0.0 });
        average(
            &mut self.success_rate,
            &mut self.successes_measured,
            success,
        );
        average(
            &mut self.avg_execution_time_ms,
            &mut self.times_measured,
            metric.execution_time_ms,
        );
        average(
            &mut self.quality_score,
            &mut self.qualities_measured,
            metric.quality_score,
        );
        let completed = metric.tasks_completed.unwrap_or_default();
        self.total_tasks_completed = self.total_tasks_completed.saturating_add(completed);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody measures 2^53 times, and the average would hardly move"
)]
fn average(mean: &mut f64, count: &mut u64, value: Option<f64>) {
    let Some(value) = value else { return };
    *count = count.saturating_add(1);
    if *count == 1 {
        *mean = value;
    } else {
        *mean += (value - *mean) / *count as f64;
    }
}

/// The file an agent was read from, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its path below the folder that was imported.
    pub path: String,
    /// SHA-256 of its text, in lower-case hexadecimal.
    pub fingerprint: String,
}

/// An agent as the registry knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// The agent's id: a UUID of version 4, or what its file says.
    pub agent_id: AgentId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its name, the only one of its kind in the tenant: small letters, digits and hyphens.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// How sure that is, 0 to 1.
    pub role_confidence: f64,
    /// Why it has this role.
    pub role_reasoning: String,
    /// What it can do, in words.
    pub capabilities: Vec<String>,
    /// What it may use and reach.
    pub rbac: Rbac,
    /// What it may spend.
    pub budget: AgentBudget,
    /// What helps people find it.
    pub metadata: AgentMetadata,
    /// How it has done so far.
    pub performance: Performance,
    /// Where it stands in its life.
    pub lifecycle: Lifecycle,
    /// Who answers for it.
    pub owner: String,
    /// Counts the changes of its definition, from 1.
    pub revision: u64,
    /// Whether its identity was made here, because its file has none.
    pub is_synthesised: bool,
    /// The file it was read from, if any.
    pub source: Option<SourceFile>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When its definition last changed.
    pub updated_at: Timestamp,
    /// When it was last seen at work.
    pub last_active_at: Option<Timestamp>,
}

/// Whether this can be an agent's name: `^[a-z0-9-]+$`, up to [`NAME_LENGTH_MAX`] bytes.
pub fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !text.is_empty() && text.len() <= NAME_LENGTH_MAX && text.bytes().all(fits)
}

/// The name that comes closest to a text: small letters, digits, and a hyphen for whatever is between them. Nothing when no
/// letter and no digit is left.
pub fn as_name(text: &str) -> Option<String> {
    let mut name = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if name.len() >= NAME_LENGTH_MAX {
            break;
        }
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(last_reset: i64) -> AgentBudget {
        AgentBudget {
            max_tokens_per_session: 1000,
            max_cost_per_day: Money::from_micros(5),
            currency: "USD".into(),
            tokens_used_today: 7,
            cost_used_today: Money::from_micros(3),
            last_reset: Timestamp::from_micros(last_reset),
        }
    }

    #[test]
    fn a_text_becomes_the_name_that_comes_closest() {
        for (text, name) in [
            ("Explore", Some("explore")),
            ("  Load Balancing (v2)! ", Some("load-balancing-v2")),
            ("a--b", Some("a-b")),
            ("Ä", None),
            ("", None),
        ] {
            assert_eq!(as_name(text).as_deref(), name);
        }
        let long = as_name(&"x".repeat(1000)).unwrap_or_default();
        assert!(is_name(&long));
    }

    #[test]
    fn usage_begins_anew_at_midnight_and_not_before() {
        let day: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let late: Timestamp = "2026-03-01T23:59:59.999999Z".parse().unwrap();
        let next: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        let used = budget(day.as_micros());
        assert_eq!(used.clone().as_of(late), used);
        let anew = used.clone().as_of(next);
        assert_eq!((anew.tokens_used_today, anew.last_reset), (0, next));
        assert_eq!(used.clone().as_of(day.minus(DAY)), used, "a clock set back");
        assert_eq!(
            midnight(Timestamp::from_micros(-1)).as_micros(),
            -86_400_000_000
        );
    }

    #[test]
    fn an_average_is_of_what_was_measured_and_replaces_what_was_claimed() {
        let mut performance = Performance {
            success_rate: 0.9,
            ..Performance::default()
        };
        let mut metric = Metric {
            metric_id: crate::Id::trusted("m"),
            tenant_id: crate::Id::trusted("t"),
            agent_id: crate::Id::trusted("a"),
            metric_type: "execution".into(),
            execution_time_ms: None,
            success: Some(false),
            tokens_used: None,
            api_calls: None,
            cost: None,
            quality_score: Some(0.5),
            code_violations: None,
            tasks_completed: Some(2),
            tasks_failed: None,
            context: None,
            recorded_at: Timestamp::from_micros(0),
        };
        performance.take(&metric);
        assert_eq!(
            (performance.success_rate, performance.times_measured),
            (0.0, 0)
        );
        metric.success = Some(true);
        metric.quality_score = None;
        performance.take(&metric);
        let seen = (performance.success_rate, performance.quality_score);
        assert_eq!(seen, (0.5, 0.5));
        assert_eq!(performance.total_tasks_completed, 4);
    }

    #[test]
    fn nothing_comes_back_from_retirement() {
        for next in Lifecycle::ALL {
            assert!(!Lifecycle::Retired.may_become(next));
            assert!(!next.may_become(Lifecycle::Draft));
        }
        for state in Lifecycle::ALL {
            assert_eq!(Lifecycle::parse(state.as_str()), Some(state));
        }
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }

    #[test]
    fn names_are_small_letters_digits_and_hyphens() {
        for name in ["coder", "goal-planner-2", "-"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "Benchmark Suite", "a_b", "größe", &"x".repeat(129)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
