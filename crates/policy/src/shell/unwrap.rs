//! What a command runs in turn: wrappers, shells, `eval`, `find -exec`; and what it changes for those after it.

use super::languages;
use super::opaque::{self, OPAQUE};
use super::parser::{Parser, Read};
use super::wrappers::{self, Wrapper};
use super::{Command, Word};
use crate::options::part_of;

pub(super) const SHELLS: [&str; 8] = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "rbash"];

impl Parser<'_> {
    /// Looks at the command at `place` and adds what it runs.
    pub fn unwrap(&mut self, place: usize) -> Read<()> {
        let Some(command) = self.state.script.commands.get(place).cloned() else {
            return Ok(());
        };
        self.assignments(&command);
        let Some(program) = command.words.first() else {
            return Ok(());
        };
        let globbed = program.glob && program.text != "[";
        let expanded_by_zsh = program.text.starts_with('=') && !program.quoted;
        if program.dynamic
            || program.process
            || globbed
            || expanded_by_zsh
            || program.text.is_empty()
        {
            self.note(format!(
                "which program `{}` is cannot be known before it runs",
                short(&command.text())
            ));
            return Ok(());
        }
        match command.name() {
            "cd" | "chdir" | "pushd" => self.change_folder(command.arguments()),
            "popd" | "dirs" => self.state.folders = vec![None],
            "let" | "test" | "[" => self.calculated(&command),
            "mapfile" | "readarray" | "getopts" | "wait" | "read" | "unset" | "printf" => {
                self.filled(&command);
                self.builtins(&command);
            }
            "hash" | "compgen" | "complete" | "compopt" | "fc" => self.builtins(&command),
            "eval" => return self.eval(&command),
            "trap" => return self.trap(&command),
            "watch" => return self.joined(&command, &["-n", "-i", "--interval"]),
            "ssh" | "rsh" => return self.remote(&command),
            "find" => return self.find(&command),
            "fd" | "fdfind" => {
                return self.after(&command, &["-x", "-X", "--exec", "--exec-batch"]);
            }
            "git" => {
                self.git(&command);
            }
            "source" | "." => self.sourced(&command),
            "shopt" | "setopt" | "set" => self.shell_options(&command),
            "export" | "declare" | "typeset" | "local" | "readonly" => self.exported(&command),
            "command" if has_flag(&command, &["-v", "-V"]) => {}
            "direnv" => return self.after_words(&command, "exec", 1),
            "hyperfine" | "concurrently" | "tmux" | "screen" => return self.texts(&command),
            name if SHELLS.contains(&name) => return self.shell(&command),
            name if OPAQUE.contains(&name) => {
                self.note(format!("what `{name}` runs cannot be known"));
            }
            name if wrappers::is_runner(name, command.words.get(1)) => {
                let rest = command.words.get(2..).unwrap_or_default();
                let rest = rest.strip_prefix(&[Word::literal("--")]).unwrap_or(rest);
                let name = name.to_owned();
                return self.inner(&command, &name, rest.to_vec(), Vec::new());
            }
            name => {
                self.programs_of_options(&command);
                return self.wrapped(&command, name);
            }
        }
        Ok(())
    }

    /// Notes what is unclear; the rest of the script is read all the same.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "it stands where a reading is answered"
    )]
    fn noted(&mut self, reason: impl Into<String>) -> Read<()> {
        self.note(reason);
        Ok(())
    }

    fn wrapped(&mut self, command: &Command, name: &str) -> Read<()> {
        let Some(wrapper) = wrappers::wrapper(name) else {
            return self.guessed(command);
        };
        let arguments = command.arguments();
        let at = match wrapper.program_at(arguments) {
            Ok(at) => at,
            Err(option) => {
                self.note(format!(
                    "what the option `{}` of `{name}` does is not known",
                    short(&option)
                ));
                return Ok(());
            }
        };
        if name == "flock" && arguments.get(at).is_some_and(|word| word.text == "-c") {
            return match arguments.get(at + 1).and_then(Word::known) {
                Some(text) => self.code(command, name, text),
                None => self.noted("what `flock -c` runs cannot be known"),
            };
        }
        let assignments = arguments[..at.min(arguments.len())]
            .iter()
            .filter(|word| wrapper.assigns && wrappers::is_assignment(&word.text))
            .filter_map(|word| {
                let (name, value) = word.text.split_once('=')?;
                Some((name.to_owned(), part_of(word, value)))
            })
            .collect::<Vec<_>>();
        let (own, program) = arguments.split_at(at.min(arguments.len()));
        let mut words = program.to_vec();
        if words.is_empty() {
            let reads = command.here.is_some() || !command.redirects.is_empty();
            if wrapper.starts_shell || name == "exec" && reads {
                self.note(format!(
                    "what `{name}` starts, or what is read after it, cannot be known"
                ));
            }
        } else if wrapper.from_input {
            let mark = Wrapper::mark(own).unwrap_or("{}");
            for word in &mut words {
                word.dynamic |= word.text.contains(mark);
            }
            words.push(Word::unknown("…"));
        }
        self.inner(command, name, words, assignments)
    }

    /// A command that another one runs with the same input.
    fn inner(
        &mut self,
        outer: &Command,
        name: &str,
        words: Vec<Word>,
        assignments: Vec<(String, Word)>,
    ) -> Read<()> {
        if words.is_empty() {
            return Ok(());
        }
        self.within(outer, name, |parser| {
            let place = parser.found(Command {
                words,
                assignments,
                here: outer.here.clone(),
                background: outer.background,
                ..Command::default()
            })?;
            parser.unwrap(place)
        })
    }

    /// A text that another command runs as a script.
    fn code(&mut self, outer: &Command, name: &str, text: &str) -> Read<()> {
        self.within(outer, name, |parser| parser.inner_script(text))
    }

    fn within(
        &mut self,
        outer: &Command,
        name: &str,
        read: impl FnOnce(&mut Self) -> Read<()>,
    ) -> Read<()> {
        let mut through = outer.through.clone();
        through.push(name.to_owned());
        let through = std::mem::replace(&mut self.state.through, through);
        let fed_by = std::mem::replace(&mut self.state.fed_by, outer.fed_by.clone());
        let result = self.nested(read);
        self.state.through = through;
        self.state.fed_by = fed_by;
        result
    }

    fn shell(&mut self, command: &Command) -> Read<()> {
        let name = command.name();
        let mut arguments = command.arguments().iter();
        while let Some(word) = arguments.next() {
            let text = word.text.as_str();
            if word.dynamic || word.process {
                self.note(format!(
                    "what `{}` runs cannot be known",
                    short(&command.text())
                ));
                return Ok(());
            }
            match text {
                "--login" | "--norc" | "--noprofile" | "--posix" | "--restricted" => {}
                "-" | "--" => break,
                _ if is_input(text) => break,
                "-o" | "+o" | "-O" | "+O" => {
                    arguments.next();
                }
                _ if text.starts_with("--") => {
                    self.note(format!(
                        "what the option `{}` of `{name}` does is not known",
                        short(text)
                    ));
                    return Ok(());
                }
                _ if text.starts_with('-') && text.contains('c') => {
                    // `-c` may be followed by further options before the text.
                    let code =
                        arguments.find(|word| !word.text.starts_with(['-', '+']) || word.dynamic);
                    return match code.and_then(|word| quoted_code(word)) {
                        Some(code) => self.code(command, name, code),
                        None => self.noted(format!("what `{name} -c` runs cannot be known")),
                    };
                }
                _ if text.starts_with('-') && text.contains('s') => break,
                _ if text.starts_with(['-', '+']) => {}
                // A file with commands: reading it is judged, what it does is not known to anyone.
                _ => return Ok(()),
            }
        }
        match command.here.as_ref().map(|here| here.text.as_deref()) {
            Some(Some(text)) => self.code(command, name, text),
            Some(None) => self.noted(format!("the commands given to `{name}` hold expansions")),
            None if !command.fed_by.is_empty() => self.noted(format!(
                "the commands that `{name}` reads from a pipe cannot be known"
            )),
            None => Ok(()),
        }
    }

    fn eval(&mut self, command: &Command) -> Read<()> {
        let known: Option<Vec<&str>> = command.arguments().iter().map(Word::known).collect();
        match known {
            // In this very shell: what it changes stays.
            Some(words) => self.within(command, "eval", |parser| {
                Parser::new(&words.join(" "), parser.state).whole();
                Ok(())
            }),
            None => self.noted("what `eval` runs cannot be known"),
        }
    }

    /// Programs whose arguments are commands for a shell.
    fn texts(&mut self, command: &Command) -> Read<()> {
        for word in command.arguments() {
            match word.known() {
                Some(text) if text.contains(char::is_whitespace) => {
                    self.code(command, command.name(), text)?;
                }
                Some(_) => {}
                None => self.note(format!("what `{}` runs cannot be known", command.name())),
            }
        }
        self.guessed(command)
    }

    /// `direnv exec FOLDER program …`.
    fn after_words(&mut self, command: &Command, word: &str, skipped: usize) -> Read<()> {
        let at = command
            .arguments()
            .iter()
            .position(|found| found.text == word);
        let words = at.and_then(|at| command.arguments().get(at + 1 + skipped..));
        self.inner(
            command,
            command.name(),
            words.unwrap_or_default().to_vec(),
            Vec::new(),
        )
    }

    /// Whatever a program is that is not known: when a later word is a program that can do harm, the rest may be its arguments.
    fn guessed(&mut self, command: &Command) -> Read<()> {
        if self.state.elsewhere
            || opaque::NEVER_RUN.contains(&command.name())
            || crate::effects::is_known(command.name())
        {
            return Ok(());
        }
        let arguments = command.arguments();
        let harms = |word: &Word| word.known().is_some_and(|_| opaque::can_harm(&word.text));
        let places = (0..arguments.len()).filter(|at| harms(&arguments[*at]));
        for at in places.take(opaque::GUESSES_MAX) {
            let before = std::mem::replace(&mut self.state.elsewhere, true);
            let unclear = self.state.script.unclear.len();
            let folders = self.state.folders.clone();
            let result = self.inner(
                command,
                command.name(),
                arguments[at..].to_vec(),
                Vec::new(),
            );
            self.state.elsewhere = before;
            self.state.folders = folders;
            // What a guess does not tell is no reason to ask; a limit that is reached is.
            if result.is_ok() {
                self.state.script.unclear.truncate(unclear);
            }
            result?;
        }
        Ok(())
    }

    fn trap(&mut self, command: &Command) -> Read<()> {
        let mut arguments = command.arguments().iter();
        let first = match arguments.next() {
            Some(word) if word.text == "--" && !word.dynamic => arguments.next(),
            Some(word) if matches!(word.text.as_str(), "-l" | "-p" | "-P") => return Ok(()),
            first => first,
        };
        match first {
            Some(word) if word.text == "-" || word.text.is_empty() => Ok(()),
            Some(word) => match quoted_code(word).filter(|code| !code.starts_with('-')) {
                Some(code) => self.code(command, "trap", code),
                None => self.noted("what `trap` runs cannot be known"),
            },
            None => Ok(()),
        }
    }

    /// A program whose arguments are joined and run by a shell.
    fn joined(&mut self, command: &Command, values: &[&str]) -> Read<()> {
        let arguments = command.arguments();
        let mut at = 0;
        while let Some(word) = arguments.get(at).filter(|word| word.text.starts_with('-')) {
            at += if values.contains(&word.text.as_str()) {
                2
            } else {
                1
            };
        }
        let known: Option<Vec<&str>> = arguments.iter().skip(at).map(quoted_code).collect();
        match known {
            Some(words) => self.code(command, command.name(), &words.join(" ")),
            None => self.noted(format!("what `{}` runs cannot be known", command.name())),
        }
    }

    fn remote(&mut self, command: &Command) -> Read<()> {
        let arguments = command.arguments();
        let mut at = 0;
        while let Some(word) = arguments.get(at).filter(|word| word.text.starts_with('-')) {
            let takes_value =
                word.text.len() == 2 && "BbcDEeFIiJLlmOopQRSWw".contains(&word.text[1..]);
            if languages::is_ssh_program(&word.text, arguments.get(at + 1)) {
                return self.noted("an option of `ssh` may run a program");
            }
            at += if takes_value { 2 } else { 1 };
        }
        let rest = arguments.get(at + 1..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        let known: Option<Vec<&str>> = rest.iter().map(quoted_code).collect();
        match known {
            Some(words) => self.code(command, "ssh", &words.join(" ")),
            None => self.noted("what `ssh` runs cannot be known"),
        }
    }

    fn find(&mut self, command: &Command) -> Read<()> {
        let arguments = command.arguments();
        for (at, word) in arguments.iter().enumerate() {
            if !matches!(word.text.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir") {
                continue;
            }
            let words: Vec<Word> = arguments[at + 1..]
                .iter()
                .take_while(|word| !matches!(word.text.as_str(), ";" | "+"))
                .map(|word| Word {
                    dynamic: word.dynamic || word.text.contains("{}"),
                    ..word.clone()
                })
                .collect();
            self.inner(command, "find", words, Vec::new())?;
        }
        Ok(())
    }

    /// A program that runs what stands after one of its options.
    fn after(&mut self, command: &Command, options: &[&str]) -> Read<()> {
        let arguments = command.arguments();
        let at = arguments
            .iter()
            .position(|word| options.contains(&word.text.as_str()));
        let Some(at) = at else { return Ok(()) };
        let mut words = arguments[at + 1..].to_vec();
        if !words.is_empty() {
            words.push(Word::unknown("…"));
        }
        self.inner(command, command.name(), words, Vec::new())
    }
}

/// Other names of a command's input.
pub(super) fn is_input(text: &str) -> bool {
    text.starts_with("/dev/") || text.starts_with("/proc/")
}

/// The text of a word that is run as a script: what the shell would leave as it is.
fn quoted_code(word: &Word) -> Option<&str> {
    (!word.dynamic && !word.process).then_some(word.text.as_str())
}

fn has_flag(command: &Command, flags: &[&str]) -> bool {
    command
        .arguments()
        .first()
        .is_some_and(|word| flags.contains(&word.text.as_str()))
}

pub(super) fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
