//! The content realm: files in, text, tables and structure out.

use civitas_intent::Realm;

/// The realm with its intents.
pub fn realm() -> Realm {
    Realm::new(
        "content",
        "Files in; text, tables, structure and search out.",
    )
}
