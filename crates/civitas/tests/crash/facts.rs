//! What is there in the end, as the API tells it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Client;
use crate::ledger::Entry;

/// How long search may take to show what was committed.
const SEARCH_MAX: Duration = Duration::from_secs(30);

/// An execution with its journal.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    pub(crate) intent_id: String,
    pub(crate) intent_type: String,
    pub(crate) status: String,
    pub(crate) error: Value,
    pub(crate) last_seq: u64,
    /// What it answered with.
    pub(crate) payload: Value,
    /// What was asked for.
    pub(crate) parameters: Value,
    pub(crate) journal: Vec<Entry>,
}

/// What is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) executions: HashMap<String, Execution>,
    /// Names of files by their ids.
    pub(crate) files: Vec<(String, String)>,
    /// Parsed results: `READY`, or `ARCHIVED` once the file was parsed again.
    pub(crate) ready: Vec<String>,
    pub(crate) archived: Vec<String>,
    /// Ids of the records that a search finds, by file.
    pub(crate) records: HashMap<String, Vec<String>>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Facts {
    pub(crate) async fn gather(address: SocketAddr) -> Self {
        let mut client = Client::connect(address).await.unwrap();
        let mut facts = Self::default();
        for id in execution_ids(&mut client).await {
            let execution = execution(&mut client, &id).await;
            facts.executions.insert(id, execution);
        }
        facts.files = files(&mut client).await;
        facts.ready = parsed(&mut client, "READY").await;
        facts.archived = parsed(&mut client, "ARCHIVED").await;
        let parses = facts.executions.values().filter(|execution| {
            execution.intent_type == "parse_content" && execution.status == "completed"
        });
        let mut records = HashMap::new();
        for parse in parses {
            let file = text(&parse.payload["file_id"]);
            let expected = parse.payload["chunk_count"].as_u64().unwrap();
            let found = found(&mut client, &file, &facts.files, expected).await;
            records.insert(file, found);
        }
        facts.records = records;
        facts
    }
}

async fn execution_ids(client: &mut Client) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client
            .get(&format!("/api/executions?limit=200{cursor}"))
            .await;
        let listed = page["executions"].as_array().unwrap();
        ids.extend(
            listed
                .iter()
                .map(|execution| text(&execution["execution_id"])),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

async fn execution(client: &mut Client, id: &str) -> Execution {
    let shown = client.get(&format!("/api/execution/{id}?limit=1000")).await;
    let artifact = match shown["intent_type"].as_str() {
        Some("parse_content") => "parsed_content",
        _ => "file",
    };
    Execution {
        intent_id: text(&shown["intent_id"]),
        intent_type: text(&shown["intent_type"]),
        status: text(&shown["status"]),
        error: shown["error"].clone(),
        last_seq: shown["last_seq"].as_u64().unwrap(),
        payload: shown["artifacts"][artifact]["semantic_payload"].clone(),
        parameters: shown["parameters"].clone(),
        journal: shown["journal"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Entry::read)
            .collect(),
    }
}

/// Every file, as `list_files` answers them.
async fn files(client: &mut Client) -> Vec<(String, String)> {
    let mut files = Vec::new();
    loop {
        let parameters = json!({ "limit": 500, "offset": files.len() });
        let submission = json!({ "intent_type": "list_files", "parameters": parameters });
        let accepted = client.post("/api/intent/submit", &submission).await;
        let id = text(&accepted["execution_id"]);
        let status = client
            .get(&format!("/api/execution/{id}/status?wait=60"))
            .await;
        let page = &status["artifacts"]["file_list"]["semantic_payload"];
        let listed = page["files"].as_array().unwrap();
        files.extend(
            listed
                .iter()
                .map(|file| (text(&file["file_id"]), text(&file["ui_name"]))),
        );
        if page["has_more"] == false {
            return files;
        }
    }
}

async fn parsed(client: &mut Client, state: &str) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let question = json!({
            "artifact_type": "parsed_content", "lifecycle_state": state,
            "limit": 500, "offset": ids.len(),
        });
        let page = client.post("/api/artifact/list", &question).await;
        let listed = page["artifacts"].as_array().unwrap();
        ids.extend(listed.iter().map(|artifact| text(&artifact["artifact_id"])));
        if listed.is_empty() {
            return ids;
        }
    }
}

/// The records that a search finds of a file. The index follows the truth: it may take a moment.
async fn found(
    client: &mut Client,
    file_id: &str,
    files: &[(String, String)],
    expected: u64,
) -> Vec<String> {
    let name = files.iter().find(|(id, _)| id == file_id);
    let word = name.map_or("", |(_, name)| name.trim_end_matches(".json"));
    let path = format!("/api/content/search?q={word}&file_id={file_id}&limit=100");
    let began = std::time::Instant::now();
    loop {
        let answer = client.get(&path).await;
        if answer["total"].as_u64() == Some(expected) || began.elapsed() > SEARCH_MAX {
            let hits = answer["hits"].as_array().unwrap();
            return hits.iter().map(|hit| text(&hit["record_id"])).collect();
        }
    }
}
