//! Commands that start another coding agent: a plain start is one like that of the tool for it; one that may leave what
//! watches over agents, by its settings, is a change of agents.

use crate::options::abbreviates;
use crate::shell::{Command, Word};

/// What a command does about agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Starts {
    /// It starts an agent as it stands; the name of the program.
    Agent(&'static str),
    /// It starts an agent with settings of its own, or changes those that agents start with.
    Changed,
}

/// A program of an agent: its names, the options that change nothing about what it may do, and what its sub-commands are.
struct Program {
    name: &'static str,
    also: &'static [&'static str],
    /// Without one of these words first it is another program of that name.
    only: &'static [&'static str],
}

const PROGRAMS: [Program; 16] = [
    Program {
        name: "claude",
        also: &["claude-code"],
        only: &[],
    },
    Program {
        name: "codex",
        also: &[],
        only: &[],
    },
    Program {
        name: "gemini",
        also: &["gemini-cli"],
        only: &[],
    },
    Program {
        name: "aider",
        also: &["aider-chat"],
        only: &[],
    },
    Program {
        name: "cursor-agent",
        also: &["cursor-cli"],
        only: &[],
    },
    Program {
        name: "opencode",
        also: &["opencode-ai"],
        only: &[],
    },
    Program {
        name: "goose",
        also: &[],
        only: &["run", "session", "configure", "mcp", "acp", "web", "recipe"],
    },
    Program {
        name: "amp",
        also: &[],
        only: &[],
    },
    Program {
        name: "crush",
        also: &[],
        only: &[],
    },
    Program {
        name: "qwen",
        also: &["qwen-code"],
        only: &[],
    },
    Program {
        name: "copilot",
        also: &[],
        only: &[],
    },
    Program {
        name: "droid",
        also: &[],
        only: &[],
    },
    Program {
        name: "auggie",
        also: &[],
        only: &[],
    },
    Program {
        name: "kiro-cli",
        also: &[],
        only: &[],
    },
    Program {
        name: "cline",
        also: &[],
        only: &[],
    },
    Program {
        name: "openhands",
        also: &[],
        only: &[],
    },
];

/// Options that leave what an agent may do as it is.
const HARMLESS: [&str; 31] = [
    "-p",
    "--print",
    "--prompt",
    "-m",
    "--model",
    "--message",
    "--output-format",
    "--input-format",
    "--verbose",
    "--continue",
    "-r",
    "--resume",
    "--session-id",
    "--max-turns",
    "--fallback-model",
    "--debug",
    "-d",
    "--json",
    "--quiet",
    "-q",
    "--color",
    "--no-color",
    "--include-partial-messages",
    "--replay-user-messages",
    "--file",
    "--read",
    "--images",
    "-i",
    "--image",
    "--output-last-message",
    "-o",
];

/// Sub-commands, and options alone, that start nothing and change nothing.
const LOOKS: [&str; 14] = [
    "--version",
    "-v",
    "-V",
    "--help",
    "-h",
    "help",
    "doctor",
    "update",
    "upgrade",
    "version",
    "login",
    "logout",
    "auth",
    "completion",
];

/// Sub-commands that change what agents start with, but for those that show it.
const CHANGES: [&str; 14] = [
    "mcp",
    "config",
    "plugin",
    "plugins",
    "extensions",
    "agents",
    "agent",
    "hooks",
    "settings",
    "configure",
    "setup-token",
    "install",
    "migrate-installer",
    "features",
];

/// Beginnings of variables from which agents take their settings.
const VARIABLES: [&str; 9] = [
    "CLAUDE_",
    "CODEX_",
    "GEMINI_CLI_",
    "AIDER_",
    "OPENCODE_",
    "GOOSE_",
    "CURSOR_CONFIG",
    "AMP_",
    "QWEN_",
];

/// What a command does about agents, if it does something.
pub(crate) fn starts(command: &Command) -> Option<Starts> {
    let sets = |(name, _): &(String, Word)| VARIABLES.iter().any(|begin| name.starts_with(begin));
    let exports = matches!(command.name(), "export" | "declare" | "typeset")
        && command.arguments().iter().any(|word| {
            let name = word.text.split_once('=').map(|(name, _)| name);
            name.is_some_and(|name| VARIABLES.iter().any(|begin| name.starts_with(begin)))
        });
    if exports || command.assignments.iter().any(sets) {
        return Some(Starts::Changed);
    }
    let (program, arguments) = program(command)?;
    let first = arguments.first().map_or("", |word| word.text.as_str());
    if !program.only.is_empty() && !program.only.contains(&first) {
        return None;
    }
    let has = |texts: &[&str]| {
        arguments
            .iter()
            .any(|word| texts.contains(&word.text.as_str()))
    };
    if CHANGES.contains(&first) {
        let shows = arguments.get(1).is_none_or(|word| {
            matches!(
                word.text.as_str(),
                "list" | "ls" | "get" | "show" | "--help" | "-h"
            )
        });
        return (!shows || first == "setup-token" || first == "install").then_some(Starts::Changed);
    }
    if LOOKS.contains(&first) || has(&["--help", "--version"]) && arguments.len() == 1 {
        return None;
    }
    // Where it starts, it takes the settings of that folder.
    let elsewhere = command
        .folders
        .iter()
        .any(|folder| folder.as_deref() != Some(""));
    if elsewhere || arguments.iter().any(|word| is_change(program.name, word)) {
        return Some(Starts::Changed);
    }
    Some(Starts::Agent(program.name))
}

/// The program of an agent and its arguments, also as a package, and as a file or module of an interpreter.
fn program(command: &Command) -> Option<(&'static Program, &[Word])> {
    let named = |text: &str| {
        let name = text
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let name = name.split('@').next().unwrap_or_default();
        PROGRAMS
            .iter()
            .find(|program| program.name == name || program.also.contains(&name))
    };
    let words = &command.words;
    if let Some(program) = named(&words.first()?.text) {
        return Some((program, &words[1..]));
    }
    let script = words.get(1)?;
    match command.name() {
        "node" | "bun" | "deno" => {
            let folder = script.text.rsplit_once('/').map(|(folder, _)| folder)?;
            let mut parts = folder.split('/').rev().take(2);
            Some((parts.find_map(named)?, &words[2..]))
        }
        "python" | "python3" if script.text == "-m" => {
            Some((named(&words.get(2)?.text)?, &words[3..]))
        }
        "gh" if script.text == "copilot" => None,
        _ => None,
    }
}

/// Whether an argument may change what the agent does: an option that is not known to change nothing. Words that are no
/// options are what it is told.
fn is_change(program: &str, word: &Word) -> bool {
    let text = word.text.as_str();
    if word.splits {
        return true;
    }
    if !text.starts_with('-') || text == "-" || text == "--" {
        return false;
    }
    let name = text.split('=').next().unwrap_or_default();
    let harmless = HARMLESS.contains(&name)
        || program == "claude"
            && matches!(
                name,
                "-c" | "--allowedTools"
                    | "--allowed-tools"
                    | "--disallowedTools"
                    | "--disallowed-tools"
            )
        || program == "aider" && aider(name);
    !harmless
}

/// Options of aider, which has many, that neither confirm by themselves nor read settings.
fn aider(name: &str) -> bool {
    let changes = [
        "yes",
        "yes-always",
        "config",
        "env-file",
        "load",
        "lint-cmd",
        "test-cmd",
        "auto-test",
        "set-env",
        "suggest-shell-commands",
        "model-settings-file",
        "notifications-command",
        "editor",
        "apply",
    ];
    !changes.iter().any(|option| abbreviates(name, option, 2))
}

#[cfg(test)]
mod tests {
    use super::{Starts, starts};
    use crate::shell::parse;

    fn of(text: &str) -> Option<Starts> {
        parse(text).commands.iter().find_map(starts)
    }

    #[test]
    fn agents_that_are_started_are_told() {
        for text in [
            "claude -p 'explain x'",
            "claude",
            "claude -p x --model opus --output-format json",
            "npx -y @anthropic-ai/claude-code -p x",
            "node node_modules/@anthropic-ai/claude-code/cli.js -p x",
            "~/.claude/local/claude -c",
            "cat x | claude -p",
        ] {
            assert_eq!(of(text), Some(Starts::Agent("claude")), "{text}");
        }
        for (text, name) in [
            ("codex exec 'x'", "codex"),
            ("gemini -p x", "gemini"),
            ("aider --message x src/a", "aider"),
            ("goose run -i x", "goose"),
            ("python3 -m aider --model x", "aider"),
            ("npx @openai/codex@latest exec x", "codex"),
        ] {
            assert_eq!(of(text), Some(Starts::Agent(name)), "{text}");
        }
    }

    #[test]
    fn what_leaves_governance_is_a_change() {
        for text in [
            "claude -p --agent boss x",
            "claude --agents '{}' -p x",
            "claude --dangerously-skip-permissions --settings '{\"disableAllHooks\":true}' -p x",
            "claude --settings=src/x -p x",
            "claude --setting-sources user -p x",
            "claude --permission-mode bypassPermissions -p x",
            "claude --bare -p x",
            "claude mcp add x -- sh -c y",
            "claude config set -g x y",
            "claude plugin install x",
            "claude $OPTIONS -p x",
            "codex exec --dangerously-bypass-approvals-and-sandbox x",
            "codex -c sandbox_mode=x exec y",
            "codex --yolo",
            "gemini --yolo -p x",
            "gemini -y",
            "aider --yes-always --message x",
            "aider --yes-alw --message x",
            "cursor-agent -f x",
            "goose configure x",
            "CLAUDE_CONFIG_DIR=/tmp/x claude -p x",
            "env CLAUDE_CONFIG_DIR=/tmp/x claude -p x",
            "export CLAUDE_CODE_X=1",
            "cd src/x && claude -p x",
        ] {
            assert_eq!(of(text), Some(Starts::Changed), "{text}");
        }
    }

    #[test]
    fn what_starts_no_agent_is_left_alone() {
        for text in [
            "claude --version",
            "claude mcp list",
            "claude doctor",
            "goose up",
            "goose status",
            "echo claude",
            "grep -r claude src",
            "ls ~/.claude",
            "ANTHROPIC_API_KEY=x python3 app.py",
            "npm install -g @anthropic-ai/claude-code",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
