//! YAML 1.2: each document is read as the JSON that it stands for, on the lines where it stands.
//!
//! Aliases are expanded up to a limit and merge keys (`<<`, YAML 1.1) are honoured, because configuration uses both.

mod node;

use serde_json::value::RawValue;

use super::json;
use crate::document::Document;
use crate::encoding::decode;
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::text::{check_size, clean};
use node::{Nodes, Writer};

/// The most documents in a file; each is a section.
const DOCUMENTS_MAX: usize = 10_000;

/// Read YAML.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    check_size(bytes)?;
    let text = decode(document, bytes, options, None)?;
    let text = clean(document, text);
    let nodes = Nodes::read(&text)?;
    let roots = nodes.roots();
    if roots.len() > DOCUMENTS_MAX {
        return Err(Error::TooLarge {
            limit: DOCUMENTS_MAX as u64,
            what: "documents",
        });
    }
    let mut writer = Writer::new(&nodes, text.len());
    let mut records = 0;
    for (index, root) in roots.iter().enumerate() {
        let json = writer.write(*root)?;
        json::check_depth(&json)?;
        let root: &RawValue = serde_json::from_str(&json).map_err(|error| {
            Error::damaged(format!(
                "document {} cannot be represented: {error}",
                index + 1
            ))
        })?;
        let path = if roots.len() > 1 {
            vec![format!("document {}", index + 1)]
        } else {
            Vec::new()
        };
        records += json::read(document, root, &json, options.rows_max, path)?;
    }
    if roots.len() > 1 {
        document
            .metadata
            .insert("documents".to_owned(), roots.len().into());
    }
    let tags = nodes.tags();
    if tags > 0 {
        let message = format!("{tags} tags of the file's own were ignored; their values are kept");
        document.warn("tags_ignored", message, Place::default());
    }
    document.record_count = records.max(document.blocks.len() as u64);
    json::find_title(document);
    Ok(())
}
