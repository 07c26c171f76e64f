//! Which files a command reads, writes or lists, from its redirections and the operands of well-known programs.
//!
//! A child process can open any file, so this binds what a command says, not what a program does. For programs that
//! are not listed, any argument that names a secret file counts as reading it.

use crate::shell::{Command, RedirectKind, Word};

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// Its content is read.
    Read,
    /// It is created, changed or removed.
    Write,
    /// Names are listed.
    Search,
    /// It is an argument of a program that is not known: judged only if it is a secret.
    Mention,
}

/// One file of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// What happens to it.
    pub access: Access,
    /// The file as written.
    pub target: Word,
}

#[derive(Clone, Copy)]
enum Shape {
    /// Every operand.
    All(Access),
    /// Every operand after the first.
    AfterFirst(Access),
    /// All are read, the last is written.
    Copy,
    /// All are written: the first ones disappear.
    Move,
    /// `if=` is read, `of=` is written.
    Assignments,
    /// Operands before the first test are listed.
    Find,
    /// Nothing is a file.
    Nothing,
}

/// Names, short options with a value, long options with a value, what the operands are.
type Program = (
    &'static [&'static str],
    &'static str,
    &'static [&'static str],
    Shape,
);

const PROGRAMS: [Program; 21] = [
    (
        &[
            "cat",
            "tac",
            "nl",
            "rev",
            "strings",
            "base64",
            "base32",
            "md5sum",
            "sha1sum",
            "sha256sum",
            "sha512sum",
            "cksum",
            "zcat",
            "less",
            "more",
            "source",
            ".",
            "bat",
            "wc",
            "file",
            "tsort",
            "expand",
        ],
        "wbsn",
        &[],
        Shape::All(Access::Read),
    ),
    (
        &["head", "tail"],
        "ncs",
        &["lines", "bytes", "sleep-interval", "pid"],
        Shape::All(Access::Read),
    ),
    (
        &["od", "xxd", "hexdump"],
        "jNtwAslcgon",
        &[],
        Shape::All(Access::Read),
    ),
    (
        &["sort"],
        "kSTt",
        &["key", "buffer-size", "field-separator"],
        Shape::All(Access::Read),
    ),
    (
        &[
            "cut", "paste", "column", "fold", "fmt", "uniq", "comm", "join",
        ],
        "dfbcwsNto",
        &["delimiter", "fields", "bytes", "characters", "width"],
        Shape::All(Access::Read),
    ),
    (
        &["diff", "cmp", "sdiff"],
        "UCIxW",
        &["unified", "context", "exclude"],
        Shape::All(Access::Read),
    ),
    (
        &["grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack"],
        "ABCmedgtTfrj",
        &[
            "after-context",
            "before-context",
            "context",
            "max-count",
            "include",
            "exclude",
            "exclude-dir",
            "glob",
            "type",
            "color",
        ],
        Shape::AfterFirst(Access::Read),
    ),
    (
        &["sed", "gsed"],
        "el",
        &["line-length"],
        Shape::AfterFirst(Access::Read),
    ),
    (
        &["awk", "gawk", "mawk", "jq", "yq"],
        "Fvmf",
        &["field-separator", "assign"],
        Shape::AfterFirst(Access::Read),
    ),
    (
        &[
            "tee", "touch", "mkdir", "rmdir", "rm", "unlink", "shred", "truncate", "mkfifo",
        ],
        "mdrtsn",
        &["mode", "date", "reference", "size", "iterations"],
        Shape::All(Access::Write),
    ),
    (
        &["chmod", "chown", "chgrp", "setfacl", "chattr"],
        "",
        &["from"],
        Shape::AfterFirst(Access::Write),
    ),
    (
        &["cp", "install", "scp", "rsync"],
        "mogSPie",
        &[
            "mode", "owner", "group", "suffix", "exclude", "include", "filter", "bwlimit",
        ],
        Shape::Copy,
    ),
    (&["ln"], "S", &["suffix"], Shape::Copy),
    (&["mv", "rename"], "S", &["suffix"], Shape::Move),
    (&["dd"], "", &[], Shape::Assignments),
    (
        &["ls", "tree", "du", "stat", "ll", "readlink", "realpath"],
        "ILPwTcd",
        &["ignore", "width", "format", "max-depth", "time-style"],
        Shape::All(Access::Search),
    ),
    (&["find", "fd"], "", &[], Shape::Find),
    (
        &["gzip", "gunzip", "bzip2", "xz", "zstd"],
        "ST",
        &[],
        Shape::All(Access::Write),
    ),
    (
        &[
            "echo", "printf", "true", "false", ":", "test", "[", "export", "unset", "set", "cd",
            "pushd", "popd", "pwd", "type", "which", "command", "sleep", "exit", "return", "kill",
            "wait", "basename", "dirname", "seq", "date",
        ],
        "",
        &[],
        Shape::Nothing,
    ),
    (
        &[
            "eval", "trap", "sudo", "doas", "env", "nohup", "timeout", "xargs", "time", "nice",
            "ssh", "watch", "exec",
        ],
        "",
        &[],
        Shape::Nothing,
    ),
    (
        &["vi", "vim", "nano", "emacs", "ed", "ex", "patch"],
        "pid",
        &[],
        Shape::All(Access::Write),
    ),
];

/// Paths that are no files, or hold nothing.
const HARMLESS: [&str; 9] = [
    "-",
    "/dev/null",
    "/dev/zero",
    "/dev/stdin",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/tty",
    "/dev/random",
    "/dev/urandom",
];

/// Whether a program is in the table: it does nothing but what its files tell.
pub(crate) fn is_known(name: &str) -> bool {
    PROGRAMS.iter().any(|(names, ..)| names.contains(&name))
}

/// Everything that a command does to files.
pub fn effects(command: &Command) -> Vec<Effect> {
    let mut found = Vec::new();
    for redirect in &command.redirects {
        let accesses: &[Access] = match redirect.kind {
            RedirectKind::Read => &[Access::Read],
            RedirectKind::Write => &[Access::Write],
            RedirectKind::ReadWrite => &[Access::Read, Access::Write],
        };
        for access in accesses {
            add(&mut found, *access, redirect.target.clone());
        }
    }
    if command.words.is_empty() {
        return found;
    }
    let name = command.name();
    match PROGRAMS.iter().find(|(names, ..)| names.contains(&name)) {
        Some(program) => known(command, program, &mut found),
        None => mentions(command, &mut found),
    }
    found
}

fn add(found: &mut Vec<Effect>, access: Access, target: Word) {
    let harmless = HARMLESS.contains(&target.text.as_str()) || target.text.starts_with("/dev/fd/");
    if !harmless && !target.process && !target.text.is_empty() {
        found.push(Effect { access, target });
    }
}

fn known(command: &Command, program: &Program, found: &mut Vec<Effect>) {
    let (_, values, long_values, shape) = program;
    let name = command.name();
    let mut arguments = split(command, values, long_values);
    match shape {
        Shape::Nothing => {}
        Shape::All(access) => arguments
            .operands
            .drain(..)
            .for_each(|word| add(found, *access, word)),
        Shape::AfterFirst(access) => {
            let in_place = name.contains("sed")
                && arguments
                    .options
                    .iter()
                    .any(|option| option.starts_with("-i") || option.starts_with("--in-place"));
            let access = if in_place { Access::Write } else { *access };
            // With `-e` or `-f` the first operand is a file already; `chmod --reference` likewise.
            let given = arguments.options.iter().any(|option| {
                matches!(option.as_str(), "-e" | "-f")
                    || option.starts_with("--regexp")
                    || option.starts_with("--expression")
                    || option.starts_with("--file")
                    || option.starts_with("--reference")
            });
            let first = usize::from(!given);
            arguments
                .operands
                .drain(..)
                .skip(first)
                .for_each(|word| add(found, access, word));
        }
        Shape::Copy | Shape::Move => {
            let moves = matches!(shape, Shape::Move);
            return copied(arguments, moves, found);
        }
        Shape::Assignments => {
            for word in command.arguments() {
                for (prefix, access) in [("if=", Access::Read), ("of=", Access::Write)] {
                    if let Some(path) = word.text.strip_prefix(prefix) {
                        add(
                            found,
                            access,
                            Word {
                                text: path.to_owned(),
                                ..word.clone()
                            },
                        );
                    }
                }
            }
        }
        Shape::Find => {
            let deletes = command
                .arguments()
                .iter()
                .any(|word| word.text == "-delete");
            let access = if deletes {
                Access::Write
            } else {
                Access::Search
            };
            let folders = find_folders(command);
            folders.for_each(|word| add(found, access, word.clone()));
        }
    }
    for word in arguments.values_that_are_files {
        add(found, Access::Write, word);
    }
}

/// Everything but the last operand is read, or moved away; the last one, or the target folder, is written.
fn copied(arguments: Arguments, moves: bool, found: &mut Vec<Effect>) {
    let mut operands = arguments.operands;
    let last = if arguments.target.is_some() {
        None
    } else {
        operands.pop()
    };
    // `host:path` is elsewhere.
    for word in operands.into_iter().filter(|word| !is_remote(word)) {
        if moves {
            add(found, Access::Read, word.clone());
            add(found, Access::Write, word);
        } else {
            add(found, Access::Read, word);
        }
    }
    let targets = arguments.target.into_iter().chain(last);
    for word in targets.filter(|word| !is_remote(word)) {
        add(found, Access::Write, word);
    }
}

/// Where `find` begins: what stands before the first test, and after the options that come first.
pub(crate) fn find_folders(command: &Command) -> impl Iterator<Item = &Word> {
    let is_option = |word: &&Word| {
        matches!(word.text.as_str(), "-H" | "-L" | "-P" | "--") || word.text.starts_with("-O")
    };
    command
        .arguments()
        .iter()
        .skip_while(is_option)
        .take_while(|word| !word.text.starts_with(['-', '(', '!']))
}

fn is_remote(word: &Word) -> bool {
    word.text
        .split_once(':')
        .is_some_and(|(host, _)| host.len() > 1 && !host.contains('/') && !host.starts_with('.'))
}

#[derive(Default)]
struct Arguments {
    operands: Vec<Word>,
    options: Vec<String>,
    /// `-t FOLDER` of copying programs.
    target: Option<Word>,
    /// `sort -o FILE`, `tree -o FILE`.
    values_that_are_files: Vec<Word>,
}

fn split(command: &Command, values: &str, long_values: &[&str]) -> Arguments {
    let mut arguments = Arguments::default();
    let mut words = command.arguments().iter();
    let mut ended = false;
    let copies = matches!(command.name(), "cp" | "mv" | "install" | "ln");
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if ended || !text.starts_with('-') || text.len() == 1 {
            arguments.operands.push(word.clone());
            continue;
        }
        arguments.options.push(text.to_owned());
        if text == "--" {
            ended = true;
        } else if copies && text == "-t" || text == "--target-directory" {
            arguments.target = words.next().cloned();
        } else if let Some(folder) = text.strip_prefix("--target-directory=") {
            arguments.target = Some(Word {
                text: folder.to_owned(),
                ..word.clone()
            });
        } else if matches!(command.name(), "sort" | "tree" | "uniq")
            && matches!(text, "-o" | "--output")
        {
            arguments
                .values_that_are_files
                .extend(words.next().cloned());
        } else if let Some(file) = text.strip_prefix("--output=") {
            arguments.values_that_are_files.push(Word {
                text: file.to_owned(),
                ..word.clone()
            });
        } else if let Some(long) = text.strip_prefix("--") {
            if long_values.contains(&long) {
                words.next();
            }
        } else if text
            .chars()
            .last()
            .is_some_and(|last| values.contains(last))
            && text[1..].chars().all(char::is_alphabetic)
        {
            // The value of the last letter follows; a value that is attached needs nothing.
            words.next();
        }
    }
    arguments
}

/// Arguments of a program that is not known: the files that they may name, and what download tools read and write.
fn mentions(command: &Command, found: &mut Vec<Effect>) {
    let name = command.name();
    let mut previous = "";
    for word in command.arguments() {
        let text = word.text.as_str();
        let (reads, writes, data): (&[&str], &[&str], &[&str]) = match name {
            "curl" => (&CURL_READS, &CURL_WRITES, &CURL_DATA),
            "wget" => (
                &["--post-file", "-i"],
                &["-O", "--output-document", "-P", "-o"],
                &[],
            ),
            _ => (&[], &[], &[]),
        };
        if writes.contains(&previous) {
            add(found, Access::Write, word.clone());
        } else if reads.contains(&previous) {
            add(found, Access::Read, word.clone());
        } else if data.contains(&previous) && text.contains('@') && !text.contains("://") {
            let file = text.rsplit('@').next().unwrap_or_default();
            let file = file.split(';').next().unwrap_or_default();
            add(found, Access::Read, part_of(word, file));
        } else {
            mentioned(word, found);
        }
        previous = text;
    }
}

const CURL_READS: [&str; 4] = ["-T", "--upload-file", "-K", "--config"];
const CURL_WRITES: [&str; 6] = [
    "-o",
    "--output",
    "-c",
    "--cookie-jar",
    "-D",
    "--dump-header",
];
const CURL_DATA: [&str; 8] = [
    "-d",
    "--data",
    "--data-binary",
    "--data-raw",
    "--data-urlencode",
    "-F",
    "--form",
    "-H",
];

/// The word, and what stands behind `=`, `@` or `:` in it.
fn mentioned(word: &Word, found: &mut Vec<Effect>) {
    let text = word.text.as_str();
    let behind = |mark: char| text.rsplit(mark).next().unwrap_or_default();
    for part in [text, behind('='), behind('@'), behind(':')] {
        if part.is_empty() || part.starts_with('-') || part.contains("://") {
            continue;
        }
        let effect = Effect {
            access: Access::Mention,
            target: part_of(word, part),
        };
        if !found.contains(&effect) {
            found.push(effect);
        }
    }
}

fn part_of(word: &Word, text: &str) -> Word {
    Word {
        text: text.to_owned(),
        ..word.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::parse;

    fn of(text: &str) -> Vec<(Access, String)> {
        let found = parse(text)
            .commands
            .iter()
            .flat_map(effects)
            .collect::<Vec<_>>();
        found
            .into_iter()
            .filter(|effect| effect.access != Access::Mention)
            .map(|effect| (effect.access, effect.target.text))
            .collect()
    }

    #[test]
    fn files_are_found_where_programs_expect_them() {
        use Access::{Read, Search, Write};
        for (command, expected) in [
            ("cat a b", vec![(Read, "a"), (Read, "b")]),
            ("head -n 5 a", vec![(Read, "a")]),
            ("tail -5 a", vec![(Read, "a")]),
            ("grep -rn needle src", vec![(Read, "src")]),
            ("grep -e needle src", vec![(Read, "src")]),
            ("sed -i s/a/b/ x", vec![(Write, "x")]),
            (
                "echo x > a 2>> b < c",
                vec![(Write, "a"), (Write, "b"), (Read, "c")],
            ),
            ("echo x > /dev/null 2>&1", vec![]),
            ("make &> log", vec![(Write, "log")]),
            ("cp a b d", vec![(Read, "a"), (Read, "b"), (Write, "d")]),
            ("cp -t d a", vec![(Read, "a"), (Write, "d")]),
            ("mv a b", vec![(Read, "a"), (Write, "a"), (Write, "b")]),
            ("rm -rf a", vec![(Write, "a")]),
            ("rm -- -a", vec![(Write, "-a")]),
            ("dd if=a of=b", vec![(Read, "a"), (Write, "b")]),
            ("find src -name x", vec![(Search, "src")]),
            ("find src -delete", vec![(Write, "src")]),
            ("curl -o a https://x -d @b", vec![(Write, "a"), (Read, "b")]),
            ("sort -k 2 -o b a", vec![(Read, "a"), (Write, "b")]),
            ("scp a host:b", vec![(Read, "a")]),
            ("chmod +x a", vec![(Write, "a")]),
            ("(a; b) > c", vec![(Write, "c")]),
            ("$(< a)", vec![(Read, "a")]),
            ("tee a b", vec![(Write, "a"), (Write, "b")]),
            ("ls -la a", vec![(Search, "a")]),
        ] {
            let expected: Vec<(Access, String)> = expected
                .into_iter()
                .map(|(access, text)| (access, text.to_owned()))
                .collect();
            assert_eq!(of(command), expected, "{command}");
        }
    }

    #[test]
    fn a_program_that_is_not_known_mentions_files() {
        let script = parse("tool --env-file=.env -f x a@b");
        let found: Vec<String> = effects(&script.commands[0])
            .into_iter()
            .map(|effect| effect.target.text)
            .collect();
        assert!(found.contains(&".env".to_owned()), "{found:?}");
    }
}
