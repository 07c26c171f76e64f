//! Entries: who did what, to what, with which outcome.

use civitas_model::{Caller, CallerKind, Clock, Entropy, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::body::Body;
use crate::canonical::write_string;
use crate::hash::Hash;
use crate::merkle::leaf_hash;

/// The category of what the log does to itself.
pub const SELF_CATEGORY: &str = "audit";
/// The action by which retention drops bodies; the subject says of which entries.
pub const DROP_BODIES: &str = "drop_bodies";
/// The action by which bodies are dropped on request; the subject says of which entries.
pub const ERASE_BODIES: &str = "erase_bodies";
/// The kind of a subject that is a list of entries, such as `1-5000` or `3,7-9`.
pub const ENTRIES: &str = "entries";

/// Who did it. Nothing in it is personal beyond an id: names and addresses belong into the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// `user`, `anonymous`, `service`, `local_operator`, `agent` or `system`.
    pub kind: String,
    /// Their id.
    pub id: String,
    /// In which role, when they have one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub role: Option<String>,
}

impl Actor {
    /// Someone of a kind.
    pub fn new(kind: &str, id: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.into(),
            role: None,
        }
    }

    /// The platform itself.
    pub fn system(part: &str) -> Self {
        Self::new("system", part)
    }
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        let user = caller.user_id.as_ref().map(civitas_model::Id::as_str);
        let session = caller.session_id.as_ref().map(civitas_model::Id::as_str);
        let id = match caller.kind {
            CallerKind::Anonymous => session.or(user),
            _ => user,
        };
        Self {
            kind: caller.kind.as_str().to_owned(),
            id: id.unwrap_or(&caller.name).to_owned(),
            role: caller.roles.first().map(|role| role.as_str().to_owned()),
        }
    }
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// What it is, such as `session`, `execution` or `agent`.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// An entry that is not in a log yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Whose log it goes to.
    pub tenant_id: TenantId,
    /// Its id.
    pub entry_id: String,
    /// Who did it.
    pub actor: Actor,
    /// Which part of the platform it belongs to: `auth`, `execution`, `agent`, `policy`, `audit`, ….
    pub category: String,
    /// What was done, such as `sign_in`.
    pub action: String,
    /// To what.
    pub subject: Option<Subject>,
    /// What became of it: `done`, `refused`, `allow`, `deny`, `ask`, ….
    pub outcome: String,
    /// The tool use that it belongs to: attempt and outcome of one use name the same.
    pub tool_use_id: Option<String>,
    /// What is personal or large about it.
    pub body: Option<Body>,
}

impl NewEntry {
    /// Something that was done.
    pub fn new(
        clock: &dyn Clock,
        entropy: &dyn Entropy,
        tenant_id: &TenantId,
        actor: Actor,
        category: &str,
        action: impl Into<String>,
    ) -> Self {
        Self {
            tenant_id: tenant_id.clone(),
            entry_id: entropy.uuid_v7(clock.now()).to_string(),
            actor,
            category: category.to_owned(),
            action: action.into(),
            subject: None,
            outcome: "done".to_owned(),
            tool_use_id: None,
            body: None,
        }
    }

    /// What it was done to.
    #[must_use]
    pub fn on(mut self, kind: &str, id: impl Into<String>) -> Self {
        self.subject = Some(Subject {
            kind: kind.to_owned(),
            id: id.into(),
        });
        self
    }

    /// What became of it.
    #[must_use]
    pub fn outcome(mut self, outcome: impl Into<String>) -> Self {
        self.outcome = outcome.into();
        self
    }

    /// Links it to a tool use.
    #[must_use]
    pub fn of_tool_use(mut self, id: impl Into<String>) -> Self {
        self.tool_use_id = Some(id.into());
        self
    }

    /// What is personal or large about it.
    #[must_use]
    pub fn with_body(mut self, value: &Value, entropy: &dyn Entropy) -> Self {
        self.body = Some(Body::new(value, entropy));
        self
    }

    /// Its place in a log, after the entry with hash `previous`.
    pub fn at(&self, seq: u64, time: Timestamp, previous: Hash) -> Entry {
        Entry {
            tenant_id: self.tenant_id.clone(),
            seq,
            entry_id: self.entry_id.clone(),
            time,
            actor: self.actor.clone(),
            category: self.category.clone(),
            action: self.action.clone(),
            subject: self.subject.clone(),
            outcome: self.outcome.clone(),
            tool_use_id: self.tool_use_id.clone(),
            body_hash: self.body.as_ref().map(Body::hash),
            previous,
        }
    }
}

/// An entry of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Whose log it is in.
    #[serde(rename = "tenant")]
    pub tenant_id: TenantId,
    /// Its number there, from 1.
    pub seq: u64,
    /// Its id.
    #[serde(rename = "id")]
    pub entry_id: String,
    /// When it was committed.
    pub time: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// Which part of the platform it belongs to.
    pub category: String,
    /// What was done.
    pub action: String,
    /// To what.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<Subject>,
    /// What became of it.
    pub outcome: String,
    /// The tool use that it belongs to.
    #[serde(rename = "tool_use", skip_serializing_if = "Option::is_none", default)]
    pub tool_use_id: Option<String>,
    /// The hash of its body and salt, see [`Body::hash`].
    #[serde(rename = "body", skip_serializing_if = "Option::is_none", default)]
    pub body_hash: Option<Hash>,
    /// The hash of the entry before it; zeros for the first.
    pub previous: Hash,
}

impl Entry {
    /// Writes the canonical form (RFC 8785), with `"v":1`. Absent members are left out.
    pub fn write_canonical(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(b"{\"action\":");
        write_string(&self.action, into);
        into.extend_from_slice(b",\"actor\":{\"id\":");
        write_string(&self.actor.id, into);
        write_member(",\"kind\":", &self.actor.kind, into);
        write_optional(",\"role\":", self.actor.role.as_deref(), into);
        into.push(b'}');
        if let Some(hash) = &self.body_hash {
            into.extend_from_slice(b",\"body\":\"");
            hash.write_hex(into);
            into.push(b'"');
        }
        write_member(",\"category\":", &self.category, into);
        write_member(",\"id\":", &self.entry_id, into);
        write_member(",\"outcome\":", &self.outcome, into);
        into.extend_from_slice(b",\"previous\":\"");
        self.previous.write_hex(into);
        into.extend_from_slice(b"\",\"seq\":");
        into.extend_from_slice(self.seq.to_string().as_bytes());
        if let Some(subject) = &self.subject {
            write_member(",\"subject\":{\"id\":", &subject.id, into);
            write_member(",\"kind\":", &subject.kind, into);
            into.push(b'}');
        }
        write_member(",\"tenant\":", self.tenant_id.as_str(), into);
        write_member(",\"time\":", &self.time.to_string(), into);
        write_optional(",\"tool_use\":", self.tool_use_id.as_deref(), into);
        into.extend_from_slice(b",\"v\":1}");
    }

    /// The canonical form as text.
    pub fn canonical(&self) -> String {
        let mut text = Vec::with_capacity(512);
        self.write_canonical(&mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Its hash in chain and tree: the RFC 6962 leaf hash of the canonical form.
    pub fn hash(&self) -> Hash {
        let mut text = Vec::with_capacity(512);
        self.write_canonical(&mut text);
        leaf_hash(&text)
    }
}

fn write_member(name: &str, value: &str, into: &mut Vec<u8>) {
    into.extend_from_slice(name.as_bytes());
    write_string(value, into);
}

fn write_optional(name: &str, value: Option<&str>, into: &mut Vec<u8>) {
    if let Some(value) = value {
        write_member(name, value, into);
    }
}

#[cfg(test)]
mod tests {
    use civitas_model::{Id, SystemClock, SystemEntropy};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::canonical::canonical;

    fn entry(text: &str, full: bool) -> Entry {
        let actor = Actor {
            role: full.then(|| text.to_owned()),
            ..Actor::new("user", text)
        };
        let tenant = Id::trusted("x");
        let mut new = NewEntry::new(&SystemClock, &SystemEntropy, &tenant, actor, "c", text);
        if full {
            new = new
                .on("file", text)
                .of_tool_use(text)
                .with_body(&json!({ "a": text }), &SystemEntropy);
        }
        new.at(7, Timestamp::from_micros(1_700_000_000_000_000), Hash::NONE)
    }

    fn agrees(entry: &Entry) {
        let mut value = serde_json::to_value(entry).unwrap();
        value["v"] = json!(1);
        assert_eq!(entry.canonical(), canonical(&value));
        value.as_object_mut().unwrap().remove("v");
        assert_eq!(serde_json::from_value::<Entry>(value).unwrap(), *entry);
    }

    #[test]
    fn an_entry_has_the_documented_form() {
        let mut entry = entry("x", false);
        entry.entry_id = "i".into();
        let zeros = "0".repeat(64);
        let expected = format!(
            r#"{{"action":"x","actor":{{"id":"x","kind":"user"}},"category":"c","id":"i","outcome":"done","previous":"{zeros}","seq":7,"tenant":"x","time":"2023-11-14T22:13:20.000000Z","v":1}}"#
        );
        assert_eq!(entry.canonical(), expected);
    }

    proptest! {
        #[test]
        fn the_written_form_is_the_canonical_form_of_the_value(text in any::<String>(), full in any::<bool>()) {
            agrees(&entry(&text, full));
        }
    }
}
