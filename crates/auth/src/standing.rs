//! Whether a credential that was shown once still counts, for what goes on after it was checked: an open stream.

use civitas_model::{Caller, CallerKind, SessionId, Timestamp, UserId};

use crate::auth::Auth;
use crate::error::Error;
use crate::secret::Secret;

/// What a stream was opened with.
#[derive(Debug, Clone)]
pub enum Standing {
    /// Nothing, where nothing is needed.
    Local,
    /// A user's access token, or a machine's service token.
    Bearer(Secret),
    /// The secret of an anonymous session.
    Session(Secret),
    /// A ticket: it was used up, and stands for whom it was given to.
    Ticket(Ticketed),
}

/// Whom a ticket stands for.
#[derive(Debug, Clone)]
pub struct Ticketed {
    pub(crate) user: Option<(UserId, u64)>,
    pub(crate) session_id: Option<SessionId>,
    /// Until when: as long as the token that asked for it may have lasted.
    pub(crate) until: Timestamp,
}

impl Auth {
    /// Whether what was shown still counts: it has not expired, and nobody signed out, revoked it or took its holder out of the
    /// tenant. Costs no database read, except for the secret of an anonymous session.
    pub async fn still_holds(&self, standing: &Standing) -> Result<bool, Error> {
        let found = match standing {
            Standing::Local => return Ok(true),
            Standing::Bearer(token) => self.authenticate(token.reveal()).await,
            Standing::Session(secret) => self.authenticate_session_token(secret).await,
            Standing::Ticket(ticketed) => return Ok(self.stands(ticketed)),
        };
        match found {
            Ok(_) => Ok(true),
            Err(Error::InvalidToken) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn stands(&self, ticketed: &Ticketed) -> bool {
        let session = ticketed.session_id.as_ref();
        let user = ticketed.user.as_ref();
        self.now() < ticketed.until
            && user.is_none_or(|(user, version)| self.revocations.allow(user, *version, session))
    }

    pub(crate) fn standing_of(&self, caller: &Caller, token_version: u64) -> Standing {
        if caller.kind == CallerKind::LocalOperator {
            return Standing::Local;
        }
        let user = caller.user_id.clone();
        Standing::Ticket(Ticketed {
            user: user.map(|user| (user, token_version)),
            session_id: caller.session_id.clone(),
            until: self.now().plus(self.lifetimes.access),
        })
    }
}
