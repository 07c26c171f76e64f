//! Halts: the kill switch's rows.

use civitas_model::{Halt, HaltScope, Id, TenantId, Timestamp};
use civitas_sql::{Error, Row, Statement};
use serde_json::json;

use crate::activity;
use crate::changeset::{Change, Refusal};
use crate::notice::Notice;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/halt/insert.sql"));
const LIFT: Statement = Statement::new(include_str!("queries/halt/lift.sql"));
const COUNT: Statement = Statement::new(include_str!("queries/halt/count.sql"));
const IN_FORCE: Statement = Statement::new(include_str!("queries/halt/in_force.sql"));
const FIND: Statement = Statement::new(include_str!("queries/halt/find.sql"));

/// Halts in force in one tenant, at most.
pub const HALTS_MAX: u32 = 1000;

/// A change of halts.
#[derive(Debug)]
pub enum HaltChange {
    /// Sets one; refused when too many are in force.
    Set(Box<Halt>),
    /// Lifts one; refused when it is not in force.
    Lift {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        halt_id: String,
        /// Who lifts it.
        by: String,
    },
}

impl From<HaltChange> for Change {
    fn from(change: HaltChange) -> Self {
        Self::Halt(change)
    }
}

impl HaltChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        match self {
            Self::Set(halt) => set(tx, halt).await,
            Self::Lift {
                tenant_id,
                halt_id,
                by,
            } => {
                let params = vec![
                    by.as_str().into(),
                    tx.now.as_micros().into(),
                    tenant_id.as_str().into(),
                    halt_id.as_str().into(),
                ];
                let missing = Meaning::required(Refusal::NotFound {
                    what: "halt in force",
                });
                tx.execute_later(&LIFT, params, missing).await?;
                tx.notify(Notice::Halt {
                    tenant_id: tenant_id.clone(),
                });
                let data = json!({ "halt_id": halt_id, "lifted_by": by });
                activity::publish(tx, tenant_id, "halt_lifted", data).await
            }
        }
    }
}

async fn set(tx: &mut Transaction<'_>, halt: &Halt) -> Result<(), Stop> {
    let tenant = &halt.tenant_id;
    let row = tx.query_one(&COUNT, &[tenant.as_str().into()]).await?;
    if row.map_or(Ok(0), |row| row.count("count"))? >= u64::from(HALTS_MAX) {
        let what = "halts are in force: lift some";
        let max = u64::from(HALTS_MAX);
        return Err(Refusal::TooMany { what, max }.into());
    }
    let params = vec![
        tenant.as_str().into(),
        halt.halt_id.as_str().into(),
        halt.scope.kind().into(),
        halt.scope.id().into(),
        halt.reason.as_str().into(),
        halt.set_by.as_str().into(),
        tx.now.as_micros().into(),
    ];
    tx.execute_later(&INSERT, params, Meaning::Nothing).await?;
    tx.notify(Notice::Halt {
        tenant_id: tenant.clone(),
    });
    let data = json!({
        "halt_id": halt.halt_id,
        "scope": { "kind": halt.scope.kind(), "id": halt.scope.id() },
        "reason": halt.reason,
        "set_by": halt.set_by,
    });
    activity::publish(tx, tenant, "halted", data).await
}

impl Store {
    /// The halts in force in a tenant, oldest first; at most [`HALTS_MAX`].
    pub async fn halts_in_force(&self, tenant: &TenantId) -> Result<Vec<Halt>, Error> {
        let params = vec![tenant.as_str().into(), HALTS_MAX.into()];
        let rows = self.database.query(&IN_FORCE, params).await?;
        rows.iter().map(read).collect()
    }

    /// One halt, in force or lifted.
    pub async fn find_halt(&self, tenant: &TenantId, halt_id: &str) -> Result<Option<Halt>, Error> {
        let params = vec![tenant.as_str().into(), halt_id.into()];
        let row = self.database.query_one(&FIND, params).await?;
        row.as_ref().map(read).transpose()
    }
}

fn read(row: &Row) -> Result<Halt, Error> {
    let (kind, id) = (row.text("scope_kind")?, row.text("scope_id")?);
    let unknown = || Error::inconsistent("halts.scope_kind", format!("unknown scope {kind}"));
    Ok(Halt {
        tenant_id: Id::trusted(row.text("tenant_id")?),
        halt_id: row.text("halt_id")?.to_owned(),
        scope: HaltScope::parse(kind, id).ok_or_else(unknown)?,
        reason: row.text("reason")?.to_owned(),
        set_by: row.text("set_by")?.to_owned(),
        set_at: Timestamp::from_micros(row.int("set_at")?),
        lifted_by: row.optional_text("lifted_by")?.map(str::to_owned),
        lifted_at: row.optional_int("lifted_at")?.map(Timestamp::from_micros),
    })
}
