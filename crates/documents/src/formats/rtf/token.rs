//! From bytes to control words, symbols and text, and what the words stand for.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GBK, IBM866, MACINTOSH, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1250,
    WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256,
    WINDOWS_1257, WINDOWS_1258,
};

/// The longest control word, in letters.
const WORD_BYTES_MAX: usize = 32;

/// A token.
pub(super) enum Token<'a> {
    Open,
    Close,
    /// A control word with its number, such as `\u8364`.
    Word(&'a str, Option<i32>),
    /// A backslash and a character that is no letter.
    Symbol(u8),
    /// A byte that was written as `\'hh`.
    Byte(u8),
    Text(&'a [u8]),
}

/// The tokens of a file.
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
    pub(super) line: u64,
}

impl<'a> Tokens<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            line: 1,
        }
    }

    /// Pass over binary data.
    pub(super) fn skip(&mut self, length: usize) {
        self.at = self.at.saturating_add(length).min(self.bytes.len());
    }

    /// The next token. While a fallback is `skipped`, text comes one character at a time.
    pub(super) fn next(&mut self, skipped: usize) -> Option<Token<'a>> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.at += 1;
                }
                b'\r' | 0 => self.at += 1,
                b'{' => return Some(self.one(Token::Open)),
                b'}' => return Some(self.one(Token::Close)),
                b'\\' => return Some(self.control()),
                _ => {
                    let rest = self.bytes.get(self.at..)?;
                    let is_end =
                        |byte: &u8| matches!(byte, b'{' | b'}' | b'\\' | b'\n' | b'\r' | 0);
                    let length = if skipped > 0 {
                        1
                    } else {
                        rest.iter().position(is_end).unwrap_or(rest.len())
                    };
                    self.at += length;
                    return rest.get(..length).map(Token::Text);
                }
            }
        }
    }

    fn one(&mut self, token: Token<'a>) -> Token<'a> {
        self.at += 1;
        token
    }

    fn control(&mut self) -> Token<'a> {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        let letters = rest
            .iter()
            .take(WORD_BYTES_MAX)
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        if letters == 0 {
            let symbol = rest.first().copied().unwrap_or(b' ');
            self.at = (self.at + 2).min(self.bytes.len());
            self.line += u64::from(symbol == b'\n');
            if symbol != b'\'' {
                return Token::Symbol(symbol);
            }
            let digits = rest
                .get(1..3)
                .and_then(|digits| std::str::from_utf8(digits).ok());
            return match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(byte) => {
                    self.at += 2;
                    Token::Byte(byte)
                }
                None => Token::Symbol(b'-'),
            };
        }
        let word = rest
            .get(..letters)
            .and_then(|word| std::str::from_utf8(word).ok())
            .unwrap_or_default();
        let after = rest.get(letters..).unwrap_or_default();
        let sign = usize::from(after.first() == Some(&b'-'));
        let digits = after
            .iter()
            .skip(sign)
            .take(10)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let number = after
            .get(..sign + digits)
            .and_then(|number| std::str::from_utf8(number).ok());
        let number = number
            .filter(|_| digits > 0)
            .and_then(|number| number.parse().ok());
        self.at += 1 + letters + if digits > 0 { sign + digits } else { 0 };
        if self.bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        Token::Word(word, number)
    }
}

/// The text that a control word stands for.
pub(super) fn special(word: &str) -> Option<&'static str> {
    Some(match word {
        "tab" | "nestcell" => "\t",
        "line" | "nestrow" => "\n",
        "emdash" => "—",
        "endash" => "–",
        "bullet" => "•",
        "lquote" => "‘",
        "rquote" => "’",
        "ldblquote" => "“",
        "rdblquote" => "”",
        "emspace" | "enspace" | "qmspace" => " ",
        _ => return None,
    })
}

/// Destinations that hold nothing to read.
pub(super) fn is_ignored_destination(word: &str) -> bool {
    let ignored = [
        "colortbl",
        "listtable",
        "listoverridetable",
        "rsidtbl",
        "generator",
        "xmlnstbl",
        "themedata",
        "colorschememapping",
        "datastore",
        "latentstyles",
        "filetbl",
        "revtbl",
        "listtext",
        "pntext",
        "pn",
        "objdata",
        "nonesttables",
        "bkmkstart",
        "bkmkend",
        "sp",
        "shprslt",
        "nonshppict",
        "mmath",
        "xe",
        "tc",
        "operator",
        "hlinkbase",
        "private",
        "userprops",
        "ftnsep",
        "ftnsepc",
        "aftnsep",
        "aftnsepc",
        "atnid",
        "atnauthor",
        "atrfstart",
        "atrfend",
        "atndate",
        "atnref",
        "pgdsctbl",
        "pnseclvl",
        "template",
        "falt",
        "panose",
    ];
    ignored.contains(&word)
}

/// Destinations that are read although a `\*` before them says that a reader need not know them.
pub(super) fn is_kept_destination(word: &str) -> bool {
    let kept = [
        "fldinst",
        "company",
        "annotation",
        "footnote",
        "shppict",
        "shpinst",
        "pict",
        "cs",
        "ds",
        "ts",
        "shptxt",
    ];
    kept.contains(&word)
}

/// The encoding of a Windows code page.
pub(super) fn code_page(number: i32) -> Option<&'static Encoding> {
    Some(match number {
        866 => IBM866,
        874 => WINDOWS_874,
        932 => SHIFT_JIS,
        936 => GBK,
        949 => EUC_KR,
        950 => BIG5,
        1250 => WINDOWS_1250,
        1251 => WINDOWS_1251,
        1252 => WINDOWS_1252,
        1253 => WINDOWS_1253,
        1254 => WINDOWS_1254,
        1255 => WINDOWS_1255,
        1256 => WINDOWS_1256,
        1257 => WINDOWS_1257,
        1258 => WINDOWS_1258,
        10_000 => MACINTOSH,
        65_001 => UTF_8,
        _ => return None,
    })
}

/// The encoding of a font's character set.
pub(super) fn charset(number: i32) -> Option<&'static Encoding> {
    let page = match number {
        0 => 1252,
        77 => 10_000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    };
    code_page(page)
}
