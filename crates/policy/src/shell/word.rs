//! Words and simple commands: quotes are removed, expansions are looked into.

use super::parser::{Parser, Read};
use super::{Command, Word};

/// Stands for an expansion.
const MARK: char = '\u{1}';

/// A word while it is read.
#[derive(Default)]
pub(super) struct Building {
    pub text: Vec<u8>,
    pub word: Word,
    /// From where to where in the text what an expansion stands for is.
    pub expansions: Vec<(usize, usize)>,
    /// An unquoted `{` is open, and whether a `,` or `..` followed.
    brace: Option<bool>,
}

impl Building {
    pub fn push_str(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    /// The text with a mark for each expansion.
    fn literal(&self) -> String {
        let mut literal = Vec::with_capacity(self.text.len());
        let mut at = 0;
        for (from, to) in &self.expansions {
            literal.extend_from_slice(self.text.get(at..*from).unwrap_or_default());
            literal.push(MARK as u8);
            at = (*to).max(at);
        }
        literal.extend_from_slice(self.text.get(at..).unwrap_or_default());
        String::from_utf8_lossy(&literal).into_owned()
    }

    fn finish(mut self) -> Word {
        self.word.text = String::from_utf8_lossy(&self.text).into_owned();
        self.word
    }
}

impl Parser<'_> {
    /// A simple command, or the definition of a function.
    pub fn simple(&mut self) -> Read<()> {
        let mut command = Command::default();
        let before = self.pending.len();
        loop {
            self.blanks();
            if self.redirect(&mut command)? {
                continue;
            }
            if self.at_end_of_command() && !self.process_ahead() {
                if self.peek(0) != b'(' {
                    break;
                }
                if let [name] = command.words.as_slice()
                    && command.assignments.is_empty()
                {
                    let name = name.text.clone();
                    self.at += 1;
                    self.blanks();
                    if !self.take(")") {
                        return self.unclear("a `(` stands inside a command");
                    }
                    return self.function(&name);
                }
                return self.unclear("a `(` stands inside a command");
            }
            let word = self.word()?;
            match split_assignment(&word) {
                Some((name, value)) if command.words.is_empty() => {
                    self.index(&word);
                    let value = if self.peek(0) == b'(' && value.text.is_empty() {
                        self.array()?
                    } else {
                        value
                    };
                    command.assignments.push((name, value));
                }
                _ if self.peek(0) == b'(' && word.text.ends_with('=') => {
                    self.array()?;
                    command.words.push(word);
                }
                _ => command.words.push(word),
            }
        }
        let empty = command.words.is_empty()
            && command.assignments.is_empty()
            && command.redirects.is_empty()
            && command.here.is_none()
            && self.pending.len() == before;
        if empty {
            return self.unclear("a command is expected");
        }
        let place = self.found(command)?;
        for pending in &mut self.pending[before..] {
            pending.command = place;
        }
        if self.pending.len() == before {
            self.unwrap(place)?;
        }
        Ok(())
    }

    fn at_end_of_command(&self) -> bool {
        match self.peek(0) {
            0 => self.at >= self.source.len(),
            b'\n' | b';' | b'|' | b'(' | b')' | b'<' | b'>' => true,
            b'&' => self.peek(1) != b'>',
            _ => false,
        }
    }

    pub fn process_ahead(&self) -> bool {
        matches!(self.peek(0), b'<' | b'>') && self.peek(1) == b'('
    }

    /// The next word before the end of the line or command.
    pub fn argument(&mut self) -> Read<Option<Word>> {
        self.blanks();
        if self.at_end_of_command() && !self.process_ahead() {
            return Ok(None);
        }
        self.word().map(Some)
    }

    /// `(word …)` after `name=`.
    fn array(&mut self) -> Read<Word> {
        self.at += 1;
        loop {
            self.lines()?;
            if self.take(")") {
                return Ok(Word::unknown("(…)"));
            }
            if self.at_end_of_command() && !self.process_ahead() {
                return self.unclear("an array is not closed");
            }
            let word = self.word()?;
            self.index(&word);
            self.read_again("an array", &word);
        }
    }

    /// `NAME[index]=` and `[index]=`: the index is calculated, and what is quoted in it is read again.
    fn index(&mut self, word: &Word) {
        let name = word.text.split('=').next().unwrap_or_default();
        if name.contains('[') && word.text.contains('=') {
            self.state.calculates = true;
            if word.quoted && hides_code(name) {
                self.note("a command stands in the index of an array");
            }
        }
    }

    /// One word, which must be there.
    pub fn word(&mut self) -> Read<Word> {
        let mut building = Building::default();
        let start = self.at;
        loop {
            let byte = self.peek(0);
            match byte {
                0 if self.at >= self.source.len() => break,
                0 => return self.unclear("the command holds a NUL character"),
                b'<' | b'>' if self.peek(1) == b'(' => {
                    let kind = if byte == b'<' { "<(…)" } else { ">(…)" };
                    self.at += 2;
                    self.process(&mut building, kind)?;
                }
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => break,
                b'\'' => self.single_quoted(&mut building)?,
                b'"' => {
                    self.at += 1;
                    building.word.quoted = true;
                    self.double_quoted(&mut building)?;
                }
                b'\\' => self.escaped(&mut building),
                b'$' | b'`' => self.unquoted_expansion(byte, &mut building)?,
                _ => self.plain(byte, &mut building),
            }
        }
        if self.at == start {
            let found = char::from(self.peek(0));
            return self.unclear(format!("a word is expected before `{found}`"));
        }
        let literal = building.literal();
        if building.word.quoted {
            self.state.hides_index |= hides_index(&literal);
            self.state.hides_command |= hides_code(&literal);
        }
        let mut opened = literal.split('[').skip(1);
        self.state.keyed |=
            opened.any(|rest| rest.split(']').next().unwrap_or_default().contains(MARK));
        Ok(building.finish())
    }

    /// An expansion that the shell splits at blanks.
    fn unquoted_expansion(&mut self, byte: u8, building: &mut Building) -> Read<()> {
        let before = std::mem::replace(&mut building.word.dynamic, false);
        if byte == b'$' {
            self.dollar(building, false)?;
        } else {
            self.backtick(building, false)?;
        }
        building.word.splits |= building.word.dynamic;
        building.word.dynamic |= before;
        Ok(())
    }

    fn plain(&mut self, byte: u8, building: &mut Building) {
        match byte {
            b'*' | b'?' | b'[' => building.word.glob = true,
            b'{' if self.peek(1) != b'}' => building.brace = Some(false),
            b',' => building.brace = building.brace.map(|_| true),
            b'.' if self.peek(1) == b'.' => building.brace = building.brace.map(|_| true),
            // One word becomes several: `{rm,-rf,/}` is a command.
            b'}' if building.brace == Some(true) => {
                building.word.dynamic = true;
                building.word.splits = true;
            }
            _ => {}
        }
        building.text.push(byte);
        self.at += 1;
    }

    fn escaped(&mut self, building: &mut Building) {
        match self.peek(1) {
            b'\n' => {}
            0 if self.at + 1 >= self.source.len() => building.text.push(b'\\'),
            byte => {
                building.word.quoted = true;
                literal_tilde(building, byte);
                building.text.push(byte);
            }
        }
        self.at = (self.at + 2).min(self.source.len());
    }

    fn single_quoted(&mut self, building: &mut Building) -> Read<()> {
        building.word.quoted = true;
        self.at += 1;
        literal_tilde(building, self.peek(0));
        let rest = self.source.get(self.at..).unwrap_or_default();
        let Some(length) = rest.iter().position(|byte| *byte == b'\'') else {
            return self.unclear("a single quote is not closed");
        };
        building.text.extend_from_slice(&rest[..length]);
        self.at += length + 1;
        Ok(())
    }

    /// The rest of a double-quoted text, the closing quote included.
    pub fn double_quoted(&mut self, building: &mut Building) -> Read<()> {
        literal_tilde(building, self.peek(0));
        loop {
            let byte = self.peek(0);
            match byte {
                0 if self.at >= self.source.len() => {
                    return self.unclear("a double quote is not closed");
                }
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.escaped_in_quotes(building),
                b'$' => self.dollar(building, true)?,
                b'`' => self.backtick(building, true)?,
                _ => {
                    building.text.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    pub fn escaped_in_quotes(&mut self, building: &mut Building) {
        match self.peek(1) {
            b'\n' => {}
            byte @ (b'$' | b'`' | b'"' | b'\\') => building.text.push(byte),
            0 if self.at + 1 >= self.source.len() => building.text.push(b'\\'),
            byte => building.text.extend_from_slice(&[b'\\', byte]),
        }
        self.at = (self.at + 2).min(self.source.len());
    }
}

/// Whether a word may be, or become a part of, an index with a command, which bash runs when it calculates:
/// `x='a[$(rm x)]'; ((x))`.
fn hides_index(text: &str) -> bool {
    let opens = |at: usize| {
        let before = text[..at].chars().next_back();
        let rest = &text[at + 1..];
        let inner = rest.find(']').map(|end| &rest[..end]);
        let has = |marks: &[char]| inner.is_none_or(|inner| inner.contains(marks));
        match before {
            None => inner.is_none_or(|inner| inner.contains(['$', '`'])),
            Some(MARK | '_') => has(&['$', '`', '(', '#', '\\', MARK]),
            Some(letter) if letter.is_alphanumeric() => has(&['$', '`', '(', '#', '\\', MARK]),
            Some(_) => inner.is_some_and(|inner| inner.contains(['$', '`'])),
        }
    };
    text.match_indices('[').any(|(at, _)| opens(at))
}

/// Whether a command stands behind a `[` of a document.
pub(super) fn document_hides_index(text: &str) -> bool {
    text.split_once('[')
        .is_some_and(|(_, rest)| hides_code(rest))
}

/// Whether a text holds a command that was quoted; those that were not stand as `$(…)`.
pub(super) fn hides_code(text: &str) -> bool {
    let rest = text
        .replace("$(…)", "")
        .replace("$((…))", "")
        .replace("`…`", "");
    ["$(", "`", "@P}"].iter().any(|mark| rest.contains(mark))
}

/// A quoted `~` at the beginning is a file of that name, not the home folder.
fn literal_tilde(building: &mut Building, next: u8) {
    if next == b'~' && building.text.is_empty() {
        building.push_str("./");
    }
}

/// `NAME=value`, `NAME+=value` and `NAME[index]=value`.
fn split_assignment(word: &Word) -> Option<(String, Word)> {
    let (name, value) = word.text.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let plain = name.split_once('[').map_or(name, |(plain, _)| plain);
    let valid = plain.bytes().enumerate().all(|(at, byte)| {
        byte == b'_' || byte.is_ascii_alphabetic() || at > 0 && byte.is_ascii_digit()
    });
    if plain.is_empty() || !valid {
        return None;
    }
    let value = Word {
        text: value.to_owned(),
        ..word.clone()
    };
    Some((plain.to_owned(), value))
}
