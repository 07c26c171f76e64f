//! `list_files`: a page of the tenant's files.

use civitas_intent::host::Read;
use civitas_intent::prelude::*;
use civitas_model::{SessionId, TenantId};

use crate::declared;
use crate::facts::{FileFacts, page_limit};

/// Files of a page when no limit is asked for, and the most there can be.
const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 500;

/// List the tenant's files, newest first. Archived and purged files are not listed; `query_files` finds them.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ListFiles {
    /// Only files of this type, such as `pdf`.
    #[schemars(length(min = 1, max = 64))]
    file_type: Option<String>,
    /// Only files that were brought in by this session.
    session_id: Option<SessionId>,
    /// The tenant; only the caller's own has files to list, so it may be left out.
    tenant_id: Option<TenantId>,
    /// The most files to answer, 1 to 500; 100 when absent.
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u32>,
    /// How many files to skip.
    #[serde(default)]
    offset: u32,
}

/// A page of files.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FileList {
    /// The files, newest first.
    files: Vec<FileFacts>,
    /// How many files are on this page.
    count: u64,
    /// Whether there are more: ask again with `offset` + `count`.
    has_more: bool,
    /// The tenant.
    tenant_id: TenantId,
    /// The session the list is limited to, if any.
    session_id: Option<SessionId>,
    /// The limit that was applied.
    limit: u32,
    /// How many files were skipped.
    offset: u32,
    /// The type the list is limited to, if any.
    file_type_filter: Option<String>,
}

impl Intent for ListFiles {
    const NAME: &'static str = "list_files";
    const ARTIFACT: &'static str = "file_list";
    const SYNONYMS: &'static [&'static str] = &["list_artifacts"];
    const POLICY: Policy = Policy::READING;
    type Output = FileList;

    async fn handle(self, cx: &mut Context) -> Result<Answer<FileList>> {
        let limit = page_limit(self.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
        if self
            .tenant_id
            .as_ref()
            .is_some_and(|id| id != cx.tenant_id())
        {
            return Err(reject(
                "tenant_id is not the caller's tenant: leave it out, only one's own files can be listed",
            ));
        }
        let file_type = self.file_type.as_deref().map(canonical_type);
        let filter = json!({ "file_type": file_type, "session_id": self.session_id });
        // One more than asked for tells whether there are more.
        let read = Read::Files {
            filter,
            limit: limit + 1,
            offset: self.offset,
        };
        let mut files: Vec<File> = cx.read(read).await?;
        let has_more = files.len() > limit as usize;
        files.truncate(limit as usize);
        let payload = FileList {
            count: files.len() as u64,
            files: files.into_iter().map(FileFacts::brief).collect(),
            has_more,
            tenant_id: cx.tenant_id().clone(),
            session_id: self.session_id,
            limit,
            offset: self.offset,
            file_type_filter: file_type,
        };
        Ok(payload.into())
    }
}

/// The short name under which files of a type are stored: `.MD` and `markdown` are `md`.
pub(crate) fn canonical_type(name: &str) -> String {
    declared::format(name).map_or_else(
        || name.trim().to_lowercase(),
        |format| format.file_type().to_owned(),
    )
}
