//! Reads the fields of an event: each of the form it should have and within its limit, or absent.

use serde_json::{Map, Value};

/// The longest name or id, in characters: tools, models, sessions, calls.
pub const WORD_CHARS_MAX: usize = 256;
/// The longest path, in characters: what Windows allows at most.
pub const PATH_CHARS_MAX: usize = 32_767;
/// The longest text, in bytes: prompts, messages, summaries. It is above what an endpoint takes as a body.
pub const TEXT_BYTES_MAX: usize = 8 << 20;
/// The calls of one batch that are looked at.
pub const BATCH_CALLS_MAX: usize = 1_000;

/// The fields of one object.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The fields of a value; none when it is no object.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// A name or an id: it is neither empty nor longer than [`WORD_CHARS_MAX`], and has no control characters.
    pub(crate) fn word(self, key: &str) -> Option<String> {
        let word = self.0.get(key)?.as_str()?;
        let is_usable = !word.is_empty()
            && word.len() <= WORD_CHARS_MAX * 4
            && word.chars().count() <= WORD_CHARS_MAX
            && !word.chars().any(char::is_control);
        is_usable.then(|| word.to_owned())
    }

    /// Whether a field is there with something in it: neither null nor an empty text, which say nothing.
    pub(crate) fn is_said(self, key: &str) -> bool {
        let value = self.0.get(key);
        value.is_some_and(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// A path.
    pub(crate) fn path(self, key: &str) -> Option<String> {
        let path = self.0.get(key)?.as_str()?;
        let is_usable = !path.is_empty()
            && path.len() <= PATH_CHARS_MAX * 4
            && path.chars().count() <= PATH_CHARS_MAX
            && !path.contains('\0');
        is_usable.then(|| path.to_owned())
    }

    /// A text; it may be empty.
    pub(crate) fn text(self, key: &str) -> Option<String> {
        let text = self.0.get(key)?.as_str()?;
        (text.len() <= TEXT_BYTES_MAX).then(|| text.to_owned())
    }

    /// Yes or no.
    pub(crate) fn flag(self, key: &str) -> Option<bool> {
        self.0.get(key)?.as_bool()
    }

    /// A count, rounded down where it came with a fraction.
    pub(crate) fn count(self, key: &str) -> Option<u64> {
        let value = self.0.get(key)?;
        if let Some(count) = value.as_u64() {
            return Some(count);
        }
        // Its digits, because a cast would guess what lies beyond an integer's range.
        let whole = value.as_f64().filter(|number| *number >= 0.0)?.trunc();
        format!("{whole:.0}").parse().ok()
    }

    /// A number.
    pub(crate) fn number(self, key: &str) -> Option<f64> {
        self.0.get(key)?.as_f64()
    }

    /// Paths or patterns of a list; what is none is left out.
    pub(crate) fn paths(self, key: &str) -> Vec<String> {
        let items = self.0.get(key).and_then(Value::as_array);
        let items = items.into_iter().flatten().take(BATCH_CALLS_MAX);
        items
            .filter_map(Value::as_str)
            .filter(|item| item.len() <= PATH_CHARS_MAX)
            .map(str::to_owned)
            .collect()
    }

    /// An object inside.
    pub(crate) fn object(self, key: &str) -> Option<Self> {
        self.0.get(key).and_then(Self::of)
    }

    /// A list inside, its first [`BATCH_CALLS_MAX`] items.
    pub(crate) fn list(self, key: &str) -> impl Iterator<Item = &'a Value> {
        let items = self.0.get(key).and_then(Value::as_array);
        items.into_iter().flatten().take(BATCH_CALLS_MAX)
    }
}
