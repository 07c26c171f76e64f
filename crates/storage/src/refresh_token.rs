//! Refresh tokens: each is used once, for its successor; all that descend from one sign-in are a family.

use civitas_model::{SessionId, TenantId, Timestamp, UserId};
use civitas_sql::{Error, Row, Statement};

use crate::changeset::{Change, Refusal};
use crate::store::Store;
use crate::transaction::{Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/refresh_token/insert.sql"));
const FIND: Statement = Statement::new(include_str!("queries/refresh_token/find.sql"));
const USE: Statement = Statement::new(include_str!("queries/refresh_token/use.sql"));
const CHILDREN: Statement = Statement::new(include_str!("queries/refresh_token/children.sql"));
const SESSIONS_OF_FAMILY: Statement =
    Statement::new(include_str!("queries/refresh_token/sessions_of_family.sql"));
const REVOKE_FAMILY: Statement =
    Statement::new(include_str!("queries/refresh_token/revoke_family.sql"));
const REVOKE_SESSION: Statement =
    Statement::new(include_str!("queries/refresh_token/revoke_session.sql"));
const REVOKE_USER: Statement =
    Statement::new(include_str!("queries/refresh_token/revoke_user.sql"));
const REVOKED_SINCE: Statement =
    Statement::new(include_str!("queries/refresh_token/revoked_since.sql"));
const DELETE_EXPIRED: Statement =
    Statement::new(include_str!("queries/refresh_token/delete_expired.sql"));

/// A refresh token. The token itself is with the client only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the token, in hexadecimal.
    pub digest: String,
    /// The digest of the token it was given for; none for the first of a family.
    pub parent: Option<String>,
    /// The family: everything that descends from one sign-in.
    pub family: String,
    /// Whose it is.
    pub user_id: UserId,
    /// The tenant it is for.
    pub tenant_id: TenantId,
    /// The session it keeps alive.
    pub session_id: SessionId,
    /// When it was given.
    pub issued_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A change of refresh tokens.
#[derive(Debug)]
pub enum RefreshTokenChange {
    /// Adds one.
    Insert(RefreshToken),
    /// Uses one up; refused with [`Refusal::Changed`] when it was used or revoked meanwhile.
    Use {
        /// Its digest.
        digest: String,
    },
    /// Changes nothing; refused with [`Refusal::Changed`] when the token was revoked, or when more than `siblings_max`
    /// successors of it are out or one of them was used.
    ExpectUnusedSuccessors {
        /// Its digest.
        digest: String,
        /// How many successors there may be.
        siblings_max: usize,
    },
    /// Revokes a family.
    RevokeFamily {
        /// The family.
        family: String,
    },
    /// Revokes everything that keeps a session alive.
    RevokeSession {
        /// The session.
        session_id: SessionId,
    },
    /// Revokes everything of a user.
    RevokeUser {
        /// The user.
        user_id: UserId,
    },
}

/// The tokens that were given for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Successors {
    /// How many.
    pub count: usize,
    /// Whether one of them was used.
    pub used: bool,
}

impl From<RefreshTokenChange> for Change {
    fn from(change: RefreshTokenChange) -> Self {
        Self::RefreshToken(Box::new(change))
    }
}

const CHANGED: Refusal = Refusal::Changed {
    what: "the refresh token",
};

impl RefreshTokenChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let now = tx.now.as_micros();
        let (statement, subject) = match self {
            Self::Insert(token) => return insert(tx, token).await,
            Self::Use { digest } => {
                let params = [now.into(), digest.as_str().into()];
                if tx.execute(&USE, params.into()).await? == 0 {
                    return Err(CHANGED.into());
                }
                return Ok(());
            }
            Self::ExpectUnusedSuccessors {
                digest,
                siblings_max,
            } => return expect_unused_successors(tx, digest, *siblings_max).await,
            Self::RevokeFamily { family } => (&REVOKE_FAMILY, family.as_str()),
            Self::RevokeSession { session_id } => (&REVOKE_SESSION, session_id.as_str()),
            Self::RevokeUser { user_id } => (&REVOKE_USER, user_id.as_str()),
        };
        tx.execute(statement, vec![now.into(), subject.into()])
            .await?;
        Ok(())
    }
}

async fn insert(tx: &mut Transaction<'_>, token: &RefreshToken) -> Result<(), Stop> {
    let params = [
        token.digest.as_str().into(),
        token.parent.as_deref().into(),
        token.family.as_str().into(),
        token.user_id.as_str().into(),
        token.tenant_id.as_str().into(),
        token.session_id.as_str().into(),
        token.issued_at.as_micros().into(),
        token.expires_at.as_micros().into(),
    ];
    tx.execute(&INSERT, params.into()).await?;
    Ok(())
}

async fn expect_unused_successors(
    tx: &mut Transaction<'_>,
    digest: &str,
    siblings_max: usize,
) -> Result<(), Stop> {
    let token = tx.query_one(&FIND, &[digest.into()]).await?;
    let revoked = match token {
        Some(row) => row.optional_int("revoked_at")?.is_some(),
        None => true,
    };
    let successors = read_successors(&tx.query(&CHILDREN, &[digest.into()]).await?)?;
    if revoked || successors.used || successors.count >= siblings_max {
        return Err(CHANGED.into());
    }
    Ok(())
}

pub(crate) async fn delete_expired(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    tx.execute(&DELETE_EXPIRED, vec![tx.now.as_micros().into()])
        .await?;
    Ok(())
}

/// Readings of refresh tokens.
pub struct RefreshTokens<'a>(&'a Store);

impl Store {
    /// Readings of refresh tokens.
    pub const fn refresh_tokens(&self) -> RefreshTokens<'_> {
        RefreshTokens(self)
    }
}

impl RefreshTokens<'_> {
    /// The token with this digest, whatever became of it.
    pub async fn find(&self, digest: &str) -> Result<Option<RefreshToken>, Error> {
        let params = vec![digest.into()];
        let row = self.0.database.query_one(&FIND, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// How many successors of a token are out, and whether one of them was used.
    pub async fn successors(&self, digest: &str) -> Result<Successors, Error> {
        let rows = self
            .0
            .database
            .query(&CHILDREN, vec![digest.into()])
            .await?;
        read_successors(&rows)
    }

    /// The sessions a family keeps or kept alive: more than one when its client was away for long.
    pub async fn sessions_of_family(&self, family: &str) -> Result<Vec<SessionId>, Error> {
        let params = vec![family.into()];
        let rows = self.0.database.query(&SESSIONS_OF_FAMILY, params).await?;
        rows.iter()
            .map(|row| Ok(SessionId::trusted(row.text("session_id")?)))
            .collect()
    }

    /// Sessions of which a token was revoked after `since`.
    pub async fn sessions_revoked_since(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<SessionId>, Error> {
        let params = vec![since.as_micros().into(), limit.into()];
        let rows = self.0.database.query(&REVOKED_SINCE, params).await?;
        rows.iter()
            .map(|row| Ok(SessionId::trusted(row.text("session_id")?)))
            .collect()
    }
}

fn read_successors(rows: &[Row]) -> Result<Successors, Error> {
    let mut used = false;
    for row in rows {
        used |= row.optional_int("used_at")?.is_some();
    }
    Ok(Successors {
        count: rows.len(),
        used,
    })
}

fn read(row: &Row) -> Result<RefreshToken, Error> {
    Ok(RefreshToken {
        digest: row.text("digest")?.to_owned(),
        parent: row.optional_text("parent")?.map(str::to_owned),
        family: row.text("family")?.to_owned(),
        user_id: UserId::trusted(row.text("user_id")?),
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        session_id: SessionId::trusted(row.text("session_id")?),
        issued_at: Timestamp::from_micros(row.int("issued_at")?),
        expires_at: Timestamp::from_micros(row.int("expires_at")?),
        used_at: row.optional_int("used_at")?.map(Timestamp::from_micros),
        revoked_at: row.optional_int("revoked_at")?.map(Timestamp::from_micros),
    })
}
