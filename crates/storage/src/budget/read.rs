//! Readings of budgets. They show pools as of now: what is past does not count.

use std::slice;

use civitas_model::agent::midnight;
use civitas_model::budget::{Period, Pool, Scope, Source, normalised};
use civitas_model::{Agent, TenantId, Timestamp};
use civitas_sql::{Error, Row, Select, Statement, Val};

use super::ledger::{self, Reservation};
use super::{pool, rolling};
use crate::store::Store;

const POOLS: Statement = Statement::new(include_str!("../queries/budget/pools.sql"));
const BUCKETS: Statement = Statement::new(include_str!("../queries/budget/buckets.sql"));
const NEXT_EXPIRY: Statement = Statement::new(include_str!("../queries/budget/next_expiry.sql"));
const LIST: &str = include_str!("../queries/budget/list.sql");

/// Which pools to list; all that is stated must hold.
#[derive(Debug, Clone, Default)]
pub struct PoolFilter {
    /// Only of this kind: `organisation`, `team`, `agent` or `session`.
    pub kind: Option<String>,
    /// Only those with caps.
    pub is_limited: bool,
    /// Only after this one, in the order of scopes as text.
    pub after: Option<String>,
}

/// How one pool is read, for those who read other things with it.
pub(crate) fn pool_query(tenant: &TenantId, scope: &Scope) -> (Statement, Vec<Val>) {
    (POOLS, pool::key(tenant, slice::from_ref(scope)))
}

/// Readings of budgets.
pub struct Budgets<'a>(&'a Store);

impl Store {
    /// Readings of budgets.
    pub const fn budgets(&self) -> Budgets<'_> {
        Budgets(self)
    }
}

impl Budgets<'_> {
    /// The pools of these scopes, the organisation's first, also those from which nothing was paid yet.
    pub async fn state(&self, tenant: &TenantId, scopes: &[Scope]) -> Result<Vec<Pool>, Error> {
        let scopes = normalised(scopes);
        let mut pools = Vec::with_capacity(scopes.len());
        for some in scopes.chunks(civitas_model::budget::SCOPES_MAX) {
            let rows = self
                .0
                .database
                .query(&POOLS, pool::key(tenant, some))
                .await?;
            for row in &rows {
                pools.push(self.now(tenant, pool::read(row)?.pool).await?);
            }
        }
        let mut all = Vec::with_capacity(scopes.len());
        let agent = self.agent_among(tenant, &scopes, &pools).await?;
        for scope in scopes {
            let found = pools.iter().find(|pool| pool.scope == scope);
            all.push(found.map_or_else(|| self.unused(scope, agent.as_ref()), Pool::clone));
        }
        Ok(all)
    }

    /// The agent that limits what was not used yet.
    async fn agent_among(
        &self,
        tenant: &TenantId,
        scopes: &[Scope],
        found: &[Pool],
    ) -> Result<Option<Agent>, Error> {
        if found.len() == scopes.len() {
            return Ok(None);
        }
        let id = scopes.iter().find_map(|scope| match scope {
            Scope::Agent(id) => Some(id),
            _ => None,
        });
        match id {
            Some(id) => self.0.agents().find(tenant, id).await,
            None => Ok(None),
        }
    }

    fn unused(&self, scope: Scope, agent: Option<&Agent>) -> Pool {
        let mut pool = Pool::unlimited(scope, self.0.clock().now());
        let Some(agent) = agent else { return pool };
        match pool.scope {
            Scope::Agent(_) => pool.caps.cost = Some(agent.budget.max_cost_per_day),
            Scope::Session(_) => pool.caps.tokens = Some(agent.budget.max_tokens_per_session),
            _ => return pool,
        }
        pool.source = Source::Registry;
        pool
    }

    /// A page of a tenant's pools, in the order of their scopes as text.
    pub async fn list(
        &self,
        tenant: &TenantId,
        filter: &PoolFilter,
        limit: u32,
    ) -> Result<Vec<Pool>, Error> {
        let mut select = Select::new(LIST)
            .filter("tenant_id = ?", tenant.as_str())
            .filter_some("kind = ?", filter.kind.as_deref())
            .filter_some("scope > ?", filter.after.as_deref());
        if filter.is_limited {
            let limited = "cap_tokens IS NOT NULL OR cap_cost IS NOT NULL";
            select = select.filter_all(limited, Vec::new());
        }
        let select = select.tail("ORDER BY scope LIMIT ?", vec![limit.into()]);
        let mut pools = Vec::new();
        for row in &self.0.database.select(&select).await? {
            pools.push(self.now(tenant, pool::read(row)?.pool).await?);
        }
        Ok(pools)
    }

    /// One reservation.
    pub async fn reservation(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<Reservation>, Error> {
        let params = vec![tenant.as_str().into(), id.into()];
        let row = self.0.database.query_one(&ledger::FIND, params).await?;
        row.as_ref().map(ledger::read).transpose()
    }

    /// One charge that was made with an id, as a reservation that was spent at once; known for a day.
    pub async fn charge(&self, tenant: &TenantId, id: &str) -> Result<Option<Reservation>, Error> {
        let found = self.reservation(tenant, &ledger::charge_id(id)).await?;
        Ok(found.map(|found| Reservation {
            reservation_id: id.to_owned(),
            ..found
        }))
    }

    /// When the first reservation of any tenant ends by itself.
    pub async fn next_expiry(&self) -> Result<Option<Timestamp>, Error> {
        let row = self.0.database.query_one(&NEXT_EXPIRY, Vec::new()).await?;
        let next = row.map(|row| row.optional_int("expires_at")).transpose()?;
        Ok(next.flatten().map(Timestamp::from_micros))
    }

    /// When some of what was used of a pool is forgotten, if it ever is.
    pub async fn resets_at(
        &self,
        tenant: &TenantId,
        pool: &Pool,
    ) -> Result<Option<Timestamp>, Error> {
        if !matches!(pool.period, Period::Rolling { .. }) {
            return Ok(pool.resets_at());
        }
        let params = vec![tenant.as_str().into(), pool.scope.to_string().into()];
        let now = self.0.clock().now().as_micros();
        for row in self.0.database.query(&BUCKETS, params).await? {
            let ends_at = row.int("ends_at")?;
            if ends_at > now {
                return Ok(Some(Timestamp::from_micros(ends_at)));
            }
        }
        Ok(None)
    }

    /// The pool of a row that was read by [`pool_query`], as of now.
    pub(crate) async fn as_of_now(&self, tenant: &TenantId, row: &Row) -> Result<Pool, Error> {
        self.now(tenant, pool::read(row)?.pool).await
    }

    /// A pool as of now.
    async fn now(&self, tenant: &TenantId, mut pool: Pool) -> Result<Pool, Error> {
        let now = self.0.clock().now();
        if !matches!(pool.period, Period::Rolling { .. }) {
            return Ok(pool.as_of(now));
        }
        let params = vec![tenant.as_str().into(), pool.scope.to_string().into()];
        let mut rows = self.0.database.query(&BUCKETS, params).await?;
        rows.retain(|row| row.int("ends_at").is_ok_and(|at| at > now.as_micros()));
        pool.used = rolling::sum(&rows)?;
        pool.period_start = midnight(now);
        Ok(pool)
    }
}
