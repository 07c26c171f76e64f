//! The artifact registry: what executions made, with lifecycle and provenance.

use civitas_model::artifact::{Artifact, Lifecycle, ProducedBy};
use civitas_model::{ArtifactId, ExecutionId, TenantId, Timestamp};
use civitas_sql::{Error, Row, Select, Statement};

use crate::json;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const PUT: Statement = Statement::new(include_str!("queries/artifact/put.sql"));
const FIND: Statement = Statement::new(include_str!("queries/artifact/find.sql"));
const LIST: &str = include_str!("queries/artifact/list.sql");
const COUNT: &str = include_str!("queries/artifact/count.sql");

pub(crate) async fn put(tx: &mut Transaction<'_>, artifact: &Artifact) -> Result<(), Stop> {
    let params = vec![
        artifact.tenant_id.as_str().into(),
        artifact.artifact_id.as_str().into(),
        artifact.artifact_type.as_str().into(),
        artifact.produced_by.intent.as_str().into(),
        artifact.produced_by.execution_id.as_str().into(),
        artifact.lifecycle_state.as_str().into(),
        json::text(&artifact.semantic_descriptor)?,
        json::text(&artifact.parent_artifacts)?,
        json::text(&artifact.materializations)?,
        artifact.created_at.as_micros().into(),
        artifact.updated_at.as_micros().into(),
    ];
    tx.execute_later(&PUT, params, Meaning::Nothing).await
}

/// Which artifacts to list.
#[derive(Debug, Clone, Default)]
pub struct ArtifactFilter {
    /// Only of one of these types; any when empty.
    pub types: Vec<String>,
    /// Only in this state.
    pub lifecycle_state: Option<Lifecycle>,
    /// Only made by this execution.
    pub execution_id: Option<ExecutionId>,
}

/// Readings of artifacts.
pub struct Artifacts<'a>(&'a Store);

impl Store {
    /// Readings of artifacts.
    pub const fn artifacts(&self) -> Artifacts<'_> {
        Artifacts(self)
    }
}

impl Artifacts<'_> {
    /// One artifact of a tenant.
    pub async fn find(
        &self,
        tenant: &TenantId,
        artifact: &ArtifactId,
    ) -> Result<Option<Artifact>, Error> {
        let params = vec![tenant.as_str().into(), artifact.as_str().into()];
        self.0
            .database
            .query_one(&FIND, params)
            .await?
            .as_ref()
            .map(read)
            .transpose()
    }

    /// A page of a tenant's artifacts, newest first.
    pub async fn list(
        &self,
        tenant: &TenantId,
        filter: &ArtifactFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Artifact>, Error> {
        let select = filtered(LIST, tenant, filter).tail(
            "ORDER BY created_at DESC, artifact_id DESC LIMIT ? OFFSET ?",
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

    /// Artifacts of a tenant that were made directly from this one and still have content, at most `limit`.
    pub async fn made_from(
        &self,
        tenant: &TenantId,
        parent: &ArtifactId,
        limit: u32,
    ) -> Result<Vec<Artifact>, Error> {
        let select = Select::new(LIST)
            .filter("tenant_id = ?", tenant.as_str())
            .filter("lifecycle_state <> ?", Lifecycle::Deleted.as_str())
            .filter(
                "parent_artifacts LIKE ? ESCAPE '!'",
                like_pattern(&serde_json::Value::from(parent.as_str()).to_string()),
            )
            .tail("LIMIT ?", vec![limit.into()]);
        let rows = self.0.database.select(&select).await?;
        let found: Result<Vec<Artifact>, Error> = rows.iter().map(read).collect();
        // SQLite does not tell upper from lower case in a pattern.
        let is_child = |artifact: &Artifact| artifact.parent_artifacts.contains(parent);
        Ok(found?.into_iter().filter(is_child).collect())
    }

    /// How many artifacts of a tenant there are.
    pub async fn count(&self, tenant: &TenantId, filter: &ArtifactFilter) -> Result<u64, Error> {
        let rows = self
            .0
            .database
            .select(&filtered(COUNT, tenant, filter))
            .await?;
        rows.first().map_or(Ok(0), |row| row.count("count"))
    }
}

/// The pattern that matches text holding `part`, whatever characters it has.
fn like_pattern(part: &str) -> String {
    let escaped = part
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_");
    format!("%{escaped}%")
}

fn filtered(head: &'static str, tenant: &TenantId, filter: &ArtifactFilter) -> Select {
    let select = Select::new(head)
        .filter("tenant_id = ?", tenant.as_str())
        .filter_some(
            "lifecycle_state = ?",
            filter.lifecycle_state.map(Lifecycle::as_str),
        )
        .filter_some(
            "execution_id = ?",
            filter.execution_id.as_ref().map(civitas_model::Id::as_str),
        );
    if filter.types.is_empty() {
        return select;
    }
    select.filter_in(
        "artifact_type",
        filter
            .types
            .iter()
            .map(|name| name.as_str().into())
            .collect(),
    )
}

fn read(row: &Row) -> Result<Artifact, Error> {
    let state = row.text("lifecycle_state")?;
    Ok(Artifact {
        artifact_id: ArtifactId::trusted(row.text("artifact_id")?),
        artifact_type: row.text("artifact_type")?.to_owned(),
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        produced_by: ProducedBy {
            intent: row.text("intent_type")?.to_owned(),
            execution_id: ExecutionId::trusted(row.text("execution_id")?),
        },
        lifecycle_state: Lifecycle::parse(state).ok_or_else(|| {
            Error::inconsistent(
                "artifacts.lifecycle_state",
                format!("unknown state {state}"),
            )
        })?,
        semantic_descriptor: json::read(row, "semantic_descriptor")?,
        parent_artifacts: json::read(row, "parent_artifacts")?,
        materializations: json::read(row, "materializations")?,
        created_at: Timestamp::from_micros(row.int("created_at")?),
        updated_at: Timestamp::from_micros(row.int("updated_at")?),
    })
}
