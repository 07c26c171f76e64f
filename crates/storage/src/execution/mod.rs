//! Executions: how they are accepted, move, end, and are read.

mod advance;
mod control;
mod expire;
mod read;
mod submit;

pub use advance::{Append, Finish, Outcome, Start, Suspend};
pub(crate) use advance::{find_status, wake_waiting_for_approval};
pub use control::{Cancel, Pause, Request, Resume, Retry};
pub use expire::{Expire, Sweep};
pub use read::{ExecutionFilter, Executions};
pub use submit::{Idempotency, Submit};
