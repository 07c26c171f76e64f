//! Messages, and which of them a watcher wants.

use std::collections::BTreeSet;

use civitas_storage::Published;
use serde_json::Value;

/// One event as every watcher is sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number.
    pub seq: u64,
    /// Its type.
    pub kind: String,
    /// `{type, data, timestamp, seq}` as text.
    pub text: bytes::Bytes,
    pub(super) agent_id: Option<String>,
    agent_name: Option<String>,
    session_id: Option<String>,
    pub(super) role: Option<String>,
}

impl Message {
    /// The message of an entry. Its facts are read only for filters that look at them.
    pub(super) fn new(published: Published, facts: bool) -> Self {
        let data = facts.then(|| serde_json::from_str(&published.data).unwrap_or_default());
        let data: Value = data.unwrap_or_default();
        let text = |names: &[&str]| {
            names
                .iter()
                .find_map(|pointer| data.pointer(pointer)?.as_str().map(str::to_owned))
        };
        Self {
            seq: published.seq,
            agent_id: text(&["/agent_id", "/agent/agent_id"]),
            agent_name: text(&["/agent_name", "/agent/name"]),
            session_id: text(&["/session_id", "/context/session_id"]),
            role: text(&["/role", "/agent_role", "/agent/role"]),
            text: render(&published).into(),
            kind: published.kind,
        }
    }
}

/// An entry as it is sent. Its data is JSON already.
pub(crate) fn render(published: &Published) -> String {
    let kind = Value::from(published.kind.as_str());
    format!(
        r#"{{"type":{kind},"data":{},"timestamp":"{}","seq":{}}}"#,
        published.data, published.at, published.seq
    )
}

/// Which messages a watcher wants; all that is stated must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of these types; none means all.
    pub types: BTreeSet<String>,
    /// Only about this agent, by its id or its name.
    pub agent_id: Option<String>,
    /// Only of this session.
    pub session_id: Option<String>,
    /// Only about agents in this role.
    pub role: Option<String>,
}

impl Filter {
    pub(super) fn reads_facts(&self) -> bool {
        self.agent_id.is_some() || self.session_id.is_some() || self.reads_role()
    }

    pub(super) const fn reads_role(&self) -> bool {
        self.role.is_some()
    }

    pub(super) fn lets_through(&self, message: &Message) -> bool {
        let is = |wanted: &Option<String>, found: &[&Option<String>]| {
            wanted.is_none() || found.contains(&wanted)
        };
        (self.types.is_empty() || self.types.contains(&message.kind))
            && is(&self.agent_id, &[&message.agent_id, &message.agent_name])
            && is(&self.session_id, &[&message.session_id])
            && is(&self.role, &[&message.role])
    }
}

#[cfg(test)]
mod tests {
    use civitas_model::{TenantId, Timestamp};
    use serde_json::json;

    use super::*;

    fn message(data: &Value) -> Message {
        let published = Published {
            tenant_id: TenantId::trusted("t"),
            seq: 7,
            kind: "rbac_decision".into(),
            data: data.to_string(),
            at: Timestamp::from_micros(0),
        };
        Message::new(published, true)
    }

    #[test]
    fn a_message_is_one_json_object() {
        let sent = message(&json!({ "b": 1, "a": "ü\n" }));
        let text = std::str::from_utf8(&sent.text).unwrap();
        assert_eq!(
            text,
            r#"{"type":"rbac_decision","data":{"b":1,"a":"ü\n"},"timestamp":"1970-01-01T00:00:00.000000Z","seq":7}"#
        );
    }

    #[test]
    fn a_filter_finds_its_facts_wherever_an_event_names_them() {
        let flat =
            json!({ "agent_id": "1", "agent_name": "x", "role": "tester", "session_id": "s" });
        let nested = json!({ "agent": { "agent_id": "1", "name": "x", "role": "tester" },
            "context": { "session_id": "s" } });
        let some = |text: &str| Some(text.to_owned());
        let all = Filter {
            types: ["rbac_decision".to_owned()].into(),
            agent_id: some("1"),
            session_id: some("s"),
            role: some("tester"),
        };
        let by_name = Filter {
            agent_id: some("x"),
            ..Filter::default()
        };
        for data in [flat, nested] {
            let sent = message(&data);
            assert!(all.lets_through(&sent) && by_name.lets_through(&sent));
            for none in [
                Filter {
                    types: ["other".to_owned()].into(),
                    ..all.clone()
                },
                Filter {
                    agent_id: some("2"),
                    ..all.clone()
                },
                Filter {
                    session_id: some("t"),
                    ..all.clone()
                },
                Filter {
                    role: some("admin"),
                    ..all.clone()
                },
            ] {
                assert!(!none.lets_through(&sent), "{none:?}");
            }
        }
        assert!(!by_name.lets_through(&message(&json!({}))));
    }
}
