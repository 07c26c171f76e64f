//! Commands inside words: `$(…)`, backticks, `<(…)`, and texts that are run as scripts.

use super::parser::{Parser, Read};
use super::word::Building;

impl Parser<'_> {
    /// The rest of `$(…)`.
    pub fn substitution(&mut self, building: &mut Building) -> Read<()> {
        let first = self.state.script.commands.len();
        self.subshell()?;
        building.word.dynamic = true;
        building
            .word
            .substituted
            .extend(first..self.state.script.commands.len());
        Ok(())
    }

    /// The rest of `<(…)` or `>(…)`.
    pub fn process(&mut self, building: &mut Building, kind: &str) -> Read<()> {
        building.push_str(kind);
        building.word.process = true;
        let dynamic = building.word.dynamic;
        let fed_by = self.state.fed_by.clone();
        if kind.starts_with('>') {
            // What is written to it; by which commands is not followed.
            self.state.fed_by.push(usize::MAX);
        }
        let result = self.substitution(building);
        self.state.fed_by = fed_by;
        building.word.dynamic = dynamic;
        result
    }

    /// A command between backticks, whose own backticks are escaped.
    pub fn backtick(&mut self, building: &mut Building, in_quotes: bool) -> Read<()> {
        self.at += 1;
        let mut inner = Vec::new();
        loop {
            match self.peek(0) {
                0 if self.at >= self.source.len() => {
                    return self.unclear("a backtick is not closed");
                }
                b'`' => break,
                b'\\' => {
                    let next = self.peek(1);
                    let unescaped =
                        matches!(next, b'`' | b'\\' | b'$') || in_quotes && next == b'"';
                    if !unescaped {
                        inner.push(b'\\');
                    }
                    if self.at + 1 < self.source.len() {
                        inner.push(next);
                    }
                    self.at = (self.at + 2).min(self.source.len());
                }
                byte => {
                    inner.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        let from = building.text.len();
        building.push_str("`…`");
        building.expansions.push((from, building.text.len()));
        building.word.dynamic = true;
        let first = self.state.script.commands.len();
        let result = self.inner_script(&String::from_utf8_lossy(&inner));
        building
            .word
            .substituted
            .extend(first..self.state.script.commands.len());
        result
    }

    /// A text that is run as a script, in a shell of its own.
    pub fn inner_script(&mut self, text: &str) -> Read<()> {
        let folders = self.state.folders.clone();
        let result = self.nested(|parser| {
            Parser::new(text, parser.state).whole();
            Ok(())
        });
        self.state.folders = folders;
        result
    }
}
