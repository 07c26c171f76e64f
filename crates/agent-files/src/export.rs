//! Back to a file: everything the file held, with an `x-civitas:` block that says what the registry knows.

use std::fmt::Write as _;

use civitas_model::Agent;

use crate::repairs::Repairs;
use crate::{cleaning, split};

/// The text of an agent's file. What the original holds is kept as it is, an older `x-civitas:` block apart; without an
/// original the file has a heading.
pub fn export(agent: &Agent, original: Option<&str>) -> String {
    let block = block(agent);
    let Some(original) = original else {
        return format!("---\n{block}name: {0}\n---\n\n# {0}\n", agent.name);
    };
    let mut ignored = Repairs::default();
    let text = cleaning::clean(original, &mut ignored);
    let parts = split::split(&text, &mut ignored);
    let whole = match parts.front {
        None => format!("---\n{block}name: {}\n---\n\n{}", agent.name, parts.body),
        Some(front) => {
            let front = without_block(front);
            if begins_indented(&front) {
                // After the block, it would seem to be a part of it.
                format!("---\n{front}{block}---\n{}", parts.body)
            } else {
                // The block comes first, so that whatever is broken further down cannot reach it.
                format!("---\n{block}{front}---\n{}", parts.body)
            }
        }
    };
    if original.contains("\r\n") {
        whole.replace('\n', "\r\n")
    } else {
        whole
    }
}

/// Whether the first line that says something is indented, or a remark before it is.
fn begins_indented(front: &str) -> bool {
    let lines = front.lines().filter(|line| !line.trim().is_empty());
    for line in lines {
        if line.starts_with([' ', '\t']) {
            return true;
        }
        if !line.starts_with('#') {
            break;
        }
    }
    false
}

/// Front matter without the `x-civitas:` block, ending in a line feed.
fn without_block(front: &str) -> String {
    let mut kept = String::with_capacity(front.len() + 1);
    let mut inside = false;
    // Blank lines belong to the block when something of it follows.
    let mut blank: Vec<&str> = Vec::new();
    for line in front.lines() {
        if inside && line.trim().is_empty() {
            blank.push(line);
            continue;
        }
        inside = line.starts_with("x-civitas:") || (inside && line.starts_with([' ', '\t']));
        if inside {
            blank.clear();
            continue;
        }
        for line in blank.drain(..).chain([line]) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    for line in blank {
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

fn block(agent: &Agent) -> String {
    let mut block = String::from("x-civitas:\n");
    let mut field = |indent: usize, name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(block, "{:indent$}{name}: {value}", "");
    };
    field(2, "agent_id", quoted(agent.agent_id.as_str()));
    field(2, "name", quoted(&agent.name));
    field(2, "role", agent.role.as_str().to_owned());
    field(2, "role_confidence", agent.role_confidence.to_string());
    field(2, "role_reasoning", quoted(&agent.role_reasoning));
    field(2, "owner", quoted(&agent.owner));
    field(2, "lifecycle", agent.lifecycle.as_str().to_owned());
    field(2, "synthesised", agent.is_synthesised.to_string());
    field(2, "capabilities", list(4, &agent.capabilities));
    let rbac = &agent.rbac;
    field(2, "rbac", String::new());
    field(4, "allowed_tools", list(6, &rbac.allowed_tools));
    field(4, "denied_tools", list(6, &rbac.denied_tools));
    field(4, "path_scopes", list(6, &rbac.path_scopes));
    field(4, "api_access", list(6, &rbac.api_access));
    field(4, "requires_approval", rbac.requires_approval.to_string());
    let threshold = rbac.approval_threshold.as_units().to_string();
    field(4, "approval_threshold", threshold);
    let budget = &agent.budget;
    field(2, "budget", String::new());
    field(
        4,
        "max_tokens_per_session",
        budget.max_tokens_per_session.to_string(),
    );
    field(
        4,
        "max_cost_per_day",
        budget.max_cost_per_day.as_units().to_string(),
    );
    field(4, "currency", budget.currency.clone());
    let metadata = &agent.metadata;
    field(2, "metadata", String::new());
    field(4, "category", quoted(&metadata.category));
    field(4, "specialist", metadata.specialist.to_string());
    field(4, "version", quoted(&metadata.version));
    field(4, "tags", list(6, &metadata.tags));
    block
        .lines()
        .fold(String::with_capacity(block.len()), |mut text, line| {
            text.push_str(line.trim_end());
            text.push('\n');
            text
        })
}

/// In double quotes, which JSON and YAML write alike.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list(indent: usize, items: &[String]) -> String {
    if items.is_empty() {
        return "[]".to_owned();
    }
    items.iter().fold(String::new(), |mut text, item| {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{:indent$}- {}", "", quoted(item));
        text
    })
}
