//! What is mended before anything is understood: marks, line ends, characters that cannot be read, `undefined`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::repairs::Repairs;

/// What scripts write where they had no value.
const UNDEFINED: &str = "undefined";

/// The text with line feeds alone at its line ends, without a byte-order mark or unreadable characters.
pub(super) fn clean<'a>(text: &'a str, repairs: &mut Repairs) -> Cow<'a, str> {
    let unmarked = text.trim_start_matches('\u{feff}');
    let mut text = Cow::Borrowed(unmarked);
    if text.contains('\r') {
        text = Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    if text.contains('\u{fffd}') {
        repairs.note("some characters could not be read: save the file as UTF-8");
    }
    let is_stray = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(is_stray) {
        repairs.note("control characters were taken out");
        text = Cow::Owned(text.replace(is_stray, ""));
    }
    text
}

/// Takes out what says `undefined`, which scripts write where they had no value.
pub(super) fn drop_undefined(front: &mut Map<String, Value>, repairs: &mut Repairs) {
    front.retain(|key, value| keep(key, value, repairs));
}

/// Values are nested at most as deep as the readers go.
fn keep(path: &str, value: &mut Value, repairs: &mut Repairs) -> bool {
    match value {
        Value::String(text) if text == UNDEFINED => {
            repairs.note(format!("`{path}` says `undefined`: taken as absent"));
            false
        }
        Value::Object(map) => {
            map.retain(|key, value| keep(&format!("{path}.{key}"), value, repairs));
            true
        }
        Value::Array(list) => {
            list.retain_mut(|value| keep(path, value, repairs));
            true
        }
        _ => true,
    }
}
