//! Searches as handlers ask for them: JSON in, JSON out.

use civitas_model::{TenantId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::place::fragment;
use crate::search::{Answer, Hit, LIMIT_DEFAULT, Query, Sort};

/// A question without its tenant, which whoever answers it adds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct Request {
    text: String,
    sources: Vec<String>,
    kinds: Vec<String>,
    tags: Vec<String>,
    parent_ids: Vec<String>,
    title: Option<String>,
    date_from: Option<Timestamp>,
    date_to: Option<Timestamp>,
    limit: usize,
    offset: usize,
    sort: Order,
    cursor: Option<String>,
    hold: bool,
    facets: bool,
    why: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    #[default]
    Relevance,
    Newest,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            text: String::new(),
            sources: Vec::new(),
            kinds: Vec::new(),
            tags: Vec::new(),
            parent_ids: Vec::new(),
            title: None,
            date_from: None,
            date_to: None,
            limit: LIMIT_DEFAULT,
            offset: 0,
            sort: Order::default(),
            cursor: None,
            hold: false,
            facets: false,
            why: false,
        }
    }
}

impl Request {
    /// The question of a tenant.
    pub fn of(self, tenant_id: TenantId) -> Query {
        Query {
            tenant_id,
            text: self.text,
            sources: self.sources,
            kinds: self.kinds,
            tags: self.tags,
            parent_ids: self.parent_ids,
            title: self.title,
            date_from: self.date_from,
            date_to: self.date_to,
            limit: self.limit,
            offset: self.offset,
            sort: match self.sort {
                Order::Relevance => Sort::Relevance,
                Order::Newest => Sort::Newest,
            },
            cursor: self.cursor,
            hold: self.hold,
            facets: self.facets,
            why: self.why,
        }
    }
}

impl Answer {
    /// The answer as handlers and clients read it. What was not asked for is left out.
    pub fn to_json(&self) -> Value {
        let hits: Vec<Value> = self.hits.iter().map(Hit::to_json).collect();
        let mut answer = json!({
            "total": self.total,
            "hits": hits,
            "suggestions": self.suggestions,
            "position": self.position,
        });
        if let Some(cursor) = &self.next_cursor {
            answer["next_cursor"] = json!(cursor);
        }
        if let Some(cursor) = &self.first_cursor {
            answer["first_cursor"] = json!(cursor);
        }
        if let Some(facets) = &self.facets {
            answer["facets"] = json!(facets);
        }
        answer
    }
}

impl Hit {
    /// The hit as clients read it.
    pub fn to_json(&self) -> Value {
        let matched: Vec<Value> = self
            .matched
            .iter()
            .map(|matched| {
                json!({ "field": matched.field.as_str(), "typed": matched.typed, "found": matched.found })
            })
            .collect();
        let mut hit = json!({
            "record_id": self.record_id,
            "parent_id": self.parent_id,
            "source": self.source,
            "kind": self.kind,
            "title": self.title,
            "heading": self.heading,
            "date": self.date,
            "metadata": self.metadata,
            "score": self.score,
            "snippet": { "text": self.snippet.text, "highlights": self.snippet.highlights },
            "matched": matched,
            "fragment": fragment(&self.metadata),
        });
        if let Some(why) = &self.why {
            hit["why"] = json!(why);
        }
        hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        let request: Request =
            serde_json::from_value(json!({ "text": "refund", "sort": "newest" })).unwrap();
        let query = request.of(TenantId::trusted("t"));
        assert_eq!(
            (query.text.as_str(), query.limit, query.sort),
            ("refund", LIMIT_DEFAULT, Sort::Newest)
        );
    }
}
