//! Programs whose files depend on more than their place among the operands.

use super::{Access, Effect, add, mentions};
use crate::address::decoded;
use crate::awk::Awk;
use crate::classes::subcommand;
use crate::options::{Options, Valued, part_of};
use crate::requests::CURL_DATA;
use crate::sed::Sed;
use crate::shell::{Command, Word, awk_programs, scripts};

/// Sub-commands of git that change files of the working tree.
const GIT_CHANGES: [&str; 17] = [
    "reset",
    "checkout",
    "clean",
    "restore",
    "switch",
    "pull",
    "merge",
    "rebase",
    "stash",
    "apply",
    "am",
    "cherry-pick",
    "revert",
    "rm",
    "mv",
    "init",
    "worktree",
];

pub(super) fn find(command: &Command, found: &mut Vec<Effect>) {
    let arguments = command.arguments();
    let deletes = arguments.iter().any(|word| word.text == "-delete");
    let access = if deletes {
        Access::Write
    } else {
        Access::Search
    };
    for word in super::find_folders(command) {
        add(found, access, word.clone());
    }
    for (option, value) in arguments.iter().zip(arguments.iter().skip(1)) {
        if matches!(
            option.text.as_str(),
            "-fprint" | "-fprint0" | "-fprintf" | "-fls"
        ) {
            add(found, Access::Write, value.clone());
        }
    }
}

/// The files of `w` and `r` in scripts.
pub(super) fn sed(command: &Command, found: &mut Vec<Effect>) {
    for script in scripts(command) {
        let script = Sed::of(&script.text);
        for file in script.writes {
            add(found, Access::Write, Word::literal(file));
        }
        for file in script.reads {
            add(found, Access::Read, Word::literal(file));
        }
    }
}

/// The files of `print >` and `getline <` in programs.
pub(super) fn awk(command: &Command, found: &mut Vec<Effect>) {
    for program in awk_programs(command) {
        let program = Awk::of(&program.text);
        let word = |file: Option<String>| file.map_or_else(|| Word::unknown("…"), Word::literal);
        for file in program.writes {
            add(found, Access::Write, word(file));
        }
        for file in program.reads {
            add(found, Access::Read, word(file));
        }
    }
}

/// `perl -pi -e …`, `ruby -i -pe …`.
pub(super) fn edits_in_place(command: &Command, options: &Options) -> bool {
    matches!(command.name(), "perl" | "ruby") && options.has(&["-i"])
}

/// A call of jq without the names and values that it is given as variables; the files among them are read.
pub(super) fn jq(command: &Command, found: &mut Vec<Effect>) -> Option<Command> {
    if command.name() != "jq" {
        return None;
    }
    let mut words = Vec::new();
    let mut rest = command.words.iter();
    while let Some(word) = rest.next() {
        match word.text.as_str() {
            "--arg" | "--argjson" => {
                rest.nth(1);
            }
            "--slurpfile" | "--rawfile" => {
                if let Some(file) = rest.nth(1) {
                    add(found, Access::Read, file.clone());
                }
            }
            _ => words.push(word.clone()),
        }
    }
    let words = Command {
        words,
        ..Command::default()
    };
    Some(words)
}

/// Git changes files of its working tree, and writes what is named as output.
pub(super) fn git(command: &Command, found: &mut Vec<Effect>) {
    let verb = subcommand(command);
    let valued = Valued {
        short: "CcmFbBoS",
        attached: "",
        long: &[
            "git-dir",
            "work-tree",
            "output",
            "output-directory",
            "message",
            "file",
            "namespace",
            "exec-path",
        ],
    };
    let options = Options::of(command, valued);
    let writes: &[&str] = if matches!(verb, "archive" | "format-patch" | "bundle") {
        &["--output", "--output-directory", "-o"]
    } else {
        &["--output"]
    };
    for word in options.values(writes) {
        add(found, Access::Write, word.clone());
    }
    let changes = GIT_CHANGES.contains(&verb);
    if changes {
        for word in options.values(&["-C", "--work-tree"]) {
            add(found, Access::Tree, word.clone());
        }
    }
    let access = if changes {
        Access::Touch
    } else {
        Access::Mention
    };
    mentions(command, access, found);
}

/// `x` writes a folder and reads the archive, `c` and its like the other way round, `t` reads.
pub(super) fn tar(options: &Options, mut operands: Vec<Word>, found: &mut Vec<Effect>) {
    // `tar czf FILE …`: the first word is letters of options.
    let old = operands
        .first()
        .filter(|_| options.given.is_empty() || !has_mode(options));
    let letters = old.map_or(String::new(), |word| word.text.clone());
    if old.is_some() {
        operands.remove(0);
    }
    let is = |short: char, long: &[&str]| {
        letters.contains(short) || options.has(&[&format!("-{short}")]) || options.has(long)
    };
    let extracts = is('x', &["--extract", "--get"]);
    let creates = is('c', &["--create"]) || is('r', &["--append"]) || is('u', &["--update"]);
    let mut archive = options.values(&["-f", "--file"]).next().cloned();
    if letters.contains('f') && !operands.is_empty() {
        archive = Some(operands.remove(0));
    }
    let remote = |word: &Word| super::is_remote(word);
    if let Some(archive) = archive.filter(|word| !remote(word)) {
        add(
            found,
            if creates { Access::Write } else { Access::Read },
            archive,
        );
    }
    let folders: Vec<&Word> = options.values(&["-C", "--directory"]).collect();
    if creates && is('T', &["--files-from"]) {
        // Which files these are is not in the text.
        add(found, Access::Read, Word::unknown("-T"));
    }
    let prints = is('O', &["--to-stdout"]);
    if prints {
        for member in &operands {
            add(found, Access::Mention, member.clone());
        }
    }
    if extracts && !prints {
        let here = Word::literal(".");
        let folders = if folders.is_empty() {
            vec![&here]
        } else {
            folders
        };
        for folder in folders {
            add(found, Access::Tree, folder.clone());
        }
    } else if creates {
        for word in operands {
            match folders.first() {
                Some(folder) if !word.text.starts_with('/') => {
                    let inside = format!("{}/{}", folder.text.trim_end_matches('/'), word.text);
                    add(found, Access::Read, part_of(folder, &inside));
                }
                _ => add(found, Access::Read, word),
            }
        }
    }
}

fn has_mode(options: &Options) -> bool {
    options.has(&["-x", "-c", "-t", "-r", "-u", "-d", "-A"])
        || options.has(&[
            "--extract",
            "--get",
            "--create",
            "--list",
            "--append",
            "--update",
            "--diff",
        ])
}

pub(super) fn unpack(options: &Options, operands: Vec<Word>, found: &mut Vec<Effect>) {
    let looks = options.has(&["-l", "-t", "-p", "-v", "-Z", "-z", "-c"]);
    let folder = options.values(&["-d"]).next().cloned();
    if !looks {
        add(
            found,
            Access::Tree,
            folder.unwrap_or_else(|| Word::literal(".")),
        );
    }
    for (at, word) in operands.into_iter().enumerate() {
        let access = if at == 0 {
            Access::Read
        } else {
            Access::Mention
        };
        add(found, access, word);
    }
}

/// Downloads are written under the last part of their address, unless it is said where; what is sent may be read from files.
pub(super) fn download(
    command: &Command,
    options: &Options,
    operands: &[Word],
    found: &mut Vec<Effect>,
) {
    let name = command.name();
    let keeps = match name {
        "curl" => options.has(&["-O", "--remote-name", "--remote-name-all"]),
        "wget" | "wget2" => {
            let elsewhere = [
                "-O",
                "--output-document",
                "-P",
                "--directory-prefix",
                "--spider",
                "-h",
                "--help",
                "-V",
                "--version",
            ];
            !options.has(&elsewhere)
        }
        _ => options.has(&["-d", "--download"]) && !options.has(&["-o", "--output"]),
    };
    let folder = options.values(&["--output-dir"]).next();
    for word in operands {
        let address = word.text.split(['?', '#']).next().unwrap_or_default();
        if keeps {
            let last = address
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default();
            let file = folder.map_or(last.to_owned(), |folder| format!("{}/{last}", folder.text));
            add(found, Access::Write, part_of(word, &file));
        }
        if let Some(path) = file_of(address) {
            add(found, Access::Read, part_of(word, &path));
        }
        super::mentioned(word, Access::Touch, found);
    }
    let forms = [
        "-H",
        "--header",
        "-b",
        "--cookie",
        "--variable",
        "-w",
        "--write-out",
    ];
    for word in options.values(&CURL_DATA).chain(options.values(&forms)) {
        sent(word, found);
    }
    for (_, value) in &options.given {
        if let Some(word) = value {
            super::mentioned(word, Access::Touch, found);
        }
    }
}

/// The path of an address of a file.
fn file_of(address: &str) -> Option<String> {
    let scheme = address
        .get(..5)
        .filter(|scheme| scheme.eq_ignore_ascii_case("file:"))?;
    let path = decoded(address.get(scheme.len()..)?);
    let path = path.trim_start_matches("//");
    let path = path.strip_prefix("localhost").unwrap_or(path);
    Some(format!("/{}", path.trim_start_matches('/')))
}

/// `@FILE`, `name=@FILE;type=…`, `name=<FILE`, `name@FILE`.
fn sent(word: &Word, found: &mut Vec<Effect>) {
    let text = word.text.as_str();
    let begins = text.starts_with(['@', '<']);
    let Some(at) = text
        .find(['@', '<'])
        .filter(|_| begins || text.contains("=@") || text.contains("=<"))
    else {
        return;
    };
    let file = text[at + 1..].split(';').next().unwrap_or_default();
    add(found, Access::Read, part_of(word, file));
}
