//! Little languages of programs whose texts run others: sed, awk, debuggers, clients of databases, the settings of ssh.

use super::unwrap::SHELLS;
use super::{Command, Script, Word};
use crate::awk::Awk;
use crate::options::{Options, Valued};
use crate::sed::Sed;
use crate::values::possible;

/// Programs that take commands from their input, some of which start others.
const COMMANDED: [&str; 16] = [
    "ed", "ex", "vi", "vim", "gdb", "lldb", "sqlite3", "duckdb", "psql", "mysql", "mariadb", "dc",
    "tclsh", "wish", "ftp", "sftp",
];

/// Whether what a program reads are commands, which may run others.
pub(super) fn reads_commands(name: &str) -> bool {
    SHELLS.contains(&name) || COMMANDED.contains(&name)
}

/// Commands of debuggers that only look at the program.
const DEBUGGER: [&str; 42] = [
    "bt",
    "backtrace",
    "where",
    "info",
    "i",
    "quit",
    "q",
    "set",
    "thread",
    "t",
    "frame",
    "f",
    "list",
    "l",
    "print",
    "p",
    "x",
    "disassemble",
    "disas",
    "break",
    "b",
    "tbreak",
    "continue",
    "c",
    "up",
    "down",
    "step",
    "s",
    "next",
    "n",
    "finish",
    "run",
    "r",
    "kill",
    "k",
    "detach",
    "file",
    "start",
    "delete",
    "watch",
    "display",
    "directory",
];

/// What is written in the little language of a client of databases and runs a program, or reads and writes files.
const DATABASES: [(&[&str], &[&str]); 3] = [
    (
        &["sqlite3", "sqlite", "duckdb"],
        &[
            "readfile(",
            "writefile(",
            "load_extension(",
            "edit(",
            "fsdir(",
            "lsmode(",
            "sqlar",
            "zipfile(",
        ],
    ),
    (
        &["psql"],
        &[
            "\\!",
            "\\o",
            "\\g|",
            "\\g |",
            "\\w",
            "\\e",
            "\\setenv",
            "\\set ",
            "program",
            "\\i |",
            "\\ir |",
            "pg_read_",
            "lo_import",
            "lo_export",
            "pg_ls_dir",
        ],
    ),
    (
        &["mysql", "mariadb"],
        &[
            "\\!",
            "\\p",
            "pager",
            "outfile",
            "dumpfile",
            "load_file",
            "local infile",
            "\\t",
        ],
    ),
];

/// Commands of sqlite3 and duckdb that touch nothing but the database.
const DOT_COMMANDS: [&str; 32] = [
    "tables",
    "schema",
    "headers",
    "header",
    "mode",
    "databases",
    "indexes",
    "indices",
    "width",
    "quit",
    "exit",
    "help",
    "show",
    "timer",
    "stats",
    "echo",
    "nullvalue",
    "separator",
    "fullschema",
    "dbinfo",
    "explain",
    "bail",
    "changes",
    "print",
    "version",
    "parameter",
    "timeout",
    "dump",
    "eqp",
    "limit",
    "sha3sum",
    "columns",
];

/// Whether the texts that a program is given run another.
pub(super) fn runs(command: &Command, script: &Script) -> bool {
    let name = command.name();
    let is_fed = command.here.is_some() || !command.fed_by.is_empty();
    match name {
        "gdb" | "lldb" => debugs(command) || is_fed,
        "ed" | "ex" | "vi" | "vim" | "tclsh" | "wish" => is_fed,
        "dc" => texts(command, script).iter().any(|text| text.contains('!')),
        "yq" => command
            .arguments()
            .iter()
            .any(|word| word.text.contains("load") && word.text.contains('(')),
        _ => DATABASES
            .iter()
            .find(|(names, _)| names.contains(&name))
            .is_some_and(|(_, marks)| {
                let texts = texts(command, script);
                texts.iter().any(|text| {
                    let lower = text.to_ascii_lowercase();
                    marks.iter().any(|mark| lower.contains(mark))
                        || name.starts_with("mysql") && system(&lower)
                        || matches!(name, "sqlite3" | "sqlite" | "duckdb") && dots(&lower)
                })
            }),
    }
}

/// Everything that a program is told: its words, its here-document, and the words of what feeds it.
fn texts(command: &Command, script: &Script) -> Vec<String> {
    let feeders = command
        .fed_by
        .iter()
        .filter_map(|place| script.commands.get(*place));
    let words = command
        .arguments()
        .iter()
        .chain(feeders.clone().flat_map(Command::arguments));
    let heres = std::iter::once(command)
        .chain(feeders)
        .filter_map(|command| command.here.as_ref());
    words
        .flat_map(|word| {
            let mut texts = possible(word, &script.values);
            texts.push(word.text.clone());
            texts
        })
        .chain(heres.map(|here| here.raw.clone()))
        .collect()
}

/// A command of sqlite3 that is not a harmless one, at the beginning of a line.
fn dots(text: &str) -> bool {
    text.split(['\n', ';']).any(|line| {
        line.trim_start().strip_prefix('.').is_some_and(|rest| {
            let end = rest
                .find(|letter: char| !letter.is_alphanumeric())
                .unwrap_or(rest.len());
            let command = &rest[..end];
            !command.is_empty()
                && !DOT_COMMANDS.contains(&command)
                && !rest[end..].starts_with(['/', '.'])
        })
    })
}

/// `system …` of the client of `MySQL`.
fn system(text: &str) -> bool {
    text.split(['\n', ';']).any(|line| {
        let mut words = line.split_whitespace();
        matches!(
            words.next(),
            Some("system" | "source" | "\\." | "tee" | "edit")
        )
    })
}

fn debugs(command: &Command) -> bool {
    let options = [
        "-ex",
        "-iex",
        "-eval-command",
        "--eval-command",
        "--init-eval-command",
        "-o",
        "-O",
        "--one-line",
        "--one-line-before-file",
        "-s",
        "-S",
        "-x",
        "--command",
        "-ix",
    ];
    let arguments = command.arguments();
    let attached = |word: &Word| {
        word.text.starts_with("--") && word.text.contains('=') && word.text.contains("comm")
    };
    arguments.iter().any(attached)
        || arguments
            .iter()
            .zip(arguments.iter().skip(1))
            .any(|(option, value)| options.contains(&option.text.as_str()) && !only_looks(value))
}

/// A command of a debugger that does nothing else than look.
fn only_looks(value: &Word) -> bool {
    value.known().is_some_and(|text| {
        let text = text.trim_start();
        let end = text
            .find(|letter: char| !letter.is_alphanumeric())
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let applies = rest.contains("apply")
            && !rest.trim_end().ends_with("bt")
            && !rest.contains("backtrace");
        DEBUGGER.contains(&name)
            && !applies
            && !rest.contains(['(', '`', '|', ';', '>', '<', '&', '!'])
    })
}

/// An option of ssh or its like that names a program, or a file that may.
pub(super) fn is_ssh_program(text: &str, next: Option<&Word>) -> bool {
    let value = |option: &str| {
        let attached = text.strip_prefix(option)?;
        let is_whole = attached.is_empty();
        let next = || next.map(|word| word.known().unwrap_or("$"));
        if is_whole { next() } else { Some(attached) }
    };
    if let Some(file) = value("-F") {
        return !matches!(file, "none" | "/dev/null");
    }
    let harmless = [
        "stricthostkeychecking",
        "userknownhostsfile",
        "connecttimeout",
        "batchmode",
        "loglevel",
        "serveraliveinterval",
        "serveralivecountmax",
        "port",
        "user",
        "identityfile",
        "identitiesonly",
        "controlmaster",
        "controlpath",
        "controlpersist",
        "compression",
        "preferredauthentications",
        "passwordauthentication",
        "forwardagent",
        "connectionattempts",
        "tcpkeepalive",
        "requesttty",
        "addressfamily",
        "hostkeyalgorithms",
        "pubkeyauthentication",
    ];
    value("-o").is_some_and(|setting| {
        let name = setting.split(['=', ' ']).next().unwrap_or_default();
        !harmless.contains(&name.to_ascii_lowercase().as_str())
    })
}

/// Whether a script of sed runs commands, by the values that its variables get, too.
pub(super) fn sed_runs(command: &Command, values: &[(String, Word)]) -> bool {
    let runs = |word: &Word| {
        Sed::of(&word.text).runs || possible(word, values).iter().any(|text| Sed::of(text).runs)
    };
    scripts(command).iter().any(runs) || read_from_input(command, &["-f", "--file"])
}

/// Whether a program of awk runs commands.
pub(super) fn awk_runs(command: &Command, values: &[(String, Word)]) -> bool {
    let runs = |word: &Word| {
        Awk::of(&word.text).runs || possible(word, values).iter().any(|text| Awk::of(text).runs)
    };
    awk_programs(command).iter().any(runs)
        || read_from_input(
            command,
            &[
                "-f",
                "-E",
                "-i",
                "-l",
                "--file",
                "--exec",
                "--include",
                "--load",
            ],
        )
}

/// A script that is read from what the command reads, or from a library.
fn read_from_input(command: &Command, names: &[&str]) -> bool {
    let options = options(command);
    let is_input =
        |word: &Word| word.text == "-" || word.process || super::unwrap::is_input(&word.text);
    options.has(&["-l", "--load"]) && command.name().ends_with("awk")
        || options.values(names).any(is_input)
}

fn options(command: &Command) -> Options {
    let is_sed = command.name().ends_with("sed");
    Options::of(command, if is_sed { SED } else { AWK })
}

/// Options of sed that have a value.
pub(crate) const SED: Valued = Valued {
    short: "efl",
    attached: "i",
    long: &["line-length", "expression", "file"],
};

/// Options of awk that have a value.
pub(crate) const AWK: Valued = Valued {
    short: "FvfieElW",
    attached: "dDLop",
    long: &[
        "field-separator",
        "assign",
        "file",
        "source",
        "exec",
        "include",
        "load",
    ],
};

/// The programs of `awk`: those of `-e`, else the first operand.
pub(crate) fn awk_programs(command: &Command) -> Vec<Word> {
    let options = Options::of(command, AWK);
    let mut given: Vec<Word> = options.values(&["-e", "--source"]).cloned().collect();
    if given.is_empty() && !options.has(&["-f", "-E", "--file", "--exec"]) {
        given.extend(options.operands.into_iter().take(1));
    }
    given
}

/// The scripts of `sed`: those of `-e`, else the first operand.
pub(crate) fn scripts(command: &Command) -> Vec<Word> {
    let options = Options::of(command, SED);
    let mut given: Vec<Word> = options.values(&["-e", "--expression"]).cloned().collect();
    if given.is_empty() && !options.has(&["-f", "--file"]) {
        given.extend(options.operands.into_iter().take(1));
    }
    given
}
