//! Files: their facts. The bytes lie in the blob store.

use civitas_model::file::{File, Status};
use civitas_model::{ContractId, FileId, SessionId, TenantId, Timestamp};
use civitas_sql::{Error, Row, Select, Statement};

use crate::json;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const PUT: Statement = Statement::new(include_str!("queries/file/put.sql"));
const FIND: Statement = Statement::new(include_str!("queries/file/find.sql"));
const LIST: &str = include_str!("queries/file/list.sql");

pub(crate) async fn put(tx: &mut Transaction<'_>, file: &File) -> Result<(), Stop> {
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
        file.created_at.as_micros().into(),
        file.updated_at.as_micros().into(),
    ];
    tx.execute_later(&PUT, params, Meaning::Nothing).await
}

/// Which files to list. Purged files are never listed.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct FileFilter {
    /// Only of this type, such as `pdf`.
    pub file_type: Option<String>,
    /// Only of this session.
    pub session_id: Option<SessionId>,
    /// Only in this state.
    pub status: Option<Status>,
    /// Only whose name holds this text, in upper or lower case.
    pub name_contains: Option<String>,
}

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

    /// A page of a tenant's files, newest first.
    pub async fn list(
        &self,
        tenant: &TenantId,
        filter: &FileFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<File>, Error> {
        let name = filter.name_contains.as_deref().map(like_pattern);
        let select = Select::new(LIST)
            .filter("tenant_id = ?", tenant.as_str())
            .filter("status <> ?", Status::Purged.as_str())
            .filter_some("file_type = ?", filter.file_type.as_deref())
            .filter_some(
                "session_id = ?",
                filter.session_id.as_ref().map(civitas_model::Id::as_str),
            )
            .filter_some("status = ?", filter.status.map(Status::as_str))
            .filter_some("name_key LIKE ? ESCAPE '!'", name)
            .tail(
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

/// The pattern that matches text holding `part`, whatever characters it has.
fn like_pattern(part: &str) -> String {
    let escaped = part
        .to_lowercase()
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_");
    format!("%{escaped}%")
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
