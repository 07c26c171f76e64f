//! What a realm sees of the platform: the [`Intent`] it implements, the [`Context`] it acts through, the [`Error`] it
//! answers with, the [`Realm`] it registers in, and [`TestRun`], which crashes it before every operation.
//!
//! # Adding an intent
//!
//! An intent is one file in its realm: the parameters as a struct whose doc comments are the user's text, and `handle`.
//!
//! ```
//! use civitas_intent::prelude::*;
//!
//! /// Greet someone.
//! #[derive(Deserialize, JsonSchema)]
//! pub struct Greet {
//!     /// Whom to greet.
//!     name: String,
//! }
//!
//! /// The greeting.
//! #[derive(Serialize, JsonSchema)]
//! pub struct Greeting {
//!     text: String,
//! }
//!
//! impl Intent for Greet {
//!     const NAME: &'static str = "greet";
//!     const ARTIFACT: &'static str = "greeting";
//!     type Output = Greeting;
//!
//!     async fn handle(self, cx: &mut Context) -> Result<Answer<Greeting>> {
//!         if self.name.is_empty() {
//!             return Err(reject("name must not be empty: say whom to greet"));
//!         }
//!         let text = cx.step("compose", async { Ok(format!("Hello, {}.", self.name)) }).await?;
//!         cx.emit("greeted", json!({ "name": self.name })).await?;
//!         Ok(Greeting { text }.into())
//!     }
//! }
//!
//! let realm = Realm::new("demo", "Greets people").intent::<Greet>();
//! assert_eq!(realm.definitions()[0].name(), "greet");
//! ```
//!
//! # What holds
//!
//! - A handler touches nothing but its context: no database, clock, random source or network. That is what makes it
//!   replayable.
//! - `?` on a platform error means *retry later*; [`reject`] means *the caller must change something*.
//! - Whatever a handler reads is recorded with its next operation, so that a replay sees what the first run saw.
//! - What costs is reserved before ([`Context::reserve`]) and settled after; an execution that a budget has no room for waits.
//! - Writes ([`Context::put_file`] and the like) are committed together with the next operation: both or neither.

pub mod answer;
pub mod approval;
pub mod context;
pub mod definition;
pub mod domain;
pub mod error;
pub mod host;
pub mod invalid;
mod replay;
pub mod test_run;

pub use answer::{Answer, StructuredArtifact};
pub use approval::{Approval, ApprovalRequest};
pub use context::Context;
pub use definition::{Definition, Intent, Policy, Realm};
pub use domain::Upload;
pub use error::{Error, Result, not_found, reject, retry};
pub use invalid::Invalid;
pub use test_run::TestRun;

/// Everything an intent's file needs.
pub mod prelude {
    pub use crate::answer::Answer;
    pub use crate::approval::{Approval, ApprovalRequest};
    pub use crate::context::Context;
    pub use crate::definition::{Intent, Policy, Realm};
    pub use crate::error::{Error, Result, not_found, reject, retry};
    pub use crate::invalid::Invalid;
    pub use civitas_model::{Amount, Artifact, File, FileId, Money, Permission, Record};
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::{Value, json};
}
