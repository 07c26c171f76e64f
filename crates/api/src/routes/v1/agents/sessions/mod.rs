//! `/api/v1/agents/sessions`: what agents' clients do from their start to their end.

pub(in crate::routes) mod answer;
pub(in crate::routes) mod events;
pub(in crate::routes) mod list;
pub(in crate::routes) mod show;
