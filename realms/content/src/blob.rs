//! How an artifact names the blob that holds its content.

use civitas_intent::prelude::*;
use civitas_model::Timestamp;
use civitas_model::artifact::Materialization;

const PREFIX: &str = "blob:sha256:";

/// The URI of the blob with this digest.
pub(crate) fn uri(digest: &str) -> String {
    format!("{PREFIX}{digest}")
}

/// The materialization of an artifact's content as a blob.
pub(crate) fn materialization(
    cx: &mut Context,
    digest: &str,
    format: &str,
    created_at: Timestamp,
) -> Materialization {
    Materialization {
        materialization_id: cx.new_id(),
        storage_type: "blob".to_owned(),
        uri: uri(digest),
        format: format.to_owned(),
        compression: None,
        created_at,
    }
}

/// The digest of the blob that holds an artifact's content.
pub(crate) fn digest(artifact: &Artifact) -> Option<&str> {
    let mut uris = artifact.materializations.iter().map(|place| &place.uri);
    uris.find_map(|uri| uri.strip_prefix(PREFIX))
}
