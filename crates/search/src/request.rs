//! Searches as handlers ask for them: JSON in, JSON out.

use civitas_model::{TenantId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::search::{Answer, LIMIT_DEFAULT, Query, Sort};

/// A question without its tenant, which whoever answers it adds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct Request {
    text: String,
    sources: Vec<String>,
    kinds: Vec<String>,
    parent_ids: Vec<String>,
    title: Option<String>,
    date_from: Option<Timestamp>,
    date_to: Option<Timestamp>,
    limit: usize,
    offset: usize,
    sort: Order,
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
            parent_ids: Vec::new(),
            title: None,
            date_from: None,
            date_to: None,
            limit: LIMIT_DEFAULT,
            offset: 0,
            sort: Order::default(),
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
        }
    }
}

impl Answer {
    /// The answer as handlers and clients read it.
    pub fn to_json(&self) -> Value {
        let hits: Vec<Value> = self.hits.iter().map(crate::search::Hit::to_json).collect();
        json!({
            "total": self.total,
            "hits": hits,
            "suggestions": self.suggestions,
            "position": self.position,
        })
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
