//! Adoption: what lies in an anonymous session's tenant becomes another tenant's, in the changeset that upgrades the session.
//!
//! Rows keep their ids. Where the adopting tenant has the same id already (a client chose it), its own row stays as it
//! is and the other is left behind. Content lies outside the database: whoever adopts has put it at the adopting tenant's
//! disposal before, and nobody stored any since.

use std::collections::BTreeSet;

use civitas_model::session::anonymous_session;
use civitas_model::{TenantId, Write};
use civitas_sql::{Error, Statement, Val};

use crate::changeset::{Change, Changeset, Refusal};
use crate::open_upload::{OpenUploadChange, user_owner};
use crate::session::Upgrade;
use crate::transaction::{Meaning, Stop, Transaction};
use crate::{content, record, usage};

const FIND_RUNNING: Statement = Statement::new(include_str!("queries/adoption/find_running.sql"));
const MOVE_INTENTS: Statement = Statement::new(include_str!("queries/adoption/move_intents.sql"));
const MOVE_JOURNALS: Statement = Statement::new(include_str!("queries/adoption/move_journals.sql"));
const MOVE_EXECUTIONS: Statement =
    Statement::new(include_str!("queries/adoption/move_executions.sql"));
const LIST_RECORDS: Statement = Statement::new(include_str!("queries/adoption/list_records.sql"));
const MOVE_RECORDS: Statement = Statement::new(include_str!("queries/adoption/move_records.sql"));
const MOVE_OPEN_UPLOADS: Statement =
    Statement::new(include_str!("queries/adoption/move_open_uploads.sql"));
const DELETE_TICKETS: Statement =
    Statement::new(include_str!("queries/adoption/delete_tickets.sql"));
const HAS_MOVED: Statement = Statement::new(include_str!("queries/adoption/has_moved.sql"));

/// Tables whose rows have an id within their tenant.
const MOVE_OWNED: [Statement; 7] = [
    Statement::new(include_str!("queries/adoption/move_idempotency_keys.sql")),
    Statement::new(include_str!("queries/adoption/move_artifacts.sql")),
    Statement::new(include_str!("queries/adoption/move_files.sql")),
    Statement::new(include_str!("queries/adoption/move_uploads.sql")),
    Statement::new(include_str!("queries/adoption/move_contracts.sql")),
    Statement::new(include_str!("queries/adoption/move_pending_intents.sql")),
    Statement::new(include_str!("queries/adoption/move_tenant_settings.sql")),
];

/// Moves everything; refused with [`Refusal::StillRunning`] while the engine has some of it in hand.
pub(crate) async fn adopt(tx: &mut Transaction<'_>, upgrade: &Upgrade) -> Result<(), Stop> {
    let (from, to) = (&upgrade.from, &upgrade.tenant_id);
    let running = tx.query_one(&FIND_RUNNING, &[from.as_str().into()]).await?;
    if running.is_some() {
        return Err(Refusal::StillRunning.into());
    }
    move_executions(tx, from, to).await?;
    for statement in &MOVE_OWNED {
        move_owned(tx, statement, from, to).await?;
    }
    // Whoever goes on with one is the user now.
    let owner = user_owner(&upgrade.user_id);
    let [old, new] = [from, to].map(civitas_model::Id::as_str);
    let params = vec![owner.into(), new.into(), old.into(), new.into()];
    tx.execute_later(&MOVE_OPEN_UPLOADS, params, Meaning::Nothing)
        .await?;
    usage::recount(tx, from, to).await?;
    move_records(tx, from, to).await?;
    let tickets = vec![from.as_str().into()];
    tx.execute_later(&DELETE_TICKETS, tickets, Meaning::Nothing)
        .await?;
    for digest in &upgrade.content {
        content::release(tx, from, digest).await?;
    }
    Ok(())
}

/// Executions with their intents and journals. A journal repeats what handlers read, which names the tenant; a replay must
/// not write into the old one.
async fn move_executions(
    tx: &mut Transaction<'_>,
    from: &TenantId,
    to: &TenantId,
) -> Result<(), Stop> {
    let renamed = || -> Result<Vec<Val>, Error> {
        let (old, new) = (in_json(from)?, in_json(to)?);
        Ok(vec![
            to.as_str().into(),
            old.into(),
            new.into(),
            from.as_str().into(),
        ])
    };
    let intents = vec![to.as_str().into(), from.as_str().into()];
    tx.execute_later(&MOVE_INTENTS, intents, Meaning::Nothing)
        .await?;
    tx.execute_later(&MOVE_JOURNALS, renamed()?, Meaning::Nothing)
        .await?;
    tx.execute_later(&MOVE_EXECUTIONS, renamed()?, Meaning::Nothing)
        .await
}

/// The id as it stands within a JSON text, quotes and all.
fn in_json(tenant: &TenantId) -> Result<String, Error> {
    serde_json::to_string(tenant)
        .map_err(|error| Error::inconsistent("tenant_id", error.to_string()))
}

async fn move_owned(
    tx: &mut Transaction<'_>,
    statement: &Statement,
    from: &TenantId,
    to: &TenantId,
) -> Result<(), Stop> {
    let params = vec![to.as_str().into(), from.as_str().into(), to.as_str().into()];
    tx.execute_later(statement, params, Meaning::Nothing).await
}

/// The index hears of it like of any change: the records are forgotten in one tenant and put into the other.
async fn move_records(
    tx: &mut Transaction<'_>,
    from: &TenantId,
    to: &TenantId,
) -> Result<(), Stop> {
    let rows = tx.query(&LIST_RECORDS, &[from.as_str().into()]).await?;
    let (mut ids, mut parents) = (Vec::with_capacity(rows.len()), BTreeSet::new());
    for row in &rows {
        ids.push(row.text("record_id")?.to_owned());
        parents.insert(row.text("parent_id")?.to_owned());
    }
    move_owned(tx, &MOVE_RECORDS, from, to).await?;
    record::publish_move(tx, from, to, parents, &ids).await
}

/// Refuses to put something into an anonymous session's tenant once the session was upgraded: a request that was on its
/// way meanwhile would leave it where nobody can reach it.
pub(crate) async fn check_not_adopted(
    tx: &mut Transaction<'_>,
    changeset: &Changeset,
) -> Result<(), Stop> {
    let mut checked: Option<&TenantId> = None;
    for change in &changeset.changes {
        let tenant = match change {
            // What the engine does with an execution depends on the execution's own tenant.
            Change::Start(_) | Change::Append(_) | Change::Suspend(_) | Change::Finish(_) => {
                return Ok(());
            }
            Change::Submit(change) => Some(&change.intent.tenant_id),
            Change::Upload(change) => Some(&change.tenant_id),
            Change::OpenUpload(OpenUploadChange::Begin(upload)) => Some(&upload.tenant_id),
            Change::TenantSetting(change) => Some(&change.tenant_id),
            Change::Write(Write::ClaimUpload { .. } | Write::ReleaseContent { .. }) => None,
            Change::Write(write) => write.tenant_id(),
            _ => None,
        };
        let Some(tenant) = tenant.filter(|tenant| checked != Some(*tenant)) else {
            continue;
        };
        checked = Some(tenant);
        if let Some(session) = anonymous_session(tenant) {
            let params = [session.into(), tenant.as_str().into()];
            if tx.query_one(&HAS_MOVED, &params).await?.is_some() {
                let what = "anonymous session any more";
                return Err(Refusal::NotFound { what }.into());
            }
        }
    }
    Ok(())
}
