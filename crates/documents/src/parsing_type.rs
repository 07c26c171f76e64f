//! The reading a file is given.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::format::Format;
use crate::request::Options;

/// The reading a file is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParsingType {
    /// Rows and columns.
    Structured,
    /// Prose.
    Unstructured,
    /// Tables within prose.
    Hybrid,
    /// A workflow diagram.
    Workflow,
    /// A standard operating procedure.
    Sop,
    /// A data model.
    DataModel,
}

impl ParsingType {
    /// Choose the reading: an explicit wish wins, then the flags, then the format.
    pub fn choose(explicit: Option<Self>, format: Format, options: &Options) -> Self {
        if let Some(wish) = explicit {
            return wish;
        }
        if options.is_workflow {
            return Self::Workflow;
        }
        if options.is_sop {
            return Self::Sop;
        }
        if options.is_data_model {
            return Self::DataModel;
        }
        match format {
            Format::Xlsx
            | Format::Xlsb
            | Format::Xls
            | Format::Ods
            | Format::Csv
            | Format::Tsv
            | Format::Binary => Self::Structured,
            Format::Bpmn | Format::Drawio => Self::Workflow,
            Format::Markdown => Self::Sop,
            _ => Self::Unstructured,
        }
    }
}
