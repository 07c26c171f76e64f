//! The sub-command of a command line: the word that says what a program does, among options whose values may look like one.

use crate::shell::{Command, Word};
use crate::tables::ProgramOptions;
use globset::GlobSet;
use std::collections::BTreeSet;

/// Whether a command may run the sub-command that the patterns name, one pattern for each level. What the text does not tell, be it a
/// word, whether an option takes a value, or what else is passed to the program, is taken to.
pub(crate) fn may_run(
    command: &Command,
    patterns: &[GlobSet],
    options: Option<&ProgramOptions>,
) -> bool {
    let words = command.arguments();
    // Which word is read next, and which pattern it has to match.
    let mut next = vec![(0, 0)];
    let mut seen = BTreeSet::new();
    while let Some(state) = next.pop() {
        if !seen.insert(state) {
            continue;
        }
        let (at, level) = state;
        let Some(pattern) = patterns.get(level) else {
            return true;
        };
        let Some(word) = words.get(at) else {
            if has_more(command) {
                return true;
            }
            continue;
        };
        if is_unknown(word) {
            return true;
        }
        match Reading::of(&word.text, options) {
            Reading::Name if pattern.is_match(&word.text) => next.push((at + 1, level + 1)),
            Reading::Name => {}
            Reading::Option => next.push((at + 1, level)),
            Reading::WithValue if words.get(at + 1).is_some_and(is_unknown) => return true,
            Reading::WithValue => next.push((at + 2, level)),
            Reading::Unclear => next.extend([(at + 1, level), (at + 2, level)]),
        }
    }
    false
}

/// Whether a program under a name that tells nothing (built and run at once, or named by its path) may run the sub-command: its
/// arguments are known to, or one of them is an approval's code.
pub(crate) fn runs_under_another_name(command: &Command, patterns: &[GlobSet]) -> bool {
    let Some(first) = patterns.first() else {
        return false;
    };
    let decides = |words: &[Word]| {
        let [word, code, ..] = words else {
            return false;
        };
        let names = |text: &str| first.is_match(text) && matches!(text, "approve" | "deny");
        is_code(&code.text) && (is_unknown(word) || names(&word.text.to_ascii_lowercase()))
    };
    let Some(words) = built_and_run(command) else {
        let is_path = command
            .words
            .first()
            .is_some_and(|word| word.text.contains('/'));
        return is_path && decides(command.arguments());
    };
    let known: Vec<Word> = std::iter::once(Word::literal("-"))
        .chain(words.iter().take_while(|word| !is_unknown(word)).cloned())
        .collect();
    let known = Command {
        words: known,
        ..Command::default()
    };
    decides(words) || may_run(&known, patterns, None)
}

/// The arguments of the program that `cargo run` builds, unless it is told that it is another one.
fn built_and_run(command: &Command) -> Option<&[Word]> {
    let arguments = command.arguments();
    let runs = |word: &Word| matches!(word.text.as_str(), "run" | "r");
    let end = arguments.iter().position(|word| word.text == "--")?;
    let own = arguments.get(..end)?;
    if command.name() != "cargo" || !own.iter().any(runs) {
        return None;
    }
    let names = ["-p", "--package", "--bin", "--example"];
    let mut pairs = own.iter().zip(own.iter().skip(1));
    let is_other = pairs.any(|(option, value)| {
        names.contains(&option.text.as_str())
            && value.known().is_some_and(|name| !name.contains("civitas"))
    });
    (!is_other).then(|| arguments.get(end + 1..).unwrap_or_default())
}

/// The code of an approval, such as `P7`.
fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix(['P', 'p']).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// What a word is.
enum Reading {
    /// A sub-command, or an argument of one.
    Name,
    /// An option that is whole.
    Option,
    /// An option whose value is the next word.
    WithValue,
    /// An option of which it is not known whether the next word is its value.
    Unclear,
}

impl Reading {
    fn of(text: &str, options: Option<&ProgramOptions>) -> Self {
        let is = |list: fn(&ProgramOptions) -> &Vec<String>| {
            options.is_some_and(|options| list(options).iter().any(|option| option == text))
        };
        if !text.starts_with('-') || text == "-" {
            Self::Name
        } else if text == "--" || text.contains('=') || is(|options| &options.flags) {
            Self::Option
        } else if is(|options| &options.valued) {
            Self::WithValue
        } else {
            Self::Unclear
        }
    }
}

/// Whether the shell, or a wrapper, may make something else of a word.
fn is_unknown(word: &Word) -> bool {
    word.known().is_none() || word.text.contains("{}")
}

/// Whether a wrapper adds words that the text does not tell.
fn has_more(command: &Command) -> bool {
    let adds = |name: &String| matches!(name.as_str(), "xargs" | "gxargs" | "parallel");
    command.through.iter().any(adds)
}
