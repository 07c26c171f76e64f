//! The recorded operations a run meets again before it does anything new.

use std::collections::VecDeque;

use civitas_model::journal::{Entry, Kind};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{Error, Result, retry};
use crate::host::Read;

/// What an operation's entry holds for a replay.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Recorded {
    /// The operation's result.
    #[serde(default)]
    pub(crate) result: Value,
    /// What was read since the operation before.
    #[serde(default)]
    pub(crate) reads: Vec<(Read, Value)>,
}

impl Recorded {
    /// What is written; without a copy of the result.
    pub(crate) fn into_json(self) -> Result<Value> {
        let mut data = Map::new();
        if !self.result.is_null() {
            data.insert("result".to_owned(), self.result);
        }
        if !self.reads.is_empty() {
            let reads = serde_json::to_value(self.reads)
                .map_err(|error| retry(format!("a reading cannot be written: {error}")))?;
            data.insert("reads".to_owned(), reads);
        }
        Ok(Value::Object(data))
    }
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
