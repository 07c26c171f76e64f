//! Where a page of files begins and ends.

use civitas_intent::prelude::*;
use civitas_model::Timestamp;
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

/// Characters of a cursor.
const CURSOR_LENGTH_MAX: usize = 1_000;
/// Files that are skipped by a cursor; there are no more of them, since no more places are looked at.
const SKIP_MAX: usize = 10_000;

/// The end of a page, as clients pass it on: the files found by content are counted in the state of the index that the
/// first page was answered from, those found by name have their place by date.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    /// The question it belongs to.
    #[serde(rename = "q")]
    pub(super) question: String,
    /// The first page of what was found by content; none when that was nothing.
    #[serde(rename = "f")]
    pub(super) first: Option<String>,
    /// How many files found by content were answered.
    #[serde(rename = "s")]
    pub(super) skip: usize,
    /// The last file found by name that was answered.
    #[serde(rename = "n")]
    pub(super) name: Option<(Timestamp, FileId)>,
}

impl Cursor {
    /// As clients pass it on.
    pub(super) fn encode(&self) -> String {
        BASE64URL_NOPAD.encode(json!(self).to_string().as_bytes())
    }

    /// Reads what [`encode`](Self::encode) wrote for this question.
    pub(super) fn decode(text: &str, question: &str) -> Option<Self> {
        if text.len() > CURSOR_LENGTH_MAX {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let cursor: Self = serde_json::from_slice(&bytes).ok()?;
        (cursor.question == question && cursor.skip <= SKIP_MAX).then_some(cursor)
    }

    /// Whether a file that is found by name comes after it.
    pub(super) fn is_before(&self, file: &File) -> bool {
        self.name
            .as_ref()
            .is_none_or(|(at, id)| (file.created_at, &file.file_id) < (*at, id))
    }
}

/// A number for everything that chooses and orders files.
pub(super) fn question(parts: &Value) -> String {
    let digest = Sha256::digest(parts.to_string().as_bytes());
    BASE64URL_NOPAD.encode(digest.get(..9).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_for_its_question_only() {
        let cursor = Cursor {
            question: question(&json!(["a"])),
            first: Some("00ff".to_owned()),
            skip: 7,
            name: Some((Timestamp::from_micros(5), FileId::trusted("f"))),
        };
        let text = cursor.encode();
        assert_eq!(
            Cursor::decode(&text, &question(&json!(["a"]))),
            Some(cursor)
        );
        assert_eq!(Cursor::decode(&text, &question(&json!(["b"]))), None);
        for wrong in ["?", "e30", &text[1..]] {
            assert_eq!(Cursor::decode(wrong, &question(&json!(["a"]))), None);
        }
    }
}
