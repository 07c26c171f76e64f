//! An identity that stands in the body, in a block of YAML, and not in the front matter.

use serde_json::{Map, Value};

use crate::fields::Homes;
use crate::lines;
use crate::repairs::Repairs;

/// The blocks that may stand there.
const BLOCKS: &[&str] = &[
    "identity",
    "rbac",
    "budget",
    "metadata",
    "performance",
    "x-civitas",
];

/// Takes blocks of an identity from the body, when the front matter has none. Only what names an agent's id counts: a text
/// may well speak about identities.
pub(super) fn find(front: &mut Map<String, Value>, body: &str, repairs: &mut Repairs) {
    if Homes::of(front).say_identity() {
        return;
    }
    let opens = |line: &str| matches!(line.trim_end(), "identity:" | "x-civitas:");
    let Some(start) = body.lines().position(opens) else {
        return;
    };
    let block: Vec<&str> = body
        .lines()
        .skip(start)
        .take_while(|line| {
            !line.starts_with("```") && !line.starts_with("---") && !line.starts_with("# ")
        })
        .collect();
    let found = lines::read(&block.join("\n"), 1, &mut Repairs::default());
    let names_agent = Homes::of(&found).inner("agent_id").is_some();
    if !names_agent {
        return;
    }
    for name in BLOCKS {
        if let Some(value) = found.get(*name) {
            front.insert((*name).to_owned(), value.clone());
        }
    }
    repairs.note("the identity stands in the text, not in the front matter");
}
