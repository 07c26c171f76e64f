//! `/api/v1/budget`: paying, for clients without hooks.

pub(in crate::routes) mod deduct;
pub(in crate::routes) mod reservations;
