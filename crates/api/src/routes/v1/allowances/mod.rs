//! `/api/v1/allowances`: what need not be asked again for a while.

pub(in crate::routes) mod list;
pub(in crate::routes) mod revoke;
