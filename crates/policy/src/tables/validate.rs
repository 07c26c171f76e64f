//! Whether tables can be used, and where not.

use super::{APPROVERS, QUORUM_MAX, SYSTEM_ROLE, Tables};
use crate::error::{Error, Problems};
use crate::scope;
use globset::Glob;

/// The longest text of tables, in bytes.
pub const TABLES_LENGTH_MAX: usize = 256 * 1024;
/// How many roles there may be.
const ROLES_MAX: usize = 64;
/// How many entries one list may have.
const LIST_MAX: usize = 256;
/// US dollars.
const USD_MAX: f64 = 1e9;

pub fn too_long(length: usize) -> Error {
    Error::at(
        "tables",
        format!("they have {length} bytes, and {TABLES_LENGTH_MAX} are allowed"),
    )
}

pub fn check(tables: &Tables) -> Result<(), Error> {
    let mut problems = Problems::default();
    if tables.roles.is_empty() || tables.roles.len() > ROLES_MAX {
        problems.add(
            "roles",
            format!(
                "there are {} roles: 1 to {ROLES_MAX} are allowed",
                tables.roles.len()
            ),
        );
    }
    for (name, role) in &tables.roles {
        let place = |field: &str| format!("roles.{name}.{field}");
        if name == SYSTEM_ROLE {
            problems.add(
                format!("roles.{name}"),
                "this name is kept for calls without an agent: choose another",
            );
        }
        identifier(&mut problems, &format!("roles.{name}"), name);
        if role.level > 10 {
            problems.add(place("level"), format!("{} is above 10", role.level));
        }
        names(&mut problems, &place("tools"), &role.tools, true);
        names(&mut problems, &place("apis"), &role.apis, true);
        names(&mut problems, &place("approval"), &role.approval, false);
        scopes(&mut problems, &place("paths"), &role.paths);
        usd(&mut problems, place("usd_per_day"), role.usd_per_day);
    }
    for (tool, roles) in &tables.fallback {
        name(&mut problems, &format!("fallback.{tool}"), tool);
        known_roles(&mut problems, tables, &format!("fallback.{tool}"), roles);
    }
    escalations(&mut problems, tables);
    for (alias, target) in tables.tool_aliases.iter().chain(&tables.api_aliases) {
        name(&mut problems, &format!("aliases.{alias}"), alias);
        name(&mut problems, &format!("aliases.{alias}"), target);
    }
    names(
        &mut problems,
        "protected_branches",
        &tables.protected_branches,
        false,
    );
    names(
        &mut problems,
        "trusted_domains",
        &tables.trusted_domains,
        false,
    );
    scopes(&mut problems, "protected_files", &tables.protected_files);
    scopes(&mut problems, "secret_files", &tables.secret_files);
    let exceptions = &tables.secret_exceptions;
    scopes(&mut problems, "secret_exceptions", exceptions);
    let tools = &tables.harmless_tools;
    names(&mut problems, "harmless_tools", tools, false);
    operations(&mut problems, tables);
    money(&mut problems, tables);
    problems.into_result()
}

fn escalations(problems: &mut Problems, tables: &Tables) {
    for (operation, escalation) in &tables.escalations {
        let place = format!("escalations.{operation}");
        identifier(problems, &place, operation);
        known_roles(
            problems,
            tables,
            &format!("{place}.roles"),
            &escalation.roles,
        );
        if escalation.reason.len() > 512 || escalation.reason.contains(char::is_control) {
            problems.add(
                format!("{place}.reason"),
                "a reason has up to 512 bytes, no control characters",
            );
        }
        if let Some(quorum) = escalation.quorum
            && !(1..=QUORUM_MAX).contains(&quorum)
        {
            problems.add(
                format!("{place}.quorum"),
                format!("{quorum} people cannot be asked: 1 to {QUORUM_MAX}"),
            );
        }
        approvers(
            problems,
            tables,
            &format!("{place}.approvers"),
            &escalation.approvers,
        );
    }
}

/// Whoever is named must be somebody: a name that is nobody would leave what asks to whoever administers.
fn approvers(problems: &mut Problems, tables: &Tables, place: &str, names: &[String]) {
    if names.len() > LIST_MAX {
        problems.add(place, format!("more than {LIST_MAX} entries"));
    }
    for (at, name) in names.iter().enumerate().take(LIST_MAX) {
        if APPROVERS.contains(&name.as_str()) || is_address(name) || is_id(name) {
            continue;
        }
        let shown: String = name.chars().take(64).collect();
        let what = if tables.roles.contains_key(name) {
            "a role of agents, and people approve"
        } else {
            "nobody"
        };
        problems.add(
            format!("{place}[{at}]"),
            format!(
                "`{shown}` is {what}: name {}, or a person by e-mail address or id",
                APPROVERS.join(", ")
            ),
        );
    }
}

/// An e-mail address of a person.
fn is_address(text: &str) -> bool {
    let is_odd = |letter: char| letter.is_control() || letter.is_whitespace();
    let is_whole = |(name, host): (&str, &str)| !name.is_empty() && host.contains('.');
    text.len() <= 254 && !text.contains(is_odd) && text.rsplit_once('@').is_some_and(is_whole)
}

/// The id of a person: a UUID.
fn is_id(text: &str) -> bool {
    let is_part = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_part)
}

fn operations(problems: &mut Problems, tables: &Tables) {
    if tables.operations.len() > LIST_MAX {
        problems.add("operations", format!("more than {LIST_MAX} entries"));
    }
    for (at, rule) in tables.operations.iter().enumerate() {
        let place = format!("operations[{at}]");
        identifier(problems, &format!("{place}.operation"), &rule.operation);
        let has_addresses = !rule.addresses.is_empty() || !rule.changes.is_empty();
        let has_files = !rule.files.is_empty() || !rule.reads.is_empty();
        if rule.programs.is_empty() && !has_files && !has_addresses {
            problems.add(
                &place,
                "it names neither `programs` nor `files` nor addresses, so it would never match",
            );
        }
        let has_words = !rule.arguments.is_empty() || !rule.subcommands.is_empty();
        if rule.programs.is_empty() && has_words {
            problems.add(
                &place,
                "it has `arguments` or `subcommands` without `programs`: use [\"*\"] for every program",
            );
        }
        for (field, patterns) in [
            ("programs", &rule.programs),
            ("subcommands", &rule.subcommands),
            ("arguments", &rule.arguments),
            ("unless", &rule.unless),
            ("addresses", &rule.addresses),
            ("changes", &rule.changes),
        ] {
            for (index, pattern) in patterns.iter().enumerate().take(LIST_MAX + 1) {
                if pattern.len() > 256 || index >= LIST_MAX || Glob::new(pattern).is_err() {
                    problems.add(
                        format!("{place}.{field}[{index}]"),
                        "not a pattern of at most 256 bytes, or too many of them",
                    );
                }
            }
        }
        scopes(problems, &format!("{place}.files"), &rule.files);
        scopes(problems, &format!("{place}.reads"), &rule.reads);
    }
    if tables.programs.len() > LIST_MAX {
        problems.add("programs", format!("more than {LIST_MAX} entries"));
    }
    for (program, options) in &tables.programs {
        let place = format!("programs.{program}");
        name(problems, &place, program);
        if program.chars().any(char::is_uppercase) {
            problems.add(&place, "write it in lower case");
        }
        for (field, list) in [("valued", &options.valued), ("flags", &options.flags)] {
            let place = format!("{place}.{field}");
            names(problems, &place, list, false);
            if list.iter().any(|option| !option.starts_with('-')) {
                problems.add(place, "an option begins with `-`");
            }
        }
    }
}

fn money(problems: &mut Problems, tables: &Tables) {
    let costs = &tables.costs;
    for (field, value) in [
        ("notify_usd", costs.notify_usd),
        ("approve_usd", costs.approve_usd),
        ("terminate_usd", costs.terminate_usd),
        ("usd_per_million_tokens", costs.usd_per_million_tokens),
    ] {
        usd(problems, format!("costs.{field}"), value);
    }
    if !(costs.notify_usd <= costs.approve_usd && costs.approve_usd <= costs.terminate_usd) {
        problems.add(
            "costs",
            "the thresholds must rise: notify_usd, approve_usd, terminate_usd",
        );
    }
    let estimates = tables
        .estimates
        .tools
        .iter()
        .map(|(tool, estimate)| (tool.as_str(), estimate));
    for (tool, estimate) in estimates.chain([("default", &tables.estimates.default)]) {
        usd(
            problems,
            format!("estimates.{tool}.weight"),
            estimate.weight,
        );
    }
}

fn usd(problems: &mut Problems, place: String, value: f64) {
    if !(0.0..=USD_MAX).contains(&value) {
        problems.add(
            place,
            format!("{value} is not a number from 0 to {USD_MAX}"),
        );
    }
}

fn scopes(problems: &mut Problems, place: &str, scopes: &[String]) {
    if scopes.len() > LIST_MAX {
        problems.add(place, format!("more than {LIST_MAX} entries"));
    }
    for (at, text) in scopes.iter().enumerate().take(LIST_MAX) {
        if let Err(message) = scope::check(text) {
            problems.add(format!("{place}[{at}]"), message);
        }
    }
}

fn known_roles(problems: &mut Problems, tables: &Tables, place: &str, roles: &[String]) {
    for (at, role) in roles.iter().enumerate().take(LIST_MAX) {
        if !tables.roles.contains_key(role) {
            let known: Vec<&str> = tables.roles.keys().map(String::as_str).collect();
            problems.add(
                format!("{place}[{at}]"),
                format!(
                    "there is no role `{role}`: the roles are {}",
                    known.join(", ")
                ),
            );
        }
    }
}

fn names(problems: &mut Problems, place: &str, list: &[String], star: bool) {
    if list.len() > LIST_MAX {
        problems.add(place, format!("more than {LIST_MAX} entries"));
    }
    for (at, text) in list.iter().enumerate().take(LIST_MAX) {
        if !(star && text == "*") {
            name(problems, &format!("{place}[{at}]"), text);
        }
    }
}

/// A name of a tool, server, branch or domain.
fn name(problems: &mut Problems, place: &str, text: &str) {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@".contains(&byte);
    if text.is_empty() || text.len() > 128 || !text.bytes().all(valid) {
        problems.add(
            place,
            "a name has 1 to 128 of the letters a-z, A-Z, 0-9 and _ - . / : @",
        );
    }
}

/// A name of a role or operation.
fn identifier(problems: &mut Problems, place: &str, text: &str) {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if text.is_empty() || text.len() > 64 || !text.bytes().all(valid) {
        problems.add(
            place,
            "a name has 1 to 64 of the letters a-z, A-Z, 0-9, _ and -",
        );
    }
}
