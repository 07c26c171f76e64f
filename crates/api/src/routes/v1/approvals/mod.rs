//! `/api/v1/approvals`: what waits for people, and what they decide.

pub(in crate::routes) mod answer;
pub(in crate::routes) mod bulk;
pub(in crate::routes) mod decide;
pub(in crate::routes) mod delegate;
pub(in crate::routes) mod list;
pub(in crate::routes) mod show;
pub(in crate::routes) mod withdraw;
