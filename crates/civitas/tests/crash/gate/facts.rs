//! What is there of decisions, approvals and budgets, as the API tells it.

use std::collections::HashMap;
use std::net::SocketAddr;

use serde_json::Value;

use crate::client::Client;

/// A decision as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    pub(crate) tool_use_id: String,
    pub(crate) session_id: String,
    pub(crate) agent_id: String,
    pub(crate) is_pending: bool,
    pub(crate) reason: String,
    pub(crate) approval_id: Option<String>,
    /// Under which it is paid, once it is allowed.
    pub(crate) reservation_id: Option<String>,
}

/// An entry of the audit log about a tool use.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) action: String,
    pub(crate) outcome: String,
    pub(crate) amount: Amount,
}

/// Tokens, and millionths of the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Amount {
    pub(crate) tokens: u64,
    pub(crate) micros: u64,
}

impl Amount {
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens + other.tokens,
            micros: self.micros + other.micros,
        }
    }
}

/// A budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pool {
    pub(crate) max_tokens: Option<u64>,
    pub(crate) used: Amount,
    pub(crate) reserved: Amount,
    pub(crate) reservations: u64,
}

/// What is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) decisions: Vec<Decision>,
    /// Entries of the audit log by tool use.
    pub(crate) entries: HashMap<String, Vec<Entry>>,
    /// States of approvals by their ids.
    pub(crate) approvals: HashMap<String, String>,
    /// What was done to approvals, by their ids, as the audit log says it.
    pub(crate) deeds: HashMap<String, Vec<String>>,
    pub(crate) pools: HashMap<String, Pool>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Money as the API writes it, counted.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "amounts of money here are small and above zero"
)]
fn micros(value: &Value) -> u64 {
    (value.as_f64().unwrap_or_default() * 1e6).round() as u64
}

/// Everything that a list has, page by page.
async fn all(client: &mut Client, path: &str, name: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let mut page = client.get(&format!("{path}{cursor}")).await;
        match &mut page[name] {
            Value::Array(listed) => found.append(listed),
            other => panic!("{path}: {other}"),
        }
        cursor = match &page["next_cursor"] {
            Value::String(next) => format!("&cursor={next}"),
            Value::Number(next) => format!("&cursor={next}"),
            _ => return found,
        };
    }
}

impl Facts {
    pub(crate) async fn gather(address: SocketAddr) -> Self {
        let mut client = Client::connect(address).await.unwrap();
        let client = &mut client;
        let mut facts = Self::default();
        let decisions = all(client, "/api/v1/decisions?limit=200", "decisions").await;
        facts.decisions = decisions.iter().map(decision).collect();
        for found in all(client, "/api/v1/audit?category=agent&limit=500", "entries").await {
            let (entry, body) = (&found["entry"], &found["body"]);
            let entries = facts.entries.entry(text(&entry["tool_use"]));
            entries.or_default().push(Entry {
                action: text(&entry["action"]),
                outcome: text(&entry["outcome"]),
                amount: Amount {
                    tokens: body["tokens_used"].as_u64().unwrap_or_default(),
                    micros: micros(&body["cost_usd"]),
                },
            });
        }
        let path = "/api/v1/audit?category=approval&outcome=done&limit=500";
        for found in all(client, path, "entries").await {
            let entry = &found["entry"];
            let deeds = facts.deeds.entry(text(&entry["subject"]["id"]));
            deeds.or_default().push(text(&entry["action"]));
        }
        for found in all(client, "/api/v1/approvals?limit=200", "approvals").await {
            let (id, state) = (text(&found["approval_id"]), text(&found["state"]));
            facts.approvals.insert(id, state);
        }
        for found in all(client, "/api/v1/budgets?limit=500", "budgets").await {
            facts.pools.insert(text(&found["scope"]), pool(&found));
        }
        facts
    }
}

pub(super) fn decision(found: &Value) -> Decision {
    Decision {
        tool_use_id: text(&found["tool_use_id"]),
        session_id: text(&found["session_id"]),
        agent_id: text(&found["agent_id"]),
        is_pending: found["pending"] == true,
        reason: text(&found["reason"]),
        approval_id: found["approval_id"].as_str().map(str::to_owned),
        reservation_id: found["reservation_id"].as_str().map(str::to_owned),
    }
}

fn pool(found: &Value) -> Pool {
    let amount = |tokens: &str, cost: &str| Amount {
        tokens: found[tokens].as_u64().unwrap(),
        micros: micros(&found[cost]),
    };
    Pool {
        max_tokens: found["max_tokens"].as_u64(),
        used: amount("tokens_used", "cost_used_usd"),
        reserved: amount("tokens_reserved", "cost_reserved_usd"),
        reservations: found["reservations"].as_u64().unwrap(),
    }
}
