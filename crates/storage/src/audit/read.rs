//! Readings of the audit log.

use civitas_audit::{Actor, Body, Entry, Frontier, Hash, Stored, Subject};
use civitas_model::{TenantId, Timestamp};
use civitas_sql::{Database, Error, Row, Select, Statement};

use super::head::{hash, read_frontier};
use crate::store::{OpenError, Store, StoreOptions};

const LIST: &str = include_str!("../queries/audit/list.sql");
const STATS: &str = include_str!("../queries/audit/stats.sql");
const HEAD: Statement = Statement::new(include_str!("../queries/audit/head.sql"));
const TENANTS: Statement = Statement::new(include_str!("../queries/audit/tenants.sql"));
const WITH_ENTRIES: Statement = Statement::new(include_str!("../queries/audit/with_entries.sql"));
const KEPT_NODES: Statement = Statement::new(include_str!("../queries/audit/kept_nodes.sql"));
const UNSIGNED: Statement = Statement::new(include_str!("../queries/audit/unsigned.sql"));
const CHECKPOINTS: Statement = Statement::new(include_str!("../queries/audit/checkpoints.sql"));
const CHECKPOINTS_OF_ALL: Statement =
    Statement::new(include_str!("../queries/audit/checkpoints_of_all.sql"));
const NEWEST_CHECKPOINTS: Statement =
    Statement::new(include_str!("../queries/audit/newest_checkpoints.sql"));
const FIRST_SINCE: Statement = Statement::new(include_str!("../queries/audit/first_since.sql"));
const LAST_BEFORE: Statement = Statement::new(include_str!("../queries/audit/last_before.sql"));
const STRAYS: Statement = Statement::new(include_str!("../queries/audit/strays.sql"));
const WITH_BODY: Statement = Statement::new(include_str!("../queries/audit/with_body.sql"));

/// Which entries of a log.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of this category.
    pub category: Option<String>,
    /// With this action.
    pub action: Option<String>,
    /// By this kind of actor.
    pub actor_kind: Option<String>,
    /// By this actor.
    pub actor_id: Option<String>,
    /// With this outcome.
    pub outcome: Option<String>,
    /// About a subject of this kind.
    pub subject_kind: Option<String>,
    /// About this subject.
    pub subject_id: Option<String>,
    /// Of this tool use.
    pub tool_use_id: Option<String>,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// Before the entry with this number: the page after the one that ended with it.
    pub before: Option<u64>,
}

/// How many entries have what in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditStats {
    /// Their category.
    pub category: String,
    /// Their action.
    pub action: String,
    /// Their outcome.
    pub outcome: String,
    /// Their actors' role.
    pub actor_role: Option<String>,
    /// How many.
    pub total: u64,
}

/// How long a log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// What its tree grows from; it knows the size and the root.
    pub frontier: Frontier,
    /// The hash of the last entry.
    pub hash: Hash,
    /// How many entries the newest checkpoint covers.
    pub signed: u64,
    /// Up to which entry retention has dropped bodies.
    pub dropped: u64,
}

/// The hash of a complete subtree, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditNode {
    /// Its height.
    pub level: u64,
    /// Its number among those of its height, from 0.
    pub index: u64,
    /// What stands there; not read.
    pub hash: String,
}

/// A checkpoint as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// Whose log.
    pub tenant_id: TenantId,
    /// How many entries it covers.
    pub size: u64,
    /// When it was kept.
    pub created_at: Timestamp,
    /// The signed note.
    pub note: String,
}

/// What lies among a log's rows and belongs to none of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditStrays {
    /// Entries with a number before the first.
    pub entries: u64,
    /// Bodies whose entry is not there.
    pub bodies: u64,
}

/// A log that is only read, such as one in a copy of a database: opening it changes nothing.
pub struct AuditLog(Database);

impl AuditLog {
    /// Opens a database for reading alone.
    pub async fn open(options: &StoreOptions) -> Result<Self, OpenError> {
        Ok(Self(match options {
            StoreOptions::Sqlite { path } => Database::open_sqlite_to_read(path)?,
            StoreOptions::Postgres { address } => Database::open_postgres(address).await?.0,
        }))
    }

    /// Readings of the audit log.
    pub const fn audit(&self) -> Audit<'_> {
        Audit(&self.0)
    }
}

/// Readings of the audit log.
pub struct Audit<'a>(pub(super) &'a Database);

impl Store {
    /// Readings of the audit log.
    pub const fn audit(&self) -> Audit<'_> {
        Audit(&self.database)
    }
}

impl Audit<'_> {
    /// The entry with this number.
    pub async fn find(&self, tenant: &TenantId, seq: u64) -> Result<Option<Stored>, Error> {
        let select = Select::new(LIST)
            .filter("e.tenant_id = ?", tenant.as_str())
            .filter("e.seq = ?", seq);
        let rows = self.0.select(&select).await?;
        rows.first().map(read).transpose()
    }

    /// The entry with this id.
    pub async fn find_by_id(&self, tenant: &TenantId, id: &str) -> Result<Option<Stored>, Error> {
        let select = Select::new(LIST)
            .filter("e.tenant_id = ?", tenant.as_str())
            .filter("e.entry_id = ?", id);
        let rows = self.0.select(&select).await?;
        rows.first().map(read).transpose()
    }

    /// A page of a tenant's entries, newest first.
    pub async fn list(
        &self,
        tenant: &TenantId,
        filter: &AuditFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Stored>, Error> {
        let Some(select) = self.select(LIST, tenant, filter).await? else {
            return Ok(Vec::new());
        };
        let tail = "ORDER BY e.seq DESC LIMIT ? OFFSET ?";
        let select = select.tail(tail, vec![limit.into(), offset.into()]);
        self.0.select(&select).await?.iter().map(read).collect()
    }

    /// A page of a tenant's entries in their order, after the entry with a number.
    pub async fn page_after(
        &self,
        tenant: &TenantId,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<Stored>, Error> {
        let select = Select::new(LIST)
            .filter("e.tenant_id = ?", tenant.as_str())
            .filter("e.seq > ?", seq)
            .tail("ORDER BY e.seq LIMIT ?", vec![limit.into()]);
        self.0.select(&select).await?.iter().map(read).collect()
    }

    /// How many entries there are of each kind.
    pub async fn stats(
        &self,
        tenant: &TenantId,
        filter: &AuditFilter,
    ) -> Result<Vec<AuditStats>, Error> {
        let Some(select) = self.select(STATS, tenant, filter).await? else {
            return Ok(Vec::new());
        };
        let tail =
            "GROUP BY e.category, e.action, e.outcome, e.actor_role ORDER BY total DESC, 1, 2, 3";
        let select = select.tail(tail, Vec::new());
        let rows = self.0.select(&select).await?;
        rows.iter().map(read_stats).collect()
    }

    /// How long a tenant's log is; nothing when it has none.
    pub async fn head(&self, tenant: &TenantId) -> Result<Option<AuditHead>, Error> {
        let params = vec![tenant.as_str().into()];
        let row = self.0.query_one(&HEAD, params).await?;
        row.map(|row| {
            Ok(AuditHead {
                frontier: read_frontier(&row)?,
                hash: hash(&row, "hash")?,
                signed: row.count("signed")?,
                dropped: row.count("dropped")?,
            })
        })
        .transpose()
    }

    /// A page of the tenants that have a log, after one.
    pub async fn tenants(&self, after: &str, limit: u32) -> Result<Vec<TenantId>, Error> {
        let rows = self.0.query(&TENANTS, vec![after.into(), limit.into()]);
        rows.await?.iter().map(tenant_of).collect()
    }

    /// A page of the tenants that have entries, after one. Reads all of the entries' index.
    pub async fn tenants_with_entries(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<TenantId>, Error> {
        let params = vec![after.into(), limit.into()];
        let rows = self.0.query(&WITH_ENTRIES, params).await?;
        rows.iter().map(tenant_of).collect()
    }

    /// A page of the subtrees whose hashes are kept, in their order, after one: its level and place.
    pub async fn nodes(
        &self,
        tenant: &TenantId,
        after: (u64, u64),
        limit: u32,
    ) -> Result<Vec<AuditNode>, Error> {
        let (level, index) = after;
        let params = vec![
            tenant.as_str().into(),
            level.into(),
            level.into(),
            index.into(),
            limit.into(),
        ];
        let rows = self.0.query(&KEPT_NODES, params).await?;
        let read = |row: &Row| {
            Ok(AuditNode {
                level: row.count("level")?,
                index: row.count("position")?,
                hash: row.text("hash")?.to_owned(),
            })
        };
        rows.iter().map(read).collect()
    }

    /// Logs that have at least so many entries which no checkpoint covers, with what their trees grow from.
    pub async fn unsigned(
        &self,
        entries_min: u64,
        limit: u32,
    ) -> Result<Vec<(TenantId, Frontier)>, Error> {
        let params = vec![entries_min.into(), limit.into()];
        let rows = self.0.query(&UNSIGNED, params).await?;
        rows.iter()
            .map(|row| Ok((tenant_of(row)?, read_frontier(row)?)))
            .collect()
    }

    /// A page of a tenant's checkpoints in their order, after those of a size.
    pub async fn checkpoints(
        &self,
        tenant: &TenantId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<SignedCheckpoint>, Error> {
        let params = vec![tenant.as_str().into(), after.into(), limit.into()];
        let rows = self.0.query(&CHECKPOINTS, params).await?;
        rows.iter().map(read_checkpoint).collect()
    }

    /// Checkpoints of every tenant in the order in which they were kept, after one: its time, tenant and size.
    pub async fn checkpoints_of_all(
        &self,
        after: (Timestamp, &TenantId, u64),
        limit: u32,
    ) -> Result<Vec<SignedCheckpoint>, Error> {
        let (time, tenant, size) = after;
        let params = vec![
            time.as_micros().into(),
            tenant.as_str().into(),
            size.into(),
            limit.into(),
        ];
        let rows = self.0.query(&CHECKPOINTS_OF_ALL, params).await?;
        rows.iter().map(read_checkpoint).collect()
    }

    /// A page of a tenant's checkpoints, newest first, below a size.
    pub async fn newest_checkpoints(
        &self,
        tenant: &TenantId,
        below: Option<u64>,
        limit: u32,
    ) -> Result<Vec<SignedCheckpoint>, Error> {
        let below = below.unwrap_or(u64::MAX);
        let params = vec![tenant.as_str().into(), below.into(), limit.into()];
        let rows = self.0.query(&NEWEST_CHECKPOINTS, params).await?;
        rows.iter().map(read_checkpoint).collect()
    }

    /// What was put among a log's rows that its entries do not reach. Reads all of its bodies' index.
    pub async fn strays(&self, tenant: &TenantId) -> Result<AuditStrays, Error> {
        let params = vec![tenant.as_str().into(), tenant.as_str().into()];
        let row = self.0.query_one(&STRAYS, params).await?;
        let count = |column| row.as_ref().map_or(Ok(0), |row| row.count(column));
        Ok(AuditStrays {
            entries: count("entries")?,
            bodies: count("bodies")?,
        })
    }

    /// The last entry from before a time.
    pub async fn last_before(
        &self,
        tenant: &TenantId,
        time: Timestamp,
    ) -> Result<Option<u64>, Error> {
        let params = vec![tenant.as_str().into(), time.as_micros().into()];
        let row = self.0.query_one(&LAST_BEFORE, params).await?;
        row.map(|row| row.count("seq")).transpose()
    }

    /// The numbers of entries by or about someone whose bodies are there, after a number, in order.
    pub async fn bodies_of(
        &self,
        tenant: &TenantId,
        who: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<u64>, Error> {
        let params = vec![
            tenant.as_str().into(),
            who.into(),
            who.into(),
            after.into(),
            limit.into(),
        ];
        let rows = self.0.query(&WITH_BODY, params).await?;
        rows.iter().map(|row| row.count("seq")).collect()
    }

    /// The filtered reading; nothing when no entry can match. Times become numbers first, because a page is read along
    /// the numbers and must not wander through all of a long log for the few entries of an hour.
    async fn select(
        &self,
        head: &'static str,
        tenant: &TenantId,
        filter: &AuditFilter,
    ) -> Result<Option<Select>, Error> {
        let mut select = Select::new(head).filter("e.tenant_id = ?", tenant.as_str());
        if let Some(since) = filter.since {
            let params = vec![tenant.as_str().into(), since.as_micros().into()];
            let Some(first) = self.0.query_one(&FIRST_SINCE, params).await? else {
                return Ok(None);
            };
            select = select
                .filter("e.seq >= ?", first.count("seq")?)
                .filter("e.created_at >= ?", since.as_micros());
        }
        if let Some(until) = filter.until {
            let Some(last) = self.last_before(tenant, until).await? else {
                return Ok(None);
            };
            select = select
                .filter("e.seq <= ?", last)
                .filter("e.created_at < ?", until.as_micros());
        }
        Ok(Some(
            select
                .filter_some("e.category = ?", filter.category.as_deref())
                .filter_some("e.action = ?", filter.action.as_deref())
                .filter_some("e.actor_kind = ?", filter.actor_kind.as_deref())
                .filter_some("e.actor_id = ?", filter.actor_id.as_deref())
                .filter_some("e.outcome = ?", filter.outcome.as_deref())
                .filter_some("e.subject_kind = ?", filter.subject_kind.as_deref())
                .filter_some("e.subject_id = ?", filter.subject_id.as_deref())
                .filter_some("e.tool_use_id = ?", filter.tool_use_id.as_deref())
                .filter_some("e.seq < ?", filter.before),
        ))
    }
}

fn tenant_of(row: &Row) -> Result<TenantId, Error> {
    Ok(TenantId::trusted(row.text("tenant_id")?))
}

fn read_checkpoint(row: &Row) -> Result<SignedCheckpoint, Error> {
    Ok(SignedCheckpoint {
        tenant_id: tenant_of(row)?,
        size: row.count("size")?,
        created_at: Timestamp::from_micros(row.int("created_at")?),
        note: row.text("note")?.to_owned(),
    })
}

fn read_stats(row: &Row) -> Result<AuditStats, Error> {
    Ok(AuditStats {
        category: row.text("category")?.to_owned(),
        action: row.text("action")?.to_owned(),
        outcome: row.text("outcome")?.to_owned(),
        actor_role: row.optional_text("actor_role")?.map(str::to_owned),
        total: row.count("total")?,
    })
}

fn read(row: &Row) -> Result<Stored, Error> {
    let text = |column| row.text(column).map(str::to_owned);
    let optional = |column| Ok::<_, Error>(row.optional_text(column)?.map(str::to_owned));
    let subject = match (optional("subject_kind")?, optional("subject_id")?) {
        (Some(kind), Some(id)) => Some(Subject { kind, id }),
        _ => None,
    };
    let body_hash = match row.optional_text("body_hash")? {
        Some(_) => Some(hash(row, "body_hash")?),
        None => None,
    };
    Ok(Stored {
        entry: Entry {
            tenant_id: tenant_of(row)?,
            seq: row.count("seq")?,
            entry_id: text("entry_id")?,
            time: Timestamp::from_micros(row.int("created_at")?),
            actor: Actor {
                kind: text("actor_kind")?,
                id: text("actor_id")?,
                role: optional("actor_role")?,
            },
            category: text("category")?,
            action: text("action")?,
            subject,
            outcome: text("outcome")?,
            tool_use_id: optional("tool_use_id")?,
            body_hash,
            previous: hash(row, "previous")?,
        },
        hash: hash(row, "hash")?,
        body: read_body(row)?,
    })
}

fn read_body(row: &Row) -> Result<Option<Body>, Error> {
    let (Some(salt), Some(text)) = (row.optional_text("salt")?, row.optional_text("body")?) else {
        return Ok(None);
    };
    let salt = data_encoding::HEXLOWER.decode(salt.as_bytes()).ok();
    let salt = salt
        .and_then(|salt| salt.try_into().ok())
        .ok_or_else(|| Error::inconsistent("audit_bodies.salt", "it is not 16 bytes"))?;
    let text = text.to_owned();
    Ok(Some(Body { salt, text }))
}
