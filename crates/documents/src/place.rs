//! Where in a file something stands.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where in a file something stands, so that a search hit opens there. Counting starts at 1, ranges include both ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The file within the file, after the names of those it stands in, as in [`Part::path`](crate::Part::path). All
    /// else is counted within that part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part: Vec<String>,
    /// The page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// First and last data row; the header is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<(u64, u64)>,
    /// First and last line of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<(u64, u64)>,
    /// The headings above, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heading_path: Vec<String>,
    /// The sheet of a workbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
}

impl Place {
    /// A place known by its lines alone.
    pub(crate) fn lines(first: u64, last: u64) -> Self {
        Self {
            lines: Some((first, last)),
            ..Self::default()
        }
    }

    /// A place known by its page alone.
    pub(crate) fn page(page: u32) -> Self {
        Self {
            page: Some(page),
            ..Self::default()
        }
    }

    /// Widen this place so that it reaches to the end of `other`.
    pub(crate) fn extend(&mut self, other: &Self) {
        join(&mut self.rows, other.rows);
        join(&mut self.lines, other.lines);
    }
}

fn join(range: &mut Option<(u64, u64)>, other: Option<(u64, u64)>) {
    if let (Some((first, last)), Some((other_first, other_last))) = (range.as_mut(), other) {
        *first = (*first).min(other_first);
        *last = (*last).max(other_last);
    }
}
