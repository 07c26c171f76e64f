//! `/api/v1/webhooks`: where a tenant's events are sent to.

pub(in crate::routes) mod answer;
pub(in crate::routes) mod create;
pub(in crate::routes) mod deliveries;
pub(in crate::routes) mod replay;
pub(in crate::routes) mod rotate;
pub(in crate::routes) mod show;
pub(in crate::routes) mod test;
pub(in crate::routes) mod update;
