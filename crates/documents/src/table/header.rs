//! Whether a first row names the columns.

use super::{ColumnKind, classify};

/// Whether the first record names the columns: all of its cells are words, all different, and either the second
/// record has a value that is no word, or the names look like names.
pub(crate) fn is_header(first: &[&[u8]], second: &[&[u8]]) -> bool {
    let kind = |cell: &[u8]| {
        let text = String::from_utf8_lossy(cell);
        let text = text.trim();
        if text.is_empty() {
            ColumnKind::Empty
        } else {
            classify(text)
        }
    };
    let mut names = first.to_vec();
    let all_words = names
        .iter()
        .all(|cell| kind(cell) == ColumnKind::Text && cell.len() <= 120);
    if names.is_empty() || !all_words {
        return false;
    }
    names.sort_unstable();
    let all_differ = names.windows(2).all(|pair| pair[0] != pair[1]);
    // Names are words; a cell with a digit or an at sign in it is rather a value.
    let name_like = |cell: &&[u8]| {
        !cell
            .iter()
            .any(|byte| byte.is_ascii_digit() || *byte == b'@')
    };
    let second_has_values = second
        .iter()
        .any(|cell| kind(cell) != ColumnKind::Text && kind(cell) != ColumnKind::Empty);
    all_differ && (second_has_values || names.iter().all(name_like))
}
