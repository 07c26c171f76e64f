//! Files: their facts. The bytes lie in the blob store.

use civitas_model::file::{File, Status};
use civitas_model::{ContractId, FileId, SessionId, TenantId, Timestamp};
use civitas_sql::{Error, Row, Select, Statement};

use crate::json;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};
use crate::usage;

const PUT: Statement = Statement::new(include_str!("queries/file/put.sql"));
const FIND: Statement = Statement::new(include_str!("queries/file/find.sql"));
const LIST: &str = include_str!("queries/file/list.sql");
const SAMPLE: Statement = Statement::new(include_str!("queries/file/sample.sql"));

pub(crate) async fn put(tx: &mut Transaction<'_>, file: &File) -> Result<(), Stop> {
    usage::count_file(tx, file).await?;
    let params = vec![
        file.tenant_id.as_str().into(),
        file.file_id.as_str().into(),
        file.session_id.as_str().into(),
        file.ui_name.as_str().into(),
        file.ui_name.to_lowercase().into(),
        file.file_type.as_str().into(),
        file.mime_type.as_str().into(),
        file.ingestion_type.as_str().into(),
        file.size.into(),
        file.digest.as_str().into(),
        file.status.as_str().into(),
        file.contract_id.as_str().into(),
        json::text(&file.metadata)?,
        tag_key(file).into(),
        file.created_at.as_micros().into(),
        file.updated_at.as_micros().into(),
    ];
    tx.execute_later(&PUT, params, Meaning::Nothing).await
}

/// Which files to list; all that is stated must hold. Purged and archived files are listed only when their status is.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileFilter {
    /// Only of this type, such as `pdf`.
    pub file_type: Option<String>,
    /// Only of this media type, or of all that begin like it: `image/*`.
    pub mime_type: Option<String>,
    /// Only that came this way: `upload`, `edi`, `api`.
    pub ingestion_type: Option<String>,
    /// Only of this session.
    pub session_id: Option<SessionId>,
    /// Only in one of these states; `ingested` and `active` when empty.
    pub statuses: Vec<Status>,
    /// Only whose name holds this text, in upper or lower case.
    pub name_contains: Option<String>,
    /// Only of at least so many bytes.
    pub size_min: Option<u64>,
    /// Only of at most so many bytes.
    pub size_max: Option<u64>,
    /// Only stored at this time or later.
    pub created_from: Option<Timestamp>,
    /// Only stored at this time or earlier.
    pub created_to: Option<Timestamp>,
    /// Only changed at this time or later.
    pub updated_from: Option<Timestamp>,
    /// Only changed at this time or earlier.
    pub updated_to: Option<Timestamp>,
    /// Only with all of these tags, in upper or lower case.
    pub tags: Vec<String>,
    /// Only with the content of one of these digests.
    pub digests: Vec<String>,
}

/// What is listed when nothing is said about the status.
const LISTED: [Status; 2] = [Status::Ingested, Status::Active];

/// Readings of files.
pub struct Files<'a>(&'a Store);

impl Store {
    /// Readings of files.
    pub const fn files(&self) -> Files<'_> {
        Files(self)
    }
}

impl Files<'_> {
    /// One file of a tenant.
    pub async fn find(&self, tenant: &TenantId, file: &FileId) -> Result<Option<File>, Error> {
        let params = vec![tenant.as_str().into(), file.as_str().into()];
        self.0
            .database
            .query_one(&FIND, params)
            .await?
            .as_ref()
            .map(read)
            .transpose()
    }

    /// Files of every tenant that are not purged, in the order of their digests from this one on; for whoever checks
    /// that their content is there.
    pub async fn sample(&self, from_digest: &str, limit: u32) -> Result<Vec<File>, Error> {
        let params = vec![from_digest.into(), limit.into()];
        self.0
            .database
            .query(&SAMPLE, params)
            .await?
            .iter()
            .map(read)
            .collect()
    }

    /// A page of a tenant's files, newest first.
    pub async fn list(
        &self,
        tenant: &TenantId,
        filter: &FileFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<File>, Error> {
        let select = filtered(tenant, filter).tail(
            "ORDER BY created_at DESC, file_id DESC LIMIT ? OFFSET ?",
            vec![limit.into(), offset.into()],
        );
        self.0
            .database
            .select(&select)
            .await?
            .iter()
            .map(read)
            .collect()
    }
}

/// The reading of a tenant's files that a filter lets through.
fn filtered(tenant: &TenantId, filter: &FileFilter) -> Select {
    let statuses = match filter.statuses.as_slice() {
        [] => &LISTED,
        some => some,
    };
    let micros = |time: Option<Timestamp>| time.map(Timestamp::as_micros);
    let select = Select::new(LIST)
        .filter("tenant_id = ?", tenant.as_str())
        .filter_in(
            "status",
            statuses.iter().map(|one| one.as_str().into()).collect(),
        )
        .filter_some("file_type = ?", filter.file_type.as_deref())
        .filter_some(
            "mime_type LIKE ? ESCAPE '!'",
            filter.mime_type.as_deref().map(mime_pattern),
        )
        .filter_some("ingestion_type = ?", filter.ingestion_type.as_deref())
        .filter_some(
            "session_id = ?",
            filter.session_id.as_ref().map(civitas_model::Id::as_str),
        )
        .filter_some(
            "name_key LIKE ? ESCAPE '!'",
            filter.name_contains.as_deref().map(like_pattern),
        )
        .filter_some("size >= ?", filter.size_min)
        .filter_some("size <= ?", filter.size_max)
        .filter_some("created_at >= ?", micros(filter.created_from))
        .filter_some("created_at <= ?", micros(filter.created_to))
        .filter_some("updated_at >= ?", micros(filter.updated_from))
        .filter_some("updated_at <= ?", micros(filter.updated_to));
    let select = filter.tags.iter().fold(select, |select, tag| {
        select.filter(
            "tag_key LIKE ? ESCAPE '!'",
            like_pattern(&format!("\n{tag}\n")),
        )
    });
    if filter.digests.is_empty() {
        return select;
    }
    let digests = filter.digests.iter().map(|digest| digest.as_str().into());
    select.filter_in("digest", digests.collect())
}

/// A file's tags in lower case, each between line ends, which no tag holds; empty without tags.
fn tag_key(file: &File) -> String {
    let tags = file.tags();
    if tags.is_empty() {
        return String::new();
    }
    let tags: Vec<String> = tags
        .iter()
        .map(|tag| tag.replace('\n', " ").to_lowercase())
        .collect();
    format!("\n{}\n", tags.join("\n"))
}

/// The pattern for a media type, or for all that begin like it.
fn mime_pattern(wanted: &str) -> String {
    let escaped = escape(wanted);
    match escaped.strip_suffix('*') {
        Some(begin) => format!("{begin}%"),
        None => escaped,
    }
}

/// The pattern that matches text holding `part`, whatever characters it has.
fn like_pattern(part: &str) -> String {
    format!("%{}%", escape(part))
}

fn escape(part: &str) -> String {
    part.to_lowercase()
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_")
}

fn read(row: &Row) -> Result<File, Error> {
    let status = row.text("status")?;
    Ok(File {
        file_id: FileId::trusted(row.text("file_id")?),
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        session_id: SessionId::trusted(row.text("session_id")?),
        ui_name: row.text("ui_name")?.to_owned(),
        file_type: row.text("file_type")?.to_owned(),
        mime_type: row.text("mime_type")?.to_owned(),
        ingestion_type: row.text("ingestion_type")?.to_owned(),
        size: row.count("size")?,
        digest: row.text("digest")?.to_owned(),
        status: Status::parse(status).ok_or_else(|| {
            Error::inconsistent("files.status", format!("unknown status {status}"))
        })?,
        contract_id: ContractId::trusted(row.text("contract_id")?),
        metadata: json::read(row, "metadata")?,
        created_at: Timestamp::from_micros(row.int("created_at")?),
        updated_at: Timestamp::from_micros(row.int("updated_at")?),
    })
}

#[cfg(test)]
mod tests {
    use super::like_pattern;

    #[test]
    fn wildcards_in_a_name_are_matched_literally() {
        assert_eq!(like_pattern("50%_Off!"), "%50!%!_off!!%");
    }
}
