//! As whom a client asks: as nobody, with a token that it was given, or as the person who signed in here.

use std::sync::Arc;

use civitas_auth::Secret;
use civitas_model::{Clock, SystemClock};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::json;
use tokio::sync::Mutex;

use super::kept::{Kept, Place};
use super::{Client, refused};
use crate::cli::failure::Failure;

/// As whom a client asks.
#[derive(Clone)]
pub(super) enum Credential {
    /// As nobody: `civitas dev` wants none.
    Nobody,
    /// With this token.
    Token(Secret),
    /// As the person whose sign-in is kept.
    Person(Arc<SignIn>),
}

/// A kept sign-in, as this process knows it.
pub(super) struct SignIn {
    place: Place,
    kept: Mutex<Kept>,
}

impl Credential {
    pub(super) fn of(token: Option<String>) -> Self {
        match token.filter(|token| !token.is_empty()) {
            Some(token) => Self::Token(Secret::new(token)),
            None => Self::Nobody,
        }
    }

    /// The person who signed in at this server, if somebody did.
    pub(super) fn kept(server: &str) -> Result<Self, Failure> {
        let Some(place) = Place::of(server) else {
            return Ok(Self::Nobody);
        };
        Ok(match place.load()?.filter(|kept| kept.server == server) {
            Some(kept) => Self::Person(Arc::new(SignIn {
                place,
                kept: Mutex::new(kept),
            })),
            None => Self::Nobody,
        })
    }
}

impl Client {
    /// Sends a request as whoever this client is. An access token that the server takes for over is renewed once.
    pub(super) async fn dispatch(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let again = request.try_clone();
        let bearer = self.bearer(None).await?;
        let response = self.sent(request, bearer.as_ref()).await?;
        let is_refused = response.status() == StatusCode::UNAUTHORIZED;
        match (again, &self.credential) {
            (Some(again), Credential::Person(_)) if is_refused => {
                let newer = self.bearer(bearer.as_ref()).await?;
                self.sent(again, newer.as_ref()).await
            }
            _ => Ok(response),
        }
    }

    async fn sent(
        &self,
        request: RequestBuilder,
        bearer: Option<&Secret>,
    ) -> Result<Response, Failure> {
        let request = match bearer {
            Some(bearer) => request.bearer_auth(bearer.reveal()),
            None => request,
        };
        request.send().await.map_err(|error| self.broken(&error))
    }

    /// The token to ask with: another than the one that was refused.
    async fn bearer(&self, refused: Option<&Secret>) -> Result<Option<Secret>, Failure> {
        match &self.credential {
            Credential::Nobody => Ok(None),
            Credential::Token(token) => Ok(Some(token.clone())),
            Credential::Person(sign_in) => {
                let mut kept = sign_in.kept.lock().await;
                let is_over = match refused {
                    Some(refused) => kept.access.reveal() == refused.reveal(),
                    None => kept.is_over(SystemClock.now()),
                };
                if is_over {
                    *kept = self.renewed(&kept, &sign_in.place).await?;
                }
                Ok(Some(kept.access.clone()))
            }
        }
    }

    /// The next pair of tokens: from the file, when another command got it already, else from the server.
    async fn renewed(&self, old: &Kept, place: &Place) -> Result<Kept, Failure> {
        let _lock = place.lock().await?;
        let now = SystemClock.now();
        let current = place.load()?.filter(|kept| kept.email == old.email);
        let current = current.ok_or_else(|| self.signed_out())?;
        if current.access.reveal() != old.access.reveal() && !current.is_over(now) {
            return Ok(current);
        }
        let body = json!({ "refresh_token": current.refresh.reveal() });
        let request = self.request(Method::POST, &["api", "auth", "refresh"]);
        let response = self.sent(request.json(&body), None).await?;
        match response.status() {
            StatusCode::UNAUTHORIZED => Err(self.signed_out()),
            status if status.is_success() => {
                let answer = response
                    .bytes()
                    .await
                    .map_err(|error| self.broken(&error))?;
                let kept = Kept::of(self.server(), &self.parsed(&answer)?, now)?;
                place.keep(&kept)?;
                Ok(kept)
            }
            _ => Err(refused(response).await),
        }
    }

    fn signed_out(&self) -> Failure {
        Failure::NotAllowed(format!(
            "the sign-in at {} has ended: sign in again with `civitas login`, or forget it with `civitas logout`",
            self.server()
        ))
    }

    /// What to do for those whom the server does not know.
    pub(super) fn advice(&self) -> &'static str {
        match self.credential {
            Credential::Token(_) => {
                "give another token with --token or CIVITAS_TOKEN, or none and sign in with `civitas login`"
            }
            _ => "sign in with `civitas login`, or give a token with --token or CIVITAS_TOKEN",
        }
    }
}
