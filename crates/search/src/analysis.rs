//! Text into terms, the same way for records and for queries.
//!
//! A *word* is a run of letters and digits, folded: lower case, without accents, compatibility forms unified
//! (Unicode NFKD). A *group* is what is written without spaces around `-`, `_`, `.`, `@`, an apostrophe and the like
//! (`INV-2041`, `jane.doe@acme.com`, `user_id`): its words stand at consecutive positions, and the group as a whole,
//! joined without the connectors, stands at the first, so that `INV-2041`, `inv 2041` and `inv2041` find each other.
//! An English word's stem stands at the word's position, marked by [`STEM_MARK`], and so does the stem of `mueller` for
//! `Müller`. Scripts written without
//! spaces become overlapping pairs of characters; the last character of a run also stands alone, so that every
//! character begins some term.

use std::collections::HashMap;

use frostem::{Algorithm, Stemmer};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization as _;

/// Begins the term of a stem, so that stems and words share a field and never mix.
pub const STEM_MARK: char = '\u{1}';
/// The name under which the schema knows [`Analyzer`].
pub const ANALYZER: &str = "civitas";
/// The longest term, in characters; longer words are cut, in records and in queries alike.
const WORD_LENGTH_MAX: usize = 64;
/// The stems that one writing thread remembers.
const STEMS_MAX: usize = 50_000;
/// A group of more words than this has no term of its own.
const GROUP_WORDS_MAX: usize = 8;

/// One word of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Bytes of the original text.
    pub range: (usize, usize),
    /// In words from the beginning.
    pub position: usize,
    /// The folded word.
    pub text: String,
    /// The stem with its mark, for an English word.
    pub stem: Option<String>,
    /// The stem, with its mark, of the word as it is written without the letters `ä`, `ö`, `ü`, `å` and `ø`.
    pub spelled_out: Option<String>,
    /// Whether this is a single character of a script without spaces, which begins a pair.
    pub lone: bool,
}

/// What is written together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its words, at least one.
    pub words: Vec<Word>,
    /// The words joined, when the group is more than its only word.
    pub whole: Option<String>,
    /// Bytes of the original text.
    pub range: (usize, usize),
}

/// Walks over the groups of a text.
pub struct Groups<'a> {
    text: &'a str,
    at: usize,
    position: usize,
    stems: Stems<'a>,
}

/// The groups of `text`.
pub fn groups(text: &str) -> Groups<'_> {
    Groups {
        text,
        at: 0,
        position: 0,
        stems: Stems::Computed(Stemmer::new(Algorithm::English)),
    }
}

/// Where stems come from: few words make up most of a text, and a stem is dear.
enum Stems<'a> {
    Computed(Stemmer),
    Remembered(&'a mut Memory),
}

/// Stems by word, forgotten all at once when there are too many.
struct Memory {
    stemmer: Stemmer,
    stems: HashMap<String, String>,
}

impl Stems<'_> {
    /// The stem of the word in its place.
    fn replace(&mut self, word: &mut String) {
        if let Self::Remembered(Memory { stems, .. }) = self
            && let Some(stem) = stems.get(word.as_str())
        {
            word.clear();
            word.push_str(stem);
            return;
        }
        *word = self.of(word);
    }

    fn of(&mut self, word: &str) -> String {
        match self {
            Self::Computed(stemmer) => stem(stemmer, word),
            Self::Remembered(Memory { stemmer, stems }) => {
                if let Some(stem) = stems.get(word) {
                    return stem.clone();
                }
                let stem = stem(stemmer, word);
                if stems.len() >= STEMS_MAX {
                    stems.clear();
                }
                stems.insert(word.to_owned(), stem.clone());
                stem
            }
        }
    }
}

/// The stem with its mark.
fn stem(stemmer: &Stemmer, word: &str) -> String {
    let stem = stemmer.stem(word);
    let mut marked = String::with_capacity(stem.len() + STEM_MARK.len_utf8());
    marked.push(STEM_MARK);
    marked.push_str(&stem);
    marked
}

/// The folded words of `text` joined by single spaces: equal for texts a person takes for the same.
pub fn normalize(text: &str) -> String {
    let words: Vec<String> = groups(text)
        .flat_map(|group| group.words)
        .map(|word| word.text)
        .collect();
    words.join(" ")
}

impl Groups<'_> {
    /// Makes the token of a word that stands between spaces, as most do, without the memory that a group takes. The
    /// token is what the group's would be; its stem is left to the caller.
    fn plain_word(&mut self, token: &mut Token) -> bool {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
        let word = rest.get(spaces..).unwrap_or_default();
        let length = word
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count();
        if length == 0
            || length > WORD_LENGTH_MAX
            || !matches!(word.get(length), None | Some(b' ' | b'\n'))
        {
            return false;
        }
        let start = self.at + spaces;
        self.at = start + length;
        token.text.clear();
        token
            .text
            .push_str(self.text.get(start..self.at).unwrap_or_default());
        token.text.make_ascii_lowercase();
        (token.offset_from, token.offset_to) = (start, self.at);
        token.position = self.position;
        token.position_length = 1;
        self.position += 1;
        true
    }

    fn peek(&self) -> Option<char> {
        self.text
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
    }

    fn bump(&mut self, c: char) {
        self.at += c.len_utf8();
    }

    /// The next pair, or the character that ends a run.
    fn pair(&mut self, first: char) -> Group {
        let start = self.at;
        self.bump(first);
        let mut text = String::new();
        fold(first, &mut text);
        let second = self.peek().filter(|&c| is_spaceless(c));
        let mut end = self.at;
        if let Some(second) = second {
            fold(second, &mut text);
            end += second.len_utf8();
        }
        let lone = second.is_none();
        self.single(Word {
            range: (start, end),
            position: self.position,
            text,
            stem: None,
            spelled_out: None,
            lone,
        })
    }

    fn single(&mut self, word: Word) -> Group {
        self.position += 1;
        Group {
            range: word.range,
            words: vec![word],
            whole: None,
        }
    }

    fn word(&mut self) -> Word {
        let start = self.at;
        // Most words are plain letters and digits, and most of them only these.
        let rest = self.text.get(start..).unwrap_or_default();
        let plain = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let mut length = plain.min(WORD_LENGTH_MAX);
        let mut text = rest.get(..length).unwrap_or_default().to_ascii_lowercase();
        self.at += plain;
        while let Some(c) = self.peek().filter(|&c| is_word(c)) {
            if length < WORD_LENGTH_MAX {
                fold(c, &mut text);
                length += 1;
            }
            self.bump(c);
        }
        let stem = is_stemmed(&text).then(|| self.stems.of(&text));
        let original = self.text.get(start..self.at).unwrap_or_default();
        let spelled_out = if original.is_ascii() {
            None
        } else {
            let spelled_out = spell_out(original).filter(|word| is_stemmed(word));
            spelled_out.map(|word| self.stems.of(&word))
        };
        let position = self.position;
        self.position += 1;
        Word {
            range: (start, self.at),
            position,
            text,
            stem,
            spelled_out,
            lone: false,
        }
    }

    /// Steps over a connector when a word follows it.
    fn connector(&mut self) -> Option<char> {
        let rest = self.text.get(self.at..)?;
        let mut chars = rest.chars();
        let connector = chars.next().filter(|&c| is_connector(c))?;
        let next = chars.next().filter(|&c| is_word(c))?;
        if connector == ',' {
            let before = self.text.get(..self.at)?.chars().next_back()?;
            if !(before.is_numeric() && next.is_numeric()) {
                return None;
            }
        }
        self.bump(connector);
        Some(connector)
    }

    fn compound(&mut self) -> Group {
        let start = self.at;
        let mut words = vec![self.word()];
        while let Some(connector) = self.connector() {
            let word = self.word();
            if matches!(connector, '\'' | '’') && word.text == "s" {
                self.position -= 1; // The possessive says nothing.
                break;
            }
            words.push(word);
        }
        let mut whole = None;
        if words.len() > 1 && words.len() <= GROUP_WORDS_MAX {
            let joined: String = words.iter().map(|word| word.text.as_str()).collect();
            whole = (joined.chars().count() <= WORD_LENGTH_MAX).then_some(joined);
        }
        // `C++` and `C#` are names.
        let suffix = self.at;
        while self.at - suffix < 2
            && let Some(c) = self.peek().filter(|c| matches!(c, '+' | '#'))
        {
            self.bump(c);
        }
        let symbols = self.text.get(suffix..self.at).unwrap_or_default();
        if !symbols.is_empty() && words.len() == 1 && self.peek().is_none_or(|c| !is_word(c)) {
            whole = words.first().map(|word| format!("{}{symbols}", word.text));
        }
        words.retain(|word| !word.text.is_empty());
        Group {
            words,
            whole,
            range: (start, self.at),
        }
    }
}

impl Iterator for Groups<'_> {
    type Item = Group;

    fn next(&mut self) -> Option<Group> {
        while let Some(c) = self.peek() {
            if is_spaceless(c) {
                return Some(self.pair(c));
            }
            if is_word(c) {
                let group = self.compound();
                if !group.words.is_empty() {
                    return Some(group);
                }
            } else {
                self.bump(c);
            }
        }
        None
    }
}

/// Whether the character is of a script that does not put spaces between words.
pub fn is_spaceless(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF // Thai, Lao, Burmese, Khmer
        | 0x3005..=0x3007 | 0x3040..=0x30FF | 0x31F0..=0x31FF | 0xFF66..=0xFF9F // Kana
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF // Han
        | 0x1100..=0x11FF | 0x3130..=0x318F | 0xAC00..=0xD7A3) // Hangul
        && c != '・'
}

fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    (c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)) && !is_spaceless(c)
}

fn is_connector(c: char) -> bool {
    matches!(
        c,
        '-' | '_' | '.' | '\'' | '’' | '@' | '+' | '&' | ',' | '\u{2010}' | '\u{2011}' | '\u{ad}'
    )
}

/// Marks that a reader may leave out: accents, Hebrew points, Arabic vowel signs.
fn is_optional_mark(c: char) -> bool {
    matches!(u32::from(c), 0x0300..=0x036F | 0x0591..=0x05C7 | 0x064B..=0x065F | 0x0670)
}

fn fold(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    if is_spaceless(c) {
        // Half-width kana; the others must not fall apart into their strokes and vowels.
        if matches!(u32::from(c), 0xFF66..=0xFF9F) {
            unicode_normalization::char::decompose_compatible(c, |c| out.push(c));
        } else {
            out.push(c);
        }
        return;
    }
    unicode_normalization::char::decompose_compatible(c, |c| {
        if is_optional_mark(c) {
            return;
        }
        for lower in c.to_lowercase() {
            match lower {
                'ß' => out.push_str("ss"),
                'æ' => out.push_str("ae"),
                'œ' => out.push_str("oe"),
                'ø' => out.push('o'),
                'đ' | 'ð' => out.push('d'),
                'ł' => out.push('l'),
                'þ' => out.push_str("th"),
                'ı' => out.push('i'),
                'ς' => out.push('σ'),
                lower if lower.is_alphanumeric() => out.push(lower),
                lower if is_optional_mark(lower) => {}
                lower if unicode_normalization::char::is_combining_mark(lower) => out.push(lower),
                _ => {}
            }
        }
    });
}

fn is_stemmed(word: &str) -> bool {
    word.len() > 2 && word.bytes().all(|b| b.is_ascii_lowercase())
}

/// How a word with `ä`, `ö`, `ü`, `å` or `ø` is written on a keyboard without them: `Müller` as `mueller`, `Ærøskøbing`
/// as `aeroeskoebing`.
fn spell_out(word: &str) -> Option<String> {
    let mut out = String::new();
    let mut is_other = false;
    for c in word.nfd() {
        let letter = match (c, out.chars().next_back()) {
            ('\u{308}', Some('a' | 'o' | 'u')) => 'e',
            ('\u{30a}', Some('a')) => 'a',
            ('ø' | 'Ø', _) => {
                out.push('o');
                'e'
            }
            _ => {
                fold(c, &mut out);
                continue;
            }
        };
        out.push(letter);
        is_other = true;
    }
    is_other.then_some(out)
}

/// [`groups`] as tantivy wants them. Each copy has a memory of its own.
pub struct Analyzer(Memory);

impl Default for Analyzer {
    fn default() -> Self {
        Self(Memory {
            stemmer: Stemmer::new(Algorithm::English),
            stems: HashMap::new(),
        })
    }
}

impl Clone for Analyzer {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// The terms of one text.
pub struct Terms<'a> {
    groups: Groups<'a>,
    queue: Vec<Token>,
    token: Token,
    /// Whether the stem of the token's word comes next.
    stem_follows: bool,
}

impl Tokenizer for Analyzer {
    type TokenStream<'a> = Terms<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Terms<'a> {
        let groups = Groups {
            text,
            at: 0,
            position: 0,
            stems: Stems::Remembered(&mut self.0),
        };
        Terms {
            groups,
            queue: Vec::new(),
            token: Token::default(),
            stem_follows: false,
        }
    }
}

impl TokenStream for Terms<'_> {
    fn advance(&mut self) -> bool {
        if std::mem::take(&mut self.stem_follows) {
            self.groups.stems.replace(&mut self.token.text);
            return true;
        }
        if self.queue.is_empty() && self.groups.plain_word(&mut self.token) {
            self.stem_follows = is_stemmed(&self.token.text);
            return true;
        }
        while self.queue.is_empty() {
            let Some(group) = self.groups.next() else {
                return false;
            };
            if let (Some(text), Some(first)) = (group.whole, group.words.first()) {
                self.queue.push(token(text, group.range, first.position));
            }
            for word in group.words.into_iter().rev() {
                for form in [word.spelled_out, word.stem].into_iter().flatten() {
                    self.queue.push(token(form, word.range, word.position));
                }
                self.queue.push(token(word.text, word.range, word.position));
            }
        }
        if let Some(token) = self.queue.pop() {
            self.token = token;
        }
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

fn token(text: String, (offset_from, offset_to): (usize, usize), position: usize) -> Token {
    Token {
        offset_from,
        offset_to,
        position,
        text,
        position_length: 1,
    }
}

/// Words so common that they say little; a query may hold them, and needs them only when it holds nothing else.
const STOP_WORDS: [&str; 44] = [
    "a", "about", "an", "and", "are", "as", "at", "be", "by", "can", "did", "do", "does", "for",
    "from", "had", "has", "have", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my",
    "not", "of", "on", "or", "our", "that", "the", "their", "this", "to", "was", "we", "were",
    "what", "with", "you",
];

/// Whether the folded word is a stop word.
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// At most `max` bytes of `text`, cut between characters.
pub fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms(text: &str) -> Vec<(String, usize)> {
        let mut analyzer = Analyzer::default();
        let mut stream = analyzer.token_stream(text);
        let mut terms = Vec::new();
        while stream.advance() {
            let token = stream.token();
            assert!(text.get(token.offset_from..token.offset_to).is_some());
            terms.push((token.text.replace(STEM_MARK, "~"), token.position));
        }
        terms
    }

    proptest! {
        #[test]
        fn the_short_way_makes_the_terms_of_the_long_one(text in "([a-zA-Z0-9]{1,70}|[ \n.,'+#_-]|é|東|ß|\u{301}){0,40}") {
            // The short way is taken between spaces and line ends alone.
            let long = text.replace([' ', '\n'], "\t") + "\t";
            prop_assert_eq!(terms(&text), terms(&long));
        }
    }

    fn has(text: &str, term: &str) -> bool {
        terms(text).iter().any(|(t, _)| t == term)
    }

    #[test]
    fn case_and_accents_are_folded() {
        assert_eq!(normalize("Café ÜBER Straße Ærø"), "cafe uber strasse aero");
        assert_eq!(normalize("cafe\u{301}"), "cafe");
        assert_eq!(normalize("ﬁnal Ⅳ"), "final iv");
    }

    #[test]
    fn letters_that_a_keyboard_lacks_are_found_as_they_are_spelled_out() {
        for (word, forms) in [
            ("Müller", ["~muller", "~mueller"]),
            ("Mu\u{308}ller", ["~muller", "~mueller"]),
            ("Århus", ["~arhus", "~aarhus"]),
            ("Brønshøj", ["~bronshoj", "~broenshoej"]),
        ] {
            for form in forms {
                assert!(has(word, form), "{word}: {form} in {:?}", terms(word));
            }
        }
        assert!(!has("naïve Zoë", "~naieve"));
        assert!(!has("Zoë", "~zoee"));
    }

    #[test]
    fn codes_and_addresses_stand_whole_and_in_parts() {
        for term in ["inv", "2041", "inv2041"] {
            assert!(has("see INV-2041.", term), "{term}");
        }
        for term in ["jane", "doe", "acme", "com", "janedoeacmecom"] {
            assert!(has("jane.doe@acme.com", term), "{term}");
        }
        assert!(has("user_id", "userid"));
        assert!(has("1,000", "1000"));
        assert!(has("C++", "c++"));
    }

    #[test]
    fn stems_stand_at_the_position_of_their_word() {
        let terms = terms("reports running");
        assert!(terms.contains(&("~report".into(), 0)));
        assert!(terms.contains(&("~run".into(), 1)));
    }

    #[test]
    fn scripts_without_spaces_become_pairs() {
        let texts: Vec<String> = terms("東京都").into_iter().map(|(t, _)| t).collect();
        assert_eq!(texts, ["東京", "京都", "都"]);
    }

    #[test]
    fn the_stop_words_are_in_order() {
        assert!(STOP_WORDS.is_sorted());
    }
}
