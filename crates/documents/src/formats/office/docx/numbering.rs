//! Lists and numbered headings: the numbers that a reader sees.

use std::collections::HashMap;

use super::super::xml::{Node, Xml};
use crate::archive::Archive;
use crate::error::Error;

/// Levels of a list (ECMA-376, part 1, 17.9.6).
const LEVELS: usize = 9;

/// All lists of a document, and how far each has counted.
#[derive(Default)]
pub(super) struct Numbering {
    kinds: HashMap<String, [Level; LEVELS]>,
    lists: HashMap<String, List>,
    counts: HashMap<String, [u32; LEVELS]>,
}

#[derive(Default, Clone)]
struct Level {
    format: String,
    text: String,
    start: Option<u32>,
}

#[derive(Default, Clone)]
struct List {
    kind: String,
    starts: [Option<u32>; LEVELS],
    is_begun: bool,
}

impl Numbering {
    /// Read the part that holds the lists.
    pub(super) fn read(archive: &mut Archive<'_>, part: &str) -> Result<Self, Error> {
        let mut all = Self::default();
        let Some(mut xml) = Xml::open(archive, part)? else {
            return Ok(all);
        };
        let mut kind: Option<(String, [Level; LEVELS])> = None;
        let mut list: Option<(String, List)> = None;
        let mut level = 0;
        loop {
            match xml.next()? {
                Node::Open(tag) => match tag.name() {
                    "abstractNum" => {
                        kind = tag.get("abstractNumId").map(|id| (id, Default::default()));
                    }
                    "num" => list = tag.get("numId").map(|id| (id, List::default())),
                    "lvl" | "lvlOverride" => level = tag.number("ilvl").unwrap_or(0),
                    "abstractNumId" => {
                        if let Some((_, list)) = list.as_mut() {
                            list.kind = tag.get("val").unwrap_or_default();
                        }
                    }
                    "startOverride" => {
                        if let Some(start) = list
                            .as_mut()
                            .and_then(|(_, list)| list.starts.get_mut(level))
                        {
                            *start = tag.number("val");
                        }
                    }
                    name @ ("numFmt" | "lvlText" | "start") => {
                        let levels = kind.as_mut().map(|(_, levels)| levels);
                        if let Some(level) = levels.and_then(|levels| levels.get_mut(level)) {
                            match name {
                                "numFmt" => level.format = tag.get("val").unwrap_or_default(),
                                "lvlText" => {
                                    let text = tag.get("val").unwrap_or_default();
                                    // Nine numbers and what parts them.
                                    level.text = text.chars().take(64).collect();
                                }
                                _ => level.start = tag.number("val"),
                            }
                        }
                    }
                    _ => {}
                },
                Node::Close(name) if name == "abstractNum" => all.kinds.extend(kind.take()),
                Node::Close(name) if name == "num" => all.lists.extend(list.take()),
                Node::End => return Ok(all),
                _ => {}
            }
        }
    }

    /// Count one more paragraph of a list; its number as it is shown, none for a bullet.
    pub(super) fn next(&mut self, id: &str, depth: usize) -> Option<String> {
        let list = self.lists.get_mut(id)?;
        let levels = self.kinds.get(&list.kind)?;
        let counts = self.counts.entry(list.kind.clone()).or_default();
        if !list.is_begun {
            list.is_begun = true;
            for (count, start) in counts.iter_mut().zip(list.starts) {
                if let Some(start) = start {
                    *count = start.saturating_sub(1);
                }
            }
        }
        let start = |level: &Level| level.start.unwrap_or(1);
        let level = levels.get(depth)?;
        let count = counts.get_mut(depth)?;
        *count = if *count == 0 {
            start(level)
        } else {
            count.saturating_add(1)
        };
        for count in counts.iter_mut().skip(depth + 1) {
            *count = 0;
        }
        if matches!(&*level.format, "bullet" | "none" | "") || !level.text.contains('%') {
            return None;
        }
        let mut label = level.text.clone();
        for (index, (level, count)) in levels.iter().zip(counts).enumerate() {
            let count = if *count == 0 { start(level) } else { *count };
            label = label.replace(&format!("%{}", index + 1), &written(count, &level.format));
        }
        Some(label)
    }
}

/// A number in one of the usual formats; digits for the others.
fn written(number: u32, format: &str) -> String {
    let case = |text: String, is_upper: bool| if is_upper { text.to_uppercase() } else { text };
    match format {
        "lowerLetter" | "upperLetter" if (1..=260).contains(&number) => {
            // After z comes aa, then bb (17.18.59).
            let letter = char::from(b'a' + u8::try_from((number - 1) % 26).unwrap_or(0));
            let times = (number - 1) / 26 + 1;
            case(
                (0..times).map(|_| letter).collect(),
                format == "upperLetter",
            )
        }
        "lowerRoman" | "upperRoman" if (1..4_000).contains(&number) => {
            case(roman(number), format == "upperRoman")
        }
        "decimalZero" => format!("{number:02}"),
        _ => number.to_string(),
    }
}

fn roman(mut number: u32) -> String {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    let mut text = String::new();
    for (value, sign) in SIGNS {
        while number >= value {
            text.push_str(sign);
            number -= value;
        }
    }
    text
}
