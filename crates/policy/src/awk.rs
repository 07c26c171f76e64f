//! What a program of awk does besides working on its input: running commands, and reading and writing files.

/// What was found in a program.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Awk {
    /// It runs commands, or may.
    pub runs: bool,
    /// The files that `print >` writes; `None` is one that only running it tells.
    pub writes: Vec<Option<String>>,
    /// The files that `getline <` reads.
    pub reads: Vec<Option<String>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Regex,
    Sign(char),
    End,
}

/// What makes a program that is not understood one that may run commands.
const MARKS: [&str; 4] = ["system", "getline", "|", "@"];

impl Awk {
    pub fn of(program: &str) -> Self {
        let mut found = Self::default();
        let mut reader = Reader {
            letters: program.chars().collect(),
            at: 0,
            unsure: false,
        };
        let tokens = reader.tokens();
        let whole = || program.replace("\\\n", "");
        found.runs = reader.unsure && MARKS.iter().any(|mark| whole().contains(mark));
        let mut depth = 0_usize;
        // How deep the `print` stands whose redirection may follow.
        let mut print = None;
        for (at, token) in tokens.iter().enumerate() {
            let next = tokens.get(at + 1);
            match token {
                Token::Word(word) => match word.as_str() {
                    "system" => found.runs = true,
                    "getline" => found.getline(&tokens[at + 1..]),
                    "print" | "printf" => print = Some(depth),
                    "ARGV" => found.arguments(&tokens[at + 1..]),
                    _ => {}
                },
                Token::Sign('@') => found.runs = true,
                Token::Sign('|') => {
                    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
                    found.runs |=
                        next != Some(&Token::Sign('|')) && before != Some(&Token::Sign('|'));
                }
                Token::Sign('(' | '[' | '{') => depth += 1,
                Token::Sign(')' | ']') => depth = depth.saturating_sub(1),
                Token::Sign('}') => {
                    depth = depth.saturating_sub(1);
                    print = None;
                }
                Token::Sign(';') | Token::End => print = None,
                Token::Sign('>') if print == Some(depth) && next != Some(&Token::Sign('=')) => {
                    found.output(&tokens[at + 1..]);
                    print = None;
                }
                _ => {}
            }
        }
        found
    }

    /// What follows `>` or `>>`: a text alone, or what is only known when it runs.
    fn output(&mut self, rest: &[Token]) {
        let rest = rest.strip_prefix(&[Token::Sign('>')]).unwrap_or(rest);
        let file = match rest {
            [Token::Text(file)] | [Token::Text(file), Token::End | Token::Sign(';' | '}'), ..] => {
                Some(file)
            }
            _ => None,
        };
        self.writes.push(file.cloned());
    }

    /// `getline`, `getline x`, `getline < "file"`, `getline x[1] < "file"`.
    fn getline(&mut self, rest: &[Token]) {
        let end = rest.iter().position(|token| {
            matches!(
                token,
                Token::End | Token::Sign(';' | '}' | ')' | '{' | '<' | '>' | '|' | '&')
            )
        });
        let Some(at) = end.filter(|at| rest[*at] == Token::Sign('<')) else {
            return;
        };
        let file = match rest.get(at + 1) {
            Some(Token::Text(file)) => Some(file.clone()),
            _ => None,
        };
        self.reads.push(file);
    }

    /// `ARGV[1] = …` is a file that is read.
    fn arguments(&mut self, rest: &[Token]) {
        let end = rest.iter().position(|token| *token == Token::Sign(']'));
        let after = |at: usize| end.and_then(|end| rest.get(end + at));
        let assigns = after(1) == Some(&Token::Sign('=')) && after(2) != Some(&Token::Sign('='));
        if assigns {
            self.reads.push(None);
        }
    }
}

struct Reader {
    letters: Vec<char>,
    at: usize,
    /// Something can be read in two ways, or is not closed.
    unsure: bool,
}

impl Reader {
    fn tokens(&mut self) -> Vec<Token> {
        let mut tokens = Vec::new();
        while let Some(letter) = self.letters.get(self.at).copied() {
            self.at += 1;
            match letter {
                '\n' => tokens.push(Token::End),
                '\\' => {
                    // A line goes on; within a word it may make one of two.
                    let is_name = |letter: Option<&char>| {
                        letter.is_some_and(|letter| letter.is_alphanumeric())
                    };
                    self.unsure |= is_name(self.letters.get(self.at + 1));
                    self.at += 1;
                }
                '#' => {
                    while self
                        .letters
                        .get(self.at)
                        .is_some_and(|letter| *letter != '\n')
                    {
                        self.at += 1;
                    }
                }
                '"' => tokens.push(Token::Text(self.until('"'))),
                '/' if begins_regex(tokens.last()) => {
                    let text = self.until('/');
                    self.unsure |= text.contains('[') && !text.contains(']');
                    tokens.push(Token::Regex);
                }
                letter if letter == '_' || letter.is_alphanumeric() => {
                    tokens.push(Token::Word(self.word(letter)));
                }
                letter if letter.is_whitespace() => {}
                letter => tokens.push(Token::Sign(letter)),
            }
        }
        tokens
    }

    fn word(&mut self, first: char) -> String {
        let mut word = String::from(first);
        while let Some(letter) = self
            .letters
            .get(self.at)
            .filter(|letter| **letter == '_' || letter.is_alphanumeric())
        {
            word.push(*letter);
            self.at += 1;
        }
        word
    }

    /// The text up to a delimiter that is not escaped.
    fn until(&mut self, delimiter: char) -> String {
        let mut text = String::new();
        while let Some(letter) = self.letters.get(self.at).copied() {
            self.at += 1;
            if letter == delimiter {
                return text;
            }
            if letter == '\n' {
                self.unsure = true;
            }
            text.push(letter);
            if letter == '\\' {
                text.extend(self.letters.get(self.at));
                self.at += 1;
            }
        }
        self.unsure = true;
        text
    }
}

/// Whether a `/` after this begins a pattern; otherwise it divides.
fn begins_regex(before: Option<&Token>) -> bool {
    match before {
        None | Some(Token::End) => true,
        Some(Token::Word(word)) => {
            matches!(word.as_str(), "print" | "printf" | "return" | "in" | "case")
        }
        Some(Token::Text(_) | Token::Regex) => false,
        Some(Token::Sign(sign)) => !matches!(sign, ')' | ']' | '$'),
    }
}

#[cfg(test)]
mod tests {
    use super::Awk;

    #[test]
    fn programs_that_run_commands_are_told() {
        for program in [
            "BEGIN{system(\"id\")}",
            "BEGIN{system (\"id\")}",
            "BEGIN{c=\"id\"; c|getline}",
            "BEGIN{c=\"id\"; print 1|c}",
            "BEGIN{\"id\"|getline}",
            "BEGIN{(\"id\")|getline}",
            "{$0|getline}",
            "{print|$0}",
            "BEGIN{f=\"system\"; @f(\"id\")}",
            "@load \"x\"",
            "BEGIN{sys\\\ntem(\"id\")}",
            "BEGIN{print 1 |& \"id\"}",
            "{x = 4 / 2; print 1 | \"id\" / 2}",
            "/[/]/{print | \"id\"}",
        ] {
            assert!(Awk::of(program).runs, "{program}");
        }
        for program in [
            "{print $1}",
            "/foo|bar/{print}",
            "$1 ~ /a|b/ || $2 == \"x|y\" {n++} END {print n}",
            "NR>1{s+=$3}END{print s/NR}",
            "BEGIN{FS=\"|\"} {print $2}",
            "{gsub(/\\/|x/, \"\"); print} # a | b",
            "$3 > 5",
            "{print ($1 > 2)}",
            "while ((getline line) > 0) n++",
        ] {
            let found = Awk::of(program);
            assert_eq!(found, Awk::default(), "{program}");
        }
    }

    #[test]
    fn files_are_found() {
        let file = |text: &str| vec![Some(text.to_owned())];
        assert_eq!(Awk::of("{print > \"a\"}").writes, file("a"));
        assert_eq!(
            Awk::of("{printf(\"%s\", $1) >> \"a\"; n++}").writes,
            file("a")
        );
        assert_eq!(Awk::of("{print > $1\".txt\"}").writes, [None]);
        assert_eq!(Awk::of("{print > \"a\" $1}").writes, [None]);
        assert_eq!(
            Awk::of("BEGIN{while((getline x < \".env\") > 0) print x}").reads,
            file(".env")
        );
        assert_eq!(Awk::of("BEGIN{getline < f}").reads, [None]);
        assert_eq!(Awk::of("BEGIN{ARGV[1]=\".env\"; ARGC=2}").reads, [None]);
    }
}
