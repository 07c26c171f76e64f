//! `/api/v1/budgets`: what may be used, and what is.

pub(in crate::routes) mod answer;
pub(in crate::routes) mod list;
pub(in crate::routes) mod one;
