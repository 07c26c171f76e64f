//! JSON columns.

use civitas_sql::{Error, Row, Val};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The text of a JSON column. Only types whose serialisation cannot fail are stored.
pub(crate) fn text(value: &impl Serialize) -> Result<Val, Error> {
    serde_json::to_string(value)
        .map(Val::Text)
        .map_err(|error| Error::inconsistent("json", error.to_string()))
}

/// Reads a JSON column.
pub(crate) fn read<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, Error> {
    serde_json::from_str(row.text(column)?)
        .map_err(|error| Error::inconsistent(column, error.to_string()))
}

/// Reads a JSON column that may be null.
pub(crate) fn read_optional<T: DeserializeOwned>(
    row: &Row,
    column: &str,
) -> Result<Option<T>, Error> {
    row.optional_text(column)?
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| Error::inconsistent(column, error.to_string()))
}
