//! The recorded operations a run meets again before it does anything new.

use std::collections::VecDeque;

use civitas_model::journal::{Entry, Kind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::host::Read;

/// What an operation's entry holds for a replay.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Recorded {
    /// The operation's result.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) result: Value,
    /// What was read since the operation before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) reads: Vec<(Read, Value)>,
}

/// Recorded operations, oldest first.
pub(crate) struct Replay {
    operations: VecDeque<(Kind, String, Recorded)>,
}

impl Replay {
    pub(crate) fn new(journal: Vec<Entry>) -> Self {
        let operations = journal
            .into_iter()
            .filter(|entry| entry.kind.is_operation())
            .map(|entry| {
                let recorded = serde_json::from_value(entry.data).unwrap_or_default();
                (entry.kind, entry.name, recorded)
            })
            .collect();
        Self { operations }
    }

    /// Whether everything recorded was met: from here on, the run is new.
    pub(crate) fn is_over(&self) -> bool {
        self.operations.is_empty()
    }

    /// The next operation's recorded result, which must be the one the handler does now.
    pub(crate) fn operation(&mut self, kind: Kind, name: &str) -> Result<Option<Value>> {
        let Some((recorded_kind, recorded_name, recorded)) = self.operations.pop_front() else {
            return Ok(None);
        };
        if recorded_kind != kind || recorded_name != name {
            return Err(Error::journal_mismatch(
                &describe(recorded_kind, &recorded_name),
                &describe(kind, name),
            ));
        }
        Ok(Some(recorded.result))
    }

    /// The recorded answer of a read that was done before the next operation.
    pub(crate) fn read(&mut self, read: &Read) -> Result<Option<Value>> {
        let Some((kind, name, recorded)) = self.operations.front_mut() else {
            return Ok(None);
        };
        if recorded
            .reads
            .first()
            .is_none_or(|(known, _)| known != read)
        {
            let found = serde_json::to_string(read).unwrap_or_default();
            return Err(Error::journal_mismatch(
                &describe(*kind, name),
                &format!("the read {found}"),
            ));
        }
        Ok(Some(recorded.reads.remove(0).1))
    }
}

fn describe(kind: Kind, name: &str) -> String {
    if name.is_empty() {
        kind.as_str().to_owned()
    } else {
        format!("{} `{name}`", kind.as_str())
    }
}
