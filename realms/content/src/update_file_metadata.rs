//! `update_file_metadata`: change what people say about a file.

use civitas_intent::prelude::*;
use civitas_model::artifact::Lifecycle;
use civitas_model::file::Status;
use serde_json::Map;

use crate::facts::{self, FileFacts};
use crate::{life, name, searchable};

/// The most that a file's metadata may take, in bytes of JSON.
const METADATA_BYTES_MAX: usize = 64 * 1024;
/// Keys of a file's metadata, and characters of each.
const KEYS_MAX: usize = 200;
const KEY_LENGTH_MAX: usize = 128;
/// Tags of a file, and characters of each.
const TAGS_MAX: usize = 50;
const TAG_LENGTH_MAX: usize = 64;

/// Keys that the platform keeps about a file, with what changes each.
const RESERVED: [(&str, &str); 24] = [
    ("archived", "archive_file and restore_file keep it"),
    ("purged", "purge_file keeps it"),
    ("derived_from", "preprocess_file keeps it"),
    ("filename", "it is what the sender said"),
    ("declared_file_type", "it is what the sender said"),
    ("declared_mime_type", "it is what the sender said"),
    ("partner_id", "it is what the sender said"),
    ("edi_protocol", "it is what the sender said"),
    ("endpoint", "it is what the sender said"),
    ("api_type", "it is what the sender said"),
    ("source_metadata", "it is what the source said"),
    ("ingestion_options", "they were the wishes of ingest_file"),
    ("type_contradiction", "it is found by reading the content"),
    ("ui_name", "rename the file with register_file"),
    (
        "status",
        "archive_file, restore_file and purge_file change it",
    ),
    ("file_id", "ids never change"),
    ("tenant_id", "a file stays with its tenant"),
    ("session_id", "it says who brought the file in"),
    ("boundary_contract_id", "save_materialization keeps it"),
    ("file_type", "it is found by reading the content"),
    ("mime_type", "it is found by reading the content"),
    ("file_size", "it is counted"),
    ("file_hash", "it is computed"),
    ("created_at", "it is when the file came"),
];

/// Change what people say about a file: merge keys into its metadata.
///
/// Merged as RFC 7396 says: objects key by key, `null` takes a key away, anything else replaces. `tags` is a list of
/// words that `query_files` finds. The platform's own keys are refused.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct UpdateFileMetadata {
    /// The file.
    file_id: Option<FileId>,
    /// The file by its reference, `file:<tenant>:<session>:<file_id>`.
    #[schemars(length(min = 1, max = 1024))]
    file_reference: Option<String>,
    /// What to merge: at least one key. All metadata together may have 200 keys and 64 KiB of JSON.
    metadata_updates: Map<String, Value>,
}

/// A file and its metadata as it is now.
#[derive(Serialize, JsonSchema)]
pub(crate) struct UpdatedFile {
    #[serde(flatten)]
    facts: FileFacts,
    /// What people say about the file now.
    updated_metadata: Map<String, Value>,
    /// Keys that are not what they were.
    changed_keys: Vec<String>,
}

impl Intent for UpdateFileMetadata {
    const NAME: &'static str = "update_file_metadata";
    const ARTIFACT: &'static str = "file";
    const ALIASES: &'static [&'static str] = &["updated_metadata"];
    const EVENTS: &'static [&'static str] = &["file_metadata_updated"];
    type Output = UpdatedFile;

    fn check(&self) -> std::result::Result<(), Invalid> {
        facts::named(self.file_id.as_ref(), self.file_reference.as_deref())
    }

    async fn handle(self, cx: &mut Context) -> Result<Answer<UpdatedFile>> {
        let mut updates = self.metadata_updates;
        check_keys(&updates)?;
        if let Some(tags) = updates.get_mut("tags").filter(|tags| !tags.is_null()) {
            *tags = json!(clean_tags(tags)?);
        }
        let mut file =
            facts::find_by(cx, self.file_id.as_ref(), self.file_reference.as_deref()).await?;
        searchable::enter(cx, &file.file_id).await?;
        file = facts::find(cx, &file.file_id).await?;
        facts::must_have_bytes(&file)?;
        let before = file.metadata.clone();
        merge(&mut file.metadata, &Value::Object(updates.clone()));
        let own = own_keys(&file.metadata);
        check_size(&own)?;
        let changed_keys: Vec<String> = updates
            .keys()
            .filter(|key| before.get(key.as_str()) != file.metadata.get(key.as_str()))
            .cloned()
            .collect();
        if !changed_keys.is_empty() {
            file.updated_at = cx.now().await?;
            cx.put_file(file.clone()).await?;
            let event = json!({ "file_id": file.file_id, "changed_keys": changed_keys });
            cx.emit("file_metadata_updated", event).await?;
        }
        if changed_keys.iter().any(|key| key == "tags") {
            find_by_tags(cx, &file).await?;
        }
        let payload = UpdatedFile {
            facts: file.into(),
            updated_metadata: own,
            changed_keys,
        };
        Ok(payload.into())
    }
}

/// Lets search find what was read of the file by its tags as they are now.
async fn find_by_tags(cx: &mut Context, file: &File) -> Result<()> {
    if !matches!(file.status, Status::Ingested | Status::Active) {
        // It is in no search; when it is restored, its tags come with it.
        return Ok(());
    }
    let artifact = facts::artifact_of(cx, file).await?;
    let Some(newest) = facts::newest_reading(&artifact) else {
        return Ok(());
    };
    let newest = cx.artifact(&newest).await?;
    if let Some(newest) = newest.filter(|newest| newest.lifecycle_state == Lifecycle::Ready) {
        life::index_again(cx, file, &newest).await?;
    }
    Ok(())
}

fn check_keys(updates: &Map<String, Value>) -> Result<()> {
    if updates.is_empty() {
        return Err(reject(
            "metadata_updates holds nothing: send at least one key, with null to take it away",
        ));
    }
    for key in updates.keys() {
        let shown: String = key.chars().take(KEY_LENGTH_MAX).collect();
        if let Some((_, why)) = RESERVED.iter().find(|(reserved, _)| reserved == key) {
            return Err(reject(format!(
                "metadata_updates.{shown} cannot be set: {why}"
            )));
        }
        let length = key.chars().count();
        if !(1..=KEY_LENGTH_MAX).contains(&length) || key.chars().any(char::is_control) {
            return Err(reject(format!(
                "the key {shown:?} cannot be kept: a key has 1 to {KEY_LENGTH_MAX} characters, none of them a control character"
            )));
        }
    }
    Ok(())
}

/// What people said, without the platform's own keys.
fn own_keys(metadata: &Value) -> Map<String, Value> {
    let all = metadata.as_object().cloned().unwrap_or_default();
    all.into_iter()
        .filter(|(key, _)| RESERVED.iter().all(|(reserved, _)| reserved != key))
        .collect()
}

fn check_size(own: &Map<String, Value>) -> Result<()> {
    let size = json!(own).to_string().len();
    if own.len() > KEYS_MAX || size > METADATA_BYTES_MAX {
        return Err(reject(format!(
            "the metadata would have {} keys and {size} bytes of JSON, more than {KEYS_MAX} keys or {METADATA_BYTES_MAX} bytes: take some away with null, or put large content into a file of its own",
            own.len()
        )));
    }
    Ok(())
}

/// Tags without what cannot be shown, each once, in order.
fn clean_tags(tags: &Value) -> Result<Vec<String>> {
    let refused = || {
        reject(format!(
            "metadata_updates.tags must be a list of at most {TAGS_MAX} texts of 1 to {TAG_LENGTH_MAX} characters, or null"
        ))
    };
    let given = tags.as_array().ok_or_else(refused)?;
    let mut clean: Vec<String> = Vec::new();
    for tag in given {
        let tag = name::clean("metadata_updates.tags", tag.as_str().ok_or_else(refused)?)?;
        if tag.chars().count() > TAG_LENGTH_MAX {
            return Err(refused());
        }
        let key = tag.to_lowercase();
        if clean.iter().all(|known| known.to_lowercase() != key) {
            clean.push(tag);
        }
    }
    if clean.len() > TAGS_MAX {
        return Err(refused());
    }
    clean.sort_by_key(|tag| tag.to_lowercase());
    Ok(clean)
}

/// The JSON Merge Patch of RFC 7396, section 2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    if let Value::Object(target) = target {
        for (key, value) in patch {
            if value.is_null() {
                target.remove(key);
            } else {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_7396_hold() {
        for (target, patch, expected) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (
                json!({"a":"b","b":"c"}),
                json!({"a":null}),
                json!({"b":"c"}),
            ),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (
                json!({"a":{"b":"c"}}),
                json!({"a":{"b":"d","c":null}}),
                json!({"a":{"b":"d"}}),
            ),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (
                json!({}),
                json!({"a":{"bb":{"ccc":null}}}),
                json!({"a":{"bb":{}}}),
            ),
        ] {
            let mut merged = target.clone();
            merge(&mut merged, &patch);
            assert_eq!(merged, expected, "{target} with {patch}");
        }
    }

    #[test]
    fn tags_are_cleaned_sorted_and_kept_once() {
        let clean = clean_tags(&json!([" Über ", "alt", "ÜBER", "b\nc"])).unwrap();
        assert_eq!(clean, ["alt", "bc", "Über"]);
        for bad in [
            json!("one"),
            json!([1]),
            json!([" "]),
            json!(["x".repeat(65)]),
        ] {
            assert!(clean_tags(&bad).is_err(), "{bad}");
        }
    }
}
