//! What must be there before agents work: who they are, what they may spend, and who is asked.

use std::net::SocketAddr;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::client::{Client, Lost};

/// Agents with room for everything they do.
pub(super) const RICH: [&str; 2] = ["ada", "bob"];
/// An agent that is soon out of room: a session of it pays for three readings.
pub(super) const POOR: &str = "charlie";
pub(super) const TEAM: &str = "team:crash";
/// What a session may use, in tokens. A reading is expected to take 100.
const ROOM: u64 = 1_000_000;
const LITTLE_ROOM: u64 = 350;
const EMAIL: &str = "grace@x.example";
const PASSWORD: &str = "correct horse battery";

/// Credentials of those who take part: a token that can only report, and a person who signed in.
pub(crate) struct Setting {
    hooks: String,
    person: Mutex<String>,
}

/// A request that makes something.
async fn make(client: &mut Client, method: &str, path: &str, body: &Value) -> Value {
    let (status, made) = client.call(method, path, Some(body)).await.unwrap();
    assert!((200..300).contains(&status), "{path}: {status} {made}");
    made
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Setting {
    pub(crate) async fn prepare(address: SocketAddr) -> Self {
        let mut client = Client::connect(address).await.unwrap();
        let client = &mut client;
        let mut pools = vec!["organisation".to_owned(), TEAM.to_owned()];
        for name in RICH.into_iter().chain([POOR]) {
            let agent = json!({
                "name": name, "role": "developer", "capabilities": ["coding"],
                "rbac_allowed_tools": ["*"], "rbac_path_scopes": ["src/**"],
                "budget_max_tokens_per_session": if name == POOR { LITTLE_ROOM } else { ROOM },
                "budget_max_cost_per_day": 1_000_000.0, "metadata_category": "foundry", "metadata_tags": [TEAM],
            });
            let made = make(client, "POST", "/api/v1/agents", &agent).await;
            pools.push(format!("agent:{}", text(&made["agent_id"])));
        }
        // A day would begin anew at midnight, in the middle of a run.
        let caps = json!({ "max_cost_usd": 1_000_000, "period": "life", "waits": false });
        for pool in pools {
            make(client, "PUT", &format!("/api/v1/budgets/{pool}"), &caps).await;
        }
        let user = json!({ "email": EMAIL, "password": PASSWORD, "name": "Grace" });
        let user = json!({ "user": user, "role": "operator" });
        make(client, "POST", "/api/auth/users", &user).await;
        let token = json!({ "name": "hooks", "scopes": ["hooks"] });
        let token = make(client, "POST", "/api/auth/tokens", &token).await;
        let person = sign_in(client).await.unwrap();
        Self {
            hooks: text(&token["token"]),
            person: Mutex::new(person),
        }
    }

    /// A connection of an agent's hooks.
    pub(super) async fn hooks(&self, address: SocketAddr) -> Result<Client, Lost> {
        Ok(Client::connect(address).await?.with_token(&self.hooks))
    }

    /// A connection of a person.
    pub(super) async fn person(&self, address: SocketAddr) -> Result<Client, Lost> {
        let token = self.person.lock().unwrap().clone();
        Ok(Client::connect(address).await?.with_token(&token))
    }

    /// Signs in anew: what the last sign-in gave has ended.
    pub(super) async fn sign_in(&self, address: SocketAddr) -> Result<(), Lost> {
        let token = sign_in(&mut Client::connect(address).await?).await?;
        *self.person.lock().unwrap() = token;
        Ok(())
    }
}

async fn sign_in(client: &mut Client) -> Result<String, Lost> {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let (status, answer) = client.call("POST", "/api/auth/login", Some(&body)).await?;
    assert_eq!(status, 200, "{answer}");
    Ok(text(&answer["access_token"]))
}
