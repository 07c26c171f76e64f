//! Changes of webhooks and their deliveries.

use std::time::Duration;

use civitas_model::{TenantId, Timestamp};
use civitas_sql::{Statement, Val};
use serde_json::json;

use super::{
    ATTEMPTS_KEPT, Attempt, Delivery, DeliveryStatus, SigningSecret, WEBHOOKS_MAX, Webhook, read,
    read_delivery,
};
use crate::activity;
use crate::changeset::{Change, Refusal};
use crate::json;
use crate::notice::Notice;
use crate::transaction::{Meaning, Stop, Transaction};

const COUNT: Statement = Statement::new(include_str!("../queries/webhook/count.sql"));
const FIND: Statement = Statement::new(include_str!("../queries/webhook/find.sql"));
const INSERT: Statement = Statement::new(include_str!("../queries/webhook/insert.sql"));
const UPDATE: Statement = Statement::new(include_str!("../queries/webhook/update.sql"));
const ROTATE: Statement = Statement::new(include_str!("../queries/webhook/rotate.sql"));
const DELETE: Statement = Statement::new(include_str!("../queries/webhook/delete.sql"));
const DELETE_DELIVERIES: Statement =
    Statement::new(include_str!("../queries/webhook/delete_deliveries.sql"));
const ADVANCE: Statement = Statement::new(include_str!("../queries/webhook/advance.sql"));
const DISABLE: Statement = Statement::new(include_str!("../queries/webhook/disable.sql"));
const SUCCEEDED: Statement = Statement::new(include_str!("../queries/webhook/succeeded.sql"));
const FAILED: Statement = Statement::new(include_str!("../queries/webhook/failed.sql"));
const INSERT_DELIVERY: Statement =
    Statement::new(include_str!("../queries/webhook/insert_delivery.sql"));
const FIND_DELIVERY: Statement =
    Statement::new(include_str!("../queries/webhook/find_delivery.sql"));
const ATTEMPTED: Statement = Statement::new(include_str!("../queries/webhook/attempted.sql"));
const REPLAY: Statement = Statement::new(include_str!("../queries/webhook/replay.sql"));
const GIVE_UP: Statement = Statement::new(include_str!("../queries/webhook/give_up.sql"));
const DELETE_OLD: Statement = Statement::new(include_str!("../queries/webhook/delete_old.sql"));

/// How long a finished delivery is kept, for its log and for replays.
const LIFETIME: Duration = Duration::from_hours(14 * 24);
/// Deliveries that one sweep removes, so that no commit takes long.
const SWEPT_MAX: u32 = 10_000;

const MISSING: Refusal = Refusal::NotFound { what: "webhook" };
const MISSING_DELIVERY: Refusal = Refusal::NotFound { what: "delivery" };
const CHANGED: Refusal = Refusal::Changed {
    what: "the webhook",
};

/// A change of webhooks.
#[derive(Debug)]
pub enum WebhookChange {
    /// Adds one, which gets what is committed from now on; refused when there are too many.
    Insert(Box<Webhook>),
    /// Changes its definition and counts its revision up; refused unless its revision is still this one. One that is
    /// enabled again gets what is committed from now on.
    Update(Box<Webhook>),
    /// Gives it a new secret; the one before signs too for a while.
    Rotate {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        webhook_id: String,
        /// The new secret.
        secret: SigningSecret,
        /// Until when the one before signs.
        previous_until: Timestamp,
    },
    /// Removes it with what was still to be sent.
    Delete {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        webhook_id: String,
    },
    /// Disables it by itself: what was still to be sent is given up, and an event says so. Refused when it is disabled.
    Disable {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        webhook_id: String,
        /// Why.
        reason: String,
    },
    /// Plans deliveries of the events that were looked at.
    Plan(Box<Plan>),
    /// Records a try.
    Attempted(Box<Attempted>),
    /// Keeps a delivery that was tried already, such as a test.
    Keep(Box<Delivery>),
    /// Sends finished deliveries again; those that are pending stay so. Refused when one is not there.
    Replay {
        /// Whose they are.
        tenant_id: TenantId,
        /// Of which webhook.
        webhook_id: String,
        /// Which.
        deliveries: Vec<String>,
    },
}

/// Deliveries of the events after `from` up to `to`. Refused unless the webhook is enabled and stands at `from`.
#[derive(Debug)]
pub struct Plan {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Which webhook.
    pub webhook_id: String,
    /// Its position.
    pub from: u64,
    /// Its new position.
    pub to: u64,
    /// What is to be sent; their time is the commit's.
    pub deliveries: Vec<Delivery>,
}

/// A try of a delivery. Refused unless the delivery is pending and had as many tries.
#[derive(Debug)]
pub struct Attempted {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Of which webhook.
    pub webhook_id: String,
    /// Which delivery.
    pub delivery_id: String,
    /// How many tries it had before, since it was planned or replayed.
    pub tries: u32,
    /// What came of it.
    pub attempt: Attempt,
    /// What follows.
    pub verdict: Verdict,
}

/// What follows a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The endpoint took it.
    Delivered,
    /// It is tried again.
    Again(Timestamp),
    /// It is given up.
    Dead,
}

impl From<WebhookChange> for Change {
    fn from(change: WebhookChange) -> Self {
        Self::Webhook(change)
    }
}

impl WebhookChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        match self {
            Self::Insert(webhook) => insert(tx, webhook).await,
            Self::Update(webhook) => update(tx, webhook).await,
            Self::Rotate {
                tenant_id,
                webhook_id,
                secret,
                previous_until,
            } => {
                let params = vec![
                    previous_until.as_micros().into(),
                    secret.reveal().into(),
                    tx.now.as_micros().into(),
                    tenant_id.as_str().into(),
                    webhook_id.as_str().into(),
                ];
                tx.execute_later(&ROTATE, params, Meaning::required(MISSING))
                    .await?;
                announce(tx, tenant_id, webhook_id);
                Ok(())
            }
            Self::Delete {
                tenant_id,
                webhook_id,
            } => {
                let key = || vec![tenant_id.as_str().into(), webhook_id.as_str().into()];
                tx.execute_later(&DELETE, key(), Meaning::required(MISSING))
                    .await?;
                tx.execute_later(&DELETE_DELIVERIES, key(), Meaning::Nothing)
                    .await?;
                announce(tx, tenant_id, webhook_id);
                Ok(())
            }
            Self::Disable {
                tenant_id,
                webhook_id,
                reason,
            } => disable(tx, tenant_id, webhook_id, reason).await,
            Self::Plan(plan) => plan.apply(tx).await,
            Self::Attempted(attempted) => attempted.apply(tx).await,
            Self::Keep(delivery) => {
                require(tx, &delivery.tenant_id, &delivery.webhook_id).await?;
                insert_delivery(tx, delivery).await
            }
            Self::Replay {
                tenant_id,
                webhook_id,
                deliveries,
            } => replay(tx, tenant_id, webhook_id, deliveries).await,
        }
    }
}

fn announce(tx: &mut Transaction<'_>, tenant: &TenantId, webhook: &str) {
    tx.notify(Notice::Webhook {
        tenant_id: tenant.clone(),
        webhook_id: webhook.to_owned(),
    });
}

async fn require(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    webhook: &str,
) -> Result<Webhook, Stop> {
    let key = [tenant.as_str().into(), webhook.into()];
    let row = tx.query_one(&FIND, &key).await?;
    let row = row.ok_or(Stop::Refused(MISSING))?;
    Ok(read(&row)?)
}

async fn insert(tx: &mut Transaction<'_>, webhook: &Webhook) -> Result<(), Stop> {
    let tenant: Val = webhook.tenant_id.as_str().into();
    let row = tx.query_one(&COUNT, &[tenant]).await?;
    if row.map_or(Ok(0), |row| row.count("count"))? >= WEBHOOKS_MAX {
        let what = "webhooks are set up: remove some";
        let max = WEBHOOKS_MAX;
        return Err(Refusal::TooMany { what, max }.into());
    }
    let position = activity::last(tx).await?;
    let params = vec![
        webhook.tenant_id.as_str().into(),
        webhook.webhook_id.as_str().into(),
        webhook.url.as_str().into(),
        json::text(&webhook.types)?,
        webhook.description.as_str().into(),
        webhook.secret.reveal().into(),
        Option::<i64>::None.into(),
        Option::<i64>::None.into(),
        webhook.enabled.into(),
        webhook.concurrency.into(),
        position.into(),
        1_i64.into(),
        Option::<i64>::None.into(),
        0_i64.into(),
        Option::<i64>::None.into(),
        Option::<i64>::None.into(),
        webhook.created_by.as_str().into(),
        tx.now.as_micros().into(),
        tx.now.as_micros().into(),
    ];
    let what = "a webhook with this id";
    let taken = Meaning::required(Refusal::AlreadyExists { what });
    tx.execute_later(&INSERT, params, taken).await?;
    announce(tx, &webhook.tenant_id, &webhook.webhook_id);
    Ok(())
}

async fn update(tx: &mut Transaction<'_>, webhook: &Webhook) -> Result<(), Stop> {
    let before = require(tx, &webhook.tenant_id, &webhook.webhook_id).await?;
    // Whoever was away and asks again is not flooded with what happened meanwhile.
    let begins = webhook.enabled && !before.enabled;
    let position = if begins {
        activity::last(tx).await?
    } else {
        before.position
    };
    let (failing_since, failures) = if begins {
        (None, 0)
    } else {
        (before.failing_since, before.failures)
    };
    let reason = before.disabled_reason.filter(|_| !webhook.enabled);
    let params = vec![
        webhook.url.as_str().into(),
        json::text(&webhook.types)?,
        webhook.description.as_str().into(),
        webhook.enabled.into(),
        webhook.concurrency.into(),
        position.into(),
        failing_since.map(Timestamp::as_micros).into(),
        failures.into(),
        reason.into(),
        tx.now.as_micros().into(),
        webhook.tenant_id.as_str().into(),
        webhook.webhook_id.as_str().into(),
        webhook.revision.into(),
    ];
    tx.execute_later(&UPDATE, params, Meaning::required(CHANGED))
        .await?;
    announce(tx, &webhook.tenant_id, &webhook.webhook_id);
    Ok(())
}

async fn disable(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    webhook_id: &str,
    reason: &str,
) -> Result<(), Stop> {
    let webhook = require(tx, tenant, webhook_id).await?;
    let now = tx.now.as_micros();
    let params = vec![
        reason.into(),
        now.into(),
        tenant.as_str().into(),
        webhook_id.into(),
    ];
    tx.execute_later(&DISABLE, params, Meaning::required(CHANGED))
        .await?;
    let params = vec![now.into(), tenant.as_str().into(), webhook_id.into()];
    tx.execute_later(&GIVE_UP, params, Meaning::Nothing).await?;
    let event = json!({
        "webhook_id": webhook_id,
        "url": webhook.url,
        "reason": reason,
        "failing_since": webhook.failing_since,
    });
    activity::publish(tx, tenant, "webhook_disabled", event).await?;
    announce(tx, tenant, webhook_id);
    Ok(())
}

impl Plan {
    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let params = vec![
            self.to.into(),
            self.tenant_id.as_str().into(),
            self.webhook_id.as_str().into(),
            self.from.into(),
        ];
        tx.execute_later(&ADVANCE, params, Meaning::required(CHANGED))
            .await?;
        for delivery in &self.deliveries {
            insert_delivery(tx, delivery).await?;
        }
        Ok(())
    }
}

async fn insert_delivery(tx: &mut Transaction<'_>, delivery: &Delivery) -> Result<(), Stop> {
    let now = tx.now.as_micros();
    let is_pending = delivery.status == DeliveryStatus::Pending;
    let params = vec![
        delivery.tenant_id.as_str().into(),
        delivery.delivery_id.as_str().into(),
        delivery.webhook_id.as_str().into(),
        delivery.seq.into(),
        delivery.kind.as_str().into(),
        delivery.body.as_str().into(),
        delivery.status.as_str().into(),
        delivery.tries.into(),
        delivery.attempts.into(),
        json::text(&delivery.log)?,
        is_pending.then_some(now).into(),
        now.into(),
        (!is_pending).then_some(now).into(),
    ];
    tx.execute_later(&INSERT_DELIVERY, params, Meaning::Nothing)
        .await
}

impl Attempted {
    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let key = [
            self.tenant_id.as_str().into(),
            self.webhook_id.as_str().into(),
            self.delivery_id.as_str().into(),
        ];
        let row = tx.query_one(&FIND_DELIVERY, &key).await?;
        let row = row.ok_or(Stop::Refused(MISSING_DELIVERY))?;
        let mut delivery = read_delivery(&row)?;
        if delivery.status != DeliveryStatus::Pending || delivery.tries != self.tries {
            let what = "the delivery";
            return Err(Refusal::Changed { what }.into());
        }
        delivery.attempts += 1;
        let number = delivery.attempts;
        let attempt = self.attempt.clone();
        delivery.log.push(Attempt { number, ..attempt });
        let surplus = delivery.log.len().saturating_sub(ATTEMPTS_KEPT);
        delivery.log.drain(..surplus);
        let now = tx.now.as_micros();
        let (status, next, finished) = match self.verdict {
            Verdict::Delivered => (DeliveryStatus::Delivered, None, Some(now)),
            Verdict::Again(at) => (DeliveryStatus::Pending, Some(at.as_micros()), None),
            Verdict::Dead => (DeliveryStatus::Dead, None, Some(now)),
        };
        let params = vec![
            status.as_str().into(),
            (self.tries + 1).into(),
            number.into(),
            json::text(&delivery.log)?,
            next.into(),
            finished.into(),
            self.tenant_id.as_str().into(),
            self.delivery_id.as_str().into(),
            self.webhook_id.as_str().into(),
        ];
        tx.execute_later(&ATTEMPTED, params, Meaning::Nothing)
            .await?;
        let outcome = match self.verdict {
            Verdict::Delivered => &SUCCEEDED,
            _ => &FAILED,
        };
        let params = vec![
            now.into(),
            self.tenant_id.as_str().into(),
            self.webhook_id.as_str().into(),
        ];
        tx.execute_later(outcome, params, Meaning::Nothing).await
    }
}

async fn replay(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    webhook: &str,
    deliveries: &[String],
) -> Result<(), Stop> {
    if !require(tx, tenant, webhook).await?.enabled {
        let what = "the webhook (it is disabled)";
        return Err(Refusal::Changed { what }.into());
    }
    for delivery in deliveries {
        let key = [
            tenant.as_str().into(),
            webhook.into(),
            delivery.as_str().into(),
        ];
        if tx.query_one(&FIND_DELIVERY, &key).await?.is_none() {
            return Err(MISSING_DELIVERY.into());
        }
        let params = vec![
            tx.now.as_micros().into(),
            tenant.as_str().into(),
            delivery.as_str().into(),
            webhook.into(),
        ];
        tx.execute_later(&REPLAY, params, Meaning::Nothing).await?;
    }
    announce(tx, tenant, webhook);
    Ok(())
}

pub(crate) async fn delete_old(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    let before = tx.now.minus(LIFETIME).as_micros();
    let params = vec![before.into(), SWEPT_MAX.into(), before.into()];
    tx.execute_later(&DELETE_OLD, params, Meaning::Nothing)
        .await
}
