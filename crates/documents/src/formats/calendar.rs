//! iCalendar (RFC 5545): events, to-dos, journals and busy times, each as a row of a table and as text to read.

mod lines;
mod value;

use serde_json::{Value, json};

use crate::document::{BlockKind, Document, Heading};
use crate::encoding::decode;
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::table::Builder;
use crate::text::{check_size, shorten};
use lines::{Component, Scan};
use value::{Property, people};

/// The most characters of a summary in a heading.
const HEADING_CHARACTERS_MAX: usize = 200;

/// What the columns of a table are taken from.
#[derive(Clone, Copy)]
enum Source {
    /// The value of this property, all of them where it occurs more than once.
    Property(&'static str),
    /// The time zone of the first of these properties that has one.
    TimeZone(&'static [&'static str]),
}
use Source::{Property as P, TimeZone as Z};

/// The kinds of component: the name in the file, of the table, and its columns. A column that stays empty is left out
/// when it is not among the first `always`.
struct Kind {
    name: &'static str,
    table: &'static str,
    always: usize,
    columns: &'static [(&'static str, Source)],
}

const KINDS: &[Kind] = &[
    Kind {
        name: "VEVENT",
        table: "events",
        always: 10,
        columns: &[
            ("uid", P("UID")),
            ("summary", P("SUMMARY")),
            ("start", P("DTSTART")),
            ("end", P("DTEND")),
            ("time_zone", Z(&["DTSTART", "DTEND"])),
            ("location", P("LOCATION")),
            ("organizer", P("ORGANIZER")),
            ("attendees", P("ATTENDEE")),
            ("rrule", P("RRULE")),
            ("status", P("STATUS")),
            ("duration", P("DURATION")),
            ("excepted", P("EXDATE")),
            ("added", P("RDATE")),
            ("recurrence_id", P("RECURRENCE-ID")),
            ("categories", P("CATEGORIES")),
            ("url", P("URL")),
        ],
    },
    Kind {
        name: "VTODO",
        table: "to-dos",
        always: 6,
        columns: &[
            ("uid", P("UID")),
            ("summary", P("SUMMARY")),
            ("start", P("DTSTART")),
            ("due", P("DUE")),
            ("time_zone", Z(&["DUE", "DTSTART"])),
            ("status", P("STATUS")),
            ("completed", P("COMPLETED")),
            ("percent_complete", P("PERCENT-COMPLETE")),
            ("priority", P("PRIORITY")),
            ("location", P("LOCATION")),
            ("organizer", P("ORGANIZER")),
            ("attendees", P("ATTENDEE")),
            ("rrule", P("RRULE")),
            ("duration", P("DURATION")),
            ("categories", P("CATEGORIES")),
        ],
    },
    Kind {
        name: "VJOURNAL",
        table: "journal entries",
        always: 3,
        columns: &[
            ("uid", P("UID")),
            ("summary", P("SUMMARY")),
            ("start", P("DTSTART")),
            ("time_zone", Z(&["DTSTART"])),
            ("status", P("STATUS")),
            ("organizer", P("ORGANIZER")),
            ("categories", P("CATEGORIES")),
        ],
    },
    Kind {
        name: "VFREEBUSY",
        table: "busy times",
        always: 5,
        columns: &[
            ("uid", P("UID")),
            ("start", P("DTSTART")),
            ("end", P("DTEND")),
            ("organizer", P("ORGANIZER")),
            ("periods", P("FREEBUSY")),
            ("attendees", P("ATTENDEE")),
        ],
    },
];

/// Read a calendar.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    check_size(bytes)?;
    let (unfolded, numbers) = lines::unfold(bytes);
    let text = decode(document, &unfolded, options, None)?;
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let Scan {
        components,
        calendar,
        zones,
        problems,
    } = lines::scan(&text, &numbers, &names);
    if components.is_empty() && calendar.is_empty() {
        return Err(Error::damaged("it holds no calendar"));
    }
    let mut zones = zones;
    for (code, message, place) in problems {
        document.warn(code, message, place);
    }
    facts(document, &calendar);
    zones.dedup();
    if !zones.is_empty() {
        document
            .metadata
            .insert("time_zones".to_owned(), json!(zones));
    }
    for kind in KINDS {
        table(document, kind, &components, options);
    }
    for component in &components {
        readable(document, component);
    }
    document.record_count = components.len() as u64;
    Ok(())
}

fn facts(document: &mut Document, calendar: &[Property]) {
    for property in calendar {
        let value = property.text();
        if value.is_empty() {
            continue;
        }
        match property.name.as_str() {
            "NAME" | "X-WR-CALNAME" => document.title = Some(value),
            "PRODID" | "VERSION" | "METHOD" | "CALSCALE" | "X-WR-TIMEZONE" | "X-WR-CALDESC" => {
                let name = property.name.to_ascii_lowercase().replace('-', "_");
                document.metadata.insert(name, Value::String(value));
            }
            _ => {}
        }
    }
}

fn table(document: &mut Document, kind: &Kind, components: &[Component], options: &Options) {
    let rows: Vec<Vec<String>> = components
        .iter()
        .filter(|component| component.name == kind.name)
        .map(|component| {
            kind.columns
                .iter()
                .map(|(_, source)| cell(component, *source))
                .collect()
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    let kept: Vec<usize> = (0..kind.columns.len())
        .filter(|index| {
            *index < kind.always
                || rows
                    .iter()
                    .any(|row| row.get(*index).is_some_and(|cell| !cell.is_empty()))
        })
        .collect();
    let headers = kept.iter().filter_map(|index| kind.columns.get(*index));
    let headers = headers.map(|(name, _)| (*name).to_owned()).collect();
    let mut builder = Builder::new(headers, options.rows_max);
    for row in &rows {
        builder.push(
            kept.iter()
                .filter_map(|index| row.get(*index))
                .map(String::as_str),
        );
    }
    let place = Place {
        rows: Some((1, builder.row_count())),
        ..Place::default()
    };
    document.push_table(builder.finish(kind.table, place));
}

fn cell(component: &Component, source: Source) -> String {
    match source {
        P(name) => component.joined(name),
        Z(names) => names
            .iter()
            .find_map(|name| component.first(name)?.parameter("TZID"))
            .unwrap_or_default(),
    }
}

/// One component as a person would write it down.
fn readable(document: &mut Document, component: &Component) {
    let summary = component.joined("SUMMARY");
    let heading = match (summary.trim(), component.name.as_str()) {
        ("", "VFREEBUSY") => "Busy times".to_owned(),
        ("", _) => "(without a summary)".to_owned(),
        (summary, _) => shorten(&summary.replace('\n', " "), HEADING_CHARACTERS_MAX),
    };
    let place = Place {
        heading_path: vec![heading.clone()],
        ..Place::lines(component.first_line, component.last_line)
    };
    document.push_heading(Heading {
        level: 1,
        text: heading,
        place: place.clone(),
    });
    let mut lines = Vec::new();
    if let Some(when) = when(component) {
        lines.push(format!("When: {when}"));
    }
    for (label, name) in [
        ("Repeats", "RRULE"),
        ("Except", "EXDATE"),
        ("Due", "DUE"),
        ("Completed", "COMPLETED"),
        ("Busy", "FREEBUSY"),
        ("Where", "LOCATION"),
        ("Organizer", "ORGANIZER"),
        ("Attendees", "ATTENDEE"),
        ("Status", "STATUS"),
        ("Priority", "PRIORITY"),
        ("Categories", "CATEGORIES"),
        ("Link", "URL"),
        ("Attached", "ATTACH"),
    ] {
        let value = component.joined(name);
        if !value.is_empty() {
            lines.push(format!("{label}: {}", value.replace('\n', " ")));
        }
    }
    if component.alarms > 0 {
        lines.push(format!("Reminders: {}", component.alarms));
    }
    if !lines.is_empty() {
        document.push(BlockKind::Record, lines.join("\n"), place.clone());
    }
    for name in ["DESCRIPTION", "COMMENT", "CONTACT"] {
        for property in component.all(name) {
            for paragraph in property
                .text()
                .split("\n\n")
                .filter(|text| !text.trim().is_empty())
            {
                document.push(BlockKind::Paragraph, paragraph.trim(), place.clone());
            }
        }
    }
}

/// `2026-03-02T09:00:00 to 2026-03-02T10:00:00 (Europe/Berlin)`.
fn when(component: &Component) -> Option<String> {
    let start = component.first("DTSTART")?;
    let mut when = start.text();
    if let Some(end) = component.first("DTEND") {
        when = format!("{when} to {}", end.text());
    } else if let Some(duration) = component.first("DURATION") {
        when = format!("{when} for {}", duration.text());
    }
    if let Some(zone) = start.parameter("TZID") {
        when = format!("{when} ({zone})");
    }
    Some(when)
}

impl Component {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.properties
            .iter()
            .filter(move |property| property.name == name)
    }

    fn first(&self, name: &str) -> Option<&Property> {
        self.properties
            .iter()
            .find(|property| property.name == name)
    }

    /// The values of all properties of this name; people by name and address.
    fn joined(&self, name: &str) -> String {
        let is_person = matches!(name, "ATTENDEE" | "ORGANIZER");
        let all: Vec<String> = self
            .all(name)
            .map(|property| {
                if is_person {
                    people(property)
                } else {
                    property.text()
                }
            })
            .filter(|value| !value.is_empty())
            .collect();
        all.join(if is_person { "; " } else { ", " })
    }
}

#[cfg(test)]
mod tests;
