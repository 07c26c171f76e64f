//! Compound commands: groups, conditions, loops, `case`, functions, `[[ ]]`.

use super::changes::CALCULATING;
use super::languages::reads_commands;
use super::parser::{Parser, Read};
use super::{Command, RedirectKind, Word};

impl Parser<'_> {
    /// The compound command that a reserved word begins, if it begins one.
    pub fn compound(&mut self, reserved: &str) -> Read<bool> {
        let first = self.state.script.commands.len();
        match reserved {
            "{" => {
                self.block(&["}"])?;
            }
            "if" => {
                self.block(&["then"])?;
                let mut end = self.block(&["elif", "else", "fi"])?;
                while end == "elif" {
                    self.block(&["then"])?;
                    end = self.block(&["elif", "else", "fi"])?;
                }
                if end == "else" {
                    self.block(&["fi"])?;
                }
            }
            "while" | "until" => self.looped(|parser| {
                parser.block(&["do"])?;
                parser.block(&["done"])
            })?,
            "for" | "select" => self.for_loop()?,
            "case" => self.case()?,
            "function" => {
                self.blanks();
                let name = self.word()?;
                self.blanks();
                if self.take("(") && !self.take(")") {
                    return self.unclear("a function's name is not followed by `()`");
                }
                self.function(&name.text)?;
                return Ok(true);
            }
            "[[" => self.test()?,
            _ => return Ok(false),
        }
        self.trailing_redirects(first)?;
        Ok(true)
    }

    /// A loop: what changes the folder in one round holds for the next.
    fn looped(&mut self, read: impl FnOnce(&mut Self) -> Read<String>) -> Read<()> {
        let folders = self.state.folders.clone();
        let first = self.state.script.commands.len();
        read(self)?;
        if self.state.folders != folders {
            for command in &mut self.state.script.commands[first..] {
                command.folders.push(None);
            }
            self.state.folders.push(None);
        }
        Ok(())
    }

    fn for_loop(&mut self) -> Read<()> {
        self.blanks();
        if self.take("((") {
            self.arithmetic()?;
        } else {
            let name = self.word()?.text;
            self.lines()?;
            let at = self.at;
            if self.bare_word() == "in" {
                while let Some(value) = self.argument()? {
                    self.assigned(&name, Some(&value));
                }
            } else {
                self.at = at;
                self.assigned(&name, None);
            }
        }
        self.blanks();
        self.take(";");
        self.lines()?;
        match self.bare_word().as_str() {
            "do" => self.looped(|parser| parser.block(&["done"])),
            "{" => self.looped(|parser| parser.block(&["}"])),
            _ => self.unclear("`do` is missing after `for`"),
        }
    }

    fn case(&mut self) -> Read<()> {
        self.blanks();
        self.word()?;
        self.lines()?;
        if self.bare_word() != "in" {
            return self.unclear("`in` is missing after `case`");
        }
        loop {
            self.lines()?;
            let at = self.at;
            if self.bare_word() == "esac" {
                return Ok(());
            }
            self.at = at;
            self.take("(");
            loop {
                self.blanks();
                self.word()?;
                self.blanks();
                if self.take(")") {
                    break;
                }
                if !self.take("|") {
                    return self.unclear("a pattern of `case` is not closed");
                }
            }
            if self.nested(|parser| parser.list(&["esac"]))?.is_some() {
                return Ok(());
            }
            if !(self.take(";;&") || self.take(";;") || self.take(";&")) {
                return self.unclear("`esac` is missing");
            }
        }
    }

    /// The body of a function. It runs later, in a folder that is not known now.
    pub fn function(&mut self, name: &str) -> Read<()> {
        let folders = self.state.folders.clone();
        let first = self.state.script.commands.len();
        self.lines()?;
        // It reads what its caller reads, which is not followed.
        let fed_by = std::mem::replace(&mut self.state.fed_by, vec![usize::MAX]);
        let result = self.nested(|parser| parser.command(&[]));
        self.state.fed_by = fed_by;
        result?;
        for command in &mut self.state.script.commands[first..] {
            command.folders.push(None);
            let calls_itself = command.words.first().is_some_and(|word| word.text == name);
            command.fork_bomb |= calls_itself
                && (command.background || command.fed_by.iter().any(|place| *place != usize::MAX));
        }
        if self.state.folders != folders {
            self.state.folders.push(None);
        }
        Ok(())
    }

    /// Redirections after a compound command.
    pub fn trailing_redirects(&mut self, first: usize) -> Read<()> {
        self.blanks();
        let before = self.pending.len();
        let mut command = Command::default();
        while self.redirect(&mut command)? {
            self.blanks();
        }
        if command.redirects.is_empty() && command.here.is_none() && self.pending.len() == before {
            return Ok(());
        }
        let gives_input = command.here.is_some()
            || self.pending.len() > before
            || command
                .redirects
                .iter()
                .any(|redirect| redirect.kind != RedirectKind::Write);
        let inside = &self.state.script.commands[first.min(self.state.script.commands.len())..];
        if gives_input && inside.iter().any(|command| reads_commands(command.name())) {
            self.note("a shell inside a group reads the group's input");
        }
        let place = self.found(command)?;
        for pending in &mut self.pending[before..] {
            pending.command = place;
        }
        Ok(())
    }

    /// `[[ … ]]`: its words are tests, its substitutions are commands.
    fn test(&mut self) -> Read<()> {
        loop {
            self.lines()?;
            match self.peek(0) {
                0 if self.at >= self.source.len() => return self.unclear("`[[` is not closed"),
                b'(' | b')' | b'<' | b'>' | b'|' | b'&' | b'!' if !self.process_ahead() => {
                    self.at += 1;
                }
                b';' => return self.unclear("`[[` is not closed"),
                _ => {
                    let word: Word = self.word()?;
                    self.state.calculates |= CALCULATING.contains(&word.text.as_str());
                    if word.text == "]]" && !word.quoted {
                        return Ok(());
                    }
                }
            }
        }
    }
}
