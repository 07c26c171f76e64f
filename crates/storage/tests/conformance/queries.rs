//! The SQL files.

use civitas_sql::Statement;

use crate::fixture::{Fixture, Kind, files_under, source};

pub async fn every_query_is_prepared_on_a_new_database(t: Fixture) {
    let (_, mut writer) = t.place.database().await;
    let mut count = 0;
    for path in files_under(&source("src/queries")) {
        let name = path.to_str().unwrap();
        let for_postgres = name.ends_with(".postgres.sql");
        let pair = name.replace(".sql", ".postgres.sql");
        let skip = match t.kind {
            Kind::Sqlite => for_postgres,
            Kind::Postgres => std::fs::exists(&pair).unwrap(),
        };
        if !skip {
            let text = std::fs::read_to_string(&path).unwrap();
            if let Err(error) = writer.columns(&text).await {
                panic!("{name}: {error}");
            }
            count += 1;
        }
    }
    assert!(count > 50, "the folder moved");
}

/// Without the numbers that migration 8 tells SQLite, it walks all of a tenant's rows.
pub async fn a_row_is_found_by_its_second_key_without_walking_the_others(t: Fixture) {
    if matches!(t.kind, Kind::Postgres) {
        return;
    }
    let (database, _writer) = t.place.database().await;
    for (lookup, index) in [
        (
            "EXPLAIN QUERY PLAN SELECT * FROM files WHERE tenant_id = ? AND digest = ? ORDER BY created_at LIMIT 1",
            "files_by_digest (tenant_id=? AND digest=?)",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT * FROM pending_intents WHERE tenant_id = ? AND target_artifact_id = ? ORDER BY created_at DESC LIMIT 9",
            "pending_intents_by_target (tenant_id=? AND target_artifact_id=?)",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT * FROM agents WHERE tenant_id = ? AND name = ?",
            "agents_by_name (tenant_id=? AND name=?)",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT * FROM policy_decisions WHERE tenant_id = ? AND agent_id = ? ORDER BY decided_at DESC, decision_id DESC LIMIT 9",
            "policy_decisions_by_agent (tenant_id=? AND agent_id=?)",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT * FROM policy_decisions WHERE tenant_id = ? AND session_id = ? ORDER BY decided_at DESC, decision_id DESC LIMIT 9",
            "policy_decisions_by_use (tenant_id=? AND session_id=?)",
        ),
    ] {
        let params = vec!["t".into(), "x".into()];
        let rows = database
            .query(&Statement::new(lookup), params)
            .await
            .unwrap();
        let plan = rows[0].text("detail").unwrap();
        assert!(plan.contains(index), "{lookup}: {plan}");
    }
}

#[test]
fn a_query_for_one_database_differs_from_its_pair_and_says_why() {
    let paths = files_under(&source("src/queries"));
    let names: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    let special: Vec<&&str> = names
        .iter()
        .filter(|name| name.ends_with(".postgres.sql"))
        .collect();
    assert!(!special.is_empty());
    for name in special {
        let text = std::fs::read_to_string(name).unwrap();
        let pair = std::fs::read_to_string(name.replace(".postgres.sql", ".sql")).unwrap();
        assert_ne!(text, pair, "{name}");
        assert!(text.starts_with("-- "), "{name} must say why it differs");
    }
}

#[test]
fn every_query_file_is_used() {
    let code: String = files_under(&source("src"))
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    for path in files_under(&source("src/queries")) {
        let path = path
            .strip_prefix(source("src"))
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        assert!(code.contains(&path), "{path} is not used");
    }
}

#[test]
fn one_text_serves_both_databases_unless_it_must_differ() {
    let statement = Statement::new("SELECT 1");
    assert_eq!(statement.sqlite(), statement.postgres());
}
