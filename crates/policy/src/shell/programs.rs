//! Options and little languages by which programs run others.

use super::parser::Parser;
use super::unwrap::short;
use super::{Command, Word};

/// Options that name a program to run, by the program that has them. What begins with one counts.
const OPTIONS: [(&[&str], &[&str]); 9] = [
    (&["man"], &["-P", "--pager", "-H", "--html"]),
    (&["sort", "gsort"], &["--compress-p"]),
    (&["zip"], &["-TT", "--unzip-c"]),
    (&["make", "gmake"], &["--eval", "SHELL=", ".SHELLFLAGS="]),
    (
        &["vi", "vim", "nvim", "ex", "view"],
        &["-c", "--cmd", "+", "-S", "-s"],
    ),
    (
        &["emacs", "emacsclient"],
        &[
            "-e",
            "--eval",
            "-l",
            "--load",
            "-f",
            "--funcall",
            "--script",
        ],
    ),
    (
        &["scp", "sftp"],
        &["-S", "-oProxyCommand", "-oLocalCommand"],
    ),
    (&["rsync"], &["--rsync-path"]),
    (&["less", "more"], &["+!"]),
];

/// Programs that take commands from their input, some of which start others.
const COMMANDED: [&str; 6] = ["ed", "ex", "vi", "vim", "gdb", "lldb"];

/// Commands of debuggers that run something else than the program that is looked at.
const DEBUGGER: [&str; 10] = [
    "!",
    "shell",
    "python",
    "py",
    "guile",
    "pipe",
    "|",
    "source",
    "make",
    "platform shell",
];

impl Parser<'_> {
    /// Notes the options and texts by which a program runs another.
    pub fn programs_of_options(&mut self, command: &Command) {
        let name = command.name();
        let runs = match name {
            "sed" | "gsed" => scripts(command)
                .iter()
                .any(|script| crate::sed::Sed::of(script).runs),
            "awk" | "gawk" | "mawk" | "nawk" => {
                command.arguments().iter().any(|word| awk_runs(&word.text))
            }
            "crontab" => !command
                .arguments()
                .iter()
                .any(|word| matches!(word.text.as_str(), "-l" | "-r")),
            "gdb" | "lldb" => debugs(command) || is_fed(command),
            "make" | "gmake" => reads_rules(command) || has_option(command),
            "rsync" => other_shell(command) || has_option(command),
            name => COMMANDED.contains(&name) && is_fed(command) || has_option(command),
        };
        if runs {
            self.note(format!(
                "`{}` runs what cannot be known",
                short(&command.text())
            ));
        }
    }
}

fn has_option(command: &Command) -> bool {
    let listed = OPTIONS
        .iter()
        .find(|(names, _)| names.contains(&command.name()));
    let is_one = |word: &Word| {
        listed
            .is_some_and(|(_, options)| options.iter().any(|option| word.text.starts_with(option)))
    };
    command.arguments().iter().any(is_one)
}

/// Its commands come from a pipe or a here-document.
fn is_fed(command: &Command) -> bool {
    command.here.is_some() || !command.fed_by.is_empty()
}

/// The scripts of `sed`: those of `-e`, else the first operand.
pub(crate) fn scripts(command: &Command) -> Vec<&str> {
    let arguments = command.arguments();
    let mut given = Vec::new();
    let mut first = None;
    let mut words = arguments.iter().map(|word| word.text.as_str());
    while let Some(text) = words.next() {
        let attached = text
            .strip_prefix("--expression=")
            .or_else(|| text.strip_prefix("-e"));
        if is_script_option(text) {
            given.extend(words.next());
        } else if let Some(script) = attached {
            given.push(script);
        } else if !text.starts_with('-') || text == "-" {
            first = first.or(Some(text));
        }
    }
    if given.is_empty() {
        given.extend(first);
    }
    given
}

/// `-e`, also at the end of a group.
fn is_script_option(text: &str) -> bool {
    text == "--expression"
        || text.starts_with('-') && !text.starts_with("--") && text.ends_with('e')
}

fn awk_runs(text: &str) -> bool {
    let dense: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    ["system(", "|\"", "|&", "\"|getline", "@load"]
        .iter()
        .any(|mark| dense.contains(mark))
}

fn debugs(command: &Command) -> bool {
    let options = [
        "-ex",
        "-iex",
        "-eval-command",
        "--eval-command",
        "-o",
        "-O",
        "--one-line",
        "-x",
        "--command",
    ];
    let arguments = command.arguments();
    arguments
        .iter()
        .zip(arguments.iter().skip(1))
        .any(|(option, value)| {
            let runs = value.known().is_none_or(|text| {
                DEBUGGER
                    .iter()
                    .any(|command| text.trim_start().starts_with(command))
            });
            options.contains(&option.text.as_str()) && runs
        })
}

/// `make -f -`.
fn reads_rules(command: &Command) -> bool {
    let arguments = command.arguments();
    let is_input = |text: &str| text == "-" || text.starts_with("/dev/");
    let attached = |word: &Word| {
        ["-f", "--file=", "--makefile="]
            .iter()
            .any(|option| word.text.strip_prefix(option).is_some_and(is_input))
    };
    let mut pairs = arguments.iter().zip(arguments.iter().skip(1));
    arguments.iter().any(attached)
        || pairs.any(|(option, value)| {
            matches!(option.text.as_str(), "-f" | "--file" | "--makefile") && is_input(&value.text)
        })
}

/// `rsync -e` with anything but ssh.
fn other_shell(command: &Command) -> bool {
    let arguments = command.arguments();
    let mut pairs = arguments.iter().zip(arguments.iter().skip(1));
    let is_ssh = |text: &str| {
        text == "ssh" || text.starts_with("ssh -") && !text.to_ascii_lowercase().contains("command")
    };
    let attached = |word: &Word| {
        word.text
            .strip_prefix("--rsh=")
            .is_some_and(|value| !is_ssh(value))
    };
    arguments.iter().any(attached)
        || pairs.any(|(option, value)| {
            let is_option = option.text == "--rsh"
                || option.text.starts_with('-')
                    && !option.text.starts_with("--")
                    && option.text.ends_with('e');
            is_option && !value.known().is_some_and(is_ssh)
        })
}
