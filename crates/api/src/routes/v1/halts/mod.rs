//! `/api/v1/halts`: the kill switch.

pub(in crate::routes) mod answer;
pub(in crate::routes) mod lift;
pub(in crate::routes) mod list;
pub(in crate::routes) mod set;
