//! The options of a command as programs read them: in groups (`-so FILE`), with an attached value (`-oFILE`, `--output=FILE`)
//! or with the value in the next word, and long ones cut short.

use crate::shell::{Command, Word};

/// Which options have a value.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Valued {
    /// Letters of short options.
    pub short: &'static str,
    /// Letters of short options whose value is attached or absent.
    pub attached: &'static str,
    /// Names of long options, without the `--`.
    pub long: &'static [&'static str],
}

/// Long options without a value whose names begin one that has a value.
const FLAGS: [&str; 7] = [
    "head",
    "netrc",
    "backup",
    "partial",
    "form",
    "in-place",
    "file-type",
];

/// What the arguments of a command are.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Each option, `-o` or `--output`, with its value. A long one that is cut short has its whole name.
    pub given: Vec<(String, Option<Word>)>,
    /// What is neither an option nor a value of one.
    pub operands: Vec<Word>,
}

impl Options {
    pub fn of(command: &Command, valued: Valued) -> Self {
        let mut options = Self::default();
        let mut words = command.arguments().iter();
        while let Some(word) = words.next() {
            let text = word.text.as_str();
            if text == "--" {
                options.operands.extend(words.by_ref().cloned());
            } else if let Some(long) = text.strip_prefix("--") {
                options.long(word, long, valued, &mut words);
            } else if text.len() > 1 && text.starts_with('-') {
                options.short(word, valued, &mut words);
            } else {
                options.operands.push(word.clone());
            }
        }
        options
    }

    fn long<'a>(
        &mut self,
        word: &Word,
        text: &str,
        valued: Valued,
        words: &mut impl Iterator<Item = &'a Word>,
    ) {
        let (name, attached) = match text.split_once('=') {
            Some((name, value)) => (name, Some(part_of(word, value))),
            None => (text, None),
        };
        let begins =
            |known: &&&str| known.starts_with(name) && !name.is_empty() && !FLAGS.contains(&name);
        let exact = valued.long.iter().find(|known| **known == name);
        let known = exact.or_else(|| valued.long.iter().find(begins));
        let value = match (attached, known) {
            (None, Some(_)) => words.next().cloned(),
            (attached, _) => attached,
        };
        let name = known.map_or(name, |known| *known);
        self.given.push((format!("--{name}"), value));
    }

    fn short<'a>(
        &mut self,
        word: &Word,
        valued: Valued,
        words: &mut impl Iterator<Item = &'a Word>,
    ) {
        let letters = &word.text[1..];
        for (at, letter) in letters.char_indices() {
            let name = format!("-{letter}");
            if valued.attached.contains(letter) {
                let rest = &letters[at + letter.len_utf8()..];
                let value = (!rest.is_empty()).then(|| part_of(word, rest));
                self.given.push((name, value));
                return;
            }
            if !valued.short.contains(letter) {
                self.given.push((name, None));
                continue;
            }
            let rest = &letters[at + letter.len_utf8()..];
            let value = if rest.is_empty() {
                words.next().cloned()
            } else {
                Some(part_of(word, rest.strip_prefix('=').unwrap_or(rest)))
            };
            self.given.push((name, value));
            return;
        }
    }

    /// Whether one of the options is given.
    pub fn has(&self, names: &[&str]) -> bool {
        self.given
            .iter()
            .any(|(name, _)| names.contains(&name.as_str()))
    }

    /// The values of these options.
    pub fn values<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a Word> {
        self.given
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()))
            .filter_map(|(_, value)| value.as_ref())
    }
}

/// Whether a text is this long option, whole or cut short to no less than `least` letters, with or without a value.
pub(crate) fn abbreviates(text: &str, option: &str, least: usize) -> bool {
    let Some(given) = text.strip_prefix("--") else {
        return false;
    };
    let name = given.split('=').next().unwrap_or_default();
    name.len() >= least && option.starts_with(name)
}

/// A part of a word, with its traits.
pub(crate) fn part_of(word: &Word, text: &str) -> Word {
    Word {
        text: text.to_owned(),
        ..word.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, Valued};
    use crate::shell::parse;

    #[test]
    fn options_are_read_in_every_spelling() {
        let valued = Valued {
            short: "ot",
            attached: "i",
            long: &["output", "target-directory"],
        };
        for (command, options, operands) in [
            ("x -so a b", "-s -o=a", "b"),
            ("x -oa b", "-o=a", "b"),
            ("x -o=a b", "-o=a", "b"),
            ("x --output a b", "--output=a", "b"),
            ("x --output=a b", "--output=a", "b"),
            ("x --target-dir a b", "--target-directory=a", "b"),
            ("x -v -- -o a", "-v", "-o a"),
            ("x - --other b", "--other", "- b"),
            ("x -t", "-t", ""),
            ("x -i.o a", "-i=.o", "a"),
        ] {
            let found = Options::of(&parse(command).commands[0], valued);
            let texts = |(name, value): &(String, Option<crate::shell::Word>)| match value {
                Some(value) => format!("{name}={}", value.text),
                None => name.clone(),
            };
            let given: Vec<String> = found.given.iter().map(texts).collect();
            let words: Vec<&str> = found
                .operands
                .iter()
                .map(|word| word.text.as_str())
                .collect();
            assert_eq!(
                (given.join(" "), words.join(" ")),
                (options.to_owned(), operands.to_owned()),
                "{command}"
            );
        }
    }
}
