//! What a command changes for those after it, and settings by which programs run others.

use super::parser::Parser;
use super::unwrap::{is_input, short};
use super::word::hides_code;
use super::{Command, Word};

/// Variables that change which program a name means, or that name a program to run.
const POWERFUL: [&str; 35] = [
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "PROMPT_COMMAND",
    "PS4",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "DYLD_INSERT_LIBRARIES",
    "HOME",
    "PWD",
    "CDPATH",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_EDITOR",
    "PAGER",
    "EDITOR",
    "VISUAL",
    "GIT_CONFIG_COUNT",
    "NODE_OPTIONS",
    "PERL5OPT",
    "LESSOPEN",
    "LESSCLOSE",
    "MANPAGER",
    "BROWSER",
    "GIT_ASKPASS",
    "SSH_ASKPASS",
    "CURL_HOME",
    "WGETRC",
    "HTTPIE_CONFIG_DIR",
];

/// Settings by which git runs other programs.
const GIT_PROGRAMS: [&str; 12] = [
    "alias.",
    "core.pager",
    "core.editor",
    "core.sshcommand",
    "core.fsmonitor",
    "core.hookspath",
    "core.askpass",
    "diff.external",
    "credential.",
    "sequence.editor",
    "gpg.",
    "pager.",
];

/// Options by which tar runs other programs.
const TAR: [&str; 8] = [
    "--to-command",
    "--checkpoint-action",
    "--use-compress-program",
    "--rsh-command",
    "-I",
    "--info-script",
    "--new-volume-script",
    "-F",
];

/// Options that change what a shell makes of words.
const SHELL: [&str; 5] = [
    "dotglob",
    "extglob",
    "expand_aliases",
    "globdots",
    "nullglob",
];

impl Parser<'_> {
    /// A file with commands; what it says is not known here, and it must at least be a file.
    pub fn sourced(&mut self, command: &Command) {
        let first = command.arguments().first();
        if first.is_some_and(|word| word.process || is_input(&word.text)) {
            self.note(format!(
                "what `{}` runs cannot be known",
                short(&command.text())
            ));
        }
    }

    pub fn options_that_run(&mut self, command: &Command) {
        let options: &[&str] = if command.name().ends_with("tar") {
            &TAR
        } else {
            &SHELL
        };
        let runs = |word: &Word| {
            let rest = options
                .iter()
                .find_map(|option| word.text.strip_prefix(option));
            let attached = word.text.starts_with("-I") || word.text.starts_with("-F");
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('=') || attached)
                || is_group_with(&word.text, 'I') && options.len() == TAR.len()
        };
        if command.arguments().iter().any(runs) {
            self.note(format!(
                "an option of `{}` changes what runs",
                command.name()
            ));
        }
    }

    /// What is quoted in `let`, and where a variable is named, may be a command.
    pub fn calculated(&mut self, command: &Command) {
        let hides = |word: &Word| word.quoted && hides_code(&word.text);
        if command.name() == "let" && command.arguments().iter().any(hides) {
            self.note("a command stands in what `let` calculates");
        }
    }

    pub fn git(&mut self, command: &Command) {
        let has = |text: &str| command.arguments().iter().any(|word| word.text == text);
        let runs = has("bisect") && has("run")
            || has("rebase") && (has("-x") || has("--exec"))
            || has("submodule") && has("foreach")
            || has("filter-branch")
            || has("difftool") && (has("-x") || has("--extcmd"))
            || has("--upload-pack")
            || has("--receive-pack")
            || command
                .arguments()
                .iter()
                .any(|word| word.text.starts_with("ext::") || word.text.starts_with("--extcmd="))
            || has("grep")
                && command
                    .arguments()
                    .iter()
                    .any(|word| opens_pager(&word.text));
        if runs
            || command.arguments().iter().any(|word| {
                word.text.starts_with("--exec=")
                    || word.text.starts_with("--upload-pack=")
                    || word.text.starts_with("--receive-pack=")
            })
        {
            self.note("this command of git runs other commands");
        }
        for word in command.arguments() {
            let text = word.text.to_ascii_lowercase();
            let setting = text.strip_prefix("--config-env=").unwrap_or(&text);
            if GIT_PROGRAMS
                .iter()
                .any(|program| setting.starts_with(program))
            {
                self.note("a setting of git names a program to run");
            }
        }
    }

    pub fn change_folder(&mut self, arguments: &[Word]) {
        let target = arguments
            .iter()
            .find(|word| word.text == "-" || !word.text.starts_with('-'));
        let folders = match target {
            None => vec![Some("~".to_owned())],
            Some(word) => match word.known() {
                None | Some("-") => vec![None],
                Some(text) if text.starts_with('+') => vec![None],
                Some(text) => {
                    let folders = self.state.folders.iter();
                    folders
                        .map(|folder| join(folder.as_deref(), text))
                        .collect()
                }
            },
        };
        self.state.folders = folders;
        self.bound_folders();
    }

    pub fn assignments(&mut self, command: &Command) {
        for (name, value) in &command.assignments {
            self.assigned(name);
            if value.quoted && hides_code(&value.text) {
                self.note(format!(
                    "a command stands in the value of `{name}`, which may be read again"
                ));
            }
        }
    }

    pub fn exported(&mut self, command: &Command) {
        // `printf` calculates only where it names a variable.
        self.state.calculates |= command.name() != "printf"
            || command
                .arguments()
                .iter()
                .any(|word| word.text.starts_with("-v"));
        for word in command.arguments() {
            let name = word
                .text
                .split_once('=')
                .map_or(word.text.as_str(), |(name, _)| name);
            // `export PATH` alone changes nothing.
            let changes =
                word.text.contains('=') || matches!(command.name(), "read" | "unset" | "printf");
            if changes {
                let name = name.to_owned();
                self.assigned(&name);
            }
        }
    }

    fn assigned(&mut self, name: &str) {
        if POWERFUL.contains(&name) {
            self.note(format!(
                "a change of `{name}` changes what later commands mean"
            ));
        }
    }
}

/// Short options in a group, one of which is the letter.
fn is_group_with(text: &str, letter: char) -> bool {
    text.strip_prefix('-')
        .is_some_and(|group| group.contains(letter) && group.chars().all(char::is_alphabetic))
}

/// `git grep -O…`, `--open-files-in-pager`.
fn opens_pager(text: &str) -> bool {
    text.starts_with("--open")
        || text.starts_with('-') && !text.starts_with("--") && text.contains('O')
}

/// A folder below another, as text; nothing is resolved here.
fn join(folder: Option<&str>, text: &str) -> Option<String> {
    let absolute = text.starts_with(['/', '~', '\\']) || text.as_bytes().get(1) == Some(&b':');
    match folder {
        _ if absolute => Some(text.to_owned()),
        Some("") => Some(text.to_owned()),
        Some(folder) if folder.len() + text.len() < 4096 => Some(format!("{folder}/{text}")),
        Some(_) | None => None,
    }
}
