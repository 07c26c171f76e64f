//! Redirections and here-documents.

use super::parser::{Parser, Pending, Read};
use super::word::Building;
use super::{Command, Here, Redirect, RedirectKind};

/// How many here-documents may begin on one line.
const HERE_DOCUMENTS_MAX: usize = 16;

/// The operators, longest first.
const OPERATORS: [(&str, Operator); 12] = [
    ("&>>", Operator::File(RedirectKind::Write)),
    ("<<<", Operator::HereString),
    ("<<-", Operator::HereDocument { cut_tabs: true }),
    ("&>", Operator::File(RedirectKind::Write)),
    (">>", Operator::File(RedirectKind::Write)),
    (">|", Operator::File(RedirectKind::Write)),
    (">&", Operator::Duplicate(RedirectKind::Write)),
    ("<&", Operator::Duplicate(RedirectKind::Read)),
    ("<>", Operator::File(RedirectKind::ReadWrite)),
    ("<<", Operator::HereDocument { cut_tabs: false }),
    (">", Operator::File(RedirectKind::Write)),
    ("<", Operator::File(RedirectKind::Read)),
];

#[derive(Clone, Copy)]
enum Operator {
    File(RedirectKind),
    Duplicate(RedirectKind),
    HereString,
    HereDocument { cut_tabs: bool },
}

impl Parser<'_> {
    /// Reads a redirection, if one is next.
    pub fn redirect(&mut self, command: &mut Command) -> Read<bool> {
        let start = self.at;
        while self.peek(0).is_ascii_digit() {
            self.at += 1;
        }
        let found = OPERATORS
            .iter()
            .find(|(text, _)| self.starts_with(text) && !self.process_ahead());
        let Some((text, operator)) = found else {
            self.at = start;
            return Ok(false);
        };
        self.at += text.len();
        if self.peek(0) == b'!' {
            return self.unclear("`>!` means one thing to bash and another to zsh");
        }
        self.blanks();
        match *operator {
            Operator::HereDocument { cut_tabs } => {
                let delimiter = self.word()?;
                if self.pending.len() >= HERE_DOCUMENTS_MAX {
                    return self.unclear(format!(
                        "more than {HERE_DOCUMENTS_MAX} here-documents begin on one line"
                    ));
                }
                if delimiter.dynamic {
                    return self.unclear("the end of a here-document is an expansion");
                }
                self.pending.push(Pending {
                    command: usize::MAX,
                    delimiter: delimiter.text,
                    quoted: delimiter.quoted,
                    cut_tabs,
                });
            }
            Operator::HereString => {
                let word = self.word()?;
                command.here = Some(Here {
                    text: word.known().map(str::to_owned),
                    raw: word.text,
                });
            }
            Operator::File(kind) => {
                let target = self.word()?;
                command.redirects.push(Redirect { kind, target });
            }
            Operator::Duplicate(kind) => {
                let target = self.word()?;
                let number = target.text.strip_suffix('-').unwrap_or(&target.text);
                if target.dynamic || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                    command.redirects.push(Redirect { kind, target });
                }
            }
        }
        Ok(true)
    }

    /// The texts of the here-documents that began on the line before.
    pub fn here_documents(&mut self) -> Read<()> {
        for pending in std::mem::take(&mut self.pending) {
            let body = self.body(&pending)?;
            let mut inner = Building::default();
            if !pending.quoted {
                self.expansions(&body, &mut inner)?;
            }
            self.state.hides_index |= super::word::document_hides_index(&body);
            let text = (!inner.word.dynamic).then(|| body.clone());
            let Some(command) = self.state.script.commands.get_mut(pending.command) else {
                continue;
            };
            command.here = Some(Here { text, raw: body });
            self.unwrap(pending.command)?;
        }
        Ok(())
    }

    fn body(&mut self, pending: &Pending) -> Read<String> {
        let mut body = Vec::new();
        // The lines that a backslash at the end joins.
        let mut joined: Vec<u8> = Vec::new();
        let mut continued = false;
        let delimiter = pending.delimiter.as_bytes();
        while self.at < self.source.len() {
            let rest = &self.source[self.at..];
            let length = rest.iter().position(|byte| *byte == b'\n');
            let mut line = &rest[..length.unwrap_or(rest.len())];
            self.at += length.map_or(rest.len(), |length| length + 1);
            if pending.cut_tabs {
                let tabs = line.iter().take_while(|byte| **byte == b'\t').count();
                line = &line[tabs..];
            }
            if !continued && line == delimiter {
                break;
            }
            let backslashes = line.iter().rev().take_while(|byte| **byte == b'\\').count();
            let was_continued =
                std::mem::replace(&mut continued, !pending.quoted && backslashes % 2 == 1);
            joined.extend_from_slice(
                line.strip_suffix(b"\\")
                    .filter(|_| continued)
                    .unwrap_or(line),
            );
            // Shells differ in whether joined lines, and a line with more after the delimiter, end it.
            let is_end = !continued && was_continued && (joined == delimiter || line == delimiter);
            let is_cut = self.state.depth > 0
                && line
                    .strip_prefix(delimiter)
                    .is_some_and(|rest| rest.contains(&b')') || rest.contains(&b'`'));
            if is_end || is_cut {
                return self.unclear("where a here-document ends cannot be known");
            }
            if !continued {
                joined.clear();
            }
            body.extend_from_slice(line);
            body.push(b'\n');
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// The expansions in a text that is otherwise data.
    fn expansions(&mut self, text: &str, building: &mut Building) -> Read<()> {
        self.nested(|parser| {
            let mut inner = Parser::new(text, parser.state);
            loop {
                match inner.peek(0) {
                    0 if inner.at >= inner.source.len() => return Ok(()),
                    b'\\' => inner.at += 2,
                    b'$' => inner.dollar(building, true)?,
                    b'`' => inner.backtick(building, true)?,
                    _ => inner.at += 1,
                }
            }
        })
    }
}
