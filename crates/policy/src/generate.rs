//! Cedar policies made of the tables, as text that people can read.

use crate::danger::DANGERS;
use crate::tables::NoAgent;
use crate::tables::{Role, SYSTEM_ROLE, Tables};
use std::fmt::Write;

/// The operations that this crate recognises itself.
pub const PUSH: &str = "push_protected_branch";
/// Files are removed.
pub const FILE_DELETE: &str = "file_delete";
/// A secret is used.
pub const SECRET_ACCESS: &str = "secret_access";

struct Text(String);

struct Policy<'a> {
    id: &'a str,
    reason: &'a str,
    source: &'a str,
    approval: bool,
    /// From `permit(` or `forbid(` to the end.
    body: &'a str,
}

impl Text {
    fn add(&mut self, policy: &Policy<'_>) {
        let Policy {
            id,
            reason,
            source,
            approval,
            body,
        } = policy;
        let require = if *approval {
            "\n@require(\"approval\")"
        } else {
            ""
        };
        let reason = quoted(reason);
        let source = quoted(source);
        // Writing into a string cannot fail.
        let _ = writeln!(
            self.0,
            "@id(\"{id}\")\n@reason({reason})\n@source({source}){require}\n{body};\n"
        );
    }

    fn plain(&mut self, id: &str, reason: &str, source: &str, body: &str) {
        self.add(&Policy {
            id,
            reason,
            source,
            approval: false,
            body,
        });
    }

    fn ask(&mut self, id: &str, reason: &str, source: &str, body: &str) {
        self.add(&Policy {
            id,
            reason,
            source,
            approval: true,
            body,
        });
    }
}

/// The policies of the tables.
pub(crate) fn policies(tables: &Tables) -> String {
    let mut text = Text(String::from("// Made from the tables; edit those.\n\n"));
    base(&mut text, tables);
    for (name, role) in &tables.roles {
        of_role(&mut text, tables, name, role);
    }
    for (tool, roles) in &tables.fallback {
        let body = format!(
            "permit (principal, action == Action::\"use_tool\", resource == Tool::{}) when {{ {} }}",
            quoted(tool),
            any_role(roles.iter().map(String::as_str))
        );
        text.plain(
            &format!("fallback.{tool}"),
            &format!("{tool} is open to {}", roles.join(", ")),
            &format!("fallback.{tool}"),
            &body,
        );
    }
    for tool in &tables.harmless_tools {
        let tool = tables.tool(tool);
        let body = format!(
            "permit (principal, action == Action::\"use_tool\", resource == Tool::{}) when {{ {} }}",
            quoted(tool),
            any_role(tables.roles.keys().map(String::as_str))
        );
        let reason = format!("{tool} has no effect of its own");
        text.plain(
            &format!("harmless.{tool}"),
            &reason,
            "harmless_tools",
            &body,
        );
    }
    of_agents(&mut text);
    operations(&mut text, tables);
    guards(&mut text, tables);
    text.0
}

fn base(text: &mut Text, tables: &Tables) {
    for (id, action, reason) in [
        (
            "base.commands",
            "run_command",
            "whoever has a shell may run what nothing forbids",
        ),
        (
            "base.search",
            "search_path",
            "whoever has a search tool may search what nothing forbids",
        ),
        (
            "base.fetch",
            "fetch_url",
            "whoever reaches the web may fetch what nothing forbids",
        ),
    ] {
        text.plain(
            id,
            reason,
            "built in",
            &format!("permit (principal, action == Action::\"{action}\", resource)"),
        );
    }
    if tables.no_agent == NoAgent::Allow {
        text.plain(
            "system",
            "a call without an agent is a system operation",
            "no_agent",
            &format!("permit (principal in Role::\"{SYSTEM_ROLE}\", action, resource)"),
        );
    }
}

fn of_role(text: &mut Text, tables: &Tables, name: &str, role: &Role) {
    let mut grant = |field: &str, reason: String, action: &str, when: Option<String>| {
        let when = when.map_or(String::new(), |when| format!(" when {{ {when} }}"));
        let body = format!(
            "permit (principal in Role::{}, action in [{action}], resource){when}",
            quoted(name)
        );
        let place = format!("roles.{name}.{field}");
        text.plain(&format!("role.{name}.{field}"), &reason, &place, &body);
    };
    let listed = |kind: &str, entries: &[String], canonical: &dyn Fn(&str) -> String| {
        let all = entries.iter().any(|entry| entry == "*");
        (!all).then(|| {
            let entries: Vec<String> = entries
                .iter()
                .map(|entry| format!("{kind}::{}", quoted(&canonical(entry))))
                .collect();
            format!("resource in [{}]", entries.join(", "))
        })
    };
    if !role.tools.is_empty() {
        let when = listed("Tool", &role.tools, &|tool| tables.tool(tool).to_owned());
        grant(
            "tools",
            format!("the role {name} has this tool"),
            "Action::\"use_tool\"",
            when,
        );
    }
    if !role.paths.is_empty() {
        let when = listed("Scope", &role.paths, &str::to_owned);
        grant(
            "paths",
            format!("the path is in a scope of the role {name}"),
            "Action::\"read_path\", Action::\"write_path\"",
            when,
        );
    }
    if !role.apis.is_empty() {
        let when = listed("Api", &role.apis, &|api| tables.api(api).to_owned());
        grant(
            "apis",
            format!("the role {name} may use this interface"),
            "Action::\"call_api\"",
            when,
        );
    }
    if role.spawn {
        grant(
            "spawn",
            format!("the role {name} may start agents"),
            "Action::\"spawn_agent\"",
            None,
        );
    }
    for operation in &role.approval {
        let operation = tables.tool(operation);
        let body = format!(
            "forbid (principal in Role::{}, action == Action::\"perform\", resource == Operation::{})",
            quoted(name),
            quoted(operation)
        );
        let reason = format!("{operation} by the role {name} needs approval");
        text.ask(
            &format!("role.{name}.approval.{operation}"),
            &reason,
            &format!("roles.{name}.approval"),
            &body,
        );
    }
}

/// An agent's own lists narrow its role's.
fn of_agents(text: &mut Text) {
    for (id, reason, action, when) in [
        (
            "agent.denied_tools",
            "the agent is denied this tool",
            "use_tool",
            "principal.denied_tools.contains(resource.name)",
        ),
        (
            "agent.allowed_tools",
            "the tool is not on the agent's own list",
            "use_tool",
            "principal has allowed_tools && !principal.allowed_tools.containsAny([resource.name, \"*\"])",
        ),
        (
            "agent.read_scopes",
            "the path is outside the agent's own scopes",
            "read_path",
            "principal has path_scopes && !resource.scopes.containsAny(principal.path_scopes)",
        ),
        (
            "agent.write_scopes",
            "the path is outside the agent's own scopes",
            "write_path",
            "principal has path_scopes && !resource.scopes.containsAny(principal.path_scopes)",
        ),
        (
            "agent.api_access",
            "the interface is not on the agent's own list",
            "call_api",
            "principal has api_access && !principal.api_access.containsAny([resource.api, \"*\"])",
        ),
        (
            "agent.denied_apis",
            "the agent is denied this tool",
            "call_api",
            "principal.denied_tools.contains(resource.name)",
        ),
    ] {
        text.plain(
            id,
            reason,
            "the agent's record",
            &format!(
                "forbid (principal, action == Action::\"{action}\", resource) when {{ {when} }}"
            ),
        );
    }
    for action in ["write_path", "run_command", "call_api", "spawn_agent"] {
        let body = format!(
            "forbid (principal, action == Action::\"{action}\", resource) when {{ principal.requires_approval }}"
        );
        text.ask(
            &format!("agent.requires_approval.{action}"),
            "every change by this agent needs approval",
            "the agent's record",
            &body,
        );
    }
}

fn operations(text: &mut Text, tables: &Tables) {
    let escalated: Vec<String> = tables
        .escalations
        .keys()
        .map(|name| format!("Operation::{}", quoted(name)))
        .collect();
    let body = format!(
        "permit (principal, action == Action::\"perform\", resource) unless {{ resource in [{}] }}",
        escalated.join(", ")
    );
    text.plain(
        "base.operations",
        "the operation needs no role of its own",
        "built in",
        &body,
    );
    for (name, escalation) in &tables.escalations {
        let also = tables.roles.iter().filter(|(_, role)| {
            role.approval.contains(name)
                || role.secrets && name == SECRET_ACCESS
                || role.modify_agents && name == "agent_modification"
        });
        let mut roles: Vec<&str> = escalation
            .roles
            .iter()
            .map(String::as_str)
            .chain(also.map(|(role, _)| role.as_str()))
            .collect();
        roles.sort_unstable();
        roles.dedup();
        let place = format!("escalations.{name}");
        if roles.is_empty() {
            nobody(text, name, &escalation.reason, &place);
            continue;
        }
        let body = format!(
            "permit (principal, action == Action::\"perform\", resource == Operation::{}) when {{ {} }}",
            quoted(name),
            any_role(roles.iter().copied())
        );
        text.plain(
            &format!("escalation.{name}"),
            &format!("{name} is open to {}", roles.join(", ")),
            &place,
            &body,
        );
        if !escalation.approvers.is_empty() {
            let body = format!(
                "forbid (principal, action == Action::\"perform\", resource == Operation::{})",
                quoted(name)
            );
            let reason = format!(
                "{name} needs the approval of {}",
                escalation.approvers.join(" or ")
            );
            text.ask(
                &format!("escalation.{name}.approval"),
                &reason,
                &place,
                &body,
            );
        }
    }
}

/// An operation that no role performs.
fn nobody(text: &mut Text, name: &str, reason: &str, place: &str) {
    let reason = match reason {
        "" => "no role may perform it",
        reason => reason,
    };
    let body = format!(
        "forbid (principal, action == Action::\"perform\", resource == Operation::{})",
        quoted(name)
    );
    text.plain(&format!("escalation.{name}"), reason, place, &body);
}

fn guards(text: &mut Text, tables: &Tables) {
    for (danger, reason) in DANGERS {
        let body = format!(
            "forbid (principal, action == Action::\"run_command\", resource in Danger::\"{danger}\")"
        );
        text.plain(&format!("danger.{danger}"), reason, "built in", &body);
    }
    let trusted = tables
        .roles
        .iter()
        .filter(|(_, role)| role.secrets)
        .map(|(name, _)| name.as_str());
    let except = any_role(trusted);
    for action in ["read_path", "write_path", "search_path"] {
        let body = format!(
            "forbid (principal, action == Action::\"{action}\", resource) when {{ resource.secret }} unless {{ {except} }}"
        );
        text.plain(
            &format!("secrets.{action}"),
            "it holds secrets, which this role may not use",
            "secret_files",
            &body,
        );
    }
    for (at, scope) in tables.protected_files.iter().enumerate() {
        let body = format!(
            "forbid (principal, action == Action::\"write_path\", resource in Scope::{}) unless {{ context.environment == \"dev\" }}",
            quoted(scope)
        );
        text.ask(
            &format!("protected_files.{at}"),
            "changes of this file need approval",
            "protected_files",
            &body,
        );
    }
    let body = format!(
        "forbid (principal, action == Action::\"perform\", resource == Operation::\"{PUSH}\") unless {{ context.environment == \"dev\" }}"
    );
    text.ask(
        "protected_branches",
        "a push that reaches, or may reach, a protected branch needs approval",
        "protected_branches",
        &body,
    );
    if tables.guard_exfiltration {
        text.ask(
            "exfiltration",
            "the session has read a secret and untrusted web content, so what reaches the network needs approval",
            "guard_exfiltration",
            "forbid (principal, action == Action::\"run_command\", resource in CommandClass::\"network\")\nwhen { context.facts.containsAll([\"read_secret\", \"fetched_untrusted_web\"]) }",
        );
    }
}

/// `principal in [Role::"a", …]`; of nothing, false.
fn any_role<'a>(roles: impl Iterator<Item = &'a str>) -> String {
    let roles: Vec<String> = roles
        .map(|role| format!("Role::{}", quoted(role)))
        .collect();
    format!("principal in [{}]", roles.join(", "))
}

/// A text as a Cedar string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{{{:x}}}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
