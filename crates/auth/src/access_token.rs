//! Access tokens: JWTs (RFC 7519) as RFC 8725 wants them: one pinned algorithm, an explicit type, every claim checked.

use std::time::Duration;

use civitas_model::{Caller, CallerKind, Permission, Role, SessionId, TenantId, Timestamp, UserId};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::key_ring::KeyRing;
use crate::secret::Secret;

const ALGORITHM: Algorithm = Algorithm::HS256;
/// RFC 9068 section 2.1.
const TYPE: &str = "at+jwt";
const ISSUER: &str = "civitas";
const AUDIENCE: &str = "civitas-api";
/// Longer ones are not ours; nothing is parsed before this is known.
const LENGTH_MAX: usize = 4096;
/// How far a clock may be set back without refusing tokens made just before.
const NOT_BEFORE_LEEWAY: u64 = 5;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    /// The user.
    pub(crate) sub: UserId,
    /// The tenant.
    tid: TenantId,
    /// The session.
    pub(crate) sid: SessionId,
    roles: Vec<Role>,
    email: String,
    /// The version of the account's tokens.
    pub(crate) ver: u64,
    iat: u64,
    nbf: u64,
    exp: u64,
    jti: String,
}

/// Whom a token is for.
pub(crate) struct Subject<'a> {
    pub(crate) user_id: &'a UserId,
    pub(crate) tenant_id: &'a TenantId,
    pub(crate) session_id: &'a SessionId,
    pub(crate) role: Role,
    pub(crate) email: &'a str,
    pub(crate) token_version: u64,
}

/// Signs a token.
pub(crate) fn sign(
    keys: &KeyRing,
    subject: &Subject<'_>,
    token_id: String,
    now: Timestamp,
    lifetime: Duration,
) -> Result<Secret, Error> {
    let issued = seconds(now);
    let claims = Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub: subject.user_id.clone(),
        tid: subject.tenant_id.clone(),
        sid: subject.session_id.clone(),
        roles: vec![subject.role],
        email: subject.email.to_owned(),
        ver: subject.token_version,
        iat: issued,
        nbf: issued,
        exp: issued.saturating_add(lifetime.as_secs()),
        jti: token_id,
    };
    let key = keys
        .newest()
        .ok_or_else(|| Error::Internal("there is no signing key".into()))?;
    let mut header = Header::new(ALGORITHM);
    header.typ = Some(TYPE.into());
    header.kid = Some(key.id.clone());
    encode(&header, &claims, &key.signs)
        .map(Secret::new)
        .map_err(|error| Error::Internal(error.to_string()))
}

/// How tokens are verified; made once.
pub(crate) struct Verifier(Validation);

impl Verifier {
    pub(crate) fn new() -> Self {
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // The library would read the machine's clock: times are compared with the given one in `verify`.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self(validation)
    }

    /// The claims of a token that is ours, is meant for us and is alive.
    pub(crate) fn verify(
        &self,
        keys: &KeyRing,
        token: &str,
        now: Timestamp,
    ) -> Result<Claims, Error> {
        if token.len() > LENGTH_MAX {
            return Err(Error::InvalidToken);
        }
        let header = decode_header(token).map_err(|_| Error::InvalidToken)?;
        let key = header
            .kid
            .filter(|_| header.typ.as_deref() == Some(TYPE))
            .and_then(|id| keys.find(&id, now))
            .ok_or(Error::InvalidToken)?;
        let claims: Claims = decode(token, &key.verifies, &self.0)
            .map_err(|_| Error::InvalidToken)?
            .claims;
        let now = seconds(now);
        let alive = now < claims.exp && claims.nbf <= now.saturating_add(NOT_BEFORE_LEEWAY);
        alive.then_some(claims).ok_or(Error::InvalidToken)
    }
}

impl Claims {
    /// The caller a verified token stands for.
    pub(crate) fn into_caller(self) -> Caller {
        let permissions = Permission::ALL
            .into_iter()
            .filter(|wanted| {
                self.roles
                    .iter()
                    .any(|role| role.permissions().contains(wanted))
            })
            .collect();
        Caller {
            kind: CallerKind::User,
            tenant_id: self.tid,
            user_id: Some(self.sub),
            session_id: Some(self.sid),
            name: self.email,
            roles: self.roles,
            permissions,
        }
    }
}

fn seconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_micros() / 1_000_000).unwrap_or(0)
}

#[cfg(test)]
mod tests;
