//! `/api/v1/schema`: the API's description for clients.

pub(in crate::routes) mod typescript;
