//! The comparison of what was promised with what is there.

use std::collections::{HashMap, HashSet};

use crate::facts::{Execution, Facts};
use crate::gate;
use crate::ledger::{Entry, Evidence};

/// A broken promise.
#[derive(Debug, PartialEq)]
pub(crate) enum Finding {
    /// It was acknowledged, and is not there.
    Lost { intent_id: String },
    /// One submission made several executions, or was answered with several.
    Twice { intent_id: String },
    /// A client was refused for no reason of its own.
    Refused(String),
    /// An execution did not complete.
    NotCompleted { execution_id: String, why: String },
    /// A journal has a gap, a repetition, or not exactly one end.
    Journal { execution_id: String },
    /// A stream had a gap, a repetition, or showed what the journal does not say.
    Stream {
        execution_id: String,
        seen: Vec<Entry>,
    },
    /// An effect is there more or less than once.
    Effect { what: String, count: usize },
    /// A promise about a tool call.
    Gate(gate::Finding),
}

/// Every broken promise.
pub(crate) fn check(evidence: &Evidence, facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<_> = evidence
        .refused
        .iter()
        .cloned()
        .map(Finding::Refused)
        .collect();
    findings.extend(acknowledgements(evidence, facts));
    for (execution_id, execution) in &facts.executions {
        findings.extend(ending(execution_id, execution));
        if !is_whole(&execution.journal, execution.last_seq) {
            findings.push(Finding::Journal {
                execution_id: execution_id.clone(),
            });
        }
    }
    for (execution_id, seen) in &evidence.seen {
        let journal = facts.executions.get(execution_id);
        if journal.is_none_or(|execution| execution.journal != *seen) {
            findings.push(Finding::Stream {
                execution_id: execution_id.clone(),
                seen: seen.clone(),
            });
        }
    }
    findings.extend(effects(facts));
    findings
}

fn acknowledgements(evidence: &Evidence, facts: &Facts) -> Vec<Finding> {
    let mut made: HashMap<&str, Vec<&str>> = HashMap::new();
    for (execution_id, execution) in &facts.executions {
        made.entry(&execution.intent_id)
            .or_default()
            .push(execution_id);
    }
    let mut findings = Vec::new();
    for (intent_id, executions) in &made {
        if executions.len() > 1 {
            findings.push(Finding::Twice {
                intent_id: (*intent_id).to_owned(),
            });
        }
    }
    for promise in &evidence.acknowledged {
        let intent_id = promise.intent_id.clone();
        match made.get(intent_id.as_str()) {
            None => findings.push(Finding::Lost { intent_id }),
            // Whoever acknowledges too early does not know the execution.
            Some(_) if promise.execution_id.is_empty() => {}
            Some(executions) if executions.contains(&promise.execution_id.as_str()) => {}
            Some(_) => findings.push(Finding::Twice { intent_id }),
        }
    }
    findings
}

fn ending(execution_id: &str, execution: &Execution) -> Option<Finding> {
    (execution.status != "completed").then(|| Finding::NotCompleted {
        execution_id: execution_id.to_owned(),
        why: format!(
            "{} is {}: {}",
            execution.intent_type, execution.status, execution.error
        ),
    })
}

/// 1, 2, 3, … without a gap, with one end, which is the last.
fn is_whole(journal: &[Entry], last_seq: u64) -> bool {
    let numbers = journal.iter().map(|entry| entry.seq);
    let ends = journal.iter().filter(|entry| entry.is_final()).count();
    numbers.eq(1..=last_seq) && ends == 1 && journal.last().is_some_and(Entry::is_final)
}

/// Files, parsed results and search records are the sinks of internal effects: each counts once.
fn effects(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let once = |what: String, count: usize| (count != 1).then_some(Finding::Effect { what, count });
    let completed = |intent_type: &str| {
        let executions = facts.executions.values();
        let of_type = executions
            .filter(|execution| execution.intent_type == intent_type)
            .filter(|execution| execution.status == "completed");
        of_type.collect::<Vec<_>>()
    };
    let mut files: HashMap<&str, usize> = HashMap::new();
    let mut names: HashMap<&str, usize> = HashMap::new();
    for (id, name) in &facts.files {
        *files.entry(id).or_default() += 1;
        *names.entry(name).or_default() += 1;
    }
    let ingested = completed("ingest_file");
    for execution in &ingested {
        let id = execution.payload["file_id"].as_str().unwrap_or_default();
        let name = execution.parameters["ui_name"].as_str().unwrap_or_default();
        findings.extend(once(
            format!("file {id}"),
            files.get(id).copied().unwrap_or(0),
        ));
        findings.extend(once(
            format!("file named {name}"),
            names.get(name).copied().unwrap_or(0),
        ));
    }
    let parsed = completed("parse_content");
    let mut ready: HashMap<&str, usize> = HashMap::new();
    for execution in &parsed {
        let id = execution.payload["parsed_file_id"]
            .as_str()
            .unwrap_or_default();
        let all = facts.ready.iter().chain(&facts.archived);
        let count = all.filter(|parsed| *parsed == id).count();
        findings.extend(once(format!("parsed result {id}"), count));
        let file = execution.payload["file_id"].as_str().unwrap_or_default();
        *ready.entry(file).or_default() += usize::from(facts.ready.iter().any(|ready| ready == id));
        let records = facts.records.get(file).map_or(&[][..], Vec::as_slice);
        let distinct: HashSet<_> = records.iter().collect();
        let expected = execution.payload["chunk_count"].as_u64().unwrap_or(0);
        if records.len() != distinct.len() || records.len() as u64 != expected {
            findings.push(Finding::Effect {
                what: format!("search records of file {file}, of which there are {expected}"),
                count: records.len(),
            });
        }
    }
    // A file that is parsed again has its older result archived.
    for (file, count) in ready {
        findings.extend(once(format!("result of file {file} that is ready"), count));
    }
    for (what, there, made) in [
        ("files", facts.files.len(), ingested.len()),
        (
            "parsed results",
            facts.ready.len() + facts.archived.len(),
            parsed.len(),
        ),
    ] {
        if there != made {
            findings.push(Finding::Effect {
                what: format!("{what}, made by {made} executions"),
                count: there,
            });
        }
    }
    findings
}

mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::ledger::Acknowledged;

    fn entry(seq: u64, status: &str) -> Entry {
        Entry {
            seq,
            event_type: String::new(),
            status: status.to_owned(),
            timestamp: String::new(),
        }
    }

    fn journal() -> Vec<Entry> {
        vec![
            entry(1, "pending"),
            entry(2, "running"),
            entry(3, "completed"),
        ]
    }

    /// One file that was taken in, followed, and is there once.
    fn good() -> (Evidence, Facts) {
        let execution = Execution {
            intent_id: "i".into(),
            intent_type: "ingest_file".into(),
            status: "completed".into(),
            error: Value::Null,
            last_seq: 3,
            payload: json!({ "file_id": "f" }),
            parameters: json!({ "ui_name": "n" }),
            journal: journal(),
        };
        let facts = Facts {
            executions: HashMap::from([("e".to_owned(), execution)]),
            files: vec![("f".into(), "n".into())],
            ..Facts::default()
        };
        let evidence = Evidence {
            acknowledged: vec![Acknowledged {
                intent_id: "i".into(),
                execution_id: "e".into(),
            }],
            seen: HashMap::from([("e".to_owned(), journal())]),
            ..Evidence::default()
        };
        (evidence, facts)
    }

    /// What the checker says once `break_it` was done to something that is in order.
    fn findings(break_it: impl FnOnce(&mut Evidence, &mut Facts)) -> Vec<Finding> {
        let (mut evidence, mut facts) = good();
        break_it(&mut evidence, &mut facts);
        check(&evidence, &facts)
    }

    fn executions(facts: &mut Facts) -> &mut Execution {
        facts.executions.get_mut("e").unwrap()
    }

    #[test]
    fn what_is_in_order_passes() {
        assert_eq!(findings(|_, _| {}), []);
    }

    #[test]
    fn each_broken_promise_is_found() {
        let lost = findings(|_, facts| *facts = Facts::default());
        assert!(lost.contains(&Finding::Lost {
            intent_id: "i".into()
        }));
        let twice = findings(|_, facts| {
            let again = executions(facts).clone();
            facts.executions.insert("again".into(), again);
        });
        assert!(twice.contains(&Finding::Twice {
            intent_id: "i".into()
        }));
        let other = findings(|evidence, _| evidence.acknowledged[0].execution_id = "other".into());
        assert_eq!(
            other,
            [Finding::Twice {
                intent_id: "i".into()
            }]
        );
        let running = findings(|_, facts| executions(facts).status = "running".into());
        assert!(matches!(running[0], Finding::NotCompleted { .. }));
        let doubled = findings(|_, facts| facts.files.push(("g".into(), "n".into())));
        assert!(matches!(doubled[0], Finding::Effect { count: 2, .. }));
        let missing = findings(|_, facts| facts.files.clear());
        assert!(matches!(missing[0], Finding::Effect { count: 0, .. }));
    }

    #[test]
    fn a_journal_or_stream_with_a_gap_a_repetition_or_no_end_is_found() {
        let broken = [
            vec![entry(1, "pending"), entry(3, "completed")],
            vec![
                entry(1, "pending"),
                entry(1, "pending"),
                entry(3, "completed"),
            ],
            vec![
                entry(1, "pending"),
                entry(2, "running"),
                entry(3, "running"),
            ],
            vec![
                entry(1, "pending"),
                entry(2, "completed"),
                entry(3, "completed"),
            ],
        ];
        for broken in broken {
            let found = findings(|_, facts| executions(facts).journal.clone_from(&broken));
            assert!(matches!(found[0], Finding::Journal { .. }), "{broken:?}");
            let found = findings(|evidence, _| {
                evidence.seen.insert("e".into(), broken.clone());
            });
            assert!(matches!(found[..], [Finding::Stream { .. }]), "{broken:?}");
        }
    }
}
