//! How a record is laid out in the index.

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
pub const VERSION: u32 = 1;

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// The tenant, exact.
    pub tenant: Field,
    /// Tenant and record id, exact: what a put replaces.
    pub record_key: Field,
    /// Tenant and parent id, exact.
    pub parent_key: Field,
    /// The folded source, exact.
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
    /// Microseconds since the epoch.
    pub date: Field,
    /// What a hit shows: its ids, source, kind, title, headings, body and metadata.
    shown: [Field; 8],
}

/// The name of the date's column.
pub const DATE: &str = "date";

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
        kind: schema.add_text_field("kind", exact()),
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
        document.add_text(self.source, exact(&record.source));
        document.add_text(self.kind, exact(&record.kind));
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

    /// The term that stands for one record.
    pub fn record_term(&self, tenant: &TenantId, record: &str) -> Term {
        Term::from_field_text(self.record_key, &key(tenant, record))
    }

    /// The term that stands for all records of a parent.
    pub fn parent_term(&self, tenant: &TenantId, parent: &str) -> Term {
        Term::from_field_text(self.parent_key, &key(tenant, parent))
    }
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
