//! What all OOXML packages share: relationships between parts, and the core properties (ECMA-376, part 2).

use serde_json::Value;

use super::xml::{Node, Xml};
use crate::archive::Archive;
use crate::document::Document;
use crate::error::Error;
use crate::place::Place;

/// The most relationships of a part that are read.
const RELATIONSHIPS_MAX: usize = 100_000;

/// What a part refers to.
#[derive(Debug, Clone)]
pub(super) struct Relationship {
    pub(super) id: String,
    /// The last word of its type's URI: `styles`, `slide`, `hyperlink`. The transitional and the strict form agree in it.
    pub(super) kind: String,
    /// A part's name, or an address outside of the package.
    pub(super) target: String,
}

/// The relationships of a part; of the package for the name "".
pub(super) fn relationships(
    archive: &mut Archive<'_>,
    part: &str,
) -> Result<Vec<Relationship>, Error> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let path = match folder {
        "" => format!("_rels/{name}.rels"),
        folder => format!("{folder}/_rels/{name}.rels"),
    };
    let mut found = Vec::new();
    let Some(mut xml) = Xml::open(archive, &path)? else {
        return Ok(found);
    };
    while found.len() < RELATIONSHIPS_MAX {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "Relationship" => {
                let (Some(id), Some(kind), Some(target)) =
                    (tag.get("Id"), tag.get("Type"), tag.get("Target"))
                else {
                    continue;
                };
                let is_outside = tag.get("TargetMode").is_some_and(|mode| mode == "External");
                found.push(Relationship {
                    id,
                    kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                    target: if is_outside {
                        target
                    } else {
                        resolve(folder, &target)
                    },
                });
            }
            Node::End => break,
            _ => {}
        }
    }
    Ok(found)
}

/// The part that is the document itself.
pub(super) fn main_part(archive: &mut Archive<'_>, usual: &str) -> Result<String, Error> {
    let found = relationships(archive, "")?;
    let main = found
        .into_iter()
        .find(|relationship| relationship.kind == "officeDocument");
    let part = main.map_or_else(|| usual.to_owned(), |main| main.target);
    if archive.contains(&part) {
        return Ok(part);
    }
    Err(Error::damaged(format!("its main part `{part}` is missing")))
}

/// The part of this kind among the relationships.
pub(super) fn part_of<'a>(relationships: &'a [Relationship], kind: &str) -> Option<&'a str> {
    let found = relationships
        .iter()
        .find(|relationship| relationship.kind == kind);
    found.map(|relationship| relationship.target.as_str())
}

/// The target with this id.
pub(super) fn target<'a>(relationships: &'a [Relationship], id: &str) -> Option<&'a str> {
    let found = relationships
        .iter()
        .find(|relationship| relationship.id == id);
    found.map(|relationship| relationship.target.as_str())
}

/// Note what the file says about itself: Dublin Core and what stands beside it. Returns its title.
pub(super) fn properties(
    document: &mut Document,
    archive: &mut Archive<'_>,
    part: &str,
) -> Result<Option<String>, Error> {
    let mut title = None;
    let Some(mut xml) = Xml::open(archive, part)? else {
        return Ok(title);
    };
    loop {
        let name = match xml.next()? {
            Node::Open(tag) => tag.name().to_owned(),
            Node::End => break,
            _ => continue,
        };
        let key = match name.as_str() {
            "title" | "creator" | "subject" | "description" | "keywords" | "category"
            | "language" => name.as_str(),
            "created" | "creation-date" => "created",
            "lastModifiedBy" => "last_modified_by",
            "initial-creator" => "initial_creator",
            // In OpenDocument `creator` is who changed it last, `date` is when.
            "modified" | "date" => "modified",
            "keyword" => "keywords",
            _ => continue,
        };
        let text = xml.text()?.trim().to_owned();
        if text.is_empty() {
            continue;
        }
        if key == "title" {
            title = Some(text.clone());
        }
        document
            .metadata
            .insert(key.to_owned(), Value::String(text));
    }
    // Each format has its own idea of the creator; ours is who made the file.
    if let Some(first) = document.metadata.remove("initial_creator")
        && let Some(last) = document.metadata.insert("creator".to_owned(), first)
    {
        document
            .metadata
            .insert("last_modified_by".to_owned(), last);
    }
    Ok(title)
}

/// Say that a part refers to entities of its own.
pub(super) fn warn_entities(document: &mut Document, count: u64) {
    if count > 0 {
        let message = format!(
            "{count} references to entities that only the file defines are shown as they are"
        );
        document.warn("custom_entities", message, Place::default());
    }
}

/// A part's name from how a part in `folder` writes it.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut segments: Vec<&str> = folder
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    for segment in target.split('/') {
        match segment {
            ".." => {
                segments.pop();
            }
            "" | "." => {}
            segment => segments.push(segment),
        }
    }
    segments.join("/")
}
