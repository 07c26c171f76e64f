//! A folder of several hundred agent files, with everything that is wrong with such files in practice.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::generator::{Made, folder};
use civitas_governance::agent_file::{Input, Outcome, Reading, decode, export, fingerprint, read};
use civitas_governance::registry::agent_of;
use civitas_governance::roles::RoleBudgets;
use civitas_model::{Id, Timestamp};
use proptest::prelude::*;

const SEED: u64 = 20_260_301;

fn texts(files: &[Made]) -> Vec<String> {
    files.iter().map(|file| decode(&file.bytes)).collect()
}

fn read_all(files: &[Made], texts: &[String]) -> Vec<Reading> {
    let inputs: Vec<Input<'_>> = files
        .iter()
        .zip(texts)
        .map(|(file, text)| Input {
            path: &file.path,
            text,
            name: None,
            ignores_id: false,
        })
        .collect();
    read(&inputs, &RoleBudgets::default())
}

#[test]
fn every_file_becomes_what_it_must() {
    let files = folder(SEED);
    let readings = read_all(&files, &texts(&files));
    assert_eq!(readings.len(), files.len(), "nothing is left out");
    for (file, reading) in files.iter().zip(&readings) {
        let seen = format!("{} {}: {:?}", file.kind, file.path, reading.outcome);
        assert_eq!(reading.path, file.path);
        assert_eq!(reading.outcome.as_str(), file.outcome, "{seen}");
        if let Outcome::Skipped(reason) = &reading.outcome {
            assert!(reason.contains(file.says), "{seen}");
            continue;
        }
        let repairs = reading.outcome.repairs();
        assert!(
            file.says.is_empty() || repairs.iter().any(|said| said.contains(file.says)),
            "{seen}"
        );
        let definition = reading.outcome.definition().unwrap();
        assert_eq!(Some(&definition.name), file.name.as_ref(), "{seen}");
        let id = definition.agent_id.as_ref().map(ToString::to_string);
        assert_eq!(id, file.agent_id, "{seen}");
        assert!(
            file.role.is_none_or(|role| role == definition.role),
            "{seen}"
        );
        assert!(!definition.rbac.allowed_tools.is_empty(), "{seen}");
        assert!(!definition.rbac.path_scopes.is_empty(), "{seen}");
    }
}

#[test]
fn what_is_said_in_each_kind_of_file_is_kept() {
    let files = folder(SEED);
    let readings = read_all(&files, &texts(&files));
    let of = |kind: &str| {
        let at = files.iter().position(|file| file.kind == kind).unwrap();
        readings[at].outcome.definition().unwrap().clone()
    };
    assert_eq!(of("star").rbac.path_scopes, ["**"]);
    assert_eq!(of("one-star").rbac.path_scopes, ["*", "src/**"]);
    assert_eq!(of("everything").rbac.path_scopes, ["**"]);
    assert_eq!(of("everything").metadata.category, "foundry");
    assert!(!of("everything").rbac.requires_approval);
    for kind in [
        "whole",
        "own-block",
        "hooks",
        "colon",
        "tabs",
        "open",
        "appendix",
        "crlf",
    ] {
        let definition = of(kind);
        assert_eq!(definition.rbac.allowed_tools, ["Read", "Write"], "{kind}");
        assert_eq!(
            definition.rbac.path_scopes,
            ["src/**", "tests/**"],
            "{kind}"
        );
        assert_eq!(definition.capabilities, ["coding", "testing"], "{kind}");
        assert_eq!(definition.max_tokens_per_session, 200_000, "{kind}");
        assert!((definition.role_confidence - 0.9).abs() < 1e-9, "{kind}");
    }
    let flat = of("flat-block");
    assert_eq!(flat.rbac.path_scopes, ["docs/**"]);
    assert_eq!(flat.max_cost_per_day.as_micros(), 1_500_000);
    assert!((of("performance").performance.quality_score - 0.87).abs() < 1e-9);
    assert_eq!(
        of("common").rbac.allowed_tools,
        ["Read", "Grep", "Bash(git log:*)"]
    );
    let permissions = of("permissions").rbac;
    assert_eq!(permissions.allowed_tools, ["Read", "Grep"]);
    assert_eq!(
        (permissions.denied_tools, permissions.path_scopes),
        (vec!["Bash".into()], vec!["docs/**".into()])
    );
    assert_eq!(of("headers").metadata.version, "2.0.0");
}

#[test]
fn there_are_enough_files_of_every_kind_and_names_and_ids_are_unique() {
    let files = folder(SEED);
    let agents = files
        .iter()
        .filter(|file| file.outcome != "skipped")
        .count();
    assert!(agents >= 200, "{agents}");
    let readings = read_all(&files, &texts(&files));
    let definitions: Vec<_> = readings
        .iter()
        .filter_map(|one| one.outcome.definition())
        .collect();
    assert_eq!(definitions.len(), agents);
    let names: BTreeSet<&str> = definitions.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names.len(), agents);
    let ids: Vec<&str> = definitions
        .iter()
        .filter_map(|one| Some(one.agent_id.as_ref()?.as_str()))
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

/// A release build reads hundreds of times faster; this holds on a busy machine without optimisation.
#[test]
fn a_folder_is_read_within_a_second() {
    let files = folder(SEED);
    let texts = texts(&files);
    let started = Instant::now();
    let readings = read_all(&files, &texts);
    let elapsed = started.elapsed();
    assert!(
        elapsed.as_secs_f64() < 1.0,
        "{} files in {elapsed:?}",
        readings.len()
    );
    println!("{} files in {elapsed:?}", readings.len());
}

fn one(path: &str, text: &str) -> Outcome {
    let input = Input {
        path,
        text,
        name: None,
        ignores_id: false,
    };
    read(&[input], &RoleBudgets::default()).remove(0).outcome
}

/// Exported and read again, an agent is the same.
fn comes_back(path: &str, text: &str) {
    let Some(definition) = one(path, text).definition().cloned() else {
        return;
    };
    let at = Timestamp::from_micros(1_700_000_000_000_000);
    let id = definition
        .agent_id
        .clone()
        .unwrap_or_else(|| Id::trusted("made-here"));
    let agent = agent_of(&definition, id, Id::trusted("t"), "someone", at);
    let exported = export(&agent, Some(text));
    let back = one(path, &exported);
    let read_back = back
        .definition()
        .unwrap_or_else(|| panic!("{exported}\n{back:?}"));
    let mut same = agent_of(
        read_back,
        read_back.agent_id.clone().unwrap(),
        Id::trusted("t"),
        "someone",
        at,
    );
    same.performance = agent.performance.clone();
    assert_eq!(same, agent, "{exported}");
    let again = export(&same, Some(&exported));
    assert_eq!(
        fingerprint(&again),
        fingerprint(&exported),
        "exported twice is exported once"
    );
}

#[test]
fn every_agent_comes_back_from_its_export_and_its_text_is_kept() {
    let files = folder(SEED);
    for (file, text) in files.iter().zip(texts(&files)) {
        comes_back(&file.path, &text);
    }
    comes_back(
        "keeper.md",
        "---\n\t# a remark\nname: keeper\n---\nKeeps.\n",
    );
    comes_back(
        "keeper.md",
        "# Keeper\n\n**Version**: 1\t2\n**Category**: quality\n",
    );
    let text =
        "---\nname: keeper\n# a remark\ndescription: Use this: always\n---\nBody: **bold**\n";
    let definition = one("keeper.md", text).definition().cloned().unwrap();
    let agent = agent_of(
        &definition,
        Id::trusted("i"),
        Id::trusted("t"),
        "o",
        Timestamp::default(),
    );
    let exported = export(&agent, Some(text));
    let (_, kept) = text.split_once("---\n").unwrap();
    assert!(exported.ends_with(kept), "{exported}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_file_breaks_it_and_every_agent_comes_back(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), "[ \\t\\n:*\"'|>\\[\\]{}#&!%@a-z0-9-]{0,6}"), 0..8),
        seed in 0_u64..50,
    ) {
        let files = folder(seed);
        let file = which.get(&files);
        let mut text: Vec<char> = decode(&file.bytes).chars().take(20_000).collect();
        for (from, to, with) in &edits {
            let (a, b) = (from.index(text.len() + 1), to.index(text.len() + 1));
            let (start, end) = (a.min(b), a.max(b).min(a.min(b) + 12));
            text.splice(start..end, with.chars());
        }
        let text: String = text.into_iter().collect();
        comes_back(&file.path, &text);
    }

    #[test]
    fn whatever_the_text_is_something_is_said_about_it(text in "\\PC{0,400}", front in any::<bool>()) {
        let text = if front { format!("---\n{text}\n---\n") } else { text };
        let outcome = one("quality/x.md", &text);
        prop_assert!(outcome.definition().is_some() || matches!(outcome, Outcome::Skipped(_)));
        comes_back("quality/x.md", &text);
    }
}
