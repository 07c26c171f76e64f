//! Rows of a result, read by column name.

use std::sync::Arc;

use crate::error::Error;
use crate::value::Val;

/// One row.
#[derive(Debug, Clone)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Val>,
}

impl Row {
    pub(crate) fn new(columns: Arc<[String]>, values: Vec<Val>) -> Self {
        Self { columns, values }
    }

    /// The names of the columns, in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The values, in order.
    pub fn values(&self) -> &[Val] {
        &self.values
    }

    fn get(&self, column: &str) -> Result<&Val, Error> {
        self.columns
            .iter()
            .position(|name| name == column)
            .and_then(|index| self.values.get(index))
            .ok_or_else(|| Error::inconsistent(column, "the query does not return it"))
    }

    /// A text column.
    pub fn text(&self, column: &str) -> Result<&str, Error> {
        match self.get(column)? {
            Val::Text(value) => Ok(value),
            other => Err(unexpected(column, "text", other)),
        }
    }

    /// A text column that may be null.
    pub fn optional_text(&self, column: &str) -> Result<Option<&str>, Error> {
        match self.get(column)? {
            Val::Null => Ok(None),
            Val::Text(value) => Ok(Some(value)),
            other => Err(unexpected(column, "text", other)),
        }
    }

    /// An integer column.
    pub fn int(&self, column: &str) -> Result<i64, Error> {
        match self.get(column)? {
            Val::Int(value) => Ok(*value),
            other => Err(unexpected(column, "an integer", other)),
        }
    }

    /// An integer column that may be null.
    pub fn optional_int(&self, column: &str) -> Result<Option<i64>, Error> {
        match self.get(column)? {
            Val::Null => Ok(None),
            Val::Int(value) => Ok(Some(*value)),
            other => Err(unexpected(column, "an integer", other)),
        }
    }

    /// A column of floating-point numbers.
    pub fn real(&self, column: &str) -> Result<f64, Error> {
        match self.get(column)? {
            Val::Real(value) => Ok(*value),
            other => Err(unexpected(column, "a number", other)),
        }
    }

    /// A column of floating-point numbers that may be null.
    pub fn optional_real(&self, column: &str) -> Result<Option<f64>, Error> {
        match self.get(column)? {
            Val::Null => Ok(None),
            Val::Real(value) => Ok(Some(*value)),
            other => Err(unexpected(column, "a number", other)),
        }
    }

    /// An integer column that is never negative.
    pub fn count(&self, column: &str) -> Result<u64, Error> {
        u64::try_from(self.int(column)?)
            .map_err(|_| Error::inconsistent(column, "a count is negative"))
    }
}

fn unexpected(column: &str, expected: &str, found: &Val) -> Error {
    let found = match found {
        Val::Null => "null",
        Val::Int(_) => "an integer",
        Val::Real(_) => "a number",
        Val::Text(_) => "text",
        Val::Blob(_) => "bytes",
    };
    Error::inconsistent(column, format!("expected {expected}, found {found}"))
}
