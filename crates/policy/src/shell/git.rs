//! Options, sub-commands and settings by which git runs other programs.

use super::parser::Parser;
use super::settings::is_powerful;
use super::{Command, Word};
use crate::classes::subcommand;
use crate::options::{abbreviates, part_of};

/// Settings that run nothing; what ends in a dot stands for all of a section.
const HARMLESS: [&str; 76] = [
    "user.",
    "author.",
    "committer.",
    "color.",
    "advice.",
    "column.",
    "i18n.",
    "status.",
    "gc.",
    "log.",
    "rerere.",
    "stash.",
    "feature.",
    "pack.",
    "index.",
    "protocol.version",
    "blame.",
    "grep.linenumber",
    "grep.patterntype",
    "grep.column",
    "grep.fullname",
    "grep.threads",
    "init.defaultbranch",
    "pull.",
    "push.default",
    "push.autosetupremote",
    "push.followtags",
    "fetch.",
    "rebase.autostash",
    "rebase.autosquash",
    "rebase.updaterefs",
    "merge.ff",
    "merge.conflictstyle",
    "merge.renames",
    "merge.renamelimit",
    "merge.stat",
    "merge.autostash",
    "diff.algorithm",
    "diff.renames",
    "diff.renamelimit",
    "diff.colormoved",
    "diff.context",
    "diff.mnemonicprefix",
    "diff.noprefix",
    "diff.submodule",
    "diff.wserrorhighlight",
    "diff.ignoresubmodules",
    "core.autocrlf",
    "core.eol",
    "core.safecrlf",
    "core.ignorecase",
    "core.filemode",
    "core.quotepath",
    "core.longpaths",
    "core.symlinks",
    "core.abbrev",
    "core.preloadindex",
    "core.untrackedcache",
    "core.fscache",
    "core.compression",
    "core.bare",
    "core.whitespace",
    "core.precomposeunicode",
    "core.sharedrepository",
    "commit.gpgsign",
    "commit.verbose",
    "commit.cleanup",
    "tag.gpgsign",
    "tag.sort",
    "branch.sort",
    "branch.autosetupmerge",
    "branch.autosetuprebase",
    "http.",
    "safe.directory",
    "submodule.recurse",
    "submodule.fetchjobs",
];

/// Long options that name a program to run, or a folder of hooks; of whichever sub-command.
const OPTIONS: [&str; 12] = [
    "upload-pack",
    "receive-pack",
    "exec",
    "extcmd",
    "open-files-in-pager",
    "sendmail-cmd",
    "smtp-server",
    "to-cmd",
    "cc-cmd",
    "header-cmd",
    "template",
    "browser",
];

impl Parser<'_> {
    pub fn git(&mut self, command: &Command) {
        let verb = subcommand(command);
        let words = command.arguments();
        let has = |text: &str| words.iter().any(|word| word.text == text);
        let runs = match verb {
            "bisect" | "hook" => has("run"),
            "submodule" => has("foreach"),
            "filter-branch" | "remote-ext" | "remote-fd" | "send-email" | "shell" | "instaweb"
            | "web--browse" | "for-each-repo" | "cvsserver" => true,
            "rebase" | "difftool" => words.iter().any(|word| is_in_group(&word.text, 'x')),
            "clone" => words.iter().any(|word| is_in_group(&word.text, 'u')),
            "grep" => words.iter().any(|word| opens_pager(&word.text)),
            _ => false,
        };
        if runs || words.iter().any(|word| names_program(verb, &word.text)) {
            self.note("this command of git runs other commands");
        }
        let is_verb = |word: &&Word| word.text == verb;
        if words
            .iter()
            .find(is_verb)
            .is_some_and(|word| word.known().is_none())
        {
            self.note("which command of git this is cannot be known before it runs");
        }
        if has_unknown_option(command, verb) {
            self.note("an option of git before its command is not known");
        }
        if settings(command).any(|setting| !is_harmless(setting)) {
            self.note("a setting of git may name a program to run");
        }
    }
}

/// Whether an option before the sub-command is not known, so that it may take the next word for its value.
fn has_unknown_option(command: &Command, verb: &str) -> bool {
    let flags = [
        "--no-pager",
        "-p",
        "--paginate",
        "-P",
        "--bare",
        "--no-replace-objects",
        "--literal-pathspecs",
        "--glob-pathspecs",
        "--noglob-pathspecs",
        "--icase-pathspecs",
        "--no-optional-locks",
        "--no-lazy-fetch",
        "--no-advice",
        "--html-path",
        "--man-path",
        "--info-path",
        "--version",
        "--help",
        "-h",
        "-v",
        "--exec-path",
    ];
    let valued = [
        "-C",
        "-c",
        "--git-dir",
        "--work-tree",
        "--namespace",
        "--attr-source",
        "--config-env",
        "--super-prefix",
        "--list-cmds",
    ];
    let mut words = command.arguments().iter();
    while let Some(word) = words
        .next()
        .filter(|word| word.text != verb || verb.is_empty())
    {
        let name = word.text.split('=').next().unwrap_or_default();
        if valued.contains(&name) {
            if !word.text.contains('=') && name != "--list-cmds" {
                words.next();
            }
        } else if !flags.contains(&name) {
            return true;
        }
    }
    false
}

/// A long option that names a program, whole or cut short, or an address that is one.
fn names_program(verb: &str, text: &str) -> bool {
    if text.contains("ext::") || text.starts_with("fd::") {
        return true;
    }
    let Some(name) = text.strip_prefix("--") else {
        return false;
    };
    match name.split('=').next().unwrap_or_default() {
        // Options that are whole.
        "ext-diff" | "exec-path" => name.contains('='),
        "to" | "cc" | "br" | "branches" | "branch" | "tem" => false,
        // `git commit --template FILE` is a text.
        _ if verb == "commit" && abbreviates(text, "template", 3) => false,
        _ => OPTIONS.iter().any(|option| abbreviates(text, option, 2)),
    }
}

/// The settings that a command gives: `-c NAME=…` and `--config-env NAME=…` before the sub-command, those of a clone, and
/// `git config NAME VALUE`.
fn settings(command: &Command) -> impl Iterator<Item = &Word> {
    let words = command.arguments();
    let verb = subcommand(command);
    let mut found = Vec::new();
    let mut before = true;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let text = word.text.as_str();
        let takes = (before || verb == "clone") && matches!(text, "-c" | "--config-env")
            || verb == "clone" && abbreviates(text, "config", 3);
        if takes && !text.contains('=') {
            found.extend(words.get(at + 1));
            at += 1;
        } else if takes || text.starts_with("--config-env=") {
            found.push(word);
        } else if before && matches!(text, "-C" | "--git-dir" | "--work-tree" | "--namespace") {
            at += 1;
        } else if !text.starts_with('-') {
            before = false;
        }
        at += 1;
    }
    if verb == "config" {
        found.extend(set(command));
    }
    found.into_iter()
}

/// The name that `git config` writes, if it writes one.
fn set(command: &Command) -> Option<&Word> {
    let words = command.arguments();
    let at = words.iter().position(|word| word.text == "config")?;
    let rest = &words[at + 1..];
    let reads = [
        "--get",
        "--get-all",
        "--get-regexp",
        "--get-urlmatch",
        "--list",
        "-l",
        "--unset",
        "--unset-all",
        "--remove-section",
        "get",
        "list",
        "unset",
        "--get-color",
        "--get-colorbool",
    ];
    if rest.iter().any(|word| reads.contains(&word.text.as_str())) {
        return None;
    }
    let mut operands = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match word.text.as_str() {
            "-f" | "--file" | "--blob" | "--type" | "--comment" | "--default" => {
                words.next();
            }
            "set" => {}
            text if text.starts_with('-') && !word.dynamic => {}
            _ => operands.push(word),
        }
    }
    // A name alone is shown.
    operands.first().copied().filter(|_| operands.len() > 1)
}

fn is_harmless(setting: &Word) -> bool {
    let text = setting.text.as_str();
    let text = text.strip_prefix("--config-env=").unwrap_or(text);
    let text = text.strip_prefix("--config=").unwrap_or(text);
    let name = text
        .split('=')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if name.contains(['$', '`', '{', '\n']) || setting.splits {
        return false;
    }
    let value = text
        .split_once('=')
        .map(|(_, value)| part_of(setting, value));
    match name.as_str() {
        "core.pager" => return value.is_some_and(|value| !is_powerful("PAGER", Some(&value))),
        "core.editor" | "sequence.editor" => {
            return value.is_some_and(|value| !is_powerful("EDITOR", Some(&value)));
        }
        _ => {}
    }
    let listed = |known: &str| known.ends_with('.') && name.starts_with(known) || name == known;
    let of_branch = ["branch.", "remote.", "url."];
    let last = name.rsplit('.').next().unwrap_or_default();
    let plain = [
        "merge",
        "remote",
        "rebase",
        "url",
        "fetch",
        "description",
        "pushurl",
        "insteadof",
        "pushinsteadof",
        "prune",
        "tagopt",
    ];
    HARMLESS.iter().any(|known| listed(known))
        || of_branch.iter().any(|section| name.starts_with(section)) && plain.contains(&last)
}

/// A letter in a group of short options.
fn is_in_group(text: &str, letter: char) -> bool {
    text.strip_prefix('-').is_some_and(|group| {
        let options = group.split(|letter: char| !letter.is_ascii_alphabetic());
        !group.starts_with('-') && options.take(1).any(|group| group.contains(letter))
    })
}

/// `git grep -O…`.
fn opens_pager(text: &str) -> bool {
    text.starts_with('-') && !text.starts_with("--") && text.contains('O')
}
