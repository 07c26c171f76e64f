//! What is wrong with tables, policies or tests, and where.

use std::fmt;

/// How many problems are listed at once.
pub const PROBLEMS_MAX: usize = 200;

/// Input that cannot be used; whoever wrote it must change it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    /// What is wrong, at most [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Where: a field (`roles.developer.paths[2]`), or a file with line and column (`payments.cedar:12:5`).
    pub place: String,
    /// What, and what to do, as a lowercase fragment.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}: {}", problem.place, problem.message)?;
        }
        Ok(())
    }
}

/// Problems while they are collected.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub fn add(&mut self, place: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(Problem {
                place: place.into(),
                message: message.into(),
            });
        }
    }

    pub fn into_result(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error { problems: self.0 })
        }
    }
}

impl Error {
    /// A single problem.
    pub(crate) fn at(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            problems: vec![Problem {
                place: place.into(),
                message: message.into(),
            }],
        }
    }
}

/// Line and column, from 1, of a byte in a text.
pub(crate) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = before.split(|byte| *byte == b'\n').count();
    let start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    (line, before.len() - start + 1)
}
