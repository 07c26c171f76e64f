//! Reading a backup and checking it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use civitas_sql::{Table, Val};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::format::{
    Footer, Header, LINE_BYTES_MAX, NAME, TableLine, VERSION, hex, value_from_json,
};
use super::{RestoreError, Summary};
use crate::migrate;

/// A line between header and footer.
pub(super) enum Line {
    /// What follows are rows of this table.
    Table(Table),
    /// A row of the table.
    Row(Vec<Val>),
}

/// Reads a backup line by line. Only when it has returned the end is the backup known to be whole.
pub(super) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    digest: Sha256,
    line: u64,
    schema_version: i64,
    /// The number of rows so far of each table.
    tables: BTreeMap<String, u64>,
    /// The table that rows belong to now, and its number of columns.
    current: Option<(String, usize)>,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, RestoreError> {
        let file = File::open(path).map_err(|source| RestoreError::File {
            path: path.to_owned(),
            source,
        })?;
        let mut reader = Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(1 << 18, file),
            digest: Sha256::new(),
            line: 0,
            schema_version: 0,
            tables: BTreeMap::new(),
            current: None,
        };
        let line = reader.read_line()?;
        let header: Header = serde_json::from_slice(&line)
            .ok()
            .filter(|header: &Header| header.format == NAME)
            .ok_or(RestoreError::NotABackup)?;
        if header.format_version > VERSION {
            return Err(RestoreError::TooNew {
                what: "format",
                found: header.format_version,
                known: VERSION,
            });
        }
        if header.schema_version > migrate::known_version() {
            return Err(RestoreError::TooNew {
                what: "schema",
                found: header.schema_version,
                known: migrate::known_version(),
            });
        }
        reader.digest.update(&line);
        reader.schema_version = header.schema_version;
        Ok(reader)
    }

    /// The next table or row; `None` at the end, once the footer has confirmed what was read.
    pub(super) fn next(&mut self) -> Result<Option<Line>, RestoreError> {
        let line = self.read_line()?;
        if line.is_empty() {
            return Err(self.damaged("it is cut off here"));
        }
        if line.starts_with(b"{\"rows\"") {
            self.check_end(&line)?;
            return Ok(None);
        }
        self.digest.update(&line);
        if line.starts_with(b"[") {
            return self.row(&line).map(Some);
        }
        let line: TableLine =
            serde_json::from_slice(&line).map_err(|error| self.damaged(error.to_string()))?;
        if self.tables.insert(line.table.clone(), 0).is_some() {
            return Err(self.damaged("a table comes twice"));
        }
        self.current = Some((line.table.clone(), line.columns.len()));
        Ok(Some(Line::Table(Table {
            name: line.table,
            columns: line.columns,
        })))
    }

    fn row(&mut self, line: &[u8]) -> Result<Line, RestoreError> {
        let values: Vec<Value> =
            serde_json::from_slice(line).map_err(|error| self.damaged(error.to_string()))?;
        let row: Option<Vec<Val>> = values.into_iter().map(value_from_json).collect();
        let (Some(row), Some((table, columns))) = (row, &self.current) else {
            return Err(self.damaged("this is not a row"));
        };
        if row.len() != *columns {
            return Err(self.damaged("the row does not have a value for each column"));
        }
        if let Some(count) = self.tables.get_mut(table) {
            *count += 1;
        }
        Ok(Line::Row(row))
    }

    fn check_end(&mut self, line: &[u8]) -> Result<(), RestoreError> {
        let footer: Footer =
            serde_json::from_slice(line).map_err(|error| self.damaged(error.to_string()))?;
        if footer.sha256 != hex(&self.digest.clone().finalize()) {
            return Err(self.damaged("the checksum is not that of what was read"));
        }
        if footer.rows != self.tables {
            return Err(self.damaged("the number of rows is not what was read"));
        }
        if !line.ends_with(b"\n") || !self.read_line()?.is_empty() {
            return Err(self.damaged("it does not end where it should"));
        }
        Ok(())
    }

    fn read_line(&mut self) -> Result<Vec<u8>, RestoreError> {
        self.line += 1;
        let mut line = Vec::new();
        self.file
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)
            .map_err(|source| RestoreError::File {
                path: self.path.clone(),
                source,
            })?;
        Ok(line)
    }

    /// That the line just read is not what it should be.
    pub(super) fn damaged(&self, reason: impl Into<String>) -> RestoreError {
        RestoreError::Damaged {
            line: self.line,
            reason: reason.into(),
        }
    }

    pub(super) fn into_summary(self) -> Summary {
        Summary {
            schema_version: self.schema_version,
            rows: self.tables,
        }
    }
}
