//! What a command changes for those after it, and settings by which programs run others.

use super::parser::Parser;
use super::settings::is_powerful;
use super::unwrap::{is_input, short};
use super::word::hides_code;
use super::{Command, Word};
use crate::options::part_of;

/// How many values of variables are remembered.
const VALUES_MAX: usize = 256;

/// Options that change what a shell makes of words.
const SHELL: [&str; 5] = [
    "dotglob",
    "extglob",
    "expand_aliases",
    "globdots",
    "nullglob",
];

/// Tests that calculate.
pub(super) const CALCULATING: [&str; 8] = ["-v", "-R", "-eq", "-ne", "-lt", "-le", "-gt", "-ge"];

impl Parser<'_> {
    /// A file with commands; what it says is not known here, and it must at least be a file.
    pub fn sourced(&mut self, command: &Command) {
        let first = command.arguments().first();
        if first.is_some_and(|word| word.process || is_input(&word.text)) {
            self.note(format!(
                "what `{}` runs cannot be known",
                short(&command.text())
            ));
        }
    }

    /// `shopt`, `setopt` and `set`.
    pub fn shell_options(&mut self, command: &Command) {
        let is_set = command.name() == "set";
        let changes = |word: &Word| {
            let group = word.text.strip_prefix(['-', '+']).unwrap_or_default();
            SHELL.contains(&word.text.as_str()) || is_set && group.contains(['k', 'H'])
        };
        let own = command
            .arguments()
            .iter()
            .take_while(|word| word.text != "--");
        if own.into_iter().any(changes) {
            let name = command.name();
            self.note(format!("an option of `{name}` changes what runs"));
        }
    }

    /// What is quoted in `let`, and where a variable is named, may be a command.
    pub fn calculated(&mut self, command: &Command) {
        let hides = |word: &Word| word.quoted && hides_code(&word.text);
        if command.name() == "let" && command.arguments().iter().any(hides) {
            self.note("a command stands in what `let` calculates");
        }
        // A test calculates where it compares numbers or looks for an element of an array.
        let calculates = |word: &Word| word.splits || CALCULATING.contains(&word.text.as_str());
        let is_test = matches!(command.name(), "test" | "[");
        self.state.calculates |= !is_test || command.arguments().iter().any(calculates);
    }

    pub fn change_folder(&mut self, arguments: &[Word]) {
        let target = arguments
            .iter()
            .find(|word| word.text == "-" || !word.text.starts_with('-'));
        let folders = match target {
            None => vec![Some("~".to_owned())],
            Some(word) => match word.known() {
                None | Some("-") => vec![None],
                Some(text) if text.starts_with('+') => vec![None],
                Some(text) => {
                    let folders = self.state.folders.iter();
                    folders
                        .map(|folder| join(folder.as_deref(), text))
                        .collect()
                }
            },
        };
        self.state.folders = folders;
        self.bound_folders();
    }

    pub fn assignments(&mut self, command: &Command) {
        let reads = matches!(command.name(), "read" | "mapfile" | "readarray");
        for (name, value) in &command.assignments {
            // `IFS= read -r line` is how lines are read, and holds for this command alone.
            if !(reads && name == "IFS" && value.known().is_some()) {
                self.assigned(name, Some(value));
            }
            self.read_again(name, value);
        }
    }

    /// A quoted command in a value, which an array, an index, a prompt or a `${x@P}` reads again.
    pub fn read_again(&mut self, name: &str, value: &Word) {
        if value.quoted && hides_code(&value.text) {
            self.note(format!(
                "a command stands in the value of `{name}`, which may be read again"
            ));
        }
    }

    /// `export`, `declare` and the like.
    pub fn exported(&mut self, command: &Command) {
        self.state.calculates = true;
        let name = command.name();
        for word in command.arguments() {
            if name != "export" && is_group_with(&word.text, 'n') {
                self.note(format!("`{name} -n` makes one variable stand for another"));
            }
            let Some((variable, value)) = word.text.split_once('=') else {
                // `export PATH` alone changes nothing.
                if word.splits || word.dynamic && word.text.starts_with(['$', '`']) {
                    self.note(format!("which variables `{name}` sets cannot be known"));
                }
                continue;
            };
            let value = part_of(word, value);
            let variable = variable.strip_suffix('+').unwrap_or(variable);
            if variable.contains(['$', '`']) {
                self.note(format!("which variable `{name}` sets cannot be known"));
            }
            self.assigned(variable.split('[').next().unwrap_or_default(), Some(&value));
            self.read_again(variable, &value);
        }
    }

    /// `read`, `unset`, `printf -v` and others that set the variables that their words name.
    pub fn filled(&mut self, command: &Command) {
        let name = command.name();
        let arguments = command.arguments();
        let named: Vec<String> = match name {
            // It calculates, and sets, only where it names a variable.
            "printf" => match arguments.first().map(|word| word.text.as_str()) {
                Some("-v") => arguments
                    .get(1)
                    .map(|word| word.text.clone())
                    .into_iter()
                    .collect(),
                Some(text) => text
                    .strip_prefix("-v")
                    .map(str::to_owned)
                    .into_iter()
                    .collect(),
                None => return,
            },
            _ => arguments.iter().map(|word| word.text.clone()).collect(),
        };
        if named.is_empty() {
            return;
        }
        self.state.calculates = true;
        for variable in &named {
            if variable.starts_with(['$', '`']) && name != "unset" {
                self.note(format!("which variable `{name}` sets cannot be known"));
            }
            self.assigned(variable, None);
            // `-aPATH`, `-rPATH`.
            if let Some(group) = variable.strip_prefix('-') {
                let at = group.find(|letter: char| letter.is_ascii_uppercase());
                self.assigned(&group[at.unwrap_or(group.len())..], None);
            }
        }
    }

    /// A variable has this value from here on, or one that the text does not tell.
    pub fn assigned(&mut self, name: &str, value: Option<&Word>) {
        let indexed = matches!(
            name,
            "aliases" | "galiases" | "functions" | "commands" | "path" | "fpath"
        ) && value.is_some_and(|value| value.text == "(…)");
        if indexed || is_powerful(name, value) {
            self.note(format!(
                "a change of `{name}` changes what later commands mean or run"
            ));
        }
        if name.is_empty() || self.state.script.values.len() >= VALUES_MAX {
            return;
        }
        let value = value.map_or_else(|| Word::unknown("…"), Clone::clone);
        self.state.script.values.push((name.to_owned(), value));
    }
}

/// Short options in a group, one of which is the letter.
pub(super) fn is_group_with(text: &str, letter: char) -> bool {
    text.strip_prefix('-')
        .is_some_and(|group| group.contains(letter) && group.chars().all(char::is_alphabetic))
}

/// A folder below another, as text; nothing is resolved here.
fn join(folder: Option<&str>, text: &str) -> Option<String> {
    let absolute = text.starts_with(['/', '~', '\\']) || text.as_bytes().get(1) == Some(&b':');
    match folder {
        _ if absolute => Some(text.to_owned()),
        Some("") => Some(text.to_owned()),
        Some(folder) if folder.len() + text.len() < 4096 => Some(format!("{folder}/{text}")),
        Some(_) | None => None,
    }
}
