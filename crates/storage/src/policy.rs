//! The versions of each tenant's policies, which of them is active, and the history of that.
//!
//! A version never changes. Number 0 is what every tenant starts with: it is no row, and may be activated like any other.

use civitas_model::{Id, TenantId, Timestamp};
use civitas_sql::{Error, Row, Select, Statement};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::activity;
use crate::changeset::{Change, Refusal};
use crate::json;
use crate::notice::Notice;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/policy/insert.sql"));
const FIND: Statement = Statement::new(include_str!("queries/policy/find.sql"));
const ACTIVE: Statement = Statement::new(include_str!("queries/policy/active.sql"));
const FINGERPRINT: Statement = Statement::new(include_str!("queries/policy/fingerprint.sql"));
const HEAD: Statement = Statement::new(include_str!("queries/policy/head.sql"));
const PUT_HEAD: Statement = Statement::new(include_str!("queries/policy/put_head.sql"));
const FORGET: Statement = Statement::new(include_str!("queries/policy/forget.sql"));
const INSERT_ACTIVATION: Statement =
    Statement::new(include_str!("queries/policy/insert_activation.sql"));
const FORGET_ACTIVATIONS: Statement =
    Statement::new(include_str!("queries/policy/forget_activations.sql"));
const LIST: &str = include_str!("queries/policy/list.sql");
const ACTIVATIONS: &str = include_str!("queries/policy/activations.sql");

/// Versions of one tenant that are kept, besides the active one: the oldest goes when another is saved.
pub const POLICY_VERSIONS_KEPT: u64 = 200;
/// Activations of one tenant that are kept.
pub const POLICY_ACTIVATIONS_KEPT: u64 = 1_000;
/// The texts of one version together, in bytes.
pub const POLICY_BYTES_MAX: usize = 2 << 20;

/// A text with a name: a file of policies or of their tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyText {
    /// The file's name, such as `payments.cedar`.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// A version of a tenant's policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its number, from 1.
    pub number: u64,
    /// The text of the tables (TOML), as it was written.
    pub tables: String,
    /// The tenant's own policies.
    pub sources: Vec<PolicyText>,
    /// Their tests.
    pub tests: Vec<PolicyText>,
    /// What the policy engine calls this content.
    pub fingerprint: String,
    /// Why it was made, in its maker's words.
    pub note: String,
    /// The version that it was made from.
    pub based_on: u64,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// A version without its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersionInfo {
    /// Its number.
    pub number: u64,
    /// What the policy engine calls its content.
    pub fingerprint: String,
    /// Why it was made.
    pub note: String,
    /// The version that it was made from.
    pub based_on: u64,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// Where a tenant's versions stand; all zeros for one that never saved any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyHead {
    /// The newest version.
    pub newest: u64,
    /// The active one.
    pub active: u64,
    /// The one that was saved or activated last: what the next one is to be made from.
    pub base: u64,
    /// How often one was activated.
    pub activations: u64,
}

/// One activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyActivation {
    /// Its number, from 1.
    pub seq: u64,
    /// The version from then on.
    pub number: u64,
    /// The version until then.
    pub previous: u64,
    /// What the policy engine calls the content of the new one.
    pub fingerprint: String,
    /// Why, in the words of who did it.
    pub note: String,
    /// Who did it.
    pub activated_by: String,
    /// When.
    pub activated_at: Timestamp,
}

/// A change of a tenant's policies.
#[derive(Debug)]
pub enum PolicyChange {
    /// Saves a version. Refused with [`Refusal::Changed`] unless it is made from the version that was saved or activated last,
    /// and its number is the next.
    Save(Box<PolicyVersion>),
    /// Makes a version the active one; refused when there is none with this number.
    Activate {
        /// Whose it is.
        tenant_id: TenantId,
        /// The version; 0 is what every tenant starts with.
        number: u64,
        /// What the policy engine calls its content.
        fingerprint: String,
        /// The version that was active when this was decided; refused with [`Refusal::Changed`] when it no longer is.
        expected: Option<u64>,
        /// Why.
        note: String,
        /// Who does it.
        by: String,
    },
}

impl From<PolicyChange> for Change {
    fn from(change: PolicyChange) -> Self {
        Self::Policy(change)
    }
}

const CHANGED: Refusal = Refusal::Changed {
    what: "the tenant's policies",
};
const MISSING: Refusal = Refusal::NotFound {
    what: "version of the policies",
};

impl PolicyVersion {
    fn bytes(&self) -> usize {
        let texts = self.sources.iter().chain(&self.tests);
        let texts = texts.map(|text| text.name.len() + text.text.len());
        self.tables.len() + texts.sum::<usize>()
    }
}

impl PolicyChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        match self {
            Self::Save(version) => save(tx, version).await,
            Self::Activate { .. } => self.activate(tx).await,
        }
    }

    async fn activate(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let Self::Activate {
            tenant_id,
            number,
            fingerprint,
            expected,
            note,
            by,
        } = self
        else {
            return Ok(());
        };
        let head = head_in(tx, tenant_id).await?;
        if expected.is_some_and(|expected| expected != head.active) {
            return Err(CHANGED.into());
        }
        if *number > 0 {
            let key = [tenant_id.as_str().into(), (*number).into()];
            let row = tx.query_one(&FINGERPRINT, &key).await?;
            row.ok_or(Stop::Refused(MISSING))?;
        }
        let seq = head.activations + 1;
        let params = vec![
            tenant_id.as_str().into(),
            seq.into(),
            (*number).into(),
            head.active.into(),
            fingerprint.as_str().into(),
            note.as_str().into(),
            by.as_str().into(),
            tx.now.as_micros().into(),
        ];
        tx.execute_later(&INSERT_ACTIVATION, params, Meaning::Nothing)
            .await?;
        let forgotten = seq.saturating_sub(POLICY_ACTIVATIONS_KEPT);
        let params = vec![tenant_id.as_str().into(), forgotten.into()];
        tx.execute_later(&FORGET_ACTIVATIONS, params, Meaning::Nothing)
            .await?;
        let now = PolicyHead {
            active: *number,
            base: *number,
            activations: seq,
            ..head
        };
        put_head(tx, tenant_id, now).await?;
        tx.notify(Notice::Policy {
            tenant_id: tenant_id.clone(),
        });
        let event = json!({
            "version": number,
            "previous": head.active,
            "fingerprint": fingerprint,
            "note": note,
            "activated_by": by,
        });
        activity::publish(tx, tenant_id, "policy_activated", event).await
    }
}

async fn save(tx: &mut Transaction<'_>, version: &PolicyVersion) -> Result<(), Stop> {
    if version.bytes() > POLICY_BYTES_MAX {
        let what = "the texts of a version of the policies";
        let max = POLICY_BYTES_MAX as u64;
        return Err(Refusal::TooLarge { what, max }.into());
    }
    let tenant = &version.tenant_id;
    let head = head_in(tx, tenant).await?;
    if version.based_on != head.base || version.number != head.newest + 1 {
        return Err(CHANGED.into());
    }
    let params = vec![
        tenant.as_str().into(),
        version.number.into(),
        version.tables.as_str().into(),
        json::text(&version.sources)?,
        json::text(&version.tests)?,
        version.fingerprint.as_str().into(),
        version.note.as_str().into(),
        version.based_on.into(),
        version.created_by.as_str().into(),
        tx.now.as_micros().into(),
    ];
    tx.execute_later(&INSERT, params, Meaning::required(CHANGED))
        .await?;
    let forgotten = version.number.saturating_sub(POLICY_VERSIONS_KEPT);
    let params = vec![tenant.as_str().into(), forgotten.into(), head.active.into()];
    tx.execute_later(&FORGET, params, Meaning::Nothing).await?;
    let now = PolicyHead {
        newest: version.number,
        base: version.number,
        ..head
    };
    put_head(tx, tenant, now).await
}

async fn head_in(tx: &mut Transaction<'_>, tenant: &TenantId) -> Result<PolicyHead, Stop> {
    let row = tx.query_one(&HEAD, &[tenant.as_str().into()]).await?;
    Ok(row.as_ref().map(read_head).transpose()?.unwrap_or_default())
}

async fn put_head(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    head: PolicyHead,
) -> Result<(), Stop> {
    let params = vec![
        tenant.as_str().into(),
        head.newest.into(),
        head.active.into(),
        head.base.into(),
        head.activations.into(),
    ];
    tx.execute_later(&PUT_HEAD, params, Meaning::Nothing).await
}

/// Readings of a tenant's policies.
pub struct Policies<'a>(&'a Store);

impl Store {
    /// Readings of policies.
    pub const fn policies(&self) -> Policies<'_> {
        Policies(self)
    }
}

impl Policies<'_> {
    /// The active version; nothing for a tenant with what everyone starts with.
    pub async fn active(&self, tenant: &TenantId) -> Result<Option<PolicyVersion>, Error> {
        let params = vec![tenant.as_str().into()];
        let row = self.0.database.query_one(&ACTIVE, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// One version.
    pub async fn find(
        &self,
        tenant: &TenantId,
        number: u64,
    ) -> Result<Option<PolicyVersion>, Error> {
        let params = vec![tenant.as_str().into(), number.into()];
        let row = self.0.database.query_one(&FIND, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// Where the versions stand.
    pub async fn head(&self, tenant: &TenantId) -> Result<PolicyHead, Error> {
        let params = vec![tenant.as_str().into()];
        let row = self.0.database.query_one(&HEAD, params).await?;
        row.as_ref().map_or(Ok(PolicyHead::default()), read_head)
    }

    /// A page of versions, newest first; those before a number, when one is given.
    pub async fn list(
        &self,
        tenant: &TenantId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<PolicyVersionInfo>, Error> {
        let select = Select::new(LIST)
            .filter("tenant_id = ?", tenant.as_str())
            .filter_some("number < ?", before)
            .tail("ORDER BY number DESC LIMIT ?", vec![limit.into()]);
        let rows = self.0.database.select(&select).await?;
        rows.iter().map(read_info).collect()
    }

    /// The newest activations, newest first.
    pub async fn activations(
        &self,
        tenant: &TenantId,
        limit: u32,
    ) -> Result<Vec<PolicyActivation>, Error> {
        let select = Select::new(ACTIVATIONS)
            .filter("tenant_id = ?", tenant.as_str())
            .tail("ORDER BY seq DESC LIMIT ?", vec![limit.into()]);
        let rows = self.0.database.select(&select).await?;
        rows.iter().map(read_activation).collect()
    }
}

fn read(row: &Row) -> Result<PolicyVersion, Error> {
    Ok(PolicyVersion {
        tenant_id: Id::trusted(row.text("tenant_id")?),
        number: row.count("number")?,
        tables: row.text("tables")?.to_owned(),
        sources: json::read(row, "sources")?,
        tests: json::read(row, "tests")?,
        fingerprint: row.text("fingerprint")?.to_owned(),
        note: row.text("note")?.to_owned(),
        based_on: row.count("based_on")?,
        created_by: row.text("created_by")?.to_owned(),
        created_at: Timestamp::from_micros(row.int("created_at")?),
    })
}

fn read_info(row: &Row) -> Result<PolicyVersionInfo, Error> {
    Ok(PolicyVersionInfo {
        number: row.count("number")?,
        fingerprint: row.text("fingerprint")?.to_owned(),
        note: row.text("note")?.to_owned(),
        based_on: row.count("based_on")?,
        created_by: row.text("created_by")?.to_owned(),
        created_at: Timestamp::from_micros(row.int("created_at")?),
    })
}

fn read_head(row: &Row) -> Result<PolicyHead, Error> {
    Ok(PolicyHead {
        newest: row.count("newest")?,
        active: row.count("active")?,
        base: row.count("base")?,
        activations: row.count("activations")?,
    })
}

fn read_activation(row: &Row) -> Result<PolicyActivation, Error> {
    Ok(PolicyActivation {
        seq: row.count("seq")?,
        number: row.count("number")?,
        previous: row.count("previous")?,
        fingerprint: row.text("fingerprint")?.to_owned(),
        note: row.text("note")?.to_owned(),
        activated_by: row.text("activated_by")?.to_owned(),
        activated_at: Timestamp::from_micros(row.int("activated_at")?),
    })
}
