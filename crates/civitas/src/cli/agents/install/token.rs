//! The token of an installation: enough to report and to ask, never to decide.

use serde_json::json;

use super::record::Record;
use crate::cli::failure::Failure;
use crate::cli::output::text;
use crate::client::Client;

/// What the token may do.
const SCOPE: &str = "hooks";

/// A token.
pub(super) struct Token {
    pub(super) id: String,
    pub(super) secret: String,
    is_new: bool,
}

impl Token {
    /// What a dry run puts where the token would stand: the one that is there, or nothing.
    pub(super) fn shown(server: &str, earlier: Option<&Record>) -> Self {
        let earlier = earlier.filter(|record| record.server == server);
        Self {
            id: earlier.map_or_else(String::new, |record| record.token_id.clone()),
            secret: earlier.map_or_else(String::new, |record| record.token.clone()),
            is_new: false,
        }
    }

    /// The token of the installation before if it still works, else a new one.
    pub(super) async fn get(
        api: &Client,
        earlier: Option<&Record>,
        days: u64,
    ) -> Result<Self, Failure> {
        let server = api.server();
        if let Some(record) = earlier.filter(|record| record.server == server)
            && works(api, &record.token_id).await?
        {
            return Ok(Self::shown(server, earlier));
        }
        let body = json!({ "name": "claude-code", "scopes": [SCOPE], "expires_in_days": days });
        let made = api.post(&["api", "auth", "tokens"], Some(&body)).await?;
        let (id, secret) = (text(&made, "token_id"), text(&made, "token"));
        if id.is_empty() || secret.is_empty() {
            return Err(Failure::failed(format!(
                "{server} does not answer like a Civitas server: check --server"
            )));
        }
        Ok(Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
            is_new: true,
        })
    }

    pub(super) async fn revoke_if_new(&self, api: &Client) {
        if self.is_new {
            // What led here is said; the token alone opens nothing worth more words.
            drop(revoke(api, &self.id).await);
        }
    }
}

/// Whether the server still knows a token.
async fn works(api: &Client, token_id: &str) -> Result<bool, Failure> {
    let listed = api.get(&["api", "auth", "tokens"], &[]).await?;
    let tokens = listed["tokens"].as_array().into_iter().flatten();
    let now = civitas_model::Clock::now(&civitas_model::SystemClock).to_string();
    let found = tokens.filter(|token| token["token_id"] == token_id);
    // Timestamps of one form sort as text.
    Ok(found
        .into_iter()
        .any(|token| token["revoked_at"].is_null() && text(token, "expires_at") > now.as_str()))
}

/// Revokes a token; one that is gone already is.
pub(super) async fn revoke(api: &Client, token_id: &str) -> Result<(), Failure> {
    match api.delete(&["api", "auth", "tokens", token_id]).await {
        Err(Failure::Told { code, .. }) if code == "not_found" => Ok(()),
        outcome => outcome,
    }
}
