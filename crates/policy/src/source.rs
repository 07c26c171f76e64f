//! Policy texts: read, named, checked against the schema, with the line of every error.

use crate::danger::DANGERS;
use crate::decision::{Effect, People};
use crate::error::{Problems, line_and_column};
use crate::scope;
use crate::tables::{QUORUM_MAX, SYSTEM_ROLE, Tables};
use cedar_policy::{EntityUid, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::str::FromStr;

/// How many policies of its own a tenant may have.
pub const POLICIES_MAX: usize = 2_000;
/// How many texts a tenant may have.
pub const SOURCES_MAX: usize = 64;
/// The longest text, in bytes.
pub const SOURCE_LENGTH_MAX: usize = 512 * 1024;

/// How deep brackets may be nested.
const NESTING_MAX: usize = 32;
/// How many operators one policy may have.
const JOINTS_MAX: usize = 400;

/// The annotations that mean something, or that people may use as they like.
const ANNOTATIONS: [&str; 11] = [
    "id",
    "reason",
    "source",
    "require",
    "quorum",
    "escalate_after",
    "mode",
    "owner",
    "link",
    "description",
    "since",
];

/// The kinds of `CommandClass`.
const CLASSES: [&str; 9] = [
    "network",
    "privileged",
    "destructive",
    "interpreter",
    "inline_code",
    "package_manager",
    "version_control",
    "database",
    "container",
];

/// A text with policies of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySource {
    /// Its name, for instance `payments.cedar`; errors begin with it.
    pub name: String,
    /// The policies in Cedar's language.
    pub text: String,
}

/// A policy that was read, and what its annotations say.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub policy: cedar_policy::Policy,
    pub id: String,
    pub reason: String,
    pub source: String,
    pub effect: Effect,
    pub requires_approval: bool,
    pub people: People,
    pub shadow: bool,
}

/// Reads one text. Its problems, and those of policies whose ids are taken, are added.
pub(crate) fn read(
    source: &PolicySource,
    schema: &Schema,
    tables: &Tables,
    taken: &mut HashSet<String>,
    problems: &mut Problems,
) -> Vec<Known> {
    let place = |offset: Option<usize>| match offset {
        Some(offset) => {
            let (line, column) = line_and_column(&source.text, offset);
            format!("{}:{line}:{column}", source.name)
        }
        None => source.name.clone(),
    };
    if source.text.len() > SOURCE_LENGTH_MAX {
        problems.add(
            place(None),
            format!(
                "the text has {} bytes, and {SOURCE_LENGTH_MAX} are allowed: split it",
                source.text.len()
            ),
        );
        return Vec::new();
    }
    if let Err((offset, message)) = check_shape(&source.text) {
        problems.add(place(Some(offset)), message);
        return Vec::new();
    }
    let set = match PolicySet::from_str(&source.text) {
        Ok(set) => set,
        Err(errors) => {
            for error in errors.iter() {
                problems.add(place(offset_of(error)), said(error));
            }
            return Vec::new();
        }
    };
    if let Some(template) = set.templates().next() {
        let offset = template.as_ref().loc().map(|loc| loc.span.offset());
        problems.add(
            place(offset),
            "templates (`?principal`, `?resource`) are not used here: write the entity",
        );
    }
    let validated = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
    for error in validated.validation_errors() {
        problems.add(place(offset_of(error)), said(error));
    }
    for warning in validated.validation_warnings() {
        // What can never apply, or looks like another name, is a mistake.
        problems.add(place(offset_of(warning)), said(warning));
    }
    let mut found = Vec::new();
    for policy in set.policies() {
        let offset = offset_of_policy(policy);
        match named(policy, source, taken) {
            Ok(known) => {
                for message in entity_problems(policy, tables) {
                    problems.add(place(offset), message);
                }
                found.push((offset, known));
            }
            Err(message) => problems.add(place(offset), message),
        }
    }
    found.sort_by_key(|(offset, _)| *offset);
    found.into_iter().map(|(_, known)| known).collect()
}

/// Refuses what is nested so deeply that reading it would take more stack than there is.
fn check_shape(text: &str) -> Result<(), (usize, String)> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut joints) = (0, 0_usize, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += 1;
                while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while bytes.get(at).is_some_and(|byte| *byte != b'\n') {
                    at += 1;
                }
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b';' => joints = 0,
            b'&' | b'|' | b'.' | b'+' | b'-' | b'*' | b'!' | b'?' => joints += 1,
            b'i' if bytes[at..].starts_with(b"if") => joints += 1,
            _ => {}
        }
        if depth > NESTING_MAX {
            return Err((
                at,
                format!("brackets are nested deeper than {NESTING_MAX} levels"),
            ));
        }
        if joints > JOINTS_MAX {
            return Err((
                at,
                format!(
                    "one policy has more than {JOINTS_MAX} operators: split it, or use a set and `contains`"
                ),
            ));
        }
        at += 1;
    }
    Ok(())
}

fn offset_of_policy(policy: &cedar_policy::Policy) -> Option<usize> {
    policy.as_ref().loc().map(|loc| loc.span.offset())
}

fn offset_of(diagnostic: &dyn Diagnostic) -> Option<usize> {
    diagnostic.labels()?.next().map(|label| label.offset())
}

/// The message with what Cedar suggests.
fn said(diagnostic: &dyn Diagnostic) -> String {
    let mut message = diagnostic.to_string();
    if let Some(label) = diagnostic.labels().and_then(|mut labels| labels.next())
        && let Some(text) = label.label()
    {
        message = format!("{message}: {text}");
    }
    if let Some(help) = diagnostic.help() {
        message = format!("{message} ({help})");
    }
    message
}

/// A policy by its annotations.
fn named(
    policy: &cedar_policy::Policy,
    source: &PolicySource,
    taken: &mut HashSet<String>,
) -> Result<Known, String> {
    let annotation = |name: &str| {
        policy
            .annotation(name)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    for (name, _) in policy.annotations() {
        if !ANNOTATIONS.contains(&name) {
            // A misspelt `@require` would allow what was to be held.
            return Err(format!(
                "there is no annotation `@{name}`: use one of @{}",
                ANNOTATIONS.join(", @")
            ));
        }
    }
    let id = annotation("id").ok_or("a policy has no `@id(\"…\")`: give it a name that stays, because decisions and tests refer to it")?;
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
    if id.len() > 128 || !id.bytes().all(valid) {
        return Err(format!(
            "`@id(\"{id}\")` has 1 to 128 of the letters a-z, A-Z, 0-9 and . _ - /"
        ));
    }
    let reason = annotation("reason").ok_or_else(|| format!("the policy `{id}` has no `@reason(\"…\")`: say in a sentence what people will read when it applies"))?;
    if !taken.insert(id.to_owned()) {
        return Err(format!(
            "the id `{id}` is taken: ids are unique over all texts and the tables"
        ));
    }
    let requires_approval = match annotation("require") {
        None if policy.annotation("require").is_none() => false,
        Some("approval") => true,
        _ => return Err(format!("`@require` of `{id}` can only be \"approval\"")),
    };
    let people = people(policy, id, requires_approval)?;
    let shadow = match annotation("mode") {
        None if policy.annotation("mode").is_none() => false,
        Some("enforce") => false,
        Some("shadow") => true,
        _ => return Err(format!("`@mode` of `{id}` is \"enforce\" or \"shadow\"")),
    };
    Ok(Known {
        policy: policy.new_id(PolicyId::new(id)),
        id: id.to_owned(),
        reason: reason.to_owned(),
        source: annotation("source").unwrap_or(&source.name).to_owned(),
        effect: match policy.effect() {
            cedar_policy::Effect::Permit => Effect::Permit,
            cedar_policy::Effect::Forbid => Effect::Forbid,
        },
        requires_approval,
        people,
        shadow,
    })
}

/// How many people a policy asks, and after how long more of them.
fn people(
    policy: &cedar_policy::Policy,
    id: &str,
    requires_approval: bool,
) -> Result<People, String> {
    let said = ["quorum", "escalate_after"].map(|name| policy.annotation(name).map(str::trim));
    if !requires_approval && said.iter().any(Option::is_some) {
        return Err(format!(
            "`{id}` asks nobody: `@quorum` and `@escalate_after` stand beside `@require(\"approval\")`"
        ));
    }
    let [quorum, escalate_after] = said;
    let quorum = quorum.map(|text| {
        let count = text.parse().ok();
        let count = count.filter(|count| (1..=QUORUM_MAX).contains(count));
        count.ok_or_else(|| format!("`@quorum` of `{id}` is a number from 1 to {QUORUM_MAX}"))
    });
    let escalate_after = escalate_after.map(|text| {
        let after = text.parse();
        after.map_err(|error| format!("`@escalate_after` of `{id}` {error}"))
    });
    Ok(People {
        quorum: quorum.transpose()?.unwrap_or(1),
        escalate_after: escalate_after.transpose()?,
    })
}

/// Names that would never match anything.
fn entity_problems(policy: &cedar_policy::Policy, tables: &Tables) -> Vec<String> {
    let check = |uid: EntityUid| -> Option<String> {
        let name = uid.id().unescaped();
        let roles = || tables.roles.keys().map(String::as_str);
        let unknown = |kind: &str, known: Vec<&str>| {
            Some(format!(
                "there is no {kind} `{name}`: there are {}",
                known.join(", ")
            ))
        };
        match uid.type_name().to_string().as_str() {
            "Scope" => scope::check(name).err(),
            "Role" if name != SYSTEM_ROLE && !tables.roles.contains_key(name) => {
                unknown("role", roles().collect())
            }
            "Danger" if !DANGERS.iter().any(|(danger, _)| *danger == name) => unknown(
                "danger",
                DANGERS.iter().map(|(danger, _)| *danger).collect(),
            ),
            "CommandClass" if !CLASSES.contains(&name) => {
                unknown("class of commands", CLASSES.to_vec())
            }
            "Tool" if tables.tool(name) != name => Some(format!(
                "`{name}` is another name of `{}`: use that",
                tables.tool(name)
            )),
            "Api" if tables.api(name) != name => Some(format!(
                "`{name}` is another name of `{}`: use that",
                tables.api(name)
            )),
            _ => None,
        }
    };
    policy
        .entity_literals()
        .into_iter()
        .filter_map(check)
        .collect()
}

#[cfg(test)]
mod tests;
