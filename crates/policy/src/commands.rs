//! The questions that a command line raises.

use crate::agents::{Starts, starts};
use crate::analysis::Analysis;
use crate::classes::{classes, subcommand};
use crate::danger::{dangers, flag};
use crate::decision::{Action, Outcome, Step};
use crate::effects::{Access, effects};
use crate::generate::{FILE_DELETE, PUSH};
use crate::git;
use crate::options::part_of;
use crate::requests::Requests;
use crate::resource::Resource;
use crate::shell::{self, Command, LENGTH_MAX, Script, Word};
use crate::subcommands::{may_run, runs_under_another_name};
use crate::values::possible;
use globset::GlobSet;

/// How many arguments a policy sees.
const ARGUMENTS_MAX: usize = 64;

/// The operation of changing agents, or what they start with.
const AGENTS: &str = "agent_modification";

const DELETERS: [&str; 6] = ["rm", "unlink", "rmdir", "shred", "trash", "srm"];

impl Analysis<'_> {
    /// A whole command line.
    pub fn shell(&mut self, text: &str) {
        let script = shell::parse(text);
        for unclear in &script.unclear {
            // What is too long to be read is too long to be reviewed in a prompt.
            let outcome = if text.len() > LENGTH_MAX {
                Outcome::Deny
            } else {
                Outcome::Ask
            };
            self.refuse(Step::Command, outcome, text, unclear.reason.clone());
        }
        for command in &script.commands {
            self.command(&script, command);
        }
    }

    fn command(&mut self, script: &Script, command: &Command) {
        let name = command.name();
        if command.elsewhere && dangers(script, command).is_empty() {
            return self.operations_of(script, command);
        }
        if !command.words.is_empty() {
            let classes = classes(command);
            if classes.contains(&"network") {
                self.gained.learn("ran_network_command");
            }
            if classes.contains(&"privileged") {
                self.gained.learn("used_privilege");
            }
            let arguments = command.arguments().iter().take(ARGUMENTS_MAX);
            let resource = Resource::Command {
                name: name.to_owned(),
                subcommand: subcommand(command).to_owned(),
                arguments: arguments.map(|word| word.text.clone()).collect(),
                text: command.text(),
                through: command.through.clone(),
                classes,
                dangers: dangers(script, command),
            };
            self.ask(Step::Command, Action::RunCommand, resource, None, name);
        } else if !dangers(script, command).is_empty() {
            // A redirection of a group; there is no program to name.
            let resource = Resource::Command {
                name: String::new(),
                subcommand: String::new(),
                arguments: Vec::new(),
                text: "a redirection".to_owned(),
                through: command.through.clone(),
                classes: Vec::new(),
                dangers: dangers(script, command),
            };
            self.ask(Step::Command, Action::RunCommand, resource, None, name);
        }
        self.operations_of(script, command);
        if command.elsewhere {
            return;
        }
        self.addresses(command);
        self.limits(".", &limits(command));
        for effect in effects(command) {
            let copies = effect.access == Access::Read && is_recursive(command);
            if copies && self.may_hold_secret(&effect.target.text) {
                let reason = "the folder may hold secrets, which would be copied with it";
                self.refuse(Step::Path, Outcome::Ask, &command.text(), reason);
            }
            self.effect(script, command, &effect.target, effect.access);
        }
    }

    fn operations_of(&mut self, script: &Script, command: &Command) {
        let name = command.name();
        let first = subcommand(command);
        let deletes = DELETERS.contains(&name)
            || name == "git" && matches!(first, "rm" | "clean")
            || name == "find"
                && command
                    .arguments()
                    .iter()
                    .any(|word| word.text == "-delete");
        if deletes && !command.elsewhere {
            self.operation(FILE_DELETE);
        }
        if git::may_push_to(command, &self.set.tables.protected_branches) {
            self.operation(PUSH);
        }
        self.agents_of(command);
        let requests = Requests::of(command, &script.values);
        if let Some(reason) = requests.unclear {
            self.refuse(Step::Command, Outcome::Ask, &command.text(), reason);
        }
        let (set, settings) = (self.set, settings(script, command));
        for rule in set
            .operations
            .iter()
            .filter(|rule| !rule.programs.is_empty() || rule.has_addresses())
        {
            // Words with blanks are prose, for instance a commit's message; not where they are the command line to look for.
            let searches = matches!(name, "pkill" | "killall");
            let arguments = || {
                let words = command.arguments().iter().chain(command.words.first());
                let texts = words.map(|word| word.text.as_str());
                let texts = texts.filter(move |text| searches || !text.contains(' '));
                texts.chain(settings.iter().map(String::as_str))
            };
            let options = || set.tables.programs.get(&name.to_ascii_lowercase());
            let given = |pattern: &GlobSet| {
                let mut paths = requests.paths.iter();
                arguments().any(|text| pattern.is_match(text))
                    || paths.any(|path| pattern.is_match(path))
            };
            let is_program = rule.programs.is_empty() || rule.programs.is_match(name);
            let matches = (is_program && may_run(command, &rule.subcommands, options())
                || runs_under_another_name(command, &rule.subcommands))
                && rule.arguments.iter().all(given)
                && !arguments().any(|text| rule.unless.is_match(text))
                && (!rule.has_addresses() || rule.is_requested(&requests));
            if matches {
                self.operation(&rule.name);
            }
        }
    }

    /// Other agents that a command starts.
    fn agents_of(&mut self, command: &Command) {
        match starts(command) {
            None => {}
            Some(Starts::Agent(name)) => {
                let agent = Resource::AgentType(name.to_owned());
                self.ask(Step::Spawn, Action::SpawnAgent, agent, None, command.name());
            }
            Some(Starts::Changed) if self.set.tables.escalations.contains_key(AGENTS) => {
                self.operation(AGENTS);
            }
            Some(Starts::Changed) => {
                let reason = "it starts an agent with settings of its own";
                self.refuse(Step::Command, Outcome::Ask, &command.text(), reason);
            }
        }
    }

    /// Addresses in the arguments of a command.
    fn addresses(&mut self, command: &Command) {
        let downloads = matches!(
            command.name(),
            "curl" | "wget" | "http" | "https" | "xh" | "aria2c" | "lynx" | "w3m"
        );
        let mut seen = false;
        for word in command.arguments().iter().take(ARGUMENTS_MAX) {
            let is_address = word.text.starts_with("http://") || word.text.starts_with("https://");
            if is_address && !word.dynamic {
                seen = true;
                self.fetch(&word.text, command.name());
            }
        }
        if downloads && !seen {
            self.gained.learn("fetched_untrusted_web");
        }
    }

    /// A file of a command, in every folder in which the command may run.
    fn effect(&mut self, script: &Script, command: &Command, target: &Word, access: Access) {
        if target.dynamic {
            let is_mention = matches!(access, Access::Mention | Access::Touch);
            // Braces alone are known; of variables, what they may hold besides what the script says is not.
            let braces = target.splits
                && !target.text.contains(['$', '`', '…'])
                && !target.text.contains("..");
            if braces || is_mention {
                for text in possible(target, &script.values) {
                    let word = Word {
                        dynamic: false,
                        ..part_of(target, &text)
                    };
                    self.effect(script, command, &word, access);
                }
                return;
            }
            if matches!(access, Access::Read | Access::Write | Access::Tree) {
                let reason = "which file it is about cannot be known before it runs";
                self.refuse(
                    Step::Path,
                    Outcome::Ask,
                    &command_text(command, target),
                    reason,
                );
            }
            return;
        }
        let text = target.text.as_str();
        let absolute = text.starts_with(['/', '~', '\\']) || text.as_bytes().get(1) == Some(&b':');
        for folder in &command.folders {
            match folder {
                _ if absolute => self.path(text, access, command.name(), target.glob),
                Some(folder) if folder.is_empty() => {
                    self.path(text, access, command.name(), target.glob);
                }
                Some(folder) => self.path(
                    &format!("{folder}/{text}"),
                    access,
                    command.name(),
                    target.glob,
                ),
                None if access == Access::Search => {}
                None if matches!(access, Access::Mention | Access::Touch) => {
                    self.path(text, access, command.name(), target.glob);
                }
                None => {
                    let reason = "in which folder it runs cannot be known";
                    let subject = command_text(command, target);
                    self.refuse(Step::Path, Outcome::Ask, &subject, reason);
                }
            }
        }
    }
}

/// Whether a command copies or packs folders with all that is in them.
fn is_recursive(command: &Command) -> bool {
    match command.name() {
        "mv" | "tar" | "gtar" | "bsdtar" => true,
        "cp" | "scp" | "rsync" | "zip" => {
            ['r', 'R', 'a']
                .iter()
                .any(|letter| flag(command, *letter, "recursive"))
                || flag(command, 'a', "archive")
        }
        _ => false,
    }
}

/// The names to which a command limits a search.
fn limits(command: &Command) -> Vec<String> {
    let words = command.arguments();
    let options: &[&str] = match command.name() {
        "rg" => &["-g", "--glob", "--iglob"],
        "grep" | "egrep" | "fgrep" | "zgrep" => &["--include"],
        "git" if subcommand(command) == "grep" => {
            let after = words.iter().skip_while(|word| word.text != "--").skip(1);
            let magic = words.iter().filter_map(|word| word.text.strip_prefix(':'));
            return after
                .map(|word| word.text.as_str())
                .chain(magic)
                .map(str::to_owned)
                .collect();
        }
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        for option in options {
            let Some(rest) = word.text.strip_prefix(option) else {
                continue;
            };
            let value = rest.strip_prefix('=').unwrap_or(rest);
            match (rest.is_empty(), words.get(at + 1)) {
                (true, Some(next)) => found.push(next.text.clone()),
                _ => found.push(value.to_owned()),
            }
        }
    }
    found.retain(|name| !name.starts_with('!') && !name.is_empty());
    found
}

/// The `NAME=value` that hold for a command: before it, or set and exported for all.
fn settings(script: &Script, command: &Command) -> Vec<String> {
    let others = || script.commands.iter();
    let shared = others().filter(|other| other.words.is_empty());
    let assigned = shared.chain([command]).flat_map(|other| &other.assignments);
    let assigned = assigned.map(|(name, value)| format!("{name}={}", value.text));
    let exports = others().filter(|other| other.name() == "export");
    let exported = exports.flat_map(Command::arguments);
    let exported = exported.map(|word| word.text.clone());
    let known = assigned.chain(exported.filter(|text| text.contains('=')));
    known.take(ARGUMENTS_MAX).collect()
}

fn command_text(command: &Command, target: &Word) -> String {
    if command.words.is_empty() {
        format!("> {}", target.text)
    } else {
        command.text()
    }
}
