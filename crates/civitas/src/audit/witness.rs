//! The witness: signed checkpoints are sent to an address outside, so that whoever owns this machine cannot change what
//! was before them.
//!
//! What was signed is sent in order, each checkpoint until it is taken. The place is kept in storage. Signing never waits
//! for it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use civitas_governance::webhooks::signature::sign;
use civitas_model::{Entropy, TenantId, Timestamp};
use civitas_providers::outbound::Outbound;
use civitas_storage::{Changeset, SettingChange, SignedCheckpoint, SigningSecret, Store};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::key;
use crate::config::Config;

/// The setting that holds the place.
const PLACE: &str = "audit_webhook";
/// How often to look whether something was signed.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Checkpoints read at once.
const PAGE: u32 = 100;
/// The longest wait between two tries.
const RETRY_DELAY_MAX: Duration = Duration::from_mins(10);
/// The type of the message.
const KIND: &str = "audit_checkpoint";

/// Sends signed checkpoints on until the node stops, when the configuration says where to.
pub(crate) fn send_checkpoints(
    config: &Config,
    store: &Store,
    outbound: &Outbound,
    entropy: &Arc<dyn Entropy>,
    stopping: &CancellationToken,
) -> anyhow::Result<()> {
    let Some(url) = &config.webhooks.audit else {
        return Ok(());
    };
    outbound
        .check(url)
        .context("--audit-webhook cannot be used")?;
    let witness = Witness {
        store: store.clone(),
        outbound: outbound.clone(),
        entropy: Arc::clone(entropy),
        url: url.clone(),
        secret: key::webhook_secret(&config.data_dir, &**entropy)?,
        retry_delay: config.webhooks.schedule.first_delay,
    };
    tokio::spawn(stopping.clone().run_until_cancelled_owned(witness.run()));
    Ok(())
}

/// What sends checkpoints on.
struct Witness {
    store: Store,
    outbound: Outbound,
    entropy: Arc<dyn Entropy>,
    url: String,
    secret: SigningSecret,
    retry_delay: Duration,
}

/// The last checkpoint that was taken. A later one covers what it covers, so one that was kept under a clock that went
/// back is no loss.
#[derive(Clone, Serialize, Deserialize)]
struct Place {
    time: i64,
    tenant: String,
    size: u64,
}

impl Witness {
    /// Sends for as long as it is polled.
    async fn run(self) {
        let mut delay = self.retry_delay;
        loop {
            let wait = match self.send_new().await {
                Ok(()) => {
                    delay = self.retry_delay;
                    LOOK_INTERVAL
                }
                Err(error) => {
                    let reason = format!("{error:#}");
                    tracing::warn!(%reason, "a checkpoint could not be sent; it is tried again");
                    let wait = delay.mul_f64(0.9 + 0.2 * self.entropy.fraction());
                    delay = (delay * 2).min(RETRY_DELAY_MAX);
                    wait
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn send_new(&self) -> anyhow::Result<()> {
        let mut place = self.place().await?;
        loop {
            let tenant = TenantId::trusted(place.tenant.as_str());
            let after = (Timestamp::from_micros(place.time), &tenant, place.size);
            let page = self.store.audit().checkpoints_of_all(after, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            for checkpoint in page {
                self.send(&checkpoint).await?;
                place = Place {
                    time: checkpoint.created_at.as_micros(),
                    tenant: checkpoint.tenant_id.to_string(),
                    size: checkpoint.size,
                };
                self.keep(&place).await?;
            }
        }
    }

    /// Where it stands; at the first start, at what is signed from now on.
    async fn place(&self) -> anyhow::Result<Place> {
        if let Some(text) = self.store.find_setting(PLACE).await? {
            return serde_json::from_str(&text).context("the setting audit_webhook is damaged");
        }
        let place = Place {
            time: self.store.clock().now().as_micros(),
            tenant: String::new(),
            size: 0,
        };
        self.keep(&place).await?;
        Ok(place)
    }

    async fn keep(&self, place: &Place) -> anyhow::Result<()> {
        let change = SettingChange::Put {
            name: PLACE,
            value: serde_json::to_string(place)?,
        };
        self.store.commit(Changeset::new().with(change)).await?;
        Ok(())
    }

    async fn send(&self, checkpoint: &SignedCheckpoint) -> anyhow::Result<()> {
        let body = json!({
            "type": KIND,
            "data": {
                "tenant": checkpoint.tenant_id,
                "size": checkpoint.size,
                "time": checkpoint.created_at,
                "note": checkpoint.note,
            },
            "timestamp": checkpoint.created_at,
        });
        let body = body.to_string();
        // The same in every try: a receiver knows a repetition by it.
        let id = format!("checkpoint_{}_{}", checkpoint.tenant_id, checkpoint.size);
        let seconds = self.store.clock().now().as_micros() / 1_000_000;
        let headers = [
            ("webhook-id", id.clone()),
            ("webhook-timestamp", seconds.to_string()),
            (
                "webhook-signature",
                sign([&self.secret], &id, seconds, body.as_bytes())?,
            ),
        ];
        let answer = self.outbound.post(&self.url, &headers, body.into()).await?;
        if !(200..300).contains(&answer.status) {
            bail!("the receiver answered {}", answer.status);
        }
        Ok(())
    }
}
