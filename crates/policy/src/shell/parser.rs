//! Lists, pipelines and compound commands.

use super::{COMMANDS_MAX, Command, DEPTH_MAX, LENGTH_MAX, Script, Unclear};

/// Reading stopped: what was found before stays, and the rest is unclear.
pub(super) struct Stopped;

pub(super) type Read<T> = Result<T, Stopped>;

/// What the readers of a script and of the scripts inside it share.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent traits, each asked by its name"
)]
#[derive(Default)]
pub(super) struct State {
    pub script: Script,
    pub depth: usize,
    pub through: Vec<String>,
    pub fed_by: Vec<usize>,
    pub folders: Vec<Option<String>>,
    /// `$HOME` and `$PWD` mean what they meant before the script.
    pub home_is_known: bool,
    /// What is found is only guessed to run, or runs on another machine.
    pub elsewhere: bool,
    /// A word holds a command in the index of a variable, which runs where the index is calculated.
    pub hides_index: bool,
    /// Something is calculated, or a variable is named by a word.
    pub calculates: bool,
    /// A word holds a command in quotes.
    pub hides_command: bool,
    /// An expansion stands in an index.
    pub keyed: bool,
}

/// Reads one text; a nested script has its own reader on the same state.
pub(super) struct Parser<'a> {
    pub source: &'a [u8],
    pub at: usize,
    pub state: &'a mut State,
    /// Here-documents whose text begins on the next line.
    pub pending: Vec<Pending>,
}

pub(super) struct Pending {
    /// The command's place.
    pub command: usize,
    pub delimiter: String,
    pub quoted: bool,
    pub cut_tabs: bool,
}

/// Takes a command line apart. Never fails: what it cannot read is in [`Script::unclear`].
pub fn parse(text: &str) -> Script {
    let mut state = State {
        folders: vec![Some(String::new())],
        home_is_known: only_read(text, "HOME") && only_read(text, "PWD"),
        ..State::default()
    };
    if text.len() > LENGTH_MAX {
        let reason = format!(
            "the command has {} bytes, and {LENGTH_MAX} are read: put it into a file that can be reviewed",
            text.len()
        );
        state.script.unclear.push(Unclear { reason });
        return state.script;
    }
    let mut parser = Parser::new(text, &mut state);
    parser.whole();
    let hides = parser.state.hides_index || parser.state.hides_command && parser.state.keyed;
    if parser.state.calculates && hides {
        parser.note("a command stands in the index of a variable");
    }
    state.script
}

/// Whether a variable's name occurs in expansions alone.
fn only_read(text: &str, name: &str) -> bool {
    let reads =
        text.matches(&format!("${name}")).count() + text.matches(&format!("${{{name}}}")).count();
    text.matches(name).count() == reads
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str, state: &'a mut State) -> Self {
        Self {
            source: text.as_bytes(),
            at: 0,
            state,
            pending: Vec::new(),
        }
    }

    /// Reads everything there is; what follows an error is unclear.
    pub fn whole(&mut self) {
        match self.list(&[]) {
            Ok(Some(word)) => self.note(format!("`{word}` stands where no command can begin")),
            Ok(None) if self.at >= self.source.len() => {
                // What stops the reading was noted.
                let _ = self.here_documents();
            }
            Ok(None) => self.note("a `)` or `;;` has no beginning"),
            Err(Stopped) => {}
        }
    }

    /// Notes what is unclear and stops the reading.
    pub fn unclear<T>(&mut self, reason: impl Into<String>) -> Read<T> {
        self.note(reason);
        Err(Stopped)
    }

    /// Notes what is unclear and goes on.
    pub fn note(&mut self, reason: impl Into<String>) {
        let unclear = &mut self.state.script.unclear;
        let reason = reason.into();
        if unclear.len() < 8 && !unclear.iter().any(|known| known.reason == reason) {
            unclear.push(Unclear { reason });
        }
    }

    pub fn peek(&self, ahead: usize) -> u8 {
        self.source.get(self.at + ahead).copied().unwrap_or(0)
    }

    pub fn starts_with(&self, text: &str) -> bool {
        self.source
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(text.as_bytes()))
    }

    pub fn take(&mut self, text: &str) -> bool {
        let found = self.starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// One level deeper, if there is one.
    pub fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.state.depth >= DEPTH_MAX {
            return self.unclear(format!(
                "commands are nested deeper than {DEPTH_MAX} levels"
            ));
        }
        self.state.depth += 1;
        let result = read(self);
        self.state.depth -= 1;
        result
    }

    pub fn blanks(&mut self) {
        loop {
            match self.peek(0) {
                b' ' | b'\t' => self.at += 1,
                b'\\' if self.peek(1) == b'\n' => self.at += 2,
                b'#' => {
                    while self.at < self.source.len() && self.peek(0) != b'\n' {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// Blanks, comments and line ends.
    pub fn lines(&mut self) -> Read<()> {
        loop {
            self.blanks();
            if self.peek(0) != b'\n' {
                return Ok(());
            }
            self.at += 1;
            self.here_documents()?;
        }
    }

    /// Reads commands until one of `stop` stands where a command would begin (answered), or until a `)`, a `;;` or
    /// the end, which stay unread.
    pub fn list(&mut self, stop: &[&str]) -> Read<Option<String>> {
        let mut joined = false;
        loop {
            self.lines()?;
            match self.peek(0) {
                0 | b')' | b';'
                    if joined && (self.peek(0) != 0 || self.at >= self.source.len()) =>
                {
                    return self.unclear("an `&&` or `||` has no command after it");
                }
                0 if self.at >= self.source.len() => return Ok(None),
                b')' => return Ok(None),
                b';' if self.peek(1) == b';' || self.peek(1) == b'&' => return Ok(None),
                b';' => {
                    self.at += 1;
                    continue;
                }
                b'&' if self.peek(1) != b'&' && self.peek(1) != b'>' => {
                    self.at += 1;
                    continue;
                }
                b'|' => return self.unclear("a pipe has no command before it"),
                b'&' if self.peek(1) == b'&' => {
                    return self.unclear("an `&&` has no command before it");
                }
                _ => {}
            }
            let folders = self.state.folders.clone();
            let first = self.state.script.commands.len();
            if let Some(word) = self.pipeline(if joined { &[] } else { stop })? {
                return Ok(Some(word));
            }
            self.blanks();
            joined = true;
            if !self.take("&&") {
                // What changes the folder may fail, and the next command runs all the same.
                self.may_stay(&folders);
                joined = self.take("||");
                if joined {
                    continue;
                }
                if self.peek(0) == b'&' && self.peek(1) != b'>' {
                    for command in &mut self.state.script.commands[first..] {
                        command.background = true;
                    }
                }
            }
        }
    }

    /// The folders of before are possible too.
    fn may_stay(&mut self, before: &[Option<String>]) {
        for folder in before {
            if !self.state.folders.contains(folder) {
                self.state.folders.push(folder.clone());
            }
        }
        self.bound_folders();
    }

    pub fn bound_folders(&mut self) {
        if self.state.folders.len() > 8 {
            self.state.folders = vec![None];
        }
    }

    fn pipeline(&mut self, stop: &[&str]) -> Read<Option<String>> {
        let first = self.state.script.commands.len();
        let fed_by = self.state.fed_by.clone();
        let folders = self.state.folders.clone();
        let mut stop = stop;
        let mut piped = false;
        let result = loop {
            if let Some(word) = self.command(stop)? {
                break Some(word);
            }
            self.blanks();
            if self.peek(0) != b'|' || self.peek(1) == b'|' {
                break None;
            }
            self.at += if self.peek(1) == b'&' { 2 } else { 1 };
            self.lines()?;
            piped = true;
            // After a pipe no reserved word can close what is open.
            stop = &[];
            self.state.fed_by.clone_from(&fed_by);
            self.state
                .fed_by
                .extend(first..self.state.script.commands.len());
            self.state.folders.clone_from(&folders);
        };
        self.state.fed_by = fed_by;
        if piped {
            // Every part runs in a shell of its own; zsh runs the last one in this shell.
            self.may_stay(&folders);
        }
        Ok(result)
    }

    /// Between parentheses: what changes there, the folder included, stays there.
    pub fn subshell(&mut self) -> Read<()> {
        if !self.pending.is_empty() {
            return self.unclear("a here-document begins before a group on the same line");
        }
        let folders = self.state.folders.clone();
        let result = self.nested(|parser| {
            if let Some(word) = parser.list(&[])? {
                return parser.unclear(format!("`{word}` stands where no command can begin"));
            }
            if parser.take(")") {
                Ok(())
            } else {
                parser.unclear("a `(` is not closed")
            }
        });
        self.state.folders = folders;
        result
    }

    /// Commands up to a reserved word, which must come.
    pub fn block(&mut self, ends: &[&str]) -> Read<String> {
        let end = self.nested(|parser| parser.list(ends))?;
        match end {
            Some(word) => Ok(word),
            None => self.unclear(format!("`{}` is missing", ends.join("` or `"))),
        }
    }

    /// One command. Answers a reserved word of `stop` that stands in its place.
    pub fn command(&mut self, stop: &[&str]) -> Read<Option<String>> {
        self.blanks();
        let first = self.state.script.commands.len();
        if self.peek(0) == b'(' {
            self.at += 1;
            if self.peek(0) == b'(' && self.arithmetic_ahead(self.at + 1)? {
                self.at += 1;
                self.arithmetic()?;
            } else {
                self.subshell()?;
            }
            self.trailing_redirects(first)?;
            return Ok(None);
        }
        let start = self.at;
        let reserved = self.bare_word();
        if let Some(word) = stop.iter().find(|word| **word == reserved) {
            return Ok(Some((*word).to_owned()));
        }
        if self.compound(&reserved)? {
            return Ok(None);
        }
        match reserved.as_str() {
            "!" | "time" => {
                self.blanks();
                if reserved == "time" {
                    while self.take("-p") || self.take("--") {
                        self.blanks();
                    }
                }
                self.nested(|parser| parser.command(&[]))?;
            }
            "then" | "do" | "else" | "elif" | "fi" | "done" | "esac" | "}" | "in" | "coproc"
            | "repeat" | "foreach" | "end" | "]]" => {
                return self.unclear(format!("`{reserved}` stands where a command is expected"));
            }
            _ => {
                self.at = start;
                self.simple()?;
            }
        }
        Ok(None)
    }

    /// Adds a command, and what it runs in turn.
    pub fn found(&mut self, mut command: Command) -> Read<usize> {
        if self.state.script.commands.len() >= COMMANDS_MAX {
            return self.unclear(format!("there are more than {COMMANDS_MAX} commands"));
        }
        command.elsewhere = self.state.elsewhere;
        command.through.clone_from(&self.state.through);
        command.fed_by.clone_from(&self.state.fed_by);
        command.folders.clone_from(&self.state.folders);
        self.state.script.commands.push(command);
        Ok(self.state.script.commands.len() - 1)
    }

    /// A word without quotes or expansions, or nothing (then nothing is read).
    pub fn bare_word(&mut self) -> String {
        let start = self.at;
        let mut end = self.at;
        while end < self.source.len() {
            match self.source[end] {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => break,
                b'\'' | b'"' | b'\\' | b'$' | b'`' => return String::new(),
                _ => end += 1,
            }
        }
        self.at = end;
        String::from_utf8_lossy(&self.source[start..end]).into_owned()
    }
}
