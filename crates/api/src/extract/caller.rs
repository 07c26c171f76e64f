//! The caller: whoever the credential says, or the local operator in development.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use civitas_auth::{Secret, Standing};
use civitas_model::{Caller, CallerKind, ErrorCode, Permission, SessionId};
use serde::Deserialize;

use crate::problem::Problem;
use crate::state::{Access, AppState};

/// The subprotocol of our sockets; a second one, `bearer.<token>`, may carry the credential.
pub(crate) const SUBPROTOCOL: &str = "civitas.v1";

/// What the secrets of anonymous sessions begin with.
const ANONYMOUS_PREFIX: &str = "session_";

/// A caller with a valid credential.
pub(crate) struct Authenticated(pub(crate) Caller);

/// A caller with a valid credential, if they showed one; in development the local operator.
pub(crate) struct MaybeAuthenticated(pub(crate) Option<Caller>);

/// A caller of a WebSocket, which browsers cannot give a header; with what a stream is open for as long as it counts.
pub(crate) struct SocketCaller(pub(crate) Caller, pub(crate) Standing);

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match bearer(parts)? {
            Some(token) => authenticate(state, token).await.map(Self),
            None => without_credential(state).map(Self),
        }
    }
}

impl FromRequestParts<AppState> for MaybeAuthenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Ok(Self(match bearer(parts)? {
            Some(token) => Some(authenticate(state, token).await?),
            None => without_credential(state).ok(),
        }))
    }
}

/// A caller who administers. Asked before anything else of a request is looked at, so that nobody else learns what it takes.
pub(crate) struct Admin(pub(crate) Caller);

/// A person who administers: what machines may not do, whatever their scopes.
pub(crate) struct AdminPerson(pub(crate) Caller);

/// A caller who may write.
pub(crate) struct Writer(pub(crate) Caller);

/// A caller who may report what agents do.
pub(crate) struct Reporter(pub(crate) Caller);

impl FromRequestParts<AppState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        require(&caller, Permission::Admin)?;
        Ok(Self(caller))
    }
}

impl FromRequestParts<AppState> for AdminPerson {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Admin(caller) = Admin::from_request_parts(parts, state).await?;
        if matches!(caller.kind, CallerKind::User | CallerKind::LocalOperator) {
            return Ok(Self(caller));
        }
        let detail =
            "this is done by people, never by a token: sign in as an administrator of your tenant";
        Err(Problem::new(ErrorCode::Forbidden, detail))
    }
}

impl FromRequestParts<AppState> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        require(&caller, Permission::Write)?;
        Ok(Self(caller))
    }
}

impl FromRequestParts<AppState> for Reporter {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        require_report(&caller)?;
        Ok(Self(caller))
    }
}

/// The token of the `Authorization` header (RFC 6750).
fn bearer(parts: &Parts) -> Result<Option<&str>, Problem> {
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| Some(token.trim()))
        .ok_or_else(|| unauthorized("the `Authorization` header must be `Bearer <token>`"))
}

/// The secret of an anonymous session in the `Authorization` header, not looked up yet.
pub(crate) fn anonymous_secret(parts: &Parts) -> Result<Option<Secret>, Problem> {
    let token = bearer(parts)?.filter(|token| token.starts_with(ANONYMOUS_PREFIX));
    Ok(token.map(Secret::new))
}

fn without_credential(state: &AppState) -> Result<Caller, Problem> {
    match state.settings.access {
        Access::Development => Ok(Caller::local_operator()),
        Access::Credentials => Err(unauthorized(
            "Missing or invalid Authorization header: sign in at /api/auth/login",
        )),
    }
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(ErrorCode::Unauthorized, detail)
}

/// Refuses a caller without the permission.
pub(crate) fn require(caller: &Caller, permission: Permission) -> Result<(), Problem> {
    if caller.may(permission) {
        return Ok(());
    }
    let needed = permission.as_str();
    let detail =
        format!("this needs the permission `{needed}`: ask an administrator of your tenant");
    Err(Problem::new(ErrorCode::Forbidden, detail))
}

/// Refuses a caller that may not report what agents do.
pub(crate) fn require_report(caller: &Caller) -> Result<(), Problem> {
    if caller.may_report() {
        return Ok(());
    }
    let detail =
        "this needs the permission `hooks` or `write`: ask an administrator of your tenant";
    Err(Problem::new(ErrorCode::Forbidden, detail))
}

/// Refuses a session that is known and not the caller's. One that nobody opened here is a label of the client's own; in
/// development whoever sits at the machine opened them all.
pub(crate) async fn check_session(
    state: &AppState,
    caller: &Caller,
    named: Option<&SessionId>,
) -> Result<(), Problem> {
    let Some(session_id) = named.filter(|named| caller.session_id.as_ref() != Some(*named)) else {
        return Ok(());
    };
    if caller.kind == CallerKind::LocalOperator {
        return Ok(());
    }
    match state.store.find_session(session_id).await? {
        Some(session)
            if session.tenant_id != caller.tenant_id || session.user_id != caller.user_id =>
        {
            let detail = "the session `session_id` names is not yours: leave it out, or open one at /api/session/create";
            Err(Problem::new(ErrorCode::Forbidden, detail))
        }
        _ => Ok(()),
    }
}

#[derive(Deserialize)]
struct Tokens {
    access_token: Option<String>,
    session_token: Option<String>,
}

impl FromRequestParts<AppState> for SocketCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        if let Some(token) = bearer(parts)? {
            return Self::of(state, token).await;
        }
        if let Some(token) = subprotocol_token(parts) {
            return Self::of(state, token).await;
        }
        let query = axum::extract::Query::<Tokens>::try_from_uri(&parts.uri);
        let token = query
            .ok()
            .and_then(|query| query.0.access_token.or(query.0.session_token));
        let Some(token) = token else {
            let caller = without_credential(state)?;
            return Ok(Self(caller, Standing::Local));
        };
        // A ticket is good for one use and thirty seconds, so it may stand in a URL, which proxies write to their logs.
        if let Ok((caller, standing)) = state.auth.redeem_ticket(&Secret::new(token.as_str())).await
        {
            return Ok(Self(caller, standing));
        }
        if !state.settings.query_tokens {
            return Err(unauthorized(
                "only a ticket from /api/auth/ws-ticket may stand in a URL",
            ));
        }
        Self::of(state, &token).await
    }
}

impl SocketCaller {
    async fn of(state: &AppState, token: &str) -> Result<Self, Problem> {
        let caller = authenticate(state, token).await?;
        let secret = Secret::new(token);
        let standing = if token.starts_with(ANONYMOUS_PREFIX) {
            Standing::Session(secret)
        } else {
            Standing::Bearer(secret)
        };
        Ok(Self(caller, standing))
    }
}

/// A user's access token, a machine's service token, or the secret of an anonymous session.
async fn authenticate(state: &AppState, token: &str) -> Result<Caller, Problem> {
    if token.starts_with(ANONYMOUS_PREFIX) {
        return Ok(state
            .auth
            .authenticate_session_token(&Secret::new(token))
            .await?);
    }
    Ok(state.auth.authenticate(token).await?)
}

/// The token that a browser offers as a subprotocol, beside [`SUBPROTOCOL`].
fn subprotocol_token(parts: &Parts) -> Option<&str> {
    let offered = parts
        .headers
        .get(header::SEC_WEBSOCKET_PROTOCOL)?
        .to_str()
        .ok()?;
    offered
        .split(',')
        .find_map(|protocol| protocol.trim().strip_prefix("bearer."))
}
