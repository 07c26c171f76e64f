//! Executions: how they are accepted, move, end, and are read.

mod advance;
mod control;
mod expire;
mod read;
mod submit;

pub(crate) use advance::find_status;
pub use advance::{Append, Finish, Outcome, Start, Suspend};
pub use control::{Cancel, Pause, Request, Resume, Retry};
pub use expire::{Expire, Sweep};
pub use read::{ExecutionFilter, Executions};
pub use submit::{Idempotency, Submit};
