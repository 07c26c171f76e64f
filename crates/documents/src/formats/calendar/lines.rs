//! From folded lines to components. A component that is broken costs itself alone.

use icalendar::parser::read_components;

use super::value::Property;
use crate::place::Place;
use crate::text::shorten;

/// Components nested deeper than this are left out; real ones nest two deep.
const DEPTH_MAX: usize = 32;

/// A component that holds something to read.
pub(super) struct Component {
    pub(super) name: String,
    pub(super) properties: Vec<Property>,
    pub(super) alarms: u32,
    pub(super) first_line: u64,
    pub(super) last_line: u64,
}

/// What one pass over the lines gives.
#[derive(Default)]
pub(super) struct Scan {
    pub(super) components: Vec<Component>,
    /// The properties of the calendar itself.
    pub(super) calendar: Vec<Property>,
    /// The time zones it defines.
    pub(super) zones: Vec<String>,
    pub(super) problems: Vec<(&'static str, String, Place)>,
}

/// Join folded lines (RFC 5545, 3.1); answers the text and the number of each line in the source. Folding may cut a
/// character in two, so this is done to bytes.
pub(super) fn unfold(bytes: &[u8]) -> (Vec<u8>, Vec<u64>) {
    let mut text = Vec::with_capacity(bytes.len());
    let mut numbers = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.split_first() {
            Some((b' ' | b'\t', rest)) if !numbers.is_empty() => text.extend_from_slice(rest),
            Some(_) => {
                if !numbers.is_empty() {
                    text.push(b'\n');
                }
                numbers.push(index as u64 + 1);
                text.extend_from_slice(line);
            }
            None => {}
        }
    }
    (text, numbers)
}

/// What is open at a line.
struct Open<'a> {
    name: String,
    first: u64,
    lines: Vec<(u64, &'a str)>,
    alarms: u32,
}

/// Find the components of these names, wherever they stand.
pub(super) fn scan(text: &str, numbers: &[u64], names: &[&str]) -> Scan {
    let mut scan = Scan::default();
    let mut stack: Vec<String> = Vec::new();
    let mut open: Option<Open<'_>> = None;
    let mut last = 0;
    for (line, number) in text.lines().zip(numbers) {
        last = *number;
        let line = line.trim_start_matches('\u{feff}');
        if let Some(name) = keyword(line, "BEGIN:") {
            if names.contains(&&*name) {
                if let Some(broken) = open.take() {
                    scan.unclosed(broken, *number);
                }
                stack.retain(|above| !names.contains(&&**above));
                open = Some(Open {
                    name: name.clone(),
                    first: *number,
                    lines: Vec::new(),
                    alarms: 0,
                });
            } else if let Some(open) = open.as_mut() {
                open.alarms += u32::from(name == "VALARM");
            }
            if stack.len() < DEPTH_MAX {
                stack.push(name);
            }
        } else if let Some(name) = keyword(line, "END:") {
            if let Some(done) = open.take_if(|open| open.name == name) {
                scan.close(done, *number);
            }
            // What was left open inside ends with what is around it.
            if let Some(at) = stack.iter().rposition(|above| *above == name) {
                stack.truncate(at);
            }
        } else if let Some(above) = stack.last() {
            match open.as_mut() {
                Some(open) if open.name == *above => open.lines.push((*number, line)),
                None if above == "VCALENDAR" => scan.calendar.extend(property(line)),
                None if above == "VTIMEZONE" => {
                    let zone = property(line).filter(|property| property.name == "TZID");
                    scan.zones.extend(zone.map(|zone| zone.text()));
                }
                // An alarm's own properties say nothing about the event, a zone's rules nothing to people.
                _ => {}
            }
        }
    }
    if let Some(broken) = open.take() {
        scan.unclosed(broken, last);
    }
    scan
}

impl Scan {
    fn unclosed(&mut self, open: Open<'_>, last: u64) {
        let message = format!("a {} has no end; what is there of it is kept", open.name);
        self.problems
            .push(("broken_component", message, Place::lines(open.first, last)));
        self.close(open, last);
    }

    fn close(&mut self, open: Open<'_>, last: u64) {
        let mut properties = Vec::new();
        for (number, line) in &open.lines {
            if let Some(property) = property(line) {
                properties.push(property);
            } else if !line.trim().is_empty() {
                let line = shorten(line, 100);
                let message = format!(
                    "`{}` is no property of a {}",
                    line.escape_debug(),
                    open.name
                );
                self.problems
                    .push(("broken_property", message, Place::lines(*number, *number)));
            }
        }
        for property in properties.iter().filter(|property| property.has_odd_time()) {
            let message = format!(
                "{} of a {} is no date: `{}`",
                property.name,
                open.name,
                property.text()
            );
            self.problems
                .push(("odd_date", message, Place::lines(open.first, last)));
        }
        self.components.push(Component {
            name: open.name,
            properties,
            alarms: open.alarms,
            first_line: open.first,
            last_line: last,
        });
    }
}

/// The name behind `BEGIN:` or `END:`, in any case.
fn keyword(line: &str, word: &str) -> Option<String> {
    let start = line.get(..word.len())?;
    let name = line.get(word.len()..)?.trim();
    start
        .eq_ignore_ascii_case(word)
        .then(|| name.to_ascii_uppercase())
}

/// One line by the library. It is given one at a time: its errors cover all that it is given.
fn property(line: &str) -> Option<Property> {
    if !line.contains(':') {
        return None;
    }
    let wrapped = format!("BEGIN:X\n{line}\nEND:X\n");
    let mut components = read_components(&wrapped).ok()?;
    let property = components.pop()?.properties.pop()?;
    Some(Property::from(property))
}
