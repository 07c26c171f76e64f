//! `civitas search`: ask everything that was read.

use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::LEFT_OUT;
use crate::cli::output::{
    BOLD, DIM, clean, data, duration, note, place, short, snippet, table, text,
};
use crate::cli::remote::Remote;

/// Search.
#[derive(Debug, Args)]
pub struct Search {
    /// Words, "phrases", -without, begin*, title:word, type:pdf, tag:contract, source:upload, after:2026-03,
    /// before:2026-04-15. No text is an error.
    #[arg(required = true, value_name = "WORDS")]
    pub words: Vec<String>,
    /// Only of these types, separated by commas.
    #[arg(long = "type", value_name = "TYPES")]
    pub types: Option<String>,
    /// Only of this file.
    #[arg(long, value_name = "FILE_ID")]
    pub file: Option<String>,
    /// Only with this tag; may be repeated, then with all of them.
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Only what came in this way: `upload`, `edi` or `api`; several are separated by commas.
    #[arg(long, value_name = "SOURCES")]
    pub source: Option<String>,
    /// Only what came in since the beginning of this year, month or day: 2026, 2026-03, 2026-03-15.
    #[arg(long, value_name = "DATE")]
    pub after: Option<String>,
    /// Only what came in before the beginning of this year, month or day.
    #[arg(long, value_name = "DATE")]
    pub before: Option<String>,
    /// What comes first.
    #[arg(long, default_value = "relevance", value_parser = ["relevance", "newest"])]
    pub sort: String,
    /// At most this many hits.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub limit: u32,
    /// Go on after a page: what `--cursor ''` said at its end. Nothing comes twice, whatever is added meanwhile.
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
    /// Also count what all hits are like: types, tags, sources, years, months.
    #[arg(long)]
    pub facets: bool,
    /// Also say of each hit what its score is made of.
    #[arg(long)]
    pub why: bool,
}

impl Search {
    fn query(self) -> Vec<(&'static str, String)> {
        let mut query = vec![
            ("q", self.words.join(" ").replace(LEFT_OUT, "")),
            ("sort", self.sort),
            ("limit", self.limit.to_string()),
        ];
        let tags = (!self.tags.is_empty()).then(|| self.tags.join(","));
        let stated = [
            ("kind", self.types),
            ("file_id", self.file),
            ("tag", tags),
            ("source", self.source),
            ("after", self.after),
            ("before", self.before),
            ("cursor", self.cursor),
        ];
        query.extend(
            stated
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let asked = [("facets", self.facets), ("why", self.why)];
        let asked = asked.into_iter().filter(|(_, is_asked)| *is_asked);
        query.extend(asked.map(|(name, _)| (name, true.to_string())));
        query
    }
}

pub(in crate::cli) async fn search(arguments: Search, remote: &Remote) -> anyhow::Result<()> {
    let found = remote
        .client()?
        .get(&["api", "content", "search"], &arguments.query())
        .await?;
    if remote.json {
        return Ok(crate::cli::output::json(&found)?);
    }
    let hits = found["hits"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for hit in hits {
        show(hit)?;
    }
    if let Some(facets) = found["facets"].as_object() {
        let rows: Vec<Vec<String>> = facets
            .iter()
            .filter_map(|(name, values)| Some((name, counts(values)?)))
            .map(|(name, counts)| vec![name.clone(), counts])
            .collect();
        table(&["FACET", "HITS"], &rows)?;
    }
    let took = Duration::from_micros(found["took_us"].as_u64().unwrap_or_default());
    let total = found["total"].as_u64().unwrap_or_default();
    note(&format!(
        "{} of {total} hits in {}",
        hits.len(),
        duration(took)
    ));
    if let Some(cursor) = found["next_cursor"].as_str() {
        note(&format!("there are more: --cursor {}", clean(cursor)));
    }
    let suggestions = found["suggestions"].as_array().into_iter().flatten();
    let suggestions: Vec<&str> = suggestions.filter_map(Value::as_str).collect();
    if !suggestions.is_empty() {
        note(&format!(
            "perhaps you mean: {}",
            clean(&suggestions.join(", "))
        ));
    }
    Ok(())
}

/// A hit: its title and place, its text, its file, and what its score is made of.
fn show(hit: &Value) -> std::io::Result<()> {
    let title = short(text(hit, "title"), 60);
    data(&format!(
        "{BOLD}{title}{BOLD:#}  {DIM}{}{DIM:#}",
        place(hit)
    ))?;
    data(&format!("  {}", snippet(hit)))?;
    data(&format!("  {DIM}{}{DIM:#}", clean(text(hit, "parent_id"))))?;
    for reason in hit["why"].as_array().into_iter().flatten() {
        let weight = reason["weight"].as_f64().unwrap_or_default();
        let how = text(reason, "how").replace('_', " ");
        data(&format!(
            "  {DIM}{weight:>6.2}  {} {} in {}{DIM:#}",
            clean(text(reason, "typed")),
            clean(&how),
            clean(text(reason, "field")),
        ))?;
    }
    Ok(())
}

/// `pdf 12, csv 3`; nothing when there is nothing to count.
fn counts(values: &Value) -> Option<String> {
    let values = values.as_array().filter(|values| !values.is_empty())?;
    let counts = values.iter().map(|value| {
        let count = value["count"].as_u64().unwrap_or_default();
        format!("{} {count}", clean(text(value, "value")))
    });
    Some(counts.collect::<Vec<_>>().join(", "))
}
