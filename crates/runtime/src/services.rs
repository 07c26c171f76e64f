//! The services a handler reaches through its context.

use std::sync::Arc;

use civitas_intent::Result;
use civitas_model::TenantId;
use civitas_providers::blobs::Blobs;
use civitas_providers::sandbox::Sandbox;
use futures::future::BoxFuture;
use serde_json::Value;

/// Full-text search within a tenant: the query as JSON in, the answer as JSON out. A port, because the index is a
/// service beside the engine, not below it.
pub type SearchPort =
    Arc<dyn Fn(TenantId, Value) -> BoxFuture<'static, Result<Value>> + Send + Sync>;

/// What handlers reach.
#[derive(Clone)]
pub struct Services {
    /// Stored content.
    pub blobs: Blobs,
    /// The confined child.
    pub sandbox: Sandbox,
    /// Search.
    pub search: SearchPort,
}
