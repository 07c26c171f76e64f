//! `/api/v1/telemetry`: what agents' clients reported.

mod answer;
pub(crate) mod requests;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod show;
pub(crate) mod summary;
