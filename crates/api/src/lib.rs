//! HTTP and WebSocket: the only crate that knows them.
//!
//! One endpoint is one file, read top to bottom: request, response, documentation, handler. The file's path is the
//! URL's, and [`routes`] reads like a table of contents. Handlers are thin: extract, call a service, map. The OpenAPI
//! document is generated from the same types.
//!
//! Invariants:
//! - Every error is a [`Problem`] (RFC 9457), with a code that has a page in `docs/errors`.
//! - Every operation names who may use it: [`Caller`](civitas_model::Caller) is an extractor, and a handler that does
//!   not take one is listed in [`routes`] as public.
//! - Nothing here knows a database.

mod access;
mod connections;
mod digest;
mod download;
mod extract;
mod guard;
mod intake;
mod lines;
mod once;
mod openapi;
mod places;
mod problem;
mod routes;
mod server;
mod socket;
mod state;
mod stream;
mod trace;
mod tus;
mod typescript;
mod uploads;

pub use once::UnderWay;
pub use openapi::document as openapi;
pub use openapi::typescript;
pub use places::Places;
pub use problem::Problem;
pub use routes::PUBLIC;
pub use server::{Server, ServerOptions};
pub use state::{Access, AppState, Limits, Services, Settings};
pub use uploads::Receiving;
