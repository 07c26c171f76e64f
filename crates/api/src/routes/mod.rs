//! Every route, as a table of contents. A file's path is the URL's.

mod artifact;
mod artifacts;
mod audit;
mod auth;
mod content;
mod docs;
mod events;
mod execution;
mod executions;
mod health;
mod intent;
mod intents;
mod metrics;
mod realms;
mod root;
mod session;

use axum::Extension;
use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::extract::BodyLimit;
use crate::state::{AppState, Limits};

pub(crate) use docs::router as docs;

/// Operations that need no credential. Everything else takes a caller; a test compares the two.
pub const PUBLIC: &[&str] = &[
    "GET /",
    "GET /health",
    "GET /api/health",
    "POST /api/auth/login",
    "POST /api/auth/register",
    "POST /api/auth/refresh",
    "POST /api/auth/setup",
    "POST /api/session/create",
    "POST /api/session/create-anonymous",
];

/// The API and its description.
pub(crate) fn api(limits: &Limits) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        // Whether it works.
        .routes(routes!(root::show))
        .routes(routes!(health::show))
        .routes(routes!(health::show_api))
        .routes(routes!(metrics::show))
        // Who asks.
        .routes(routes!(auth::register::register))
        .routes(routes!(auth::login::login))
        .routes(routes!(auth::setup::setup))
        .routes(routes!(auth::refresh::refresh))
        .routes(routes!(auth::logout::logout))
        .routes(routes!(auth::me::me))
        .routes(routes!(auth::password::change))
        .routes(routes!(auth::ws_ticket::issue))
        .routes(routes!(auth::invitations::invite))
        .routes(routes!(auth::invitations::accept))
        .routes(routes!(auth::members::list))
        .routes(routes!(auth::members::set_role, auth::members::remove))
        .routes(routes!(auth::tokens::create, auth::tokens::list))
        .routes(routes!(auth::tokens::revoke))
        .routes(routes!(auth::users::create))
        .routes(routes!(session::create::create))
        .routes(routes!(session::create_anonymous::create))
        .routes(routes!(session::show::show))
        .routes(routes!(session::show::state))
        .routes(routes!(session::upgrade::upgrade))
        // What can be done.
        .routes(routes!(realms::list))
        .routes(routes!(intents::list))
        .routes(routes!(intents::show))
        // Doing it.
        .merge(large(
            limits.submission_bytes,
            routes!(intent::submit::submit),
        ))
        .routes(routes!(intent::pending::create))
        .routes(routes!(intent::pending::list))
        // What became of it.
        .routes(routes!(executions::list))
        .routes(routes!(execution::show::show))
        .routes(routes!(execution::status::status))
        .routes(routes!(execution::control::cancel))
        .routes(routes!(execution::control::pause))
        .routes(routes!(execution::control::resume))
        .routes(routes!(execution::control::retry))
        .routes(routes!(execution::why::why))
        .routes(routes!(execution::stream::stream))
        // What it made.
        .routes(routes!(artifacts::show))
        .routes(routes!(artifacts::visual::show))
        .routes(routes!(artifact::resolve))
        .routes(routes!(artifact::list))
        // Files.
        .merge(unlimited(routes!(content::files::upload::upload)))
        .routes(routes!(content::uploads::create::create))
        .merge(unlimited(routes!(
            content::uploads::show::show,
            content::uploads::append::append,
            content::uploads::remove::remove
        )))
        .routes(routes!(content::usage::usage))
        .routes(routes!(content::files::download::download))
        .routes(routes!(content::files::delete::delete))
        .routes(routes!(content::search::search))
        // What was done, and the proof of it.
        .routes(routes!(events::ingest::ingest))
        .routes(routes!(events::list::audit))
        .routes(routes!(events::list::events))
        .routes(routes!(events::stats::stats))
        .routes(routes!(events::activity::list))
        .routes(routes!(audit::list::list))
        .routes(routes!(audit::stats::stats))
        .routes(routes!(audit::checkpoints::list))
        .routes(routes!(audit::proof::inclusion))
        .routes(routes!(audit::proof::consistency))
        .routes(routes!(audit::erase::erase))
        .layer(Extension(BodyLimit(limits.body_bytes)))
}

/// A route with a body limit of its own.
fn large(bytes: usize, route: UtoipaMethodRouter<AppState>) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(route)
        .layer(Extension(BodyLimit(bytes)))
}

/// A route that counts its body itself, while it streams.
fn unlimited(route: UtoipaMethodRouter<AppState>) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(route)
        .layer(DefaultBodyLimit::disable())
}
