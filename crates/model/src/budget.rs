//! Budgets: pools of money and tokens that work is paid from, and when a pool refuses to pay.
//!
//! One thing is paid from several pools at once: the organisation's, its teams', the agent's and the session's. It is reserved
//! in all of them before it begins and settled when it has ended.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::agent::{Agent, midnight};
use crate::id::{AgentId, Id, TenantId};
use crate::money::Money;
use crate::time::Timestamp;

/// Pools that pay for one thing, at most.
pub const SCOPES_MAX: usize = 8;
/// The longest name of a team or id of a session, in characters.
pub const NAME_LENGTH_MAX: usize = 256;
/// The longest rolling window, in hours: four weeks.
pub const WINDOW_HOURS_MAX: u32 = 24 * 28;
/// The longest life of a reservation.
pub const LIFETIME_MAX: Duration = Duration::from_hours(24);
/// The shares of a cap, in per cent, at which people are warned.
pub const WARNINGS: [u8; 2] = [75, 95];
/// What a tag that names a team begins with.
const TEAM_TAG: &str = "team:";
/// The length of a day, in microseconds.
const DAY: Duration = Duration::from_hours(24);

/// Whose pool it is. Written as `organisation`, `team:NAME`, `agent:ID` or `session:ID`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everyone's of the tenant.
    Organisation,
    /// A team's: of all agents with the tag `team:NAME`.
    Team(String),
    /// An agent's.
    Agent(AgentId),
    /// A session's.
    Session(String),
}

impl Scope {
    /// The kind: `organisation`, `team`, `agent` or `session`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Team(_) => "team",
            Self::Agent(_) => "agent",
            Self::Session(_) => "session",
        }
    }

    /// The scope of this text; nothing when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "organisation" {
            return Some(Self::Organisation);
        }
        let (kind, name) = text.split_once(':')?;
        let fits = !name.is_empty()
            && name.chars().count() <= NAME_LENGTH_MAX
            && !name.chars().any(char::is_control);
        match kind {
            "team" if fits => Some(Self::Team(name.to_owned())),
            "agent" if fits => Some(Self::Agent(Id::trusted(name))),
            "session" if fits => Some(Self::Session(name.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organisation => f.write_str("organisation"),
            Self::Team(name) => write!(f, "team:{name}"),
            Self::Agent(id) => write!(f, "agent:{id}"),
            Self::Session(id) => write!(f, "session:{id}"),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            let expected = "must be organisation, team:NAME, agent:ID or session:ID";
            serde::de::Error::custom(expected)
        })
    }
}

/// The pools that pay for what an agent does in a session: the organisation's, its teams' in the order of their names, its own
/// and the session's. Of many teams the first few count.
pub fn scopes_of(agent: &Agent, session: Option<&str>) -> Vec<Scope> {
    let tags = agent.metadata.tags.iter();
    let mut teams: Vec<Scope> = tags
        .filter_map(|tag| tag.strip_prefix(TEAM_TAG))
        .filter_map(|name| Scope::parse(&format!("team:{name}")))
        .collect();
    teams.sort();
    teams.dedup();
    teams.truncate(SCOPES_MAX - 3);
    let mut scopes = vec![Scope::Organisation];
    scopes.append(&mut teams);
    scopes.push(Scope::Agent(agent.agent_id.clone()));
    scopes.extend(session.map(|id| Scope::Session(id.to_owned())));
    scopes
}

/// Tokens and money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Amount {
    /// Tokens.
    #[serde(default)]
    pub tokens: u64,
    /// Money.
    #[serde(default)]
    pub cost: Money,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self {
        tokens: 0,
        cost: Money::from_micros(0),
    };
    /// The most that one reservation or charge counts as.
    pub const MAX: Self = Self {
        tokens: Money::MAX.as_micros(),
        cost: Money::MAX,
    };

    /// Tokens and money.
    pub const fn new(tokens: u64, cost: Money) -> Self {
        Self { tokens, cost }
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// The sum.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            cost: self.cost.plus(other.cost),
        }
    }

    /// What is left without the other, at least nothing.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        let cost = self.cost.as_micros().saturating_sub(other.cost.as_micros());
        Self {
            tokens: self.tokens.saturating_sub(other.tokens),
            cost: Money::from_micros(cost),
        }
    }

    /// At most [`Amount::MAX`], so that sums of many stay numbers.
    #[must_use]
    pub fn bounded(self) -> Self {
        Self {
            tokens: self.tokens.min(Self::MAX.tokens),
            cost: self.cost.min(Self::MAX.cost),
        }
    }
}

/// What may be used of a pool within its period; what is absent is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Caps {
    /// Tokens.
    pub tokens: Option<u64>,
    /// Money.
    pub cost: Option<Money>,
}

/// Over which time usage counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "period", rename_all = "snake_case")]
pub enum Period {
    /// A day, from midnight UTC on.
    Day,
    /// The last hours.
    Rolling {
        /// How many.
        hours: u32,
    },
    /// All of the pool's life.
    Life,
}

impl Period {
    /// The period of a pool for which nobody set another: a session's is its life, others' the day.
    pub const fn usual(scope: &Scope) -> Self {
        match scope {
            Scope::Session(_) => Self::Life,
            _ => Self::Day,
        }
    }
}

/// Where a pool's caps come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// There are none: usage is only counted.
    None,
    /// The agent's definition in the registry.
    Registry,
    /// Someone set them.
    Set,
}

impl Source {
    /// The name used in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Registry => "registry",
            Self::Set => "set",
        }
    }

    /// The source of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::None, Self::Registry, Self::Set]
            .into_iter()
            .find(|source| source.as_str() == name)
    }
}

/// A pool at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Whose it is.
    pub scope: Scope,
    /// What may be used of it.
    pub caps: Caps,
    /// Over which time usage counts.
    pub period: Period,
    /// Where the caps come from.
    pub source: Source,
    /// Whether work that it has no room for waits, rather than being refused.
    pub waits: bool,
    /// What was used in the period.
    pub used: Amount,
    /// What is reserved now.
    pub reserved: Amount,
    /// How many reservations that is.
    pub reservations: u64,
    /// The midnight from which on a day's usage counts, or since when the pool exists.
    pub period_start: Timestamp,
    /// The highest share, in per cent, that was warned of in this period; 0 for none.
    pub warned: u8,
    /// Who set the caps.
    pub changed_by: Option<String>,
    /// When something was last paid from it, or its caps set.
    pub touched_at: Timestamp,
}

/// What a pool has no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortage {
    /// `tokens` or `cost`; costs below are in micro-units.
    pub what: &'static str,
    /// The cap.
    pub cap: u64,
    /// What was used.
    pub used: u64,
    /// What is reserved.
    pub reserved: u64,
    /// What was asked for.
    pub asked: u64,
}

impl Pool {
    /// One from which nothing was paid yet, and which nothing limits.
    pub fn unlimited(scope: Scope, now: Timestamp) -> Self {
        Self {
            period: Period::usual(&scope),
            scope,
            caps: Caps::default(),
            source: Source::None,
            waits: false,
            used: Amount::ZERO,
            reserved: Amount::ZERO,
            reservations: 0,
            period_start: midnight(now),
            warned: 0,
            changed_by: None,
            touched_at: now,
        }
    }

    /// Whether another day began than that its usage is of. A clock that was set back does not give a day's money again.
    pub fn is_past(&self, now: Timestamp) -> bool {
        self.period == Period::Day && midnight(now) > self.period_start
    }

    /// The same at a time, when its period is a day: on another day nothing is used yet.
    #[must_use]
    pub fn as_of(mut self, now: Timestamp) -> Self {
        if self.is_past(now) {
            self.period_start = midnight(now);
            self.used = Amount::ZERO;
            self.warned = 0;
        }
        self
    }

    /// When a day's usage is forgotten.
    pub fn resets_at(&self) -> Option<Timestamp> {
        (self.period == Period::Day).then(|| self.period_start.plus(DAY))
    }

    /// What it has no room for, if it would refuse to reserve this: what is used and reserved may reach the cap, and nothing
    /// more is admitted from then on.
    pub fn refuses(&self, amount: Amount) -> Option<Shortage> {
        self.dimensions(amount).into_iter().flatten().find(|short| {
            let held = short.used.saturating_add(short.reserved);
            held >= short.cap || held.saturating_add(short.asked) > short.cap
        })
    }

    /// The share of its caps that is used, in per cent, the larger of the two; nothing when it has none.
    pub fn share_used(&self) -> Option<u64> {
        let shares = self.dimensions(Amount::ZERO).into_iter().flatten();
        shares
            .map(|one| {
                if one.cap == 0 {
                    return 100;
                }
                let share = u128::from(one.used) * 100 / u128::from(one.cap);
                u64::try_from(share).unwrap_or(u64::MAX)
            })
            .max()
    }

    /// The highest level of [`WARNINGS`] that its usage has reached; 0 for none.
    pub fn level(&self) -> u8 {
        let share = self.share_used().unwrap_or(0);
        let reached = WARNINGS.into_iter().rev();
        reached
            .into_iter()
            .find(|level| share >= u64::from(*level))
            .unwrap_or(0)
    }

    fn dimensions(&self, asked: Amount) -> [Option<Shortage>; 2] {
        let of = |what, cap: Option<u64>, used, reserved, asked| {
            cap.map(|cap| Shortage {
                what,
                cap,
                used,
                reserved,
                asked,
            })
        };
        let micros = Money::as_micros;
        [
            of(
                "cost",
                self.caps.cost.map(micros),
                self.used.cost.as_micros(),
                self.reserved.cost.as_micros(),
                asked.cost.as_micros(),
            ),
            of(
                "tokens",
                self.caps.tokens,
                self.used.tokens,
                self.reserved.tokens,
                asked.tokens,
            ),
        ]
    }
}

/// A reservation to make: from every one of these pools, or from none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    /// Whose pools they are.
    pub tenant_id: TenantId,
    /// Its id. The same again changes nothing.
    pub reservation_id: String,
    /// The pools; the organisation's always counts, too. At most [`SCOPES_MAX`].
    pub pools: Vec<Scope>,
    /// How much.
    pub amount: Amount,
    /// When it ends by itself, unless it was settled or released: at most [`LIFETIME_MAX`].
    pub lifetime: Duration,
}

/// The pools, each once, the organisation's first.
pub fn normalised(scopes: &[Scope]) -> Vec<Scope> {
    let mut all = vec![Scope::Organisation];
    for scope in scopes {
        if !all.contains(scope) {
            all.push(scope.clone());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(cost: Option<u64>, tokens: Option<u64>) -> Pool {
        let caps = Caps {
            tokens,
            cost: cost.map(Money::from_micros),
        };
        Pool {
            caps,
            ..Pool::unlimited(Scope::Organisation, Timestamp::from_micros(0))
        }
    }

    fn amount(tokens: u64, cost: u64) -> Amount {
        Amount::new(tokens, Money::from_micros(cost))
    }

    #[test]
    fn scopes_are_read_back_as_they_are_written() {
        let agent = Id::trusted("a:b");
        for scope in [
            Scope::Organisation,
            Scope::Team("platform".into()),
            Scope::Agent(agent),
            Scope::Session("s 1".into()),
        ] {
            assert_eq!(Scope::parse(&scope.to_string()), Some(scope));
        }
        for text in ["", "team", "team:", "organisation:x", "user:u", "team:a\n"] {
            assert_eq!(Scope::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_pool_pays_up_to_its_cap_and_nothing_once_it_is_reached() {
        let mut pool = pool(Some(10), None);
        assert_eq!(pool.refuses(amount(1 << 40, 10)), None);
        let over = pool.refuses(amount(0, 11)).unwrap();
        assert_eq!((over.what, over.cap, over.asked), ("cost", 10, 11));
        pool.reserved = amount(0, 4);
        pool.used = amount(0, 6);
        assert!(pool.refuses(amount(1, 0)).is_some(), "nothing is left");
        pool.caps.cost = None;
        assert_eq!(pool.refuses(amount(1, 1 << 40)), None);
    }

    #[test]
    fn the_larger_share_warns() {
        let mut pool = pool(Some(100), Some(100));
        assert_eq!(pool.level(), 0);
        pool.used = amount(75, 10);
        assert_eq!(pool.level(), 75);
        pool.used = amount(75, 96);
        assert_eq!(pool.level(), 95);
        pool.caps = Caps::default();
        assert_eq!(pool.level(), 0);
    }

    #[test]
    fn a_day_ends_at_midnight_and_a_life_does_not() {
        let late: Timestamp = "2026-03-01T23:59:59.999999Z".parse().unwrap();
        let next: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        let mut pool = pool(Some(100), None);
        pool.period_start = midnight(late);
        pool.used = amount(5, 80);
        pool.warned = 75;
        assert_eq!(pool.clone().as_of(late), pool);
        assert_eq!(pool.resets_at(), Some(next));
        let anew = pool.clone().as_of(next);
        assert_eq!((anew.used, anew.warned), (Amount::ZERO, 0));
        pool.period = Period::Life;
        assert_eq!(pool.clone().as_of(next), pool);
    }
}
