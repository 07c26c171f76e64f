//! What a caller asks for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parsing_type::ParsingType;

/// A wish to have some bytes parsed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The file's name. It breaks ties between formats that look alike, nothing else.
    pub name: String,
    /// How to read the file; chosen from its format when absent.
    #[serde(default)]
    pub parsing_type: Option<ParsingType>,
    /// Finer wishes.
    #[serde(default)]
    pub options: Options,
}

impl Request {
    /// A request for the file of this name, with every choice left to the parser.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

/// Finer wishes about how to parse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Options {
    /// The file describes a workflow.
    pub is_workflow: bool,
    /// The file is a standard operating procedure.
    pub is_sop: bool,
    /// The file is a data model.
    pub is_data_model: bool,
    /// The character encoding by its WHATWG label, such as `windows-1252`; detected when absent.
    pub encoding: Option<String>,
    /// The character between the cells of a delimited text; detected when absent.
    pub delimiter: Option<char>,
    /// Whether a delimited text's first record holds the column names; detected when absent.
    pub has_header: Option<bool>,
    /// The most rows a table keeps in the document. The rows beyond it are counted and typed, not kept.
    pub rows_max: u64,
    /// The most pages that are read.
    pub pages_max: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            is_workflow: false,
            is_sop: false,
            is_data_model: false,
            encoding: None,
            delimiter: None,
            has_header: None,
            rows_max: 10_000,
            pages_max: 5_000,
        }
    }
}
