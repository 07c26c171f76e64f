//! Attributes: names with values.

use serde_json::Value;

use crate::{ATTRIBUTES_MAX, KEY_BYTES_MAX, TEXT_BYTES_MAX};

/// Attributes in the order in which they were sent, within the limits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes(Vec<(String, Value)>);

impl Attributes {
    /// Adds one, unless there are as many as there may be.
    pub(crate) fn push(&mut self, mut key: String, value: Value) {
        if self.0.len() < ATTRIBUTES_MAX && !key.is_empty() {
            cut(&mut key, KEY_BYTES_MAX);
            self.0.push((key, value));
        }
    }

    /// The value of a name.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let found = self.0.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }

    /// A text; also a number or a truth in its words.
    pub fn text(&self, key: &str) -> Option<String> {
        match self.get(key)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
            other => Some(other.to_string()),
        }
    }

    /// A number that is not below nothing: clients also send numbers as texts.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked before"
    )]
    pub fn count(&self, key: &str) -> Option<u64> {
        let value = self.get(key)?;
        if let Some(count) = value.as_u64() {
            return Some(count);
        }
        if let Some(count) = value.as_str().and_then(|text| text.parse().ok()) {
            return Some(count);
        }
        let number = self.number(key)?;
        (0.0..=9e15)
            .contains(&number)
            .then(|| number.round() as u64)
    }

    /// A number.
    pub fn number(&self, key: &str) -> Option<f64> {
        let value = self.get(key)?;
        let number = match value {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_f64(),
        };
        number.filter(|number: &f64| number.is_finite())
    }

    /// A truth: clients also send it as a text.
    pub fn truth(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Bool(truth) => Some(*truth),
            Value::String(text) if text == "true" => Some(true),
            Value::String(text) if text == "false" => Some(false),
            _ => None,
        }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Cuts a text at a character's boundary, and shows that it was cut.
pub(crate) fn cut(text: &mut String, bytes_max: usize) {
    const MARK: &str = "…";
    if text.len() > bytes_max {
        let end = text.floor_char_boundary(bytes_max.saturating_sub(MARK.len()));
        text.truncate(end);
        text.push_str(MARK);
    }
}

/// A text within the limit.
pub(crate) fn text(mut text: String) -> Value {
    cut(&mut text, TEXT_BYTES_MAX);
    Value::String(text)
}
