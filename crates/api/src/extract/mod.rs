//! Extractors: what a handler takes from a request, with our errors.

mod body;
mod caller;
mod client_address;
mod path;
mod query;

pub(crate) use body::{Body, BodyLimit, OptionalBody, PATIENCE, is_over_limit, read_within};
pub(crate) use caller::{
    Admin, AdminPerson, Authenticated, MaybeAuthenticated, Reporter, SUBPROTOCOL, SocketCaller,
    Writer, anonymous_secret, check_session, require, require_report,
};
pub(crate) use client_address::ClientAddress;
pub(crate) use path::PathId;
pub(crate) use query::{NoParams, Params};
