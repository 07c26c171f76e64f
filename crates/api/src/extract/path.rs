//! Ids in paths. One that cannot be an id names nothing, so it is not found.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use civitas_model::Id;

use crate::problem::Problem;

/// The one id in the path.
pub(crate) struct PathId<K>(pub(crate) Id<K>);

impl<K, S: Send + Sync> FromRequestParts<S> for PathId<K> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(segments) = Path::<HashMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found("thing"))?;
        let segment = segments.into_values().next().unwrap_or_default();
        Id::new(segment).map(Self).map_err(|_| Problem::not_found("thing"))
    }
}
