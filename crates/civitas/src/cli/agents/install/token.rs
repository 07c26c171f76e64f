//! The token of an installation: enough to report and to ask, never to decide.

use civitas_model::agent::is_name;
use serde_json::json;

use super::record::Record;
use crate::cli::failure::Failure;
use crate::cli::output::{clean, note, text};
use crate::client::Client;

/// What the token may do.
const SCOPE: &str = "hooks";
/// How much of a host's name is in a token's.
const HOST_CHARS_MAX: usize = 64;

/// A token.
pub(super) struct Token {
    pub(super) id: String,
    pub(super) secret: String,
    /// What it is called: an agent's name, or one that no agent can have.
    pub(super) name: String,
    is_new: bool,
}

impl Token {
    /// What a dry run puts where the token would stand: the one that is there and stays, or nothing.
    pub(super) fn shown(server: &str, earlier: Option<&Record>, agent: Option<&str>) -> Self {
        let earlier = earlier.filter(|record| stays(record, server, agent));
        Self {
            id: earlier.map_or_else(String::new, |record| record.token_id.clone()),
            secret: earlier.map_or_else(String::new, |record| record.token.clone()),
            name: earlier.map_or_else(String::new, |record| record.token_name.clone()),
            is_new: false,
        }
    }

    /// The token of the installation before if it still works and is for this agent, else a new one.
    pub(super) async fn get(
        api: &Client,
        earlier: Option<&Record>,
        agent: Option<&str>,
        days: u64,
    ) -> Result<Self, Failure> {
        let server = api.server();
        if let Some(record) = earlier.filter(|record| stays(record, server, agent))
            && works(api, &record.token_id).await?
        {
            return Ok(Self::shown(server, earlier, agent));
        }
        let name = agent.map_or_else(nobodys_name, str::to_owned);
        let body = json!({ "name": name, "scopes": [SCOPE], "expires_in_days": days });
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
            name,
            is_new: true,
        })
    }

    /// Revokes the token that this one was made in place of: nothing holds it any more.
    pub(super) async fn replace(&self, api: &Client, earlier: Option<&Record>) {
        if let Some(earlier) = earlier
            && self.is_new
            && earlier.server == api.server()
            && let Err(failure) = revoke(api, &earlier.token_id).await
        {
            note(&format!(
                "the token before this one still works ({failure}): use `civitas token revoke {} --yes`",
                clean(&earlier.token_id)
            ));
        }
    }

    pub(super) async fn revoke_if_new(&self, api: &Client) {
        if self.is_new {
            // What led here is said; the token alone opens nothing worth more words.
            drop(revoke(api, &self.id).await);
        }
    }
}

/// Whether an installation's token is what this one would make: for this server, and this agent or none. A token with the
/// name of an agent acts as that agent.
fn stays(record: &Record, server: &str, agent: Option<&str>) -> bool {
    let name = record.token_name.as_str();
    record.server == server
        && match agent {
            Some(agent) => name == agent,
            None => !name.is_empty() && !is_name(name),
        }
}

/// A name that no agent has, because of its spaces, and that says which machine holds the token.
fn nobodys_name() -> String {
    let uname = rustix::system::uname();
    let host: String = uname
        .nodename()
        .to_string_lossy()
        .chars()
        .filter(|c| !c.is_control())
        .take(HOST_CHARS_MAX)
        .collect();
    format!("claude-code on {host}")
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
