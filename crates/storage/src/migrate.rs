//! Schema migrations, embedded in the binary and applied in order at start.

use civitas_model::Timestamp;
use civitas_sql::{Backend, Statement, Writer};

use crate::store::OpenError;

const CREATE_TABLE: Statement = Statement::new(include_str!("queries/schema/create_table.sql"));
const LIST: Statement = Statement::new(include_str!("queries/schema/list.sql"));
const INSERT: Statement = Statement::new(include_str!("queries/schema/insert.sql"));

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
];

pub(crate) async fn run(
    writer: &mut Writer,
    backend: Backend,
    now: Timestamp,
) -> Result<(), OpenError> {
    writer.execute(&CREATE_TABLE, &[]).await?;
    let applied = writer.query(&LIST, &[]).await?;
    let found = applied
        .last()
        .map(|row| row.int("version"))
        .transpose()?
        .unwrap_or(0);
    let known = MIGRATIONS.last().map_or(0, |migration| migration.version);
    if found > known {
        return Err(OpenError::TooNew { found, known });
    }
    for migration in MIGRATIONS
        .iter()
        .filter(|migration| migration.version > found)
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
                &[migration.version.into(), migration.name.into(), applied_at],
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
