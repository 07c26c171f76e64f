//! What begins with `$`: parameters, arithmetic, command substitution, ANSI-C quotes.

use super::Word;
use super::parser::{Parser, Read};
use super::word::Building;

impl Parser<'_> {
    /// An expansion, or a `$` that stands for itself.
    pub fn dollar(&mut self, building: &mut Building, in_quotes: bool) -> Read<()> {
        let from = building.text.len();
        let is_quote = !in_quotes && matches!(self.peek(1), b'\'' | b'"');
        self.expansion(building, in_quotes)?;
        if !is_quote && building.text.get(from..) != Some(b"$") {
            building.expansions.push((from, building.text.len()));
        }
        Ok(())
    }

    fn expansion(&mut self, building: &mut Building, in_quotes: bool) -> Read<()> {
        match self.peek(1) {
            b'(' if self.peek(2) == b'(' && self.arithmetic_ahead(self.at + 3)? => {
                self.at += 3;
                building.push_str("$((…))");
                building.word.dynamic = true;
                self.arithmetic()
            }
            b'(' => {
                self.at += 2;
                building.push_str("$(…)");
                self.substitution(building)
            }
            b'{' => self.parameter_in_braces(building),
            b'[' => self.unclear("`$[` is old arithmetic: write `$(( ))`"),
            b'\'' if !in_quotes => {
                self.at += 2;
                self.ansi_quoted(building)
            }
            b'"' if !in_quotes => {
                self.at += 2;
                building.word.quoted = true;
                self.double_quoted(building)
            }
            byte if byte == b'_' || byte.is_ascii_alphabetic() => {
                let start = self.at;
                self.at += 1;
                while self.peek(0) == b'_' || self.peek(0).is_ascii_alphanumeric() {
                    self.at += 1;
                }
                let name = String::from_utf8_lossy(&self.source[start..self.at]).into_owned();
                self.parameter(building, &name);
                Ok(())
            }
            byte if byte.is_ascii_digit() || b"@*#?$!-".contains(&byte) => {
                building.text.extend_from_slice(&[b'$', byte]);
                building.word.dynamic = true;
                building.word.splits |= byte == b'@';
                self.at += 2;
                Ok(())
            }
            _ => {
                building.text.push(b'$');
                self.at += 1;
                Ok(())
            }
        }
    }

    /// `${…}`; its default values may hold commands.
    fn parameter_in_braces(&mut self, building: &mut Building) -> Read<()> {
        let start = self.at;
        self.at += 2;
        if matches!(self.peek(0), b' ' | b'\t' | b'\n' | b'|' | b'(') {
            return self.unclear("`${` is followed by a command or by flags");
        }
        let mut inner = Building::default();
        self.nested(|parser| parser.until_brace(&mut inner))?;
        building
            .word
            .substituted
            .append(&mut inner.word.substituted);
        let text = String::from_utf8_lossy(&self.source[start..self.at]).into_owned();
        // An index and an offset are calculated.
        self.state.calculates |= text.contains(['[', ':']);
        if text.ends_with("@P}") {
            self.note("the value of a variable is read again, with the commands in it");
        }
        // `${!names@}`, `${!names*}` and `${!array[@]}` are names; any other is the value of what a value names.
        if text.starts_with("${!")
            && !text.ends_with("@}")
            && !text.ends_with("*}")
            && !text.ends_with("@]}")
            && !text.ends_with("*]}")
        {
            self.note("`${!…}` is the value of a variable that another one names");
        }
        if let Some((name, value)) = text[2..].split_once('=') {
            self.assigned(
                name.trim_end_matches(':'),
                Some(&Word::literal(value.trim_end_matches('}'))),
            );
        }
        match text.as_str() {
            "${HOME}" => self.parameter(building, "$HOME"),
            "${PWD}" => self.parameter(building, "$PWD"),
            _ => {
                building.text.extend(text.bytes().take(256));
                building.word.dynamic = true;
                building.word.splits |= text.contains('@');
            }
        }
        Ok(())
    }

    fn until_brace(&mut self, inner: &mut Building) -> Read<()> {
        loop {
            match self.peek(0) {
                0 if self.at >= self.source.len() => return self.unclear("a `${` is not closed"),
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.at += 2,
                b'\'' => {
                    // Whether this is a quote depends on where the expansion stands.
                    return self.unclear("a single quote stands inside `${ }`");
                }
                b'"' => {
                    self.at += 1;
                    self.double_quoted(inner)?;
                }
                b'$' => self.dollar(inner, false)?,
                b'`' => self.backtick(inner, false)?,
                b'<' | b'>' if self.peek(1) == b'(' => {
                    return self.unclear("a process substitution stands inside `${ }`");
                }
                _ => self.at += 1,
            }
        }
    }

    /// Whether what begins at `from`, after two opening parentheses, ends in two closing ones that belong together.
    /// Otherwise it is a group inside a group. Where shells may count differently, it is unclear.
    pub fn arithmetic_ahead(&mut self, from: usize) -> Read<bool> {
        let mut depth = 0_usize;
        let mut at = from;
        while let Some(byte) = self.source.get(at) {
            let before = self.source[at - 1];
            match byte {
                b'(' => depth += 1,
                b')' if depth == 0 => return Ok(self.source.get(at + 1) == Some(&b')')),
                b')' => depth -= 1,
                b'\'' | b'"' => {
                    let rest = &self.source[at + 1..];
                    let length = rest.iter().position(|other| other == byte);
                    let plain = |text: &[u8]| !text.iter().any(|byte| b"\\`()'\"".contains(byte));
                    let Some(length) = length.filter(|length| plain(&rest[..*length])) else {
                        return self.unclear("where the arithmetic ends cannot be known");
                    };
                    at += length + 1;
                }
                b'\\' if self.source.get(at + 1) != Some(&b'\n') => {
                    return self.unclear("where the arithmetic ends cannot be known");
                }
                // A comment, a pattern of `case`, or a here-document may hold a parenthesis.
                b'#' if depth > 0 && matches!(before, b' ' | b'\t' | b'\n' | b'(' | b';') => {
                    return self.unclear("where the arithmetic ends cannot be known");
                }
                b'c' | b'e'
                    if self.source[at..].starts_with(b"case ")
                        || self.source[at..].starts_with(b"esac") =>
                {
                    return self.unclear("where the arithmetic ends cannot be known");
                }
                b'\n' if self.source[from..at].windows(2).any(|two| two == b"<<") => {
                    return self.unclear("where the arithmetic ends cannot be known");
                }
                _ => {}
            }
            at += 1;
        }
        Ok(false)
    }

    /// The rest of `$((…))` or `((…))`: numbers, but its substitutions are commands.
    pub fn arithmetic(&mut self) -> Read<()> {
        self.state.calculates = true;
        let mut inner = Building::default();
        let mut depth = 0_usize;
        let mut indexed = false;
        self.nested(|parser| {
            loop {
                match parser.peek(0) {
                    0 if parser.at >= parser.source.len() => {
                        return parser.unclear("arithmetic is not closed");
                    }
                    b'(' => depth += 1,
                    b')' if depth > 0 => depth -= 1,
                    b')' => {
                        if parser.take("))") {
                            return Ok(());
                        }
                        return parser.unclear("arithmetic is not closed");
                    }
                    b'[' => indexed = true,
                    b'$' => {
                        parser.state.keyed |= indexed;
                        parser.dollar(&mut inner, true)?;
                        continue;
                    }
                    b'`' => {
                        parser.backtick(&mut inner, true)?;
                        continue;
                    }
                    b'\\' => parser.at += 1,
                    _ => {}
                }
                parser.at += 1;
            }
        })
    }

    /// The rest of `$'…'`.
    fn ansi_quoted(&mut self, building: &mut Building) -> Read<()> {
        building.word.quoted = true;
        if self.peek(0) == b'~' && building.text.is_empty() {
            building.push_str("./");
        }
        loop {
            match self.peek(0) {
                0 if self.at >= self.source.len() => {
                    return self.unclear("a `$'` is not closed");
                }
                b'\'' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => {
                    self.at += 1;
                    if let Some(decoded) = self.ansi_escape() {
                        building.text.extend_from_slice(&decoded);
                    } else {
                        return self.unclear("an escape in `$'…'` is not known");
                    }
                }
                byte => {
                    building.text.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn ansi_escape(&mut self) -> Option<Vec<u8>> {
        let byte = self.peek(0);
        let single = match byte {
            b'n' => Some(b'\n'),
            b't' => Some(b'\t'),
            b'r' => Some(b'\r'),
            b'a' => Some(7),
            b'b' => Some(8),
            b'e' | b'E' => Some(27),
            b'f' => Some(12),
            b'v' => Some(11),
            b'\\' | b'\'' | b'"' | b'?' => Some(byte),
            _ => None,
        };
        if let Some(single) = single {
            self.at += 1;
            return Some(vec![single]);
        }
        match byte {
            b'x' => {
                self.at += 1;
                let value = u8::try_from(self.digits(16, 2)?).ok()?;
                (value != 0).then(|| vec![value])
            }
            b'0'..=b'7' => {
                let value = u8::try_from(self.digits(8, 3)?).ok()?;
                (value != 0).then(|| vec![value])
            }
            b'u' | b'U' => {
                self.at += 1;
                let value = self.digits(16, if byte == b'u' { 4 } else { 8 })?;
                let character = char::from_u32(value).filter(|character| *character != '\0')?;
                Some(character.to_string().into_bytes())
            }
            _ => None,
        }
    }

    fn digits(&mut self, radix: u32, most: usize) -> Option<u32> {
        let mut value = 0_u32;
        let mut count = 0;
        while count < most {
            let Some(digit) = char::from(self.peek(0)).to_digit(radix) else {
                break;
            };
            value = value.checked_mul(radix)?.checked_add(digit)?;
            self.at += 1;
            count += 1;
        }
        (count > 0).then_some(value)
    }

    /// `$HOME` and `$PWD` at the beginning are as good as known; any other name is not.
    fn parameter(&self, building: &mut Building, name: &str) {
        let known = self.state.home_is_known && building.text.is_empty();
        match name {
            "$HOME" if known => building.push_str("~"),
            "$PWD" if known => building.push_str("."),
            _ => {
                building.push_str(name);
                building.word.dynamic = true;
            }
        }
    }
}
