//! What a script of sed does besides editing text: running commands, and writing files.

/// What was found in a script.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sed {
    /// It has the command `e`, or the flag `e` of `s`.
    pub runs: bool,
    /// The files that `w` and `W` write.
    pub writes: Vec<String>,
    /// The files that `r` and `R` read.
    pub reads: Vec<String>,
}

impl Sed {
    /// A delimiter between brackets ends a pattern for some, and for others not: what either reads is found.
    pub fn of(script: &str) -> Self {
        let mut found = Self::default();
        found.read(script, false);
        if script.contains('[') {
            found.read(script, true);
        }
        found
    }

    fn read(&mut self, script: &str, brackets: bool) {
        let mut reader = Reader {
            letters: script.chars().peekable(),
            brackets,
        };
        while reader.letters.peek().is_some() {
            reader.command(self);
        }
    }
}

struct Reader<'a> {
    letters: std::iter::Peekable<std::str::Chars<'a>>,
    /// A delimiter between brackets is a letter like any other.
    brackets: bool,
}

impl Reader<'_> {
    /// One command after its addresses.
    fn command(&mut self, found: &mut Sed) {
        let Some(letter) = self.letters.next() else {
            return;
        };
        match letter {
            // What stands before a command, and between commands.
            '/' => self.until('/'),
            '\\' => {
                if let Some(delimiter) = self.letters.next() {
                    self.until(delimiter);
                }
            }
            'e' => found.runs = true,
            'w' | 'W' => found.writes.push(self.line()),
            'r' | 'R' => found.reads.push(self.line()),
            's' => self.substitution(found),
            'y' => {
                if let Some(delimiter) = self.letters.next() {
                    self.until(delimiter);
                    self.until(delimiter);
                }
            }
            // Text, labels, comments.
            'a' | 'i' | 'c' | '#' => {
                self.line();
            }
            'b' | 't' | 'T' | ':' => {
                while self
                    .letters
                    .next_if(|letter| !";\n}".contains(*letter))
                    .is_some()
                {}
            }
            _ => {}
        }
    }

    fn substitution(&mut self, found: &mut Sed) {
        let Some(delimiter) = self.letters.next() else {
            return;
        };
        self.until(delimiter);
        self.until(delimiter);
        while let Some(flag) = self.letters.next_if(char::is_ascii_alphanumeric) {
            match flag {
                'e' => found.runs = true,
                'w' => {
                    found.writes.push(self.line());
                    return;
                }
                _ => {}
            }
        }
    }

    /// Over everything up to a delimiter, which may be escaped or stand between brackets.
    fn until(&mut self, delimiter: char) {
        while let Some(letter) = self.letters.next() {
            if letter == delimiter {
                return;
            }
            if letter == '\\' {
                self.letters.next();
            } else if letter == '[' && self.brackets {
                self.bracket();
            }
        }
    }

    /// The rest of `[…]`, in which a `]` stands for itself at the beginning, and so does one of `[:class:]`.
    fn bracket(&mut self) {
        self.letters.next_if_eq(&'^');
        self.letters.next_if_eq(&']');
        while let Some(letter) = self.letters.next() {
            match letter {
                ']' => return,
                '[' => {
                    let Some(mark) = self.letters.next_if(|letter| ":.=".contains(*letter)) else {
                        continue;
                    };
                    while let Some(letter) = self.letters.next() {
                        if letter == mark && self.letters.next_if_eq(&']').is_some() {
                            break;
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        while let Some(letter) = self.letters.next_if(|letter| *letter != '\n') {
            line.push(letter);
        }
        line.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Sed;

    #[test]
    fn scripts_are_read() {
        for script in [
            "1e rm -rf /",
            "s/[/]/x/;e id",
            "/[/]/!e id",
            "s/[^]/]/x/e",
            "s/[[:space:]/]/x/e",
            "s/x/y/e",
            "s,a,b,ge",
            "/a\\/b/e",
            "p;e id",
            "2,3{e id\n}",
            "s/a/b/;1e",
        ] {
            assert!(Sed::of(script).runs, "{script}");
        }
        for script in [
            "p",
            "s/e/e/g",
            "1,5p",
            "/reader/d",
            "s/a\\/e/b/",
            "y/abc/def/",
            "s|a|w x|",
            "s/[^/]*$//",
            "s/.*[/]//",
            "a where",
            "$!N;P;D",
            "/x/,/y/p",
        ] {
            let found = Sed::of(script);
            assert!(
                !found.runs && found.writes.is_empty(),
                "{script}: {found:?}"
            );
        }
        assert_eq!(Sed::of("w a b").writes, ["a b"]);
        assert_eq!(Sed::of("s/x/y/w out").writes, ["out"]);
        assert_eq!(Sed::of("/x/r in").reads, ["in"]);
    }
}
