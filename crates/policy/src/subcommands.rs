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
