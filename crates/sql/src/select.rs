//! A builder for readings whose filters are chosen at run time.

use std::fmt::Write;

use crate::value::Val;

/// A `SELECT` put together from fixed pieces; every value goes in as a parameter, never as text.
#[derive(Debug, Clone)]
pub struct Select {
    text: String,
    params: Vec<Val>,
    has_where: bool,
}

impl Select {
    /// Starts from a fixed head, such as `SELECT a, b FROM t`.
    pub fn new(head: &'static str) -> Self {
        Self {
            text: head.trim_end().to_owned(),
            params: Vec::new(),
            has_where: false,
        }
    }

    /// Adds a condition, such as `status = ?`, with its one value.
    #[must_use]
    pub fn filter(self, condition: &'static str, value: impl Into<Val>) -> Self {
        self.filter_all(condition, vec![value.into()])
    }

    /// Adds the condition only when there is a value.
    #[must_use]
    pub fn filter_some(self, condition: &'static str, value: Option<impl Into<Val>>) -> Self {
        match value {
            Some(value) => self.filter(condition, value),
            None => self,
        }
    }

    /// Adds a condition with several values, or with none.
    #[must_use]
    pub fn filter_all(mut self, condition: &'static str, values: Vec<Val>) -> Self {
        self.text
            .push_str(if self.has_where { " AND " } else { " WHERE " });
        self.text.push('(');
        self.text.push_str(condition);
        self.text.push(')');
        self.has_where = true;
        self.params.extend(values);
        self
    }

    /// Adds `column IN (…)`; an empty list matches nothing.
    ///
    /// The list is filled up to a power of two with its last value, so that few different texts are prepared. SQLite
    /// takes at most 32,766 values in a statement: a longer list must be read in pieces.
    #[must_use]
    pub fn filter_in(mut self, column: &'static str, mut values: Vec<Val>) -> Self {
        let Some(last) = values.last().cloned() else {
            return self.filter_all("1 = 0", Vec::new());
        };
        values.resize(values.len().next_power_of_two(), last);
        self.text
            .push_str(if self.has_where { " AND " } else { " WHERE " });
        self.has_where = true;
        let marks = vec!["?"; values.len()].join(", ");
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{column} IN ({marks})");
        self.params.extend(values);
        self
    }

    /// Ends with a fixed tail, such as `ORDER BY a LIMIT ?`, and its values.
    #[must_use]
    pub fn tail(mut self, tail: &'static str, values: Vec<Val>) -> Self {
        self.text.push(' ');
        self.text.push_str(tail);
        self.params.extend(values);
        self
    }

    /// The text with `?` placeholders.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values, in the order of the placeholders.
    pub fn params(&self) -> &[Val] {
        &self.params
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_joined_and_absent_ones_left_out() {
        let select = Select::new("SELECT a FROM t")
            .filter("tenant_id = ?", "x")
            .filter_some("status = ?", None::<&str>)
            .filter_in("kind", vec!["k".into(), "l".into()])
            .tail("LIMIT ?", vec![10_i64.into()]);
        assert_eq!(
            select.text(),
            "SELECT a FROM t WHERE (tenant_id = ?) AND kind IN (?, ?) LIMIT ?"
        );
        assert_eq!(select.params().len(), 4);
    }

    #[test]
    fn a_list_is_filled_up_with_its_last_value() {
        let select = Select::new("SELECT a FROM t")
            .filter_in("kind", vec!["k".into(), "l".into(), "m".into()]);
        assert_eq!(select.text(), "SELECT a FROM t WHERE kind IN (?, ?, ?, ?)");
        assert_eq!(select.params()[3], Val::from("m"));
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        let select = Select::new("SELECT a FROM t").filter_in("kind", Vec::new());
        assert_eq!(select.text(), "SELECT a FROM t WHERE (1 = 0)");
    }
}
