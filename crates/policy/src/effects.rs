//! Which files a command reads, writes or lists, from its redirections and the operands of well-known programs.
//!
//! A child process can open any file, so this binds what a command says, not what a program does. For programs that
//! are not listed, any argument that names a secret file counts as reading it, and one that names a file that is protected as an
//! operation counts as writing it.

mod containers;
mod readers;
mod special;
mod table;

use crate::options::{Options, part_of};
use crate::shell::{Command, RedirectKind, Word};
use readers::READERS;
use table::{FILES, Program, Shape};

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// Its content is read.
    Read,
    /// It is created, changed or removed.
    Write,
    /// Names are listed.
    Search,
    /// It is an argument of a program that only reads what it names: judged only if it is a secret.
    Mention,
    /// It is an argument of a program that is not known: judged if it is a secret, or if writing it is an operation.
    Touch,
    /// A folder that is changed as a whole: judged if it is outside the project, or if writing it is an operation.
    Tree,
    /// A folder that a container gets: outside the project it is read, within it only judged if it is a secret.
    Mount,
}

/// One file of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// What happens to it.
    pub access: Access,
    /// The file as written.
    pub target: Word,
}

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

/// Programs that are in the table for their files, and do what nobody knows.
const UNKNOWN: [&str; 14] = [
    "curl", "wget", "wget2", "http", "https", "httpie", "xh", "xhs", "perl", "ruby", "ssh",
    "rsync", "scp", "xargs",
];

/// Programs whose arguments are queries that may read files.
const QUERIES: [&str; 7] = [
    "sqlite3",
    "sqlite",
    "duckdb",
    "psql",
    "mysql",
    "mariadb",
    "clickhouse-local",
];

/// How many quoted parts of one text are looked at.
const QUOTED_MAX: usize = 32;

/// Options whose value is a text, such as a pattern that is looked for, or names that are left out.
const TEXTS: [&str; 14] = [
    "-e",
    "-E",
    "--regexp",
    "--expression",
    "--source",
    "-v",
    "--assign",
    "--ignore",
    "--ignore-dir",
    "-I",
    "--hide",
    "--label",
    "-g",
    "--include",
];

/// Programs of which short options have such texts.
const SEARCHERS: [&str; 18] = [
    "grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack", "sed", "gsed", "awk", "gawk", "mawk",
    "nawk", "tree", "ls", "ll", "perl", "ruby",
];

fn listed(name: &str) -> Option<&'static Program> {
    READERS
        .iter()
        .chain(FILES)
        .find(|program| program.names.contains(&name))
}

/// Whether a program is in the table: it does nothing but what its files tell.
pub(crate) fn is_known(name: &str) -> bool {
    listed(name).is_some() && !UNKNOWN.contains(&name)
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
    match listed(name) {
        Some(program) => known(command, program, &mut found),
        None if name == "git" => special::git(command, &mut found),
        None if containers::is_engine(name) => containers::container(command, &mut found),
        None => {
            mentions(command, Access::Touch, &mut found);
            if QUERIES.contains(&name) {
                quoted(command, &mut found);
            }
        }
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
    let jq = special::jq(command, found);
    let mut options = Options::of(jq.as_ref().unwrap_or(command), program.valued);
    let operands = std::mem::take(&mut options.operands);
    if program.shape != Shape::Nothing {
        // A value is seldom a file; when it names a secret, the table may be wrong about the option.
        for (name, value) in &options.given {
            let is_text = TEXTS.contains(&name.as_str())
                && (name.starts_with("--") || SEARCHERS.contains(&command.name()))
                || name.starts_with("--exclude");
            if let Some(value) = value.as_ref().filter(|_| !is_text) {
                mentioned(value, Access::Touch, found);
            }
        }
    }
    match program.shape {
        Shape::Nothing => {}
        Shape::All(_) if special::edits_in_place(command, &options) => {
            let first = usize::from(!options.has(&["-e", "-E"]));
            operands
                .into_iter()
                .skip(first)
                .for_each(|word| add(found, Access::Write, word));
        }
        Shape::All(access) => operands
            .into_iter()
            .for_each(|word| add(found, access, word)),
        Shape::AfterFirst(access) => after_first(command, access, &options, operands, found),
        Shape::FirstWritten => {
            for (at, word) in operands.into_iter().enumerate() {
                let access = if at == 0 { Access::Write } else { Access::Read };
                add(found, access, word);
            }
        }
        Shape::Split => {
            for (at, word) in operands.into_iter().enumerate() {
                let access = if at == 0 { Access::Read } else { Access::Write };
                add(found, access, word);
            }
        }
        Shape::Copy | Shape::Move => copied(&options, operands, program.shape, found),
        Shape::Assignments => assigned(command, found),
        Shape::Find => special::find(command, found),
        Shape::Tar => special::tar(&options, operands, found),
        Shape::Unpack => special::unpack(&options, operands, found),
        Shape::Download => special::download(command, &options, &operands, found),
    }
    for word in options.values(program.writes) {
        add(found, Access::Write, word.clone());
    }
    for word in options.values(program.reads) {
        add(found, Access::Read, word.clone());
    }
}

/// Programs whose first operand is a text: a pattern, a script, a mode.
fn after_first(
    command: &Command,
    access: Access,
    options: &Options,
    operands: Vec<Word>,
    found: &mut Vec<Effect>,
) {
    let name = command.name();
    let in_place = match name {
        "awk" | "gawk" | "mawk" => options
            .values(&["-i", "--include"])
            .any(|library| library.text.starts_with("inplace")),
        "sed" | "gsed" => options.has(&["-i", "--in-place"]),
        "yq" => options.has(&["-i", "--inplace", "--in-place"]),
        _ => false,
    };
    let access = if in_place { Access::Write } else { access };
    // With `-e` or `-f` the first operand is a file already; `chmod --reference` likewise.
    let texts = [
        "-e",
        "-f",
        "--regexp",
        "--expression",
        "--file",
        "--from-file",
        "--reference",
    ];
    let first = usize::from(!options.has(&texts));
    for word in operands.into_iter().skip(first) {
        add(found, access, word);
    }
    if name.ends_with("sed") {
        special::sed(command, found);
    } else if name.ends_with("awk") {
        special::awk(command, found);
    }
}

fn assigned(command: &Command, found: &mut Vec<Effect>) {
    for word in command.arguments() {
        for (prefix, access) in [("if=", Access::Read), ("of=", Access::Write)] {
            if let Some(path) = word.text.strip_prefix(prefix) {
                add(found, access, part_of(word, path));
            }
        }
    }
}

/// Everything but the last operand is read, or moved away; the last one, or the target folder, is written.
fn copied(options: &Options, mut operands: Vec<Word>, shape: Shape, found: &mut Vec<Effect>) {
    let folder = options
        .values(&["-t", "--target-directory"])
        .next()
        .cloned();
    let last = if folder.is_some() {
        None
    } else {
        operands.pop()
    };
    // `host:path` is elsewhere.
    operands.retain(|word| !is_remote(word));
    let names: Vec<Word> = operands.clone();
    for word in operands {
        if shape == Shape::Move {
            add(found, Access::Read, word.clone());
            add(found, Access::Write, word);
        } else {
            add(found, Access::Read, word);
        }
    }
    for target in folder
        .into_iter()
        .chain(last)
        .filter(|word| !is_remote(word))
    {
        add(found, Access::Write, target.clone());
        // When the target is a folder, this is what is written.
        for name in names
            .iter()
            .filter_map(|word| word.text.trim_end_matches('/').rsplit('/').next())
        {
            let inside = format!("{}/{name}", target.text.trim_end_matches('/'));
            add(found, Access::Touch, part_of(&target, &inside));
        }
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

/// Arguments of a program that is not known: the files that they may name.
fn mentions(command: &Command, access: Access, found: &mut Vec<Effect>) {
    for word in command.arguments() {
        mentioned(word, access, found);
    }
}

/// What stands in quotes in a query, which may be a file: `attach 'x.db'`, `read_csv('x')`, `\copy t from 'x'`.
fn quoted(command: &Command, found: &mut Vec<Effect>) {
    let here = command
        .here
        .as_ref()
        .map(|here| Word::literal(here.raw.clone()));
    for word in command.arguments().iter().chain(&here) {
        for mark in ['\'', '"'] {
            for part in word.text.split(mark).skip(1).step_by(2).take(QUOTED_MAX) {
                if !part.contains(char::is_whitespace) && part.contains(['.', '/']) {
                    mentioned(&part_of(word, part), Access::Touch, found);
                }
            }
        }
    }
}

/// The word, and what stands behind `=`, `@`, `:`, `<` or a letter of an option in it.
fn mentioned(word: &Word, access: Access, found: &mut Vec<Effect>) {
    let text = word.text.as_str();
    let behind = |mark: char| text.rsplit(mark).next().unwrap_or_default();
    let attached = match text.strip_prefix('-') {
        Some(option) if !option.starts_with('-') => option
            .char_indices()
            .nth(1)
            .map_or("", |(at, _)| &option[at..]),
        _ => "",
    };
    // `file:NAME?mode=rw` of sqlite.
    let before_query = behind(':').split('?').next().unwrap_or_default();
    for part in [
        text,
        before_query,
        behind('='),
        behind('@'),
        behind(':'),
        behind('<'),
        attached,
    ] {
        if part.is_empty() || part.starts_with('-') || part.contains("://") {
            continue;
        }
        let effect = Effect {
            access,
            target: part_of(word, part),
        };
        if !found.contains(&effect) {
            found.push(effect);
        }
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
            .filter(|effect| !matches!(effect.access, Access::Mention | Access::Touch))
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
            ("curl -o a https://x -d @b", vec![(Read, "b"), (Write, "a")]),
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
