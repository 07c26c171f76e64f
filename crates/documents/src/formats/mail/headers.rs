//! Who, to whom, when, and about what.

use mail_parser::{Address, DateTime, HeaderValue, Message};
use serde_json::Value;

use crate::document::Document;
use crate::place::Place;
use crate::text::shorten;

/// The most addresses of a field that are listed, and characters of any value.
const ADDRESSES_MAX: usize = 500;
const CHARACTERS_MAX: usize = 2_000;

/// Note the header's facts as metadata, the subject as the title.
pub(super) fn read(document: &mut Document, message: &Message<'_>) {
    let subject = message
        .subject()
        .map(one_line)
        .filter(|text| !text.is_empty());
    document.title.clone_from(&subject);
    for (name, addresses) in [
        ("from", message.from()),
        ("sender", message.sender()),
        ("reply_to", message.reply_to()),
        ("to", message.to()),
        ("cc", message.cc()),
        ("bcc", message.bcc()),
    ] {
        let Some(addresses) = addresses else { continue };
        let mut listed = people(addresses);
        if listed.is_empty() {
            continue;
        }
        if listed.len() > ADDRESSES_MAX {
            let left_out = listed.len() - ADDRESSES_MAX;
            let text = format!("{left_out} of the addresses in `{name}` are not listed");
            document.warn("addresses_left_out", text, Place::default());
            listed.truncate(ADDRESSES_MAX);
        }
        let is_one = matches!(name, "from" | "sender") && listed.len() == 1;
        let value = match listed.pop() {
            Some(one) if is_one => Value::String(one),
            last => listed.into_iter().chain(last).collect(),
        };
        document.metadata.insert(name.to_owned(), value);
    }
    match message.date() {
        Some(date) if is_real(date) => {
            document
                .metadata
                .insert("date".to_owned(), date.to_rfc3339().into());
        }
        Some(_) => document.warn("odd_date", "its date is not one", Place::default()),
        None => {}
    }
    if let Some(id) = message.message_id() {
        document
            .metadata
            .insert("message_id".to_owned(), one_line(id).into());
    }
    for (name, value) in [
        ("in_reply_to", message.in_reply_to()),
        ("references", message.references()),
    ] {
        let value = match value {
            HeaderValue::Text(id) => Value::String(one_line(id)),
            HeaderValue::TextList(ids) => ids
                .iter()
                .take(ADDRESSES_MAX)
                .map(|id| one_line(id))
                .collect(),
            _ => continue,
        };
        document.metadata.insert(name.to_owned(), value);
    }
}

/// The header as people read it, one field a line.
pub(super) fn record(document: &Document) -> String {
    let mut lines = Vec::new();
    for (name, label) in [
        ("from", "From"),
        ("to", "To"),
        ("cc", "Cc"),
        ("bcc", "Bcc"),
        ("date", "Date"),
    ] {
        match document.metadata.get(name) {
            Some(Value::String(text)) => lines.push(format!("{label}: {text}")),
            Some(Value::Array(all)) => {
                let all: Vec<_> = all.iter().filter_map(Value::as_str).collect();
                lines.push(format!("{label}: {}", all.join(", ")));
            }
            _ => {}
        }
    }
    if let Some(subject) = &document.title {
        lines.push(format!("Subject: {subject}"));
    }
    lines.join("\n")
}

/// `Name <address>`, or whichever of the two there is.
fn people(addresses: &Address<'_>) -> Vec<String> {
    let all = addresses.iter().map(|one| {
        let name = one.name().map(one_line).filter(|name| !name.is_empty());
        let address = one
            .address()
            .map(one_line)
            .filter(|address| !address.is_empty());
        match (name, address) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (name, address) => name.or(address).unwrap_or_default(),
        }
    });
    all.filter(|text| !text.is_empty())
        .take(ADDRESSES_MAX * 2)
        .collect()
}

fn is_real(date: &DateTime) -> bool {
    date.is_valid()
}

/// A value without line ends and control characters.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text
        .split(|character: char| character.is_control() || character.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    shorten(&words.join(" "), CHARACTERS_MAX)
}
