//! Budgets: what may be used, what is, and paying from it.
//!
//! Who pays is decided here, from the agent and the session; whether there is room is decided in the ledger's transaction.
//! Every change is written with its audit entry, and a repetition changes nothing and writes none.

mod keeper;
mod paying;

use std::sync::Arc;

use civitas_audit::NewEntry;
use civitas_model::budget::{Caps, Period, Pool, Scope, WINDOW_HOURS_MAX};
use civitas_model::{Caller, CallerKind, Entropy, Money, Permission, Timestamp};
use civitas_storage::{BudgetChange, Changeset, PoolFilter, SetCap, Store};
use serde_json::{Value, json};

pub use paying::{Deduction, NewReservation, Paid, ReservationState};

use crate::error::{Error, Invalid};
use crate::limits::TOKENS_MAX;

/// The category of these entries.
const CATEGORY: &str = "budget";
/// Budgets of a page, at most.
pub const PAGE_MAX: u32 = 500;

/// The budgets of every tenant. Cheap to clone.
#[derive(Clone)]
pub struct Budgets {
    store: Store,
    entropy: Arc<dyn Entropy>,
}

/// A pool as people read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// The pool.
    pub pool: Pool,
    /// The agent's name, when it is one that is registered.
    pub name: Option<String>,
    /// When some of what is used is forgotten, if it ever is.
    pub resets_at: Option<Timestamp>,
}

/// What may be used of a pool, as it is asked for.
#[derive(Debug, Clone, Default)]
pub struct NewCaps {
    /// Tokens.
    pub max_tokens: Option<i64>,
    /// Money, in units.
    pub max_cost: Option<f64>,
    /// `day`, `rolling` or `life`; what is usual for the pool when absent.
    pub period: Option<String>,
    /// The hours of a rolling window.
    pub window_hours: Option<u32>,
    /// Whether work waits for room, rather than being refused; it does when absent.
    pub waits: Option<bool>,
}

impl NewCaps {
    fn check(&self, scope: &Scope) -> Result<(Caps, Period), Error> {
        let mut errors = Vec::new();
        let mut wrong = |pointer: &str, detail: String| {
            errors.push(Invalid {
                pointer: pointer.to_owned(),
                detail,
            });
        };
        let tokens = self.max_tokens.map(|tokens| {
            let fits = u64::try_from(tokens).ok().filter(|one| *one <= TOKENS_MAX);
            if fits.is_none() {
                let detail = format!("must be a whole number from 0 to {TOKENS_MAX}");
                wrong("/max_tokens", detail);
            }
            fits.unwrap_or(0)
        });
        let cost = self.max_cost.map(|units| {
            // What would come to nothing is no cap of nothing.
            let fits = Money::from_units(units);
            let fits = fits.filter(|cost| units == 0.0 || *cost > Money::default());
            if fits.is_none() {
                let detail =
                    "must be an amount of money: 0, or from 0.000001 to 1000000000".to_owned();
                wrong("/max_cost_usd", detail);
            }
            fits.unwrap_or_default()
        });
        if tokens.is_none() && cost.is_none() {
            let detail =
                "say max_tokens, max_cost_usd or both; to take a cap back, delete the budget";
            wrong("", detail.to_owned());
        }
        let period = match (self.period.as_deref(), self.window_hours) {
            (None, None) => Period::usual(scope),
            (Some("day"), None) => Period::Day,
            (Some("life"), None) => Period::Life,
            (None | Some("rolling"), Some(hours @ 1..=WINDOW_HOURS_MAX)) => {
                Period::Rolling { hours }
            }
            (None | Some("rolling"), _) => {
                let detail = format!(
                    "a rolling budget needs the hours of its window: 1 to {WINDOW_HOURS_MAX}"
                );
                wrong("/window_hours", detail);
                Period::Day
            }
            (Some("day" | "life"), Some(_)) => {
                wrong(
                    "/window_hours",
                    "only a rolling budget has a window".to_owned(),
                );
                Period::Day
            }
            (Some(_), _) => {
                wrong("/period", "must be day, rolling or life".to_owned());
                Period::Day
            }
        };
        if errors.is_empty() {
            Ok((Caps { tokens, cost }, period))
        } else {
            Err(Error::Invalid(errors))
        }
    }
}

impl Budgets {
    /// The budgets in a store.
    pub fn new(store: Store, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, entropy }
    }

    /// A page of budgets, in the order of their scopes as text.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &PoolFilter,
        limit: u32,
    ) -> Result<Vec<Budget>, Error> {
        let limit = limit.min(PAGE_MAX + 1);
        let budgets = self.store.budgets();
        let mut all = Vec::new();
        for pool in budgets.list(&caller.tenant_id, filter, limit).await? {
            all.push(self.describe(caller, pool).await?);
        }
        Ok(all)
    }

    /// One budget, also one from which nothing was paid yet.
    pub async fn show(&self, caller: &Caller, scope: &Scope) -> Result<Budget, Error> {
        let scope = self.resolve(caller, scope).await?;
        let budgets = self.store.budgets();
        let pools = budgets.state(&caller.tenant_id, std::slice::from_ref(&scope));
        let found = pools.await?.into_iter().find(|pool| pool.scope == scope);
        let pool = found.unwrap_or_else(|| Pool::unlimited(scope, self.store.clock().now()));
        self.describe(caller, pool).await
    }

    async fn describe(&self, caller: &Caller, pool: Pool) -> Result<Budget, Error> {
        let tenant = &caller.tenant_id;
        let name = match &pool.scope {
            Scope::Agent(id) => self.store.agents().find(tenant, id).await?,
            _ => None,
        };
        let resets_at = self.store.budgets().resets_at(tenant, &pool).await?;
        Ok(Budget {
            name: name.map(|agent| agent.name),
            resets_at,
            pool,
        })
    }

    /// An agent may be named by its name; one that is not known is nobody's.
    async fn resolve(&self, caller: &Caller, scope: &Scope) -> Result<Scope, Error> {
        let Scope::Agent(id) = scope else {
            return Ok(scope.clone());
        };
        let (agents, tenant) = (self.store.agents(), &caller.tenant_id);
        if let Some(found) = agents.find(tenant, id).await? {
            return Ok(Scope::Agent(found.agent_id));
        }
        match agents.find_by_name(tenant, id.as_str()).await? {
            Some(found) => Ok(Scope::Agent(found.agent_id)),
            None => Err(Error::no_agent(id.as_str())),
        }
    }

    /// Sets what may be used of a pool. What waited for room goes on when there is some now.
    pub async fn set(
        &self,
        caller: &Caller,
        scope: &Scope,
        new: &NewCaps,
    ) -> Result<Budget, Error> {
        check_person(caller)?;
        let (caps, period) = new.check(scope)?;
        let scope = self.resolve(caller, scope).await?;
        let set = SetCap {
            tenant_id: caller.tenant_id.clone(),
            scope: scope.clone(),
            caps,
            period,
            waits: new.waits.unwrap_or(true),
            by: caller.name.clone(),
        };
        let body = json!({ "caps": caps, "period": period, "waits": set.waits });
        let entry = self.entry(
            caller,
            "set_cap",
            ("budget", &scope.to_string()),
            Some(&body),
        );
        self.commit(BudgetChange::SetCap(set), entry).await?;
        self.show(caller, &scope).await
    }

    /// Takes back what was set of a pool.
    pub async fn remove(&self, caller: &Caller, scope: &Scope) -> Result<(), Error> {
        check_person(caller)?;
        let scope = match self.resolve(caller, scope).await {
            // The budget of an agent that is gone can still be removed.
            Err(Error::NotFound(_)) => scope.clone(),
            resolved => resolved?,
        };
        let entry = self.entry(caller, "remove_cap", ("budget", &scope.to_string()), None);
        let change = BudgetChange::Remove {
            tenant_id: caller.tenant_id.clone(),
            scope,
        };
        self.commit(change, entry).await
    }

    fn entry(
        &self,
        caller: &Caller,
        action: &str,
        (kind, id): (&str, &str),
        body: Option<&Value>,
    ) -> NewEntry {
        let (clock, entropy) = (self.store.clock().as_ref(), self.entropy.as_ref());
        let tenant = &caller.tenant_id;
        let entry = NewEntry::new(clock, entropy, tenant, caller.into(), CATEGORY, action);
        let entry = entry.on(kind, id);
        match body {
            Some(body) => entry.with_body(body, entropy),
            None => entry,
        }
    }

    async fn commit(&self, change: BudgetChange, entry: NewEntry) -> Result<(), Error> {
        let changeset = Changeset::new().with(change).with(entry);
        Ok(self.store.commit(changeset).await.map(drop)?)
    }
}

/// Money is given by people who administer, never by machines.
fn check_person(caller: &Caller) -> Result<(), Error> {
    let is_person = matches!(caller.kind, CallerKind::User | CallerKind::LocalOperator);
    if is_person && caller.may(Permission::Admin) {
        return Ok(());
    }
    let detail = "budgets are set by people with the permission `admin`: ask an administrator of your tenant";
    Err(Error::Forbidden(detail.to_owned()))
}
