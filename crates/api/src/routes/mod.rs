//! Every route, as a table of contents. A file's path is the URL's.

mod artifact;
mod artifacts;
mod auth;
mod content;
mod docs;
mod execution;
mod executions;
mod health;
mod intent;
mod intents;
mod metrics;
mod otlp;
mod realms;
mod root;
mod session;
mod v1;

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
    "GET /api/v1/schema/typescript",
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
        .routes(routes!(
            content::validation_rules::show,
            content::validation_rules::replace
        ))
        .routes(routes!(content::files::download::download))
        .routes(routes!(content::files::delete::delete))
        .routes(routes!(content::search::search))
        // Who the agents are, what they measured, and what was done.
        .merge(agents(limits))
        .merge(approvals())
        .merge(budgets())
        .merge(policy(limits))
        .merge(audit())
        // Who hears of it.
        .merge(feed())
        .merge(telemetry())
        .layer(Extension(BodyLimit(limits.body_bytes)))
}

/// Agents.
fn agents(limits: &Limits) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::agents::create::create, v1::agents::list::list))
        .routes(routes!(v1::agents::stats::summary))
        .routes(routes!(v1::agents::list::registry))
        .routes(routes!(v1::agents::list::registry_agents))
        .routes(routes!(v1::agents::show::by_name))
        .routes(routes!(
            v1::agents::show::show,
            v1::agents::update::update,
            v1::agents::remove::remove
        ))
        .routes(routes!(v1::agents::life::activate))
        .routes(routes!(v1::agents::life::suspend))
        .routes(routes!(v1::agents::life::retire))
        .routes(routes!(v1::agents::file::file))
        // What they may do, asked before every step.
        .merge(large(
            limits.submission_bytes,
            routes!(v1::hooks::claude_code::hook),
        ))
        // What they are doing.
        .routes(routes!(v1::agents::sessions::list::list))
        .routes(routes!(v1::agents::sessions::show::show))
        .routes(routes!(v1::agents::sessions::events::list))
        .routes(routes!(v1::agents::unregistered::list))
        .routes(routes!(v1::agents::unregistered::adopt))
        .routes(routes!(v1::halts::set::set, v1::halts::list::list))
        .routes(routes!(v1::halts::lift::lift))
        .merge(large(
            limits.submission_bytes,
            routes!(v1::registry::import::import),
        ))
        // What they measured.
        .routes(routes!(
            v1::metrics::record::record,
            v1::metrics::list::list
        ))
        .routes(routes!(v1::metrics::add_up::aggregate))
        .routes(routes!(v1::metrics::add_up::quality))
        .routes(routes!(v1::metrics::add_up::resources))
        .routes(routes!(v1::metrics::summary::summary))
}

/// What agents may do, and what was decided.
fn policy(limits: &Limits) -> OpenApiRouter<AppState> {
    let bytes = limits.submission_bytes;
    OpenApiRouter::new()
        .merge(large(
            bytes,
            routes!(v1::policy::create::create, v1::policy::list::list),
        ))
        .routes(routes!(v1::policy::show::show))
        .routes(routes!(v1::policy::activate::activate))
        .merge(large(bytes, routes!(v1::policy::validate::validate)))
        .merge(large(bytes, routes!(v1::policy::check::check)))
        .merge(large(bytes, routes!(v1::policy::what_if::what_if)))
        .routes(routes!(v1::decisions::list::list))
        .routes(routes!(v1::decisions::show::show))
}

/// What waits for people.
fn approvals() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::approvals::list::list))
        .routes(routes!(v1::approvals::bulk::decide))
        .routes(routes!(v1::approvals::show::show))
        .routes(routes!(v1::approvals::decide::approve))
        .routes(routes!(v1::approvals::decide::deny))
        .routes(routes!(v1::approvals::delegate::delegate))
        .routes(routes!(v1::approvals::withdraw::withdraw))
        .routes(routes!(v1::allowances::list::list))
        .routes(routes!(v1::allowances::revoke::revoke))
}

/// What may be used, and paying from it.
fn budgets() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::budgets::list::list))
        .routes(routes!(
            v1::budgets::one::show,
            v1::budgets::one::set,
            v1::budgets::one::remove
        ))
        .routes(routes!(v1::budget::deduct::deduct))
        .routes(routes!(v1::budget::reservations::reserve))
        .routes(routes!(v1::budget::reservations::release))
        .routes(routes!(v1::budget::reservations::settle))
}

/// What was done, and the proof of it.
fn audit() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::events::ingest::ingest))
        .routes(routes!(v1::events::list::audit))
        .routes(routes!(v1::events::list::events))
        .routes(routes!(v1::events::stats::stats))
        .routes(routes!(v1::events::activity::list))
        .routes(routes!(v1::audit::list::list))
        .routes(routes!(v1::audit::stats::stats))
        .routes(routes!(v1::audit::checkpoints::list))
        .routes(routes!(v1::audit::proof::inclusion))
        .routes(routes!(v1::audit::proof::consistency))
        .routes(routes!(v1::audit::erase::erase))
}

/// The live feed, and where it is sent to.
fn feed() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::agents::activity::stream))
        .routes(routes!(v1::websocket::health))
        .routes(routes!(v1::schema::typescript::show))
        .routes(routes!(
            v1::webhooks::create::create,
            v1::webhooks::create::list
        ))
        .routes(routes!(
            v1::webhooks::show::show,
            v1::webhooks::update::update,
            v1::webhooks::show::remove
        ))
        .routes(routes!(v1::webhooks::rotate::rotate))
        .routes(routes!(v1::webhooks::test::test))
        .routes(routes!(v1::webhooks::deliveries::list))
        .routes(routes!(v1::webhooks::deliveries::show))
        .routes(routes!(v1::webhooks::replay::one))
        .routes(routes!(v1::webhooks::replay::since))
}

/// What agents' clients report.
fn telemetry() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(unlimited(routes!(otlp::logs)))
        .merge(unlimited(routes!(otlp::metrics)))
        .merge(unlimited(routes!(otlp::traces)))
        .routes(routes!(v1::telemetry::sessions::list))
        .routes(routes!(v1::telemetry::show::show))
        .routes(routes!(v1::telemetry::requests::list))
        .routes(routes!(v1::telemetry::summary::show))
        .routes(routes!(
            v1::telemetry::settings::show,
            v1::telemetry::settings::replace
        ))
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
