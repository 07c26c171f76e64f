//! The files of policies in requests, and what is wrong with them in answers.

use civitas_governance::Error;
use civitas_governance::policies::{Draft, TABLES_FILE};
use civitas_model::ErrorCode;
use civitas_runtime::Invalid;
use civitas_storage::PolicyText;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::problem::Problem;

/// A file of policies or tests.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyFile {
    /// Its name, such as `payments.cedar` or `payments.test.toml`.
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// Its text.
    text: String,
}

impl From<PolicyText> for PolicyFile {
    fn from(PolicyText { name, text }: PolicyText) -> Self {
        Self { name, text }
    }
}

/// The files of a request as a draft.
pub(super) fn draft(
    tables: Option<String>,
    sources: Vec<PolicyFile>,
    tests: Vec<PolicyFile>,
) -> Draft {
    let read = |files: Vec<PolicyFile>| {
        let files = files.into_iter();
        files
            .map(|PolicyFile { name, text }| PolicyText { name, text })
            .collect()
    };
    Draft {
        tables,
        sources: read(sources),
        tests: read(tests),
    }
}

/// Where the files of a draft stand in the body, so that what is wrong with one can be pointed at.
pub(super) struct Pointers(Vec<(String, String)>);

impl Pointers {
    pub(super) fn of(draft: &Draft) -> Self {
        let mut known = vec![(TABLES_FILE.to_owned(), "/tables".to_owned())];
        for (member, texts) in [("sources", &draft.sources), ("tests", &draft.tests)] {
            for (at, text) in texts.iter().enumerate() {
                known.push((text.name.clone(), format!("/{member}/{at}")));
            }
        }
        Self(known)
    }

    /// Nothing of it is in the body.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// The problem with every finding: `errors` points into the body, `problems` names file, line and column.
    pub(super) fn problem(&self, error: Error) -> Problem {
        let Error::Policies(findings) = &error else {
            return error.into();
        };
        let pointer = |file: &str| {
            let known = self.0.iter().find(|(name, _)| name == file);
            known.map_or_else(String::new, |(_, pointer)| pointer.clone())
        };
        let errors = findings.iter().map(|finding| Invalid {
            pointer: pointer(&finding.file),
            detail: finding.to_string(),
        });
        Problem::new(ErrorCode::ValidationFailed, error.to_string())
            .with_errors(errors.collect())
            .with("problems", json!(findings))
    }
}
