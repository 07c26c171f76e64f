//! Paying: reservations and charges for what agents do.

use std::time::Duration;

use civitas_model::budget::{Amount, LIFETIME_MAX, Reserve, Scope, normalised, scopes_of};
use civitas_model::{Agent, AgentId, Caller, Money};
use civitas_storage::{BudgetChange, Changeset, CommitError, Refusal, Reservation, Spend};
use serde_json::json;

pub use civitas_storage::ReservationState;

use super::Budgets;
use crate::error::{Error, Invalid};
use crate::limits::TOKENS_MAX;
use crate::speaking;

/// How long a reservation lasts unless asked otherwise: longer than nearly every tool call.
const LIFETIME: Duration = Duration::from_mins(10);
/// The longest id of a reservation, a charge or a session, in characters.
const ID_LENGTH_MAX: usize = 256;

/// Tokens and money as they are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Paid {
    /// Tokens.
    pub tokens: Option<i64>,
    /// Money, in units.
    pub cost: Option<f64>,
}

/// A reservation to make.
#[derive(Debug, Clone, Default)]
pub struct NewReservation {
    /// Its id; a new one when absent. The same again answers the same reservation.
    pub reservation_id: Option<String>,
    /// The agent it is for, by id or name; its teams' and its own budget pay, beside the organisation's.
    pub agent: Option<String>,
    /// The session it is for; its budget pays, too.
    pub session_id: Option<String>,
    /// How much.
    pub amount: Paid,
    /// How many seconds it lasts unless it is settled or released.
    pub lifetime_seconds: Option<u64>,
}

/// Something that was paid already.
#[derive(Debug, Clone)]
pub struct Deduction {
    /// Its id, if it has one. The same again changes nothing.
    pub id: Option<String>,
    /// The agent that paid, by id or name.
    pub agent: String,
    /// In which session.
    pub session_id: Option<String>,
    /// For which tool.
    pub tool_name: Option<String>,
    /// How much.
    pub amount: Paid,
}

impl Paid {
    /// In whole tokens and millionths; `names` are the fields of the request.
    fn check(self, names: [&str; 2]) -> Result<Amount, Error> {
        let tokens = u64::try_from(self.tokens.unwrap_or(0)).ok();
        let tokens = tokens.filter(|tokens| *tokens <= TOKENS_MAX);
        let cost = Money::from_units(self.cost.unwrap_or(0.0));
        if let (Some(tokens), Some(cost)) = (tokens, cost) {
            return Ok(Amount::new(tokens, cost));
        }
        let mut errors = Vec::new();
        if tokens.is_none() {
            errors.push(invalid(
                names[0],
                format!("must be a whole number from 0 to {TOKENS_MAX}"),
            ));
        }
        if cost.is_none() {
            let detail = "must be an amount of money from 0 to 1000000000";
            errors.push(invalid(names[1], detail.to_owned()));
        }
        Err(Error::Invalid(errors))
    }
}

fn invalid(field: &str, detail: String) -> Invalid {
    Invalid {
        pointer: format!("/{field}"),
        detail,
    }
}

/// The fields of every amount.
const FIELDS: [&str; 2] = ["tokens_used", "cost_usd"];

fn check_id(field: &str, id: Option<&str>) -> Result<(), Error> {
    let fits = |id: &str| {
        !id.is_empty() && id.chars().count() <= ID_LENGTH_MAX && !id.chars().any(char::is_control)
    };
    if id.is_none_or(fits) {
        return Ok(());
    }
    let detail =
        format!("must have 1 to {ID_LENGTH_MAX} characters, none of them a control character");
    Err(Error::Invalid(vec![invalid(field, detail)]))
}

/// What was asked for under an id, so that something else under the same is noticed. An agent's teams may change in between.
struct Asked {
    pools: Vec<Scope>,
    amount: Amount,
}

impl Asked {
    fn new(pools: &[Scope], amount: Amount) -> Self {
        Self {
            pools: without_teams(&normalised(pools)),
            amount: amount.bounded(),
        }
    }

    fn is_of(&self, made: &Reservation) -> bool {
        self.amount == made.amount && self.pools == without_teams(&made.pools)
    }
}

fn without_teams(pools: &[Scope]) -> Vec<Scope> {
    let is_team = |pool: &&Scope| matches!(pool, Scope::Team(_));
    pools
        .iter()
        .filter(|pool| !is_team(pool))
        .cloned()
        .collect()
}

fn shown(amount: Amount) -> String {
    let cost = amount.cost.as_units();
    format!("{} tokens and {cost} USD", amount.tokens)
}

impl Budgets {
    /// The agent of this id, or else of this name.
    pub async fn find_agent(&self, caller: &Caller, named: &str) -> Result<Option<Agent>, Error> {
        let (agents, tenant) = (self.store.agents(), &caller.tenant_id);
        let Ok(id) = AgentId::new(named) else {
            return Ok(None);
        };
        match agents.find(tenant, &id).await? {
            Some(found) => Ok(Some(found)),
            None => Ok(agents.find_by_name(tenant, named).await?),
        }
    }

    async fn agent(&self, caller: &Caller, named: &str) -> Result<Agent, Error> {
        let found = self.find_agent(caller, named).await?;
        found.ok_or_else(|| Error::no_agent(named))
    }

    /// Reserves, or is refused with [`Error::OverBudget`].
    pub async fn reserve(
        &self,
        caller: &Caller,
        new: NewReservation,
    ) -> Result<Reservation, Error> {
        let amount = new.amount.check(FIELDS)?;
        check_id("reservation_id", new.reservation_id.as_deref())?;
        check_id("session_id", new.session_id.as_deref())?;
        let lifetime = new.lifetime_seconds.map_or(LIFETIME, Duration::from_secs);
        if lifetime.is_zero() || lifetime > LIFETIME_MAX {
            let detail = format!("must be from 1 to {} seconds", LIFETIME_MAX.as_secs());
            return Err(Error::Invalid(vec![invalid("lifetime_seconds", detail)]));
        }
        let session = new.session_id.as_deref();
        let agent = match &new.agent {
            Some(named) => Some(self.agent(caller, named).await?),
            None => None,
        };
        let agent_id = agent.as_ref().map(|agent| &agent.agent_id);
        speaking::check(&self.store, caller, agent_id, session).await?;
        let pools = match &agent {
            Some(agent) => scopes_of(agent, session),
            None => session
                .map(|id| Scope::Session(id.to_owned()))
                .into_iter()
                .collect(),
        };
        let id = new.reservation_id.unwrap_or_else(|| self.new_id());
        let tenant_id = caller.tenant_id.clone();
        let asked = Asked::new(&pools, amount);
        let body = json!({ "pools": pools, "amount": amount });
        let entry = self.entry(caller, "reserve", ("reservation", &id), Some(&body));
        let changes = Changeset::new()
            .with(Self::check(caller, &id, &[]))
            .with(BudgetChange::Reserve(Reserve {
                tenant_id,
                reservation_id: id.clone(),
                pools,
                amount,
                lifetime,
            }))
            .with(entry);
        let found = self.commit_once(caller, &id, changes).await?;
        if asked.is_of(&found) {
            return Ok(found);
        }
        let detail = format!(
            "there is a reservation {id} of something else already: say the same agent, session and amount again, or take another `reservation_id`"
        );
        Err(Error::Conflict(detail))
    }

    /// Charges what a reservation was used for and gives the rest back; as much as was reserved when nothing is said.
    pub async fn settle(
        &self,
        caller: &Caller,
        id: &str,
        actual: Option<Paid>,
    ) -> Result<Reservation, Error> {
        const OPEN: &[ReservationState] = &[
            ReservationState::Held,
            ReservationState::Expired,
            ReservationState::Released,
        ];
        let actual = actual.map(|actual| actual.check(FIELDS)).transpose()?;
        let body = json!({ "actual": actual });
        let entry = self.entry(caller, "settle", ("reservation", id), Some(&body));
        let changes = Changeset::new()
            .with(Self::check(caller, id, OPEN))
            .with(BudgetChange::Settle {
                tenant_id: caller.tenant_id.clone(),
                reservation_id: id.to_owned(),
                actual,
            })
            .with(entry);
        let found = self.commit_once(caller, id, changes).await?;
        let asked = actual.unwrap_or(found.amount).bounded();
        match found.actual {
            Some(charged) if charged != asked => Err(Error::Conflict(format!(
                "reservation {id} was settled before, with {}: charge what it cost beside that by /api/v1/budget/deduct",
                shown(charged)
            ))),
            _ => Ok(found),
        }
    }

    /// Gives a reservation back.
    pub async fn release(&self, caller: &Caller, id: &str) -> Result<Reservation, Error> {
        let entry = self.entry(caller, "release", ("reservation", id), None);
        let changes = Changeset::new()
            .with(Self::check(caller, id, &[ReservationState::Held]))
            .with(BudgetChange::Release {
                tenant_id: caller.tenant_id.clone(),
                reservation_id: id.to_owned(),
            })
            .with(entry);
        self.commit_once(caller, id, changes).await
    }

    /// Charges what an agent has spent; answers the agent as it is then.
    pub async fn deduct(&self, caller: &Caller, deduction: Deduction) -> Result<Agent, Error> {
        let amount = deduction.amount.check(FIELDS)?;
        check_id("id", deduction.id.as_deref())?;
        check_id("session_id", deduction.session_id.as_deref())?;
        check_id("tool_name", deduction.tool_name.as_deref())?;
        let agent = self.agent(caller, &deduction.agent).await?;
        let agent_id = agent.agent_id.clone();
        let session = deduction.session_id.as_deref();
        speaking::check(&self.store, caller, Some(&agent_id), session).await?;
        let pools = scopes_of(&agent, session);
        let asked = Asked::new(&pools, amount);
        let body = json!({ "tool_name": deduction.tool_name, "pools": pools, "amount": amount });
        let entry = self.entry(caller, "deduct", ("agent", agent_id.as_str()), Some(&body));
        let mut changes = Changeset::new();
        if let Some(id) = &deduction.id {
            changes = changes.with(BudgetChange::CheckCharge {
                tenant_id: caller.tenant_id.clone(),
                spend_id: id.clone(),
            });
        }
        let id = deduction.id.clone();
        let changes = changes
            .with(BudgetChange::Spend(Spend {
                tenant_id: caller.tenant_id.clone(),
                spend_id: deduction.id,
                pools,
                amount,
                must_fit: false,
            }))
            .with(entry);
        match (self.store.commit(changes).await, id) {
            (Ok(_), _) => {}
            (Err(CommitError::Refused(Refusal::Changed { .. })), Some(id)) => {
                let budgets = self.store.budgets();
                let made = budgets.charge(&caller.tenant_id, &id).await?;
                if !made.is_some_and(|made| asked.is_of(&made)) {
                    let detail = format!(
                        "something else was deducted with the id {id} already: say the same agent, session and amount again, or take another `id`"
                    );
                    return Err(Error::Conflict(detail));
                }
            }
            (Err(error), _) => return Err(error.into()),
        }
        let found = self
            .store
            .agents()
            .find(&caller.tenant_id, &agent_id)
            .await?;
        let mut agent = found.ok_or_else(|| Error::no_agent(agent_id.as_str()))?;
        agent.budget = agent.budget.as_of(self.store.clock().now());
        Ok(agent)
    }

    fn new_id(&self) -> String {
        let now = self.store.clock().now();
        self.entropy.uuid_v7(now).to_string()
    }

    /// Refuses the changeset unless a reservation is in one of these states; a repetition ends there.
    fn check(caller: &Caller, id: &str, states: &'static [ReservationState]) -> BudgetChange {
        BudgetChange::Check {
            tenant_id: caller.tenant_id.clone(),
            reservation_id: id.to_owned(),
            states,
        }
    }

    /// Commits what is done once; a repetition finds it done. Answers the reservation as it is then.
    async fn commit_once(
        &self,
        caller: &Caller,
        id: &str,
        changes: Changeset,
    ) -> Result<Reservation, Error> {
        // Ids of clients hold none: what is kept under one that does is no reservation.
        if id.chars().any(char::is_control) {
            return Err(no_reservation(id));
        }
        match self.store.commit(changes).await {
            Ok(_) | Err(CommitError::Refused(Refusal::Changed { .. })) => {}
            Err(CommitError::Refused(Refusal::NotFound { .. })) => return Err(no_reservation(id)),
            Err(error) => return Err(error.into()),
        }
        let budgets = self.store.budgets();
        let found = budgets.reservation(&caller.tenant_id, id).await?;
        found.ok_or_else(|| no_reservation(id))
    }
}

fn no_reservation(id: &str) -> Error {
    Error::NotFound(format!(
        "there is no reservation {id}: reserve first; those that ended are forgotten after a day"
    ))
}
