//! Schema migrations, embedded in the binary and applied in order at start.

use civitas_model::Timestamp;
use civitas_sql::{Backend, Statement, Writer};

use crate::store::OpenError;

const CREATE_TABLE: Statement = Statement::new(include_str!("queries/schema/create_table.sql"));
const LIST: Statement = Statement::new(include_str!("queries/schema/list.sql"));
const INSERT: Statement = Statement::new(include_str!("queries/schema/insert.sql"));

/// The table that says which migrations were applied.
pub(crate) const TABLE: &str = "schema_migrations";

struct Migration {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// Every migration, oldest first. One that was released never changes.
const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "spine",
        sqlite: include_str!("../migrations/sqlite/0001_spine.sql"),
        postgres: include_str!("../migrations/postgres/0001_spine.sql"),
    },
    Migration {
        version: 2,
        name: "auth",
        sqlite: include_str!("../migrations/sqlite/0002_auth.sql"),
        postgres: include_str!("../migrations/postgres/0002_auth.sql"),
    },
    Migration {
        version: 3,
        name: "tags",
        sqlite: include_str!("../migrations/sqlite/0003_tags.sql"),
        postgres: include_str!("../migrations/postgres/0003_tags.sql"),
    },
    Migration {
        version: 4,
        name: "uploads",
        sqlite: include_str!("../migrations/sqlite/0004_uploads.sql"),
        postgres: include_str!("../migrations/postgres/0004_uploads.sql"),
    },
    Migration {
        version: 5,
        name: "tenant_settings",
        sqlite: include_str!("../migrations/sqlite/0005_tenant_settings.sql"),
        postgres: include_str!("../migrations/postgres/0005_tenant_settings.sql"),
    },
    Migration {
        version: 6,
        name: "registry",
        sqlite: include_str!("../migrations/sqlite/0006_registry.sql"),
        postgres: include_str!("../migrations/postgres/0006_registry.sql"),
    },
    Migration {
        version: 7,
        name: "audit",
        sqlite: include_str!("../migrations/sqlite/0007_audit.sql"),
        postgres: include_str!("../migrations/postgres/0007_audit.sql"),
    },
    Migration {
        version: 8,
        name: "statistics",
        sqlite: include_str!("../migrations/sqlite/0008_statistics.sql"),
        postgres: include_str!("../migrations/postgres/0008_statistics.sql"),
    },
    Migration {
        version: 9,
        name: "budgets",
        sqlite: include_str!("../migrations/sqlite/0009_budgets.sql"),
        postgres: include_str!("../migrations/postgres/0009_budgets.sql"),
    },
    Migration {
        version: 10,
        name: "approvals",
        sqlite: include_str!("../migrations/sqlite/0010_approvals.sql"),
        postgres: include_str!("../migrations/postgres/0010_approvals.sql"),
    },
    Migration {
        version: 11,
        name: "policies",
        sqlite: include_str!("../migrations/sqlite/0011_policies.sql"),
        postgres: include_str!("../migrations/postgres/0011_policies.sql"),
    },
    Migration {
        version: 12,
        name: "gate",
        sqlite: include_str!("../migrations/sqlite/0012_gate.sql"),
        postgres: include_str!("../migrations/postgres/0012_gate.sql"),
    },
    Migration {
        version: 13,
        name: "webhooks",
        sqlite: include_str!("../migrations/sqlite/0013_webhooks.sql"),
        postgres: include_str!("../migrations/postgres/0013_webhooks.sql"),
    },
    Migration {
        version: 14,
        name: "telemetry",
        sqlite: include_str!("../migrations/sqlite/0014_telemetry.sql"),
        postgres: include_str!("../migrations/postgres/0014_telemetry.sql"),
    },
    Migration {
        version: 15,
        name: "kept_answers",
        sqlite: include_str!("../migrations/sqlite/0015_kept_answers.sql"),
        postgres: include_str!("../migrations/postgres/0015_kept_answers.sql"),
    },
];

/// The newest schema version this binary knows.
pub(crate) fn known_version() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// The version of the schema that a database has.
pub(crate) async fn found_version(writer: &mut Writer) -> Result<i64, OpenError> {
    writer.execute(&CREATE_TABLE, Vec::new()).await?;
    let applied = writer.query(&LIST, &[]).await?;
    let version = applied.last().map(|row| row.int("version")).transpose()?;
    Ok(version.unwrap_or(0))
}

/// Brings the schema up to `version`.
pub(crate) async fn run(
    writer: &mut Writer,
    backend: Backend,
    now: Timestamp,
    version: i64,
) -> Result<(), OpenError> {
    let found = found_version(writer).await?;
    let known = known_version();
    if found > known {
        return Err(OpenError::TooNew { found, known });
    }
    for migration in MIGRATIONS
        .iter()
        .filter(|migration| (found + 1..=version).contains(&migration.version))
    {
        writer.begin().await?;
        let text = match backend {
            Backend::Sqlite => migration.sqlite,
            Backend::Postgres => migration.postgres,
        };
        writer.script(text).await?;
        let applied_at = now.as_micros().into();
        writer
            .execute(
                &INSERT,
                vec![migration.version.into(), migration.name.into(), applied_at],
            )
            .await?;
        writer.commit().await?;
        tracing::info!(
            version = migration.version,
            name = migration.name,
            "migrated the schema"
        );
    }
    Ok(())
}
