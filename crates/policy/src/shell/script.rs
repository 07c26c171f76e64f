//! What a command line is taken apart into.

/// Every simple command of a script, in the order in which their text begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// The commands, those inside wrappers and substitutions included.
    pub commands: Vec<Command>,
    /// What cannot be known before the script runs. Not empty means: ask a person.
    pub unclear: Vec<Unclear>,
    /// The values that variables get anywhere in the script, in the order of the text; a dynamic one is not known.
    pub values: Vec<(String, Word)>,
}

/// Something that text alone does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclear {
    /// What, as a lowercase fragment.
    pub reason: String,
}

/// One simple command, or the redirections of a compound command (then without words).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments, after quotes were removed.
    pub words: Vec<Word>,
    /// `NAME=value` before the program.
    pub assignments: Vec<(String, Word)>,
    /// Files read and written by redirection.
    pub redirects: Vec<Redirect>,
    /// A here-document or here-string.
    pub here: Option<Here>,
    /// The wrappers around it, from outside: `["sudo", "timeout"]`.
    pub through: Vec<String>,
    /// The places in [`Script::commands`] of what feeds its input through a pipe; one beyond the end is not known.
    pub fed_by: Vec<usize>,
    /// The folders it may run in, as text relative to where the script starts; `None` is one that cannot be known.
    pub folders: Vec<Option<String>>,
    /// It is a guess that it runs, or it runs on another machine: its dangers count, its files do not.
    pub elsewhere: bool,
    /// Runs in the background.
    pub background: bool,
    /// Defines and calls itself without end.
    pub fork_bomb: bool,
}

impl Command {
    /// The program's name without its folder, as text; empty for redirections alone.
    pub fn name(&self) -> &str {
        self.words
            .first()
            .map_or("", |word| base_name(word.text.as_str()))
    }

    /// The words after the program.
    pub fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The words with a space between them, at most 512 characters, for people and for `like`.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for word in &self.words {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&word.text);
            if text.len() > 512 {
                break;
            }
        }
        text.chars().take(512).collect()
    }
}

/// The last part of a path, without `.exe`.
fn base_name(text: &str) -> &str {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// A word after the quotes were removed.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent traits, each asked by its name"
)]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// Its text; an expansion stands as written, for instance `$name`.
    pub text: String,
    /// Holds an expansion whose value the text does not tell.
    pub dynamic: bool,
    /// Holds an unquoted `*`, `?` or `[`.
    pub glob: bool,
    /// Holds an expansion that may become several words.
    pub splits: bool,
    /// Any part of it was quoted.
    pub quoted: bool,
    /// The places in [`Script::commands`] of the commands substituted into it.
    pub substituted: Vec<usize>,
    /// Is a process substitution, `<(…)` or `>(…)`.
    pub process: bool,
}

impl Word {
    /// A word as it stands.
    pub fn literal(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// A word of which nothing is known.
    pub fn unknown(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            dynamic: true,
            ..Self::default()
        }
    }

    /// Its text, unless the shell would make something else of it.
    pub fn known(&self) -> Option<&str> {
        (!self.dynamic && !self.glob && !self.process).then_some(self.text.as_str())
    }
}

/// A redirection to or from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// What happens to the file.
    pub kind: RedirectKind,
    /// The file.
    pub target: Word,
}

/// What a redirection does to its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectKind {
    /// `<`
    Read,
    /// `>`, `>>`, `>|`, `&>`
    Write,
    /// `<>`
    ReadWrite,
}

/// Text given to a command's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// The text; `None` when it holds expansions.
    pub text: Option<String>,
    /// The text as written, with its expansions.
    pub raw: String,
}
