//! How a changeset is applied: one line per kind of change.

use civitas_model::Write;

use crate::adoption::check_not_adopted;
use crate::changeset::{Change, Changeset, Refusal};
use crate::transaction::{Stop, Transaction};

/// Applies every change of a changeset in order, or stops at the first that does not hold.
pub(crate) async fn apply(tx: &mut Transaction<'_>, changeset: &Changeset) -> Result<(), Stop> {
    check_tenants(changeset)?;
    check_not_adopted(tx, changeset).await?;
    if let Some(lease) = &changeset.lease {
        tx.check_lease(lease).await?;
    }
    for change in &changeset.changes {
        match change {
            Change::Submit(change) => change.apply(tx).await?,
            Change::Start(change) => change.apply(tx).await?,
            Change::Append(change) => change.apply(tx).await?,
            Change::Suspend(change) => change.apply(tx).await?,
            Change::Finish(change) => change.apply(tx).await?,
            Change::Cancel(change) => change.apply(tx).await?,
            Change::Pause(change) => change.apply(tx).await?,
            Change::Resume(change) => change.apply(tx).await?,
            Change::Retry(change) => change.apply(tx).await?,
            Change::Expire(change) => change.apply(tx).await?,
            Change::Sweep(change) => change.apply(tx).await?,
            Change::Lease(change) => change.apply(tx).await?,
            Change::Write(write) => apply_write(tx, write).await?,
            Change::Upload(change) => change.apply(tx).await?,
            Change::OpenUpload(change) => change.apply(tx).await?,
            Change::OpenSession(change) => change.apply(tx).await?,
            Change::UpgradeSession(change) => change.apply(tx).await?,
            Change::EndSession(change) => change.apply(tx).await?,
            Change::Tenant(change) => change.apply(tx).await?,
            Change::User(change) => change.apply(tx).await?,
            Change::Membership(change) => change.apply(tx).await?,
            Change::Invitation(change) => change.apply(tx).await?,
            Change::RefreshToken(change) => change.apply(tx).await?,
            Change::ServiceToken(change) => change.apply(tx).await?,
            Change::Ticket(change) => change.apply(tx).await?,
            Change::Try(change) => change.apply(tx).await?,
            Change::Answer(change) => change.apply(tx).await?,
            Change::Setting(change) => change.apply(tx).await?,
            Change::TenantSetting(change) => change.apply(tx).await?,
            Change::Agent(change) => change.apply(tx).await?,
            Change::AgentSession(change) => change.apply(tx).await?,
            Change::Halt(change) => change.apply(tx).await?,
            Change::KeepHookEvent(change) => change.apply(tx).await?,
            Change::RecordMetric(change) => change.apply(tx).await?,
            Change::Approval(change) => change.apply(tx).await?,
            Change::IngestTelemetry(change) => change.apply(tx).await?,
            Change::Audit(change) => change.apply(tx).await?,
            Change::Policy(change) => change.apply(tx).await?,
            Change::Decision(change) => change.apply(tx).await?,
            Change::Budget(change) => change.apply(tx).await?,
            Change::Announce(change) => change.apply(tx).await?,
            Change::Webhook(change) => change.apply(tx).await?,
        }
    }
    Ok(())
}

/// What an execution writes stays in its tenant: a mistake in a handler cannot reach into another.
fn check_tenants(changeset: &Changeset) -> Result<(), Refusal> {
    let own = changeset.changes.iter().find_map(|change| match change {
        Change::Start(change) => Some(&change.tenant_id),
        Change::Append(change) => Some(&change.tenant_id),
        Change::Suspend(change) => Some(&change.tenant_id),
        Change::Finish(change) => Some(&change.tenant_id),
        _ => None,
    });
    for change in &changeset.changes {
        let written = match change {
            Change::Submit(change) => Some(&change.intent.tenant_id),
            Change::Write(Write::Records { records }) => {
                let first = records.first().map(|record| &record.tenant_id);
                if records
                    .iter()
                    .any(|record| Some(&record.tenant_id) != first)
                {
                    return Err(Refusal::ForeignTenant);
                }
                first
            }
            Change::Write(write) => write.tenant_id(),
            Change::Approval(change) => Some(change.tenant_id()),
            _ => None,
        };
        if let (Some(own), Some(written)) = (own, written)
            && own != written
        {
            return Err(Refusal::ForeignTenant);
        }
    }
    Ok(())
}

async fn apply_write(tx: &mut Transaction<'_>, write: &Write) -> Result<(), Stop> {
    match write {
        Write::Artifact(artifact) => crate::artifact::put(tx, artifact).await,
        Write::File(file) => crate::file::put(tx, file).await,
        Write::Contract(contract) => crate::contract::put(tx, contract).await,
        Write::PendingIntent(pending) => crate::pending_intent::put(tx, pending).await,
        Write::Agent(write) => crate::agent::put(tx, write).await,
        Write::Records { records } => crate::record::put(tx, records).await,
        Write::ForgetRecords {
            tenant_id,
            parent_id,
        } => crate::record::forget(tx, tenant_id, parent_id).await,
        Write::ClaimUpload {
            tenant_id,
            upload_id,
        } => crate::upload::claim(tx, tenant_id, upload_id).await,
        Write::ReleaseContent { tenant_id, digest } => {
            crate::content::release(tx, tenant_id, digest).await
        }
        Write::SessionState {
            tenant_id,
            session_id,
            key,
            value,
        } => crate::session::set_state(tx, tenant_id, session_id, key, value).await,
        Write::Reserve(reserve) => crate::budget::reserve(tx, reserve).await,
        Write::Settle {
            tenant_id,
            reservation_id,
            actual,
        } => crate::budget::settle_known(tx, tenant_id, reservation_id, *actual).await,
        Write::Release {
            tenant_id,
            reservation_id,
        } => crate::budget::release_known(tx, tenant_id, reservation_id).await,
    }
}
