//! How a record is laid out in the index.

use std::collections::BTreeSet;

use civitas_model::{Record, TenantId, Timestamp};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tantivy::schema::{
    FAST, Field, IndexRecordOption, STORED, Schema, TextFieldIndexing, TextOptions, Value,
};
use tantivy::{TantivyDocument, Term};

use crate::analysis::{ANALYZER, cut, normalize};

/// The part of a body that is indexed and stored, in bytes: who feeds longer texts divides them first.
pub const BODY_LENGTH_MAX: usize = 256 * 1024;
/// The same for a title and for headings.
const TITLE_LENGTH_MAX: usize = 4 * 1024;
/// The longest value of an exact field, in bytes; longer ones are known by their hash.
const KEY_LENGTH_MAX: usize = 4096;
/// The version of the layout and of the analysis; an index of another version is emptied.
pub const VERSION: u32 = 3;

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// The tenant, exact.
    pub tenant: Field,
    /// Tenant and record id, exact: what a put replaces.
    pub record_key: Field,
    /// Tenant and parent id, exact.
    pub parent_key: Field,
    /// The folded source, and how the parent came in, exact.
    pub source: Field,
    /// The folded kind, exact.
    pub kind: Field,
    /// The folded title, with and without its file extension, exact.
    pub whole_title: Field,
    /// The title's terms.
    pub title: Field,
    /// The headings' terms.
    pub heading: Field,
    /// All terms of a record: title, headings and body, with a gap between them.
    pub text: Field,
    /// The folded tags of the parent, exact.
    pub tag: Field,
    /// What is counted as the source: how the parent came in, or else the source.
    origin: Field,
    /// Microseconds since the epoch.
    pub date: Field,
    /// The place among records of the same score and date: pieces of one parent in their order.
    order: Field,
    /// What a hit shows: its ids, source, kind, title, headings, body and metadata.
    shown: [Field; 8],
}

/// The name of the date's column.
pub const DATE: &str = "date";
/// The name of the column that says what comes first among equals.
pub const ORDER: &str = "order";
/// The names of the columns that are counted, as facets are called.
pub const KIND: &str = "kind";
/// See [`KIND`].
pub const TAG: &str = "tag";
/// See [`KIND`].
pub const ORIGIN: &str = "origin";
/// The tags of one record that are looked at.
const TAGS_MAX: usize = 100;

/// The schema and its fields.
pub fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let exact = || {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer("raw")
                .set_fieldnorms(false)
                .set_index_option(IndexRecordOption::Basic),
        )
    };
    let counted = || exact().set_fast("raw");
    let analyzed = |record| {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(ANALYZER)
                .set_index_option(record),
        )
    };
    let positions = IndexRecordOption::WithFreqsAndPositions;
    let fields = Fields {
        tenant: schema.add_text_field("tenant", exact()),
        record_key: schema.add_text_field("record_key", exact()),
        parent_key: schema.add_text_field("parent_key", exact()),
        source: schema.add_text_field("source", exact()),
        kind: schema.add_text_field(KIND, counted()),
        tag: schema.add_text_field(TAG, counted()),
        origin: schema.add_text_field(ORIGIN, TextOptions::default().set_fast("raw")),
        order: schema.add_u64_field(ORDER, FAST),
        whole_title: schema.add_text_field("whole_title", exact()),
        title: schema.add_text_field("title", analyzed(positions)),
        heading: schema.add_text_field("heading", analyzed(IndexRecordOption::WithFreqs)),
        text: schema.add_text_field("text", analyzed(positions)),
        date: schema.add_i64_field(DATE, FAST | STORED),
        shown: [
            schema.add_text_field("shown_record", STORED),
            schema.add_text_field("shown_parent", STORED),
            schema.add_text_field("shown_source", STORED),
            schema.add_text_field("shown_kind", STORED),
            schema.add_text_field("shown_title", STORED),
            schema.add_text_field("shown_heading", STORED),
            schema.add_text_field("shown_body", STORED),
            schema.add_text_field("shown_metadata", STORED),
        ],
    };
    (schema.build(), fields)
}

/// A document as it was stored.
#[derive(Debug, Default)]
pub struct Shown {
    /// The record's id.
    pub record_id: String,
    /// The parent's id.
    pub parent_id: String,
    /// The source.
    pub source: String,
    /// The kind.
    pub kind: String,
    /// The title.
    pub title: String,
    /// The headings.
    pub heading: String,
    /// The body.
    pub body: String,
    /// The metadata.
    pub metadata: Json,
    /// The date.
    pub date: Timestamp,
}

impl Fields {
    /// The document of a record.
    pub fn document(&self, record: &Record) -> TantivyDocument {
        let title = cut(&record.title, TITLE_LENGTH_MAX);
        let heading = cut(&record.heading, TITLE_LENGTH_MAX);
        let body = cut(&record.body, BODY_LENGTH_MAX);
        let mut document = TantivyDocument::new();
        document.add_text(self.tenant, record.tenant_id.as_str());
        document.add_text(
            self.record_key,
            key(&record.tenant_id, record.record_id.as_str()),
        );
        document.add_text(self.parent_key, key(&record.tenant_id, &record.parent_id));
        self.add_filters(record, &mut document);
        document.add_text(self.whole_title, exact(&normalize(title)));
        if let Some((stem, extension)) = title.rsplit_once('.')
            && (1..=5).contains(&extension.len())
        {
            document.add_text(self.whole_title, exact(&normalize(stem)));
        }
        document.add_text(self.title, title);
        document.add_text(self.heading, heading);
        for text in [title, heading, body] {
            document.add_text(self.text, text);
        }
        document.add_i64(self.date, record.date.as_micros());
        let metadata = record.metadata.to_string();
        let shown = [
            record.record_id.as_str(),
            &record.parent_id,
            &record.source,
            &record.kind,
            title,
            heading,
            body,
            &metadata,
        ];
        for (field, value) in self.shown.into_iter().zip(shown) {
            document.add_text(field, value);
        }
        document
    }

    /// What a record is filtered, counted and ordered by.
    fn add_filters(&self, record: &Record, document: &mut TantivyDocument) {
        let source = exact(&record.source);
        let fact = |name| record.metadata.get(name);
        let came_by = fact("ingestion_type").and_then(Json::as_str).map(exact);
        if let Some(came_by) = came_by.as_deref().filter(|came_by| *came_by != source) {
            document.add_text(self.source, came_by);
        }
        document.add_text(self.origin, came_by.as_deref().unwrap_or(&source));
        document.add_text(self.source, &source);
        document.add_text(self.kind, exact(&record.kind));
        let tags = fact("tags").and_then(Json::as_array).into_iter().flatten();
        let tags = tags.filter_map(Json::as_str).take(TAGS_MAX).map(exact);
        for tag in tags.collect::<BTreeSet<String>>() {
            document.add_text(self.tag, tag);
        }
        let chunk = fact("chunk").and_then(Json::as_u64);
        let within = chunk.and_then(|chunk| u32::try_from(chunk).ok());
        let within = within.unwrap_or_else(|| short_hash(record.record_id.as_str()));
        let order = u64::from(short_hash(&record.parent_id)) << 32 | u64::from(within);
        document.add_u64(self.order, order);
    }

    /// Reads a stored document back.
    pub fn shown(&self, document: &TantivyDocument) -> Shown {
        let text = |field| {
            document
                .get_first(field)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let [
            record_id,
            parent_id,
            source,
            kind,
            title,
            heading,
            body,
            metadata,
        ] = self.shown.map(text);
        let micros = document
            .get_first(self.date)
            .and_then(|value| value.as_i64());
        Shown {
            record_id,
            parent_id,
            source,
            kind,
            title,
            heading,
            body,
            metadata: serde_json::from_str(&metadata).unwrap_or_default(),
            date: Timestamp::from_micros(micros.unwrap_or_default()),
        }
    }

    /// The name of a field that people know.
    pub fn name(&self, field: Field) -> &'static str {
        if field == self.title {
            "title"
        } else if field == self.heading {
            "heading"
        } else {
            "text"
        }
    }

    /// The term that stands for one record.
    pub fn record_term(&self, tenant: &TenantId, record: &str) -> Term {
        Term::from_field_text(self.record_key, &key(tenant, record))
    }

    /// The term that stands for all records of a parent.
    pub fn parent_term(&self, tenant: &TenantId, parent: &str) -> Term {
        Term::from_field_text(self.parent_key, &key(tenant, parent))
    }
}

/// A number that is the same wherever the index is filled (FNV-1a, 32 bits).
fn short_hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// The value of an exact field that people type: folded, and of bounded length.
pub fn exact(value: &str) -> String {
    bounded(value.to_lowercase())
}

/// A tenant's own id; ids hold no control characters, so that no two pairs share a key.
fn key(tenant: &TenantId, id: &str) -> String {
    bounded(format!("{tenant}\0{id}"))
}

/// The engine drops very long terms, which would make records undeletable.
fn bounded(value: String) -> String {
    if value.len() <= KEY_LENGTH_MAX {
        return value;
    }
    let digest = Sha256::digest(value.as_bytes());
    digest.iter().fold(String::new(), |mut hex, byte| {
        for nibble in [byte >> 4, byte & 15] {
            hex.extend(char::from_digit(u32::from(nibble), 16));
        }
        hex
    })
}
