//! The typed view of a tool call, by the input shapes of Claude Code 2.1.

use crate::request::ToolCall;
use serde_json::Value;

/// What a call is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `Read`.
    Read {
        /// The file.
        path: String,
    },
    /// `Write`, `Edit`, `MultiEdit`, `NotebookEdit`.
    Write {
        /// The file.
        path: String,
    },
    /// `Bash`.
    Shell {
        /// The command line.
        command: String,
    },
    /// `PowerShell`: its language is not read.
    PowerShell {
        /// The command line.
        command: String,
    },
    /// `Glob` and `Grep`.
    Search {
        /// The folder or file, and the literal beginning of a pattern; absent is the working folder.
        path: Option<String>,
        /// What names of files are limited to, beside where it looks: `glob` of `Grep`.
        names: Vec<String>,
    },
    /// `WebFetch`.
    Fetch {
        /// The address.
        url: String,
    },
    /// `WebSearch`.
    WebSearch,
    /// `Agent`, formerly `Task`.
    Spawn {
        /// The kind of agent.
        agent_type: String,
    },
    /// `mcp__<server>__<tool>`.
    Mcp {
        /// The server.
        server: String,
    },
    /// Any other tool: judged by its name alone.
    Other,
}

/// An input that a tool cannot have, as a lowercase fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the input of {tool} has no text `{field}`")]
pub struct CallError {
    tool: String,
    field: &'static str,
}

impl Call {
    /// Reads a call.
    ///
    /// # Errors
    ///
    /// A field that the tool needs is absent or of another type.
    pub fn of(call: &ToolCall) -> Result<Self, CallError> {
        let name = call.tool_name.as_str();
        let text = |field: &'static str| text(call, field);
        Ok(match name {
            "Read" | "NotebookRead" => Self::Read {
                path: text("file_path")
                    .or_else(|error| text("notebook_path").map_err(|_| error))?,
            },
            "Write" | "Edit" | "MultiEdit" => Self::Write {
                path: text("file_path")?,
            },
            "NotebookEdit" => Self::Write {
                path: text("notebook_path")
                    .or_else(|error| text("file_path").map_err(|_| error))?,
            },
            "Bash" => Self::Shell {
                command: text("command")?,
            },
            "PowerShell" => Self::PowerShell {
                command: text("command")?,
            },
            "Glob" => Self::Search {
                path: searched(call, &text("pattern")?),
                names: limits(&text("pattern")?),
            },
            "Grep" | "LS" => Self::Search {
                path: searched(call, ""),
                names: limits(&text("glob").unwrap_or_default()),
            },
            "WebFetch" => Self::Fetch { url: text("url")? },
            "WebSearch" => Self::WebSearch,
            "Agent" | "Task" => Self::Spawn {
                agent_type: text("subagent_type").unwrap_or_else(|_| "general-purpose".to_owned()),
            },
            name => match name.strip_prefix("mcp__") {
                Some(rest) => {
                    let parsed = rest.split("__").next().unwrap_or_default();
                    let server = call.mcp_server.as_deref().unwrap_or(parsed);
                    Self::Mcp {
                        server: server.to_owned(),
                    }
                }
                None => Self::Other,
            },
        })
    }
}

fn text(call: &ToolCall, field: &'static str) -> Result<String, CallError> {
    match call.tool_input.get(field) {
        Some(Value::String(text)) => Ok(text.clone()),
        _ => Err(CallError {
            tool: call.tool_name.clone(),
            field,
        }),
    }
}

/// The patterns of a list, at commas and blanks outside braces; what is left out is none.
fn limits(list: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let ends = |letter: char| {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && (letter == ',' || letter.is_whitespace())
    };
    list.split(ends)
        .filter(|pattern| !pattern.is_empty() && !pattern.starts_with('!'))
        .map(str::to_owned)
        .collect()
}

/// Where a search looks: `path`, and the folders before the first wildcard of a pattern.
fn searched(call: &ToolCall, pattern: &str) -> Option<String> {
    let path = call.tool_input.get("path").and_then(Value::as_str);
    let literal = match pattern.find(['*', '?', '[', '{']) {
        Some(at) => pattern[..at]
            .rfind('/')
            .map_or("", |slash| &pattern[..=slash]),
        None => pattern,
    };
    match (path, literal) {
        (None, "") => None,
        (None, literal) => Some(literal.to_owned()),
        (Some(path), "") => Some(path.to_owned()),
        (Some(_), literal) if literal.starts_with(['/', '~']) => Some(literal.to_owned()),
        (Some(path), literal) => Some(format!("{path}/{literal}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(name: &str, input: Value) -> Result<Call, String> {
        Call::of(&ToolCall::new(name, input)).map_err(|error| error.to_string())
    }

    #[test]
    fn calls_are_read() {
        assert_eq!(
            of("Read", json!({"file_path": "a"})),
            Ok(Call::Read { path: "a".into() })
        );
        assert_eq!(
            of("NotebookEdit", json!({"notebook_path": "a"})),
            Ok(Call::Write { path: "a".into() })
        );
        assert_eq!(
            of("Agent", json!({"prompt": "x"})),
            Ok(Call::Spawn {
                agent_type: "general-purpose".into()
            })
        );
        assert_eq!(
            of("mcp__git_hub__list__all", json!({})),
            Ok(Call::Mcp {
                server: "git_hub".into()
            })
        );
        assert_eq!(
            of("Glob", json!({"pattern": "/etc/**/*.conf"})),
            Ok(Call::Search {
                path: Some("/etc/".into()),
                names: vec!["/etc/**/*.conf".into()]
            })
        );
        assert_eq!(
            of("Glob", json!({"pattern": "src/*.rs", "path": "/w"})),
            Ok(Call::Search {
                path: Some("/w/src/".into()),
                names: vec!["src/*.rs".into()]
            })
        );
        assert_eq!(
            of("Grep", json!({"pattern": "x"})),
            Ok(Call::Search {
                path: None,
                names: Vec::new()
            })
        );
        assert_eq!(of("Nonesuch", Value::Null), Ok(Call::Other));
    }

    #[test]
    fn an_input_without_its_field_is_an_error() {
        assert_eq!(
            of("Bash", json!({"command": 1})),
            Err("the input of Bash has no text `command`".to_owned())
        );
        assert_eq!(
            of("Write", Value::Null),
            Err("the input of Write has no text `file_path`".to_owned())
        );
    }
}
