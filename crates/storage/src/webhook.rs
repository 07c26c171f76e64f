//! Outgoing webhooks: where a tenant's events are sent to, and what became of each.
//!
//! An endpoint keeps the number of the last event that was looked at for it. What matches becomes a delivery in the same
//! changeset that moves this number, so each event is planned once; a delivery is tried until an answer is recorded.

mod change;

use std::fmt;

use civitas_model::{TenantId, Timestamp};
use civitas_sql::{Error, Row, Select, Statement};
use serde::{Deserialize, Serialize};

pub(crate) use change::delete_old;
pub use change::{Attempted, Plan, Verdict, WebhookChange};

use crate::json;
use crate::store::Store;

const FIND: Statement = Statement::new(include_str!("queries/webhook/find.sql"));
const LIST: Statement = Statement::new(include_str!("queries/webhook/list.sql"));
const ENABLED: Statement = Statement::new(include_str!("queries/webhook/enabled.sql"));
const FIND_DELIVERY: Statement = Statement::new(include_str!("queries/webhook/find_delivery.sql"));
const LIST_DELIVERIES: &str = include_str!("queries/webhook/list_deliveries.sql");
const PENDING: Statement = Statement::new(include_str!("queries/webhook/pending.sql"));
const FIRST: Statement = Statement::new(include_str!("queries/webhook/first.sql"));
const AGAIN: Statement = Statement::new(include_str!("queries/webhook/again.sql"));
const SINCE: Statement = Statement::new(include_str!("queries/webhook/since.sql"));

/// Webhooks of one tenant, at most.
pub const WEBHOOKS_MAX: u64 = 50;
/// Attempts whose outcome is kept of one delivery.
pub const ATTEMPTS_KEPT: usize = 24;

/// What webhooks are signed with. Not shown by `Debug`; cannot be serialised by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(String);

impl SigningSecret {
    /// Wraps a secret such as `whsec_…`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for signing, and once for whoever made the webhook.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// An endpoint that events are sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id.
    pub webhook_id: String,
    /// Where events are sent to.
    pub url: String,
    /// The types of events it gets; none means all.
    pub types: Vec<String>,
    /// What it is for, in its maker's words.
    pub description: String,
    /// What its messages are signed with.
    pub secret: SigningSecret,
    /// The secret before the last rotation, which signs too until the time beside it.
    pub previous: Option<(SigningSecret, Timestamp)>,
    /// Whether events are sent.
    pub enabled: bool,
    /// Messages under way at the same time, at most. With 1, first tries arrive in order.
    pub concurrency: u32,
    /// The number of the last event that was looked at for it.
    pub position: u64,
    /// Counts the changes of its definition.
    pub revision: u64,
    /// Since when every try failed.
    pub failing_since: Option<Timestamp>,
    /// How many tries in a row failed.
    pub failures: u64,
    /// When a message was last taken.
    pub last_delivered_at: Option<Timestamp>,
    /// Why it was disabled by itself.
    pub disabled_reason: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When its definition last changed.
    pub updated_at: Timestamp,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// To be tried, or tried again.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// Every try failed.
    Dead,
}

impl DeliveryStatus {
    /// The name used in answers and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// The status of a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Dead]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

/// One message to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id, which every try names.
    pub delivery_id: String,
    /// To which endpoint.
    pub webhook_id: String,
    /// The event's number; 0 for a test.
    pub seq: u64,
    /// The event's type.
    pub kind: String,
    /// What is sent, to the byte.
    pub body: String,
    /// How it stands.
    pub status: DeliveryStatus,
    /// Tries since it was planned or replayed.
    pub tries: u32,
    /// All tries.
    pub attempts: u32,
    /// The newest tries, oldest first.
    pub log: Vec<Attempt>,
    /// When to try next, while it is pending.
    pub next_try_at: Option<Timestamp>,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it was taken or given up.
    pub finished_at: Option<Timestamp>,
}

/// One try and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its number within the delivery, from 1.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The HTTP status of the answer, when there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// What failed, when no good answer came.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// How the answer's body begins.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub answer: String,
}

/// Which deliveries to list; all that is stated must hold.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only those that stand like this.
    pub status: Option<DeliveryStatus>,
    /// Only events of this type.
    pub kind: Option<String>,
    /// Only those planned before this one: its time and id.
    pub before: Option<(Timestamp, String)>,
}

/// Readings of webhooks.
pub struct Webhooks<'a>(&'a Store);

impl Store {
    /// Readings of webhooks.
    pub const fn webhooks(&self) -> Webhooks<'_> {
        Webhooks(self)
    }
}

impl Webhooks<'_> {
    /// One webhook of a tenant.
    pub async fn find(&self, tenant: &TenantId, webhook: &str) -> Result<Option<Webhook>, Error> {
        let params = vec![tenant.as_str().into(), webhook.into()];
        let row = self.0.database.query_one(&FIND, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// A tenant's webhooks, oldest first.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Webhook>, Error> {
        let params = vec![tenant.as_str().into()];
        let rows = self.0.database.query(&LIST, params).await?;
        rows.iter().map(read).collect()
    }

    /// Every webhook that events are sent to, of every tenant.
    pub async fn enabled(&self) -> Result<Vec<(TenantId, String)>, Error> {
        let rows = self.0.database.query(&ENABLED, Vec::new()).await?;
        let read = |row: &Row| {
            let tenant = TenantId::trusted(row.text("tenant_id")?);
            Ok((tenant, row.text("webhook_id")?.to_owned()))
        };
        rows.iter().map(read).collect()
    }

    /// One delivery of a tenant's webhook.
    pub async fn delivery(
        &self,
        tenant: &TenantId,
        webhook: &str,
        delivery: &str,
    ) -> Result<Option<Delivery>, Error> {
        let params = vec![tenant.as_str().into(), webhook.into(), delivery.into()];
        let row = self.0.database.query_one(&FIND_DELIVERY, params).await?;
        row.as_ref().map(read_delivery).transpose()
    }

    /// A page of a webhook's deliveries, newest first.
    pub async fn deliveries(
        &self,
        tenant: &TenantId,
        webhook: &str,
        filter: &DeliveryFilter,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        let mut select = Select::new(LIST_DELIVERIES)
            .filter("tenant_id = ?", tenant.as_str())
            .filter("webhook_id = ?", webhook)
            .filter_some("status = ?", filter.status.map(DeliveryStatus::as_str))
            .filter_some("kind = ?", filter.kind.as_deref());
        if let Some((at, id)) = &filter.before {
            let place = vec![at.as_micros().into(), id.as_str().into()];
            select = select.filter_all("(created_at, delivery_id) < (?, ?)", place);
        }
        let select = select.tail(
            "ORDER BY created_at DESC, delivery_id DESC LIMIT ?",
            vec![limit.into()],
        );
        let rows = self.0.database.select(&select).await?;
        rows.iter().map(read_delivery).collect()
    }

    /// How many deliveries of a webhook are still to be tried.
    pub async fn pending(&self, tenant: &TenantId, webhook: &str) -> Result<u64, Error> {
        let params = vec![tenant.as_str().into(), webhook.into()];
        let row = self.0.database.query_one(&PENDING, params).await?;
        row.map_or(Ok(0), |row| row.count("count"))
    }

    /// Deliveries that were not tried yet, in the order of their events.
    pub async fn first(
        &self,
        tenant: &TenantId,
        webhook: &str,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        let params = vec![tenant.as_str().into(), webhook.into(), limit.into()];
        let rows = self.0.database.query(&FIRST, params).await?;
        rows.iter().map(read_delivery).collect()
    }

    /// Deliveries that are to be tried again, those first that are due first.
    pub async fn again(
        &self,
        tenant: &TenantId,
        webhook: &str,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        let params = vec![tenant.as_str().into(), webhook.into(), limit.into()];
        let rows = self.0.database.query(&AGAIN, params).await?;
        rows.iter().map(read_delivery).collect()
    }

    /// The ids of finished deliveries that were planned at a time or later, oldest first; no tests.
    pub async fn finished_since(
        &self,
        tenant: &TenantId,
        webhook: &str,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<String>, Error> {
        let params = vec![
            tenant.as_str().into(),
            webhook.into(),
            since.as_micros().into(),
            limit.into(),
        ];
        let rows = self.0.database.query(&SINCE, params).await?;
        let read = |row: &Row| Ok(row.text("delivery_id")?.to_owned());
        rows.iter().map(read).collect()
    }
}

fn time(row: &Row, column: &str) -> Result<Option<Timestamp>, Error> {
    Ok(row.optional_int(column)?.map(Timestamp::from_micros))
}

fn small(row: &Row, column: &str) -> Result<u32, Error> {
    u32::try_from(row.int(column)?).map_err(|_| Error::inconsistent(column, "out of range"))
}

fn read(row: &Row) -> Result<Webhook, Error> {
    let previous = row.optional_text("previous_secret")?;
    let previous = previous.zip(time(row, "previous_until")?);
    Ok(Webhook {
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        webhook_id: row.text("webhook_id")?.to_owned(),
        url: row.text("url")?.to_owned(),
        types: json::read(row, "types")?,
        description: row.text("description")?.to_owned(),
        secret: SigningSecret::new(row.text("secret")?),
        previous: previous.map(|(secret, until)| (SigningSecret::new(secret), until)),
        enabled: row.int("enabled")? != 0,
        concurrency: small(row, "concurrency")?,
        position: row.count("position")?,
        revision: row.count("revision")?,
        failing_since: time(row, "failing_since")?,
        failures: row.count("failures")?,
        last_delivered_at: time(row, "last_delivered_at")?,
        disabled_reason: row.optional_text("disabled_reason")?.map(str::to_owned),
        created_by: row.text("created_by")?.to_owned(),
        created_at: Timestamp::from_micros(row.int("created_at")?),
        updated_at: Timestamp::from_micros(row.int("updated_at")?),
    })
}

fn read_delivery(row: &Row) -> Result<Delivery, Error> {
    let status = row.text("status")?;
    let unknown = || Error::inconsistent("webhook_deliveries.status", status.to_owned());
    Ok(Delivery {
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        delivery_id: row.text("delivery_id")?.to_owned(),
        webhook_id: row.text("webhook_id")?.to_owned(),
        seq: row.count("seq")?,
        kind: row.text("kind")?.to_owned(),
        body: row.text("body")?.to_owned(),
        status: DeliveryStatus::parse(status).ok_or_else(unknown)?,
        tries: small(row, "tries")?,
        attempts: small(row, "attempts")?,
        log: json::read(row, "log")?,
        next_try_at: time(row, "next_try_at")?,
        created_at: Timestamp::from_micros(row.int("created_at")?),
        finished_at: time(row, "finished_at")?,
    })
}
