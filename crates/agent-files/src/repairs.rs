//! What had to be mended in a file, said once each.

/// Repairs of one file that are said one by one; more are counted.
const REPAIRS_MAX: usize = 40;

/// What was mended, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Repairs {
    said: Vec<String>,
    more: usize,
}

impl Repairs {
    /// Says something about the whole file.
    pub(super) fn note(&mut self, what: impl Into<String>) {
        let what = what.into();
        if self.said.contains(&what) {
            return;
        }
        if self.said.len() < REPAIRS_MAX {
            self.said.push(what);
        } else {
            self.more += 1;
        }
    }

    /// Says something about a line.
    pub(super) fn at(&mut self, line: usize, what: &str) {
        self.note(format!("line {line}: {what}"));
    }

    pub(super) fn len(&self) -> usize {
        self.said.len() + self.more
    }

    pub(super) fn extend(&mut self, other: Self) {
        for what in other.said {
            self.note(what);
        }
        self.more += other.more;
    }

    pub(super) fn into_vec(mut self) -> Vec<String> {
        if self.more > 0 {
            self.said.push(format!("and {} more", self.more));
        }
        self.said
    }
}
