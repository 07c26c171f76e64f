//! What is known of a session, for policies that depend on what happened before.
//!
//! A fact is a name that a session has or has not; it is learned from a call and never forgotten. Sub-agents share
//! their session's facts: whoever keeps them joins with [`SessionFacts::join`], in any order, any number of times.
//!
//! | fact | learned from |
//! |---|---|
//! | `read_secret` | reading or searching a file of `secret_files`, by a tool or a command |
//! | `fetched_untrusted_web` | `WebFetch`, `WebSearch` or a download command, unless every address is in `trusted_domains` |
//! | `ran_network_command` | a command of the class `network` |
//! | `wrote_outside_project` | writing a file outside the project's root |
//! | `used_privilege` | a command of the class `privileged` |
//! | `cost_notified` | a call with which the session cost `costs.notify_usd` or more: people were told |
//! | `cost_approved` | a person's approval to go on beyond `costs.approve_usd` |
//! | `cost_stopped` | a call with which the session would have cost `costs.terminate_usd` or more: it was stopped |

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many facts a session keeps, and how long a name may be.
pub const FACTS_MAX: usize = 64;

/// The facts of the table above.
pub const FACTS: [&str; 8] = [
    "read_secret",
    "fetched_untrusted_web",
    "ran_network_command",
    "wrote_outside_project",
    "used_privilege",
    COST_NOTIFIED,
    COST_APPROVED,
    COST_STOPPED,
];

/// People were told what the session costs.
pub const COST_NOTIFIED: &str = "cost_notified";
/// A person agreed that the session goes on, although it costs so much.
pub const COST_APPROVED: &str = "cost_approved";
/// The session was stopped for its cost; when it goes on, a person has lifted that.
pub const COST_STOPPED: &str = "cost_stopped";

/// What is known of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionFacts(BTreeSet<String>);

impl SessionFacts {
    /// Learns a fact. More than [`FACTS_MAX`], and names longer than 64 bytes, are left out; answers whether it is known now.
    pub fn learn(&mut self, fact: &str) -> bool {
        if self.0.contains(fact) {
            return true;
        }
        let fits = self.0.len() < FACTS_MAX && fact.len() <= 64;
        if fits {
            self.0.insert(fact.to_owned());
        }
        fits
    }

    /// Learns everything that another part of the session knows.
    pub fn join(&mut self, other: &Self) {
        for fact in &other.0 {
            self.learn(fact);
        }
    }

    /// Whether it is known.
    pub fn contains(&self, fact: &str) -> bool {
        self.0.contains(fact)
    }

    /// The facts in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<'a> FromIterator<&'a str> for SessionFacts {
    fn from_iter<I: IntoIterator<Item = &'a str>>(facts: I) -> Self {
        let mut known = Self::default();
        for fact in facts {
            known.learn(fact);
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn joining_is_the_same_in_any_order(a in proptest::collection::vec("[a-e]", 0..6), b in proptest::collection::vec("[a-e]", 0..6)) {
            let a: SessionFacts = a.iter().map(String::as_str).collect();
            let b: SessionFacts = b.iter().map(String::as_str).collect();
            let (mut ab, mut ba) = (a.clone(), b.clone());
            ab.join(&b);
            ba.join(&a);
            prop_assert_eq!(&ab, &ba);
            ab.join(&b);
            prop_assert_eq!(ab, ba);
        }
    }

    #[test]
    fn a_session_keeps_a_bounded_number() {
        let mut facts = SessionFacts::default();
        for number in 0..100 {
            facts.learn(&format!("fact{number}"));
        }
        assert_eq!(facts.iter().count(), FACTS_MAX);
        assert!(!SessionFacts::default().learn(&"x".repeat(65)));
    }
}
