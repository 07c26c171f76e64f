//! Outside services: everything that leaves the process does so here, behind a limit and a typed error.
//!
//! - [`blobs`]: stored content, addressed by its SHA-256 digest, one namespace per tenant, streamed both ways.
//! - [`outbound`]: calls of URLs that users chose, checked against forged names and addresses.
//! - [`sandbox`]: a job over an untrusted document, run in a confined child process of the same binary.
//!
//! Invariants:
//! - Memory stays flat: content passes in bounded chunks, never as a whole, unless the caller asks for the whole and
//!   says how large it may be.
//! - No call blocks an async thread: hashing, file access and process start run on threads made for it.
//! - Every error says who must act: the caller, the operator, or us.
//! - Content is acknowledged only when it would survive a power cut.
//! - A document can harm only the child that reads it.

pub mod blobs;
pub mod outbound;
pub mod sandbox;
