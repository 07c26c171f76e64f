//! Refreshing: a refresh token is used once, for its successor.

use civitas_model::SessionId;
use civitas_model::user::Membership;
use civitas_storage::{
    Account, Changeset, CommitError, RefreshToken, RefreshTokenChange, Refusal, SessionEnd,
};

use crate::auth::Auth;
use crate::error::Error;
use crate::revocation::Revoked;
use crate::secret::Secret;
use crate::sign_in::{Descent, SignedIn, expect};

/// Successors a token gives at most within the grace window.
const SIBLINGS_MAX: usize = 5;
/// Losing the race for a token makes it a used one, losing the race for its last successor makes it one without a place,
/// and the account may change once in between.
const ROUNDS_MAX: usize = 4;

/// Nothing was decided against the token: whoever asked may go on with what another request of theirs was given.
fn contended() -> Error {
    Error::Conflict(
        "this refresh token is being used by too many requests at once: go on with the pair that one of them was given"
            .into(),
    )
}

impl Auth {
    /// Gives a new pair of tokens for a refresh token, with the role the user has now.
    ///
    /// Using a token again revokes its whole family, unless it is within the grace window and no successor was used yet:
    /// then it gives another successor, five at most. Who asks for more than that is refused and nothing is
    /// revoked: many tabs that wake up together are no theft.
    pub async fn refresh(&self, token: &Secret) -> Result<SignedIn, Error> {
        let digest = token.digest();
        for _ in 0..ROUNDS_MAX {
            let found = self.store.refresh_tokens().find(&digest).await?;
            let token = found
                .filter(|token| token.revoked_at.is_none() && self.now() < token.expires_at)
                .ok_or(Error::InvalidToken)?;
            let claim = match token.used_at {
                None => RefreshTokenChange::Use {
                    digest: digest.clone(),
                },
                Some(used_at) if self.now().since(used_at) <= self.lifetimes.refresh_grace => {
                    let successors = self.store.refresh_tokens().successors(&digest).await?;
                    if successors.used {
                        return self.refuse_reuse(&token).await;
                    }
                    if successors.count >= SIBLINGS_MAX {
                        return Err(contended());
                    }
                    RefreshTokenChange::ExpectUnusedSuccessors {
                        digest: digest.clone(),
                        siblings_max: SIBLINGS_MAX,
                    }
                }
                Some(_) => return self.refuse_reuse(&token).await,
            };
            let (account, membership) = self.standing(&token).await?;
            let changes = expect(&account).with(claim);
            let (changes, signed_in) = self.succeed(changes, account, &membership, &token).await?;
            match self.store.commit(changes).await {
                Ok(_) => return Ok(signed_in),
                Err(CommitError::Refused(Refusal::Changed { .. })) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(contended())
    }

    async fn succeed(
        &self,
        changes: Changeset,
        account: Account,
        membership: &Membership,
        token: &RefreshToken,
    ) -> Result<(Changeset, SignedIn), Error> {
        let session = self.live_session(token).await?;
        let changes = match &session {
            Some(session_id) => changes.with(SessionEnd::Extend {
                session_id: session_id.clone(),
                user_id: token.user_id.clone(),
                expires_at: self.now().plus(self.lifetimes.session),
            }),
            None => changes,
        };
        let descent = Descent::Refresh {
            parent: token,
            session: session.as_ref(),
        };
        self.grant(changes, account, membership, &descent)
    }

    /// The token's session, unless it ended: a client that was away for days goes on with a new one.
    async fn live_session(&self, token: &RefreshToken) -> Result<Option<SessionId>, Error> {
        let session = self.store.find_session(&token.session_id).await?;
        Ok(session
            .filter(|session| {
                session.user_id.as_ref() == Some(&token.user_id) && self.now() < session.expires_at
            })
            .map(|session| session.session_id))
    }

    async fn standing(&self, token: &RefreshToken) -> Result<(Account, Membership), Error> {
        let account = self.store.users().find(&token.user_id).await?;
        let membership = self
            .store
            .memberships()
            .find(&token.tenant_id, &token.user_id)
            .await?;
        account.zip(membership).ok_or(Error::InvalidToken)
    }

    async fn refuse_reuse(&self, token: &RefreshToken) -> Result<SignedIn, Error> {
        tracing::warn!(
            user_id = %token.user_id,
            tenant_id = %token.tenant_id,
            session_id = %token.session_id,
            "a refresh token was used again: its family is revoked"
        );
        let tokens = self.store.refresh_tokens();
        let mut revoked = Vec::new();
        let mut changes = Changeset::new().with(RefreshTokenChange::RevokeFamily {
            family: token.family.clone(),
        });
        changes = changes.with(
            self.entry_of(&token.tenant_id, &token.user_id, "reuse_refresh_token")
                .on("session", token.session_id.as_str())
                .outcome("refused"),
        );
        for session_id in tokens.sessions_of_family(&token.family).await? {
            revoked.push(Revoked::Session(session_id.clone()));
            changes = changes.with(SessionEnd::Now { session_id });
        }
        self.revoke(changes, revoked).await?;
        Err(Error::InvalidToken)
    }
}
