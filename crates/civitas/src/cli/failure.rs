//! Why a command failed, and the exit code that says so to scripts.

use std::process::ExitCode;

use serde_json::{Value, json};

/// Why a command failed. The text says what to do next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What was typed cannot be meant.
    #[error("{0}")]
    Usage(String),
    /// No server answers.
    #[error(
        "cannot reach {server}: {reason}; start one with `civitas dev`, or name another with --server"
    )]
    Unreachable {
        /// The server's address.
        server: String,
        /// Why.
        reason: String,
    },
    /// The server knows the caller, but not as someone who may; or does not know the caller.
    #[error("{0}")]
    NotAllowed(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// It was tried and did not work.
    #[error("{0}")]
    Failed(String),
    /// The server says why: it refused a request, or an execution failed.
    #[error("{message}")]
    Told {
        /// What to tell people.
        message: String,
        /// The API's error code.
        code: String,
        /// The problem document, or what corresponds to it.
        problem: Box<Value>,
    },
}

impl Failure {
    /// The exit code, as `civitas --help` lists them.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.code() {
            "usage" => 2,
            "unreachable" => 3,
            "not_allowed"
            | "unauthorized"
            | "authentication_failed"
            | "forbidden"
            | "origin_not_allowed"
            | "setup_token_invalid" => 4,
            "not_found" => 5,
            _ => 1,
        })
    }

    /// Whether someone else, or the same with another credential, may.
    pub(crate) fn is_not_allowed(&self) -> bool {
        matches!(
            self.code(),
            "not_allowed" | "unauthorized" | "authentication_failed" | "forbidden"
        )
    }

    /// The API's error code, or one of this program's own: `usage`, `unreachable`, `not_allowed`, `not_found`, `failed`.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Failed(_) => "failed",
            Self::Usage(_) => "usage",
            Self::Unreachable { .. } => "unreachable",
            Self::NotAllowed(_) => "not_allowed",
            Self::NotFound(_) => "not_found",
            Self::Told { code, .. } => code,
        }
    }

    /// The problem document for machines.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Told { problem, .. } => (**problem).clone(),
            other => document(other.code(), &other.to_string()),
        }
    }

    /// The same, with what to do about it after what the server says.
    pub(crate) fn with_advice(self, advice: &str) -> Self {
        match self {
            Self::Told {
                message,
                code,
                problem,
            } => Self::Told {
                message: format!("{message}; {advice}"),
                code,
                problem,
            },
            Self::NotAllowed(message) => Self::NotAllowed(format!("{message}; {advice}")),
            Self::NotFound(message) => Self::NotFound(format!("{message}; {advice}")),
            other => other,
        }
    }

    /// The same with the options that people typed, where the server names the fields of a body that they never saw.
    pub(crate) fn in_words_of(self, options: &[(&str, &str)]) -> Self {
        let Self::Told {
            message,
            code,
            problem,
        } = self
        else {
            return self;
        };
        let lines = message.split('\n').map(|line| {
            let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
            let option = options.iter().find_map(|(pointer, option)| {
                let rest = rest.strip_prefix(pointer)?.strip_prefix(": ")?;
                Some(format!("{indent}{option}: {rest}"))
            });
            option.unwrap_or_else(|| line.to_owned())
        });
        let lines: Vec<String> = lines.collect();
        Self::Told {
            message: lines.join("\n"),
            code,
            problem,
        }
    }

    /// It was tried and did not work.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}

/// A problem document of this program's own, with the members of the API's that make sense here.
pub(crate) fn document(code: &str, detail: &str) -> Value {
    json!({ "type": format!("urn:civitas:error:{code}"), "code": code, "detail": detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_called_as_its_option_is_typed() {
        let told = |message: &str| Failure::Told {
            message: message.to_owned(),
            code: "validation_failed".to_owned(),
            problem: Box::default(),
        };
        let options = [("/always/expires_in", "--for"), ("/to", "WHO")];
        let said = |message: &str| told(message).in_words_of(&options).to_string();
        assert_eq!(
            said("/always/expires_in: at most 30d"),
            "--for: at most 30d"
        );
        assert_eq!(
            said("two are wrong\n  /to: nobody"),
            "two are wrong\n  WHO: nobody"
        );
        // Fields that only begin alike, and those that nobody has an option for, stay.
        assert_eq!(said("/tokens: too many"), "/tokens: too many");
    }
}
