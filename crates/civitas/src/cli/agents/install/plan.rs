//! What the settings of a governed client say.

use std::path::Path;

use civitas_hooks::{Answer, Event, Name, OnFailure};
use serde_json::{Value, json};

use super::client_version::Version;
use super::edit::Edit;

/// The first version whose HTTP hooks can be told to refuse when they fail. Older ones overlook that, and run the tool.
pub(crate) const FAILS_CLOSED: Version = Version([2, 1, 295]);
/// The end of the address that hooks are sent to.
pub(crate) const ENDPOINT: &str = "/api/v1/hooks/claude-code";
/// The variable that holds the token.
pub(crate) const TOKEN: &str = "CIVITAS_TOKEN";
/// The variable that holds the server's address.
pub(crate) const SERVER: &str = "CIVITAS_SERVER";
/// Where telemetry goes.
pub(super) const TELEMETRY: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The events that are reported, and a version that is known to have each. Left out are those that make the client act
/// differently once a hook is there (worktrees), that come with every line shown (`MessageDisplay`), and that say nothing
/// about what an agent may or did.
pub(crate) const EVENTS: [(Name, Version); 17] = [
    (Name::SessionStart, Version([1, 0, 62])),
    (Name::Setup, Version([2, 1, 10])),
    (Name::PreToolUse, Version([1, 0, 38])),
    (Name::PermissionRequest, Version([2, 0, 45])),
    (Name::PermissionDenied, Version([2, 1, 88])),
    (Name::PostToolUse, Version([1, 0, 38])),
    (Name::PostToolUseFailure, Version([2, 1, 33])),
    (Name::UserPromptSubmit, Version([1, 0, 54])),
    (Name::Stop, Version([1, 0, 38])),
    (Name::StopFailure, Version([2, 1, 78])),
    (Name::SubagentStart, Version([2, 0, 43])),
    (Name::SubagentStop, Version([1, 0, 41])),
    (Name::SessionEnd, Version([1, 0, 85])),
    (Name::ConfigChange, Version([2, 1, 49])),
    (Name::PreModelSwitch, Version([2, 1, 289])),
    (Name::PostModelSwitch, Version([2, 1, 289])),
    (Name::PreCompact, Version([1, 0, 48])),
];

/// How the client reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// By itself.
    Http,
    /// Through `civitas hook`.
    Command,
}

impl Form {
    /// The form that fails closed with this version; one that is not known may be an old one.
    pub(super) fn of(version: Option<Version>) -> Self {
        match version {
            Some(version) if version >= FAILS_CLOSED => Self::Http,
            _ => Self::Command,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Command => "command",
        }
    }
}

/// What is to be installed.
pub(super) struct Plan<'a> {
    pub(super) server: &'a str,
    pub(super) token: &'a str,
    pub(super) form: Form,
    pub(super) version: Option<Version>,
    /// This program.
    pub(super) program: &'a Path,
    pub(super) is_managed: bool,
    pub(super) has_telemetry: bool,
}

impl Plan<'_> {
    /// The changes, given what the settings said before.
    pub(super) fn edits(&self, before: &Value) -> Vec<Edit> {
        let mut edits = Vec::new();
        if self.is_managed {
            edits.push(Edit::set(&["allowManagedHooksOnly"], true));
            edits.push(Edit::set(
                &["permissions", "disableBypassPermissionsMode"],
                "disable",
            ));
            // Mentioned files are read without a hook; this rule holds for them too.
            edits.push(Edit::include(&["permissions", "deny"], "Read(./.env)"));
            if self.form == Form::Http {
                edits.push(Edit::set(
                    &["requiredMinimumVersion"],
                    FAILS_CLOSED.to_string(),
                ));
            }
        }
        // Where these lists are, only what they name works; where they are not, everything does.
        let narrows = |list: &str| self.is_managed || before.get(list).is_some();
        if self.form == Form::Http {
            if narrows("allowedHttpHookUrls") {
                edits.push(Edit::include(
                    &["allowedHttpHookUrls"],
                    format!("{}/*", self.server),
                ));
            }
            if narrows("httpHookAllowedEnvVars") {
                edits.push(Edit::include(&["httpHookAllowedEnvVars"], TOKEN));
            }
        }
        for (name, value) in self.environment() {
            edits.push(Edit::set(&["env", name], value));
        }
        for (name, since) in EVENTS {
            if self.version.is_none_or(|version| version >= since) {
                edits.push(Edit::include(&["hooks", name.as_str()], self.group(name)));
            }
        }
        edits
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = vec![
            (SERVER, self.server.to_owned()),
            (TOKEN, self.token.to_owned()),
        ];
        if self.has_telemetry {
            environment.extend([
                ("CLAUDE_CODE_ENABLE_TELEMETRY", "1".to_owned()),
                ("OTEL_METRICS_EXPORTER", "otlp".to_owned()),
                ("OTEL_LOGS_EXPORTER", "otlp".to_owned()),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
                (TELEMETRY, format!("{}/otlp", self.server)),
                (
                    "OTEL_EXPORTER_OTLP_HEADERS",
                    format!("Authorization=Bearer%20{}", self.token),
                ),
                ("OTEL_LOGS_EXPORT_INTERVAL", "1000".to_owned()),
            ]);
        }
        environment
    }

    /// The entry of one event.
    fn group(&self, name: Name) -> Value {
        let mut group = json!({});
        if is_about_tools(name) {
            group["matcher"] = json!("*");
        }
        // The client starts these two before it can speak HTTP.
        let form = match name {
            Name::SessionStart | Name::Setup => Form::Command,
            _ => self.form,
        };
        let mut handler = match form {
            Form::Http => json!({
                "type": "http",
                "url": format!("{}{ENDPOINT}", self.server),
                "headers": { "Authorization": format!("Bearer ${TOKEN}") },
                "allowedEnvVars": [TOKEN],
                "timeout": name.timeout_seconds(),
            }),
            Form::Command => json!({
                "type": "command",
                "command": command(self.program, name),
                "timeout": name.timeout_seconds(),
            }),
        };
        if form == Form::Http && name.on_failure() != OnFailure::Proceed {
            handler["onFailure"] = json!("block");
        }
        if matches!(name, Name::PreToolUse | Name::PermissionRequest) {
            handler["statusMessage"] = json!("Civitas policy");
        }
        group["hooks"] = json!([handler]);
        group
    }
}

/// Whether the event takes a pattern of tool names.
fn is_about_tools(name: Name) -> bool {
    matches!(
        name,
        Name::PreToolUse
            | Name::PermissionRequest
            | Name::PermissionDenied
            | Name::PostToolUse
            | Name::PostToolUseFailure
    )
}

/// The command line of the command form. The client takes every exit code but 2 for consent, so that a program that is gone
/// or crashes must end in one: the shell sees to it.
fn command(program: &Path, name: Name) -> String {
    let line = format!(
        "{} hook {}",
        quoted(&program.to_string_lossy()),
        name.kebab()
    );
    match name.on_failure() {
        OnFailure::Block => format!("{line} || exit 2"),
        OnFailure::Deny => {
            let event = json!({ "session_id": "-", "hook_event_name": name.as_str() });
            let reason = "refused, because Civitas could not be started".to_owned();
            let denied = Event::parse(event).map(|event| Answer::Deny { reason }.render(&event));
            let denied = denied.unwrap_or_default().to_string();
            format!("{line} || echo {}", quoted(&denied))
        }
        OnFailure::Proceed => line,
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Whether a handler is one of ours, of whichever installation.
pub(crate) fn is_ours(handler: &Value) -> bool {
    let url = handler["url"].as_str().unwrap_or_default();
    let command = handler["command"].as_str().unwrap_or_default();
    url.ends_with(ENDPOINT)
        || EVENTS.iter().any(|(name, _)| {
            let ours = format!(" hook {}", name.kebab());
            command.contains("civitas")
                && (command.ends_with(&ours) || command.contains(&format!("{ours} || ")))
        })
}

/// Takes out what an installation left whose record is lost. Answers whether there was any.
pub(super) fn strip(settings: &mut Value) -> bool {
    let Some(hooks) = settings.get_mut("hooks").and_then(Value::as_object_mut) else {
        return false;
    };
    let mut found = false;
    hooks.retain(|_, groups| {
        let Some(groups) = groups.as_array_mut() else {
            return true;
        };
        let mut emptied = false;
        groups.retain_mut(|group| {
            let Some(handlers) = group.get_mut("hooks").and_then(Value::as_array_mut) else {
                return true;
            };
            let count = handlers.len();
            handlers.retain(|handler| !is_ours(handler));
            let lost = handlers.len() < count;
            emptied |= lost;
            !(lost && handlers.is_empty())
        });
        found |= emptied;
        !(emptied && groups.is_empty())
    });
    let none_left = found && hooks.is_empty();
    if none_left && let Some(settings) = settings.as_object_mut() {
        settings.shift_remove("hooks");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_cannot_run_holds_the_event_back() {
        let line = command(Path::new("/opt/my tools/civitas"), Name::PreToolUse);
        assert_eq!(line, "'/opt/my tools/civitas' hook pre-tool-use || exit 2");
        assert_eq!(
            command(Path::new("/usr/bin/civitas"), Name::Stop),
            "/usr/bin/civitas hook stop"
        );
        let line = command(Path::new("/usr/bin/civitas"), Name::PermissionRequest);
        assert!(line.contains(r#"|| echo '{"hookSpecificOutput""#), "{line}");
        assert_eq!(quoted("a'b"), r"'a'\''b'");
    }

    #[test]
    fn entries_of_lost_installations_are_known_and_others_are_not() {
        let ours =
            json!({ "type": "command", "command": "/usr/bin/civitas hook pre-tool-use || exit 2" });
        let theirs = json!({ "type": "command", "command": "notify civitas hook" });
        let mut settings = json!({ "model": "opus", "hooks": {
            "PreToolUse": [{ "matcher": "*", "hooks": [ours, theirs] }, { "hooks": [{ "type": "http", "url": format!("https://c{ENDPOINT}") }] }],
            "Stop": [{ "hooks": [{ "type": "http", "url": "https://example.com" }] }],
            "SessionEnd": [],
        }});
        assert!(strip(&mut settings));
        assert_eq!(
            settings,
            json!({ "model": "opus", "hooks": {
                "PreToolUse": [{ "matcher": "*", "hooks": [theirs] }],
                "Stop": [{ "hooks": [{ "type": "http", "url": "https://example.com" }] }],
                "SessionEnd": [],
            }})
        );
        assert!(!strip(&mut settings));
    }
}
