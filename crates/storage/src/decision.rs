//! Recorded decisions: what was asked of policy, what it said, and what the caller was answered in the end.
//!
//! One is recorded once for each event of a tool use, so that the same event again finds its answer here. They are kept for a
//! while, and a what-if decides them again.

use civitas_model::{AgentId, Id, TenantId, Timestamp};
use civitas_sql::{Error, Row, Select, Statement, Val};
use serde_json::Value;

use crate::changeset::{Change, Refusal};
use crate::json;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/decision/insert.sql"));
const ANSWER: Statement = Statement::new(include_str!("queries/decision/answer.sql"));
const EXISTS: Statement = Statement::new(include_str!("queries/decision/exists.sql"));
const FIND: Statement = Statement::new(include_str!("queries/decision/find.sql"));
const FIND_BY_ID: Statement = Statement::new(include_str!("queries/decision/find_by_id.sql"));
const EXPIRED: Statement = Statement::new(include_str!("queries/decision/expired.sql"));
const DELETE_OLD: Statement = Statement::new(include_str!("queries/decision/delete_old.sql"));
const LIST: &str = include_str!("queries/decision/list.sql");

/// A recorded request, and a recorded answer, at most, in bytes of JSON. What records them shortens what no policy looks at.
pub const DECISION_BYTES_MAX: usize = 512 * 1024;
/// Names, ids and tool uses of a decision, at most, in bytes; its reason may be eight times as long.
const TEXT_BYTES_MAX: usize = 1024;
/// Decisions that one change forgets at most, so that no commit takes long.
pub const DECISIONS_FORGOTTEN_MAX: u32 = 2_000;

/// A decision as it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id.
    pub decision_id: String,
    /// The agent's session.
    pub session_id: String,
    /// The tool use, as the client calls it.
    pub tool_use_id: String,
    /// The event that asked, such as `PreToolUse`.
    pub event: String,
    /// The agent, when the registry knows it.
    pub agent_id: Option<AgentId>,
    /// The agent's name.
    pub agent_name: String,
    /// The tool.
    pub tool_name: String,
    /// What policy said: `allow`, `ask`, `deny` or `halt`.
    pub outcome: String,
    /// Why.
    pub reason: String,
    /// What was asked: the policy engine's request.
    pub request: Value,
    /// What the caller was answered; null while it is held.
    pub answer: Value,
    /// The policies that decided.
    pub fingerprint: String,
    /// The approval that it waited for.
    pub approval_id: Option<String>,
    /// What was reserved for it.
    pub reservation_id: Option<String>,
    /// What policies that are only watched would have said.
    pub shadow: Option<String>,
    /// When it was committed; a change does not say it.
    pub at: Timestamp,
}

/// A change of recorded decisions.
#[derive(Debug)]
pub enum DecisionChange {
    /// Records one; refused with [`Refusal::AlreadyExists`] when there is one of the same session, tool use and event.
    Record(Box<Decision>),
    /// Says what a caller that was held was answered in the end; refused with [`Refusal::AlreadyExists`] when it was before.
    Answer {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        decision_id: String,
        /// The answer; not null.
        answer: Value,
        /// The approval, when it is known only now.
        approval_id: Option<String>,
        /// What was reserved, when that is known only now.
        reservation_id: Option<String>,
    },
    /// Forgets a tenant's decisions from before a time, the oldest first, up to [`DECISIONS_FORGOTTEN_MAX`].
    Forget {
        /// Whose.
        tenant_id: TenantId,
        /// From before this.
        before: Timestamp,
    },
}

impl From<DecisionChange> for Change {
    fn from(change: DecisionChange) -> Self {
        Self::Decision(change)
    }
}

const RECORDED: Refusal = Refusal::AlreadyExists {
    what: "a decision on this event of the tool use",
};

impl DecisionChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        match self {
            Self::Record(decision) => record(tx, decision).await,
            Self::Answer {
                tenant_id,
                decision_id,
                answer,
                approval_id,
                reservation_id,
            } => {
                let params = vec![
                    bounded(answer)?,
                    approval_id.as_deref().into(),
                    reservation_id.as_deref().into(),
                    tenant_id.as_str().into(),
                    decision_id.as_str().into(),
                ];
                if tx.execute(&ANSWER, params).await? == 1 {
                    return Ok(());
                }
                let key = [tenant_id.as_str().into(), decision_id.as_str().into()];
                Err(match tx.query_one(&EXISTS, &key).await? {
                    Some(_) => Refusal::AlreadyExists {
                        what: "an answer to this decision",
                    },
                    None => Refusal::NotFound { what: "decision" },
                }
                .into())
            }
            Self::Forget { tenant_id, before } => {
                let params = vec![
                    tenant_id.as_str().into(),
                    tenant_id.as_str().into(),
                    before.as_micros().into(),
                    DECISIONS_FORGOTTEN_MAX.into(),
                ];
                tx.execute_later(&DELETE_OLD, params, Meaning::Nothing)
                    .await
            }
        }
    }
}

async fn record(tx: &mut Transaction<'_>, decision: &Decision) -> Result<(), Stop> {
    for text in [
        &decision.decision_id,
        &decision.session_id,
        &decision.tool_use_id,
        &decision.event,
        &decision.agent_name,
        &decision.tool_name,
    ] {
        check("a name or id of a decision", text.len(), TEXT_BYTES_MAX)?;
    }
    check(
        "the reason of a decision",
        decision.reason.len(),
        8 * TEXT_BYTES_MAX,
    )?;
    let params = vec![
        decision.tenant_id.as_str().into(),
        tx.now.as_micros().into(),
        decision.decision_id.as_str().into(),
        decision.session_id.as_str().into(),
        decision.tool_use_id.as_str().into(),
        decision.event.as_str().into(),
        decision.agent_id.as_ref().map(Id::as_str).into(),
        decision.agent_name.as_str().into(),
        decision.tool_name.as_str().into(),
        decision.outcome.as_str().into(),
        decision.reason.as_str().into(),
        bounded(&decision.request)?,
        bounded(&decision.answer)?,
        decision.fingerprint.as_str().into(),
        decision.approval_id.as_deref().into(),
        decision.reservation_id.as_deref().into(),
        decision.shadow.as_deref().into(),
    ];
    tx.execute_later(&INSERT, params, Meaning::required(RECORDED))
        .await
}

fn bounded(value: &Value) -> Result<Val, Stop> {
    let text = json::text(value)?;
    if let Val::Text(text) = &text {
        check(
            "the JSON of a recorded decision",
            text.len(),
            DECISION_BYTES_MAX,
        )?;
    }
    Ok(text)
}

fn check(what: &'static str, length: usize, max: usize) -> Result<(), Refusal> {
    if length > max {
        let max = max as u64;
        return Err(Refusal::TooLarge { what, max });
    }
    Ok(())
}

/// Where a page of decisions ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionCursor {
    /// The time of its last decision.
    pub at: Timestamp,
    /// The id of its last decision.
    pub decision_id: String,
}

impl DecisionCursor {
    /// The place after (or, newest first, before) a decision.
    pub fn of(decision: &Decision) -> Self {
        Self {
            at: decision.at,
            decision_id: decision.decision_id.clone(),
        }
    }
}

/// Which decisions to list; all that is stated must hold.
#[derive(Debug, Clone, Default)]
pub struct DecisionFilter {
    /// Only of this agent.
    pub agent_id: Option<AgentId>,
    /// Only of agents with this name.
    pub agent_name: Option<String>,
    /// Only of this session.
    pub session_id: Option<String>,
    /// Only of this tool use.
    pub tool_use_id: Option<String>,
    /// Only about this tool.
    pub tool_name: Option<String>,
    /// Only with this outcome.
    pub outcome: Option<String>,
    /// Only by these policies.
    pub fingerprint: Option<String>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// Readings of recorded decisions.
pub struct Decisions<'a>(&'a Store);

impl Store {
    /// Readings of recorded decisions.
    pub const fn decisions(&self) -> Decisions<'_> {
        Decisions(self)
    }
}

impl Decisions<'_> {
    /// What was decided on an event of a tool use.
    pub async fn find(
        &self,
        tenant: &TenantId,
        session_id: &str,
        tool_use_id: &str,
        event: &str,
    ) -> Result<Option<Decision>, Error> {
        let params = vec![
            tenant.as_str().into(),
            session_id.into(),
            tool_use_id.into(),
            event.into(),
        ];
        let row = self.0.database.query_one(&FIND, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// The decision of an id.
    pub async fn find_by_id(
        &self,
        tenant: &TenantId,
        decision_id: &str,
    ) -> Result<Option<Decision>, Error> {
        let params = vec![tenant.as_str().into(), decision_id.into()];
        let row = self.0.database.query_one(&FIND_BY_ID, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// A page of a tenant's decisions, newest first; those before the place where another page ended.
    pub async fn list(
        &self,
        tenant: &TenantId,
        filter: &DecisionFilter,
        cursor: Option<&DecisionCursor>,
        limit: u32,
    ) -> Result<Vec<Decision>, Error> {
        let micros = |time: Option<Timestamp>| time.map(Timestamp::as_micros);
        let mut select = Select::new(LIST)
            .filter("tenant_id = ?", tenant.as_str())
            .filter_some("agent_id = ?", filter.agent_id.as_ref().map(Id::as_str))
            .filter_some("agent_name = ?", filter.agent_name.as_deref())
            .filter_some("session_id = ?", filter.session_id.as_deref())
            .filter_some("tool_use_id = ?", filter.tool_use_id.as_deref())
            .filter_some("tool_name = ?", filter.tool_name.as_deref())
            .filter_some("outcome = ?", filter.outcome.as_deref())
            .filter_some("fingerprint = ?", filter.fingerprint.as_deref())
            .filter_some("decided_at >= ?", micros(filter.since))
            .filter_some("decided_at < ?", micros(filter.until));
        if let Some(cursor) = cursor {
            let at = cursor.at.as_micros();
            // The first is what an index can begin at.
            select = select.filter("decided_at <= ?", at).filter_all(
                "decided_at < ? OR decision_id < ?",
                vec![at.into(), cursor.decision_id.as_str().into()],
            );
        }
        let select = select.tail(
            "ORDER BY decided_at DESC, decision_id DESC LIMIT ?",
            vec![limit.into()],
        );
        let rows = self.0.database.select(&select).await?;
        rows.iter().map(read).collect()
    }

    /// A page of a tenant's decisions since a time, oldest first; those after the place where another page ended.
    pub async fn since(
        &self,
        tenant: &TenantId,
        from: Timestamp,
        cursor: Option<&DecisionCursor>,
        limit: u32,
    ) -> Result<Vec<Decision>, Error> {
        let at = cursor.map_or(from, |cursor| cursor.at).as_micros();
        let mut select = Select::new(LIST)
            .filter("tenant_id = ?", tenant.as_str())
            .filter("decided_at >= ?", at);
        if let Some(cursor) = cursor {
            select = select.filter_all(
                "decided_at > ? OR decision_id > ?",
                vec![at.into(), cursor.decision_id.as_str().into()],
            );
        }
        let select = select.tail(
            "ORDER BY decided_at, decision_id LIMIT ?",
            vec![limit.into()],
        );
        let rows = self.0.database.select(&select).await?;
        rows.iter().map(read).collect()
    }

    /// Tenants that have decisions from before a time.
    pub async fn tenants_with_decisions_before(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, Error> {
        let params = vec![before.as_micros().into(), limit.into()];
        let rows = self.0.database.query(&EXPIRED, params).await?;
        let tenant = |row: &Row| Ok(TenantId::trusted(row.text("tenant_id")?));
        rows.iter().map(tenant).collect()
    }
}

fn read(row: &Row) -> Result<Decision, Error> {
    let optional = |column| Ok::<_, Error>(row.optional_text(column)?.map(str::to_owned));
    Ok(Decision {
        tenant_id: Id::trusted(row.text("tenant_id")?),
        decision_id: row.text("decision_id")?.to_owned(),
        session_id: row.text("session_id")?.to_owned(),
        tool_use_id: row.text("tool_use_id")?.to_owned(),
        event: row.text("event")?.to_owned(),
        agent_id: row.optional_text("agent_id")?.map(AgentId::trusted),
        agent_name: row.text("agent_name")?.to_owned(),
        tool_name: row.text("tool_name")?.to_owned(),
        outcome: row.text("outcome")?.to_owned(),
        reason: row.text("reason")?.to_owned(),
        request: json::read(row, "request")?,
        answer: json::read(row, "answer")?,
        fingerprint: row.text("fingerprint")?.to_owned(),
        approval_id: optional("approval_id")?,
        reservation_id: optional("reservation_id")?,
        shadow: optional("shadow")?,
        at: Timestamp::from_micros(row.int("decided_at")?),
    })
}
