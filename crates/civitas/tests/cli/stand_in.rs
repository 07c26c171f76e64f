//! A server that answers hooks and hands out tokens, and can be made to misbehave in every way; and a home folder for a
//! client of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{delete, get, post};
use civitas_hooks::{Answer, Event};
use serde_json::{Value, json};

use crate::{Ran, civitas};

/// How the server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It refuses `rm -rf /`, and lets the rest be.
    Right,
    /// It allows everything.
    Lax,
    /// It answers with this status.
    Status(u16),
    /// It answers nothing at all, with 204.
    Empty,
    /// It answers with so many bytes.
    Long(usize),
    /// It sends to another address.
    Elsewhere(&'static str),
    /// It answers with this text.
    Text(&'static str),
    /// It says nothing for a long time.
    Silent,
}

struct Seen {
    manner: Manner,
    /// Each event, and whose it was.
    events: Vec<(Value, Option<String>)>,
    /// Whether each token works.
    tokens: BTreeMap<String, bool>,
    halted: BTreeSet<String>,
}

/// The server.
pub struct StandIn {
    pub address: String,
    seen: Arc<Mutex<Seen>>,
    _runtime: tokio::runtime::Runtime,
}

impl StandIn {
    pub fn start(manner: Manner) -> Self {
        let seen = Arc::new(Mutex::new(Seen {
            manner,
            events: Vec::new(),
            tokens: BTreeMap::new(),
            halted: BTreeSet::new(),
        }));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new()
            .route(
                "/health",
                get(async || Json(json!({ "status": "healthy" }))),
            )
            .route("/api/v1/hooks/claude-code", post(hook))
            .route("/allow", post(allow))
            .route("/api/auth/tokens", get(tokens).post(make))
            .route("/api/auth/tokens/{id}", delete(revoke))
            .route("/api/v1/halts", post(halt))
            .route("/api/v1/halts/{id}", delete(async || Json(json!({}))))
            .with_state(Arc::clone(&seen));
        runtime.spawn(async { axum::serve(listener, routes).await });
        Self {
            address,
            seen,
            _runtime: runtime,
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    pub fn behave(&self, manner: Manner) {
        self.seen().manner = manner;
    }

    /// Every event that came, and the credential that it came with.
    pub fn events(&self) -> Vec<(Value, Option<String>)> {
        self.seen().events.clone()
    }

    /// How many tokens were made, and how many of them work.
    pub fn tokens(&self) -> (usize, usize) {
        let tokens = &self.seen().tokens;
        (
            tokens.len(),
            tokens.values().filter(|works| **works).count(),
        )
    }

    pub fn revoke_all(&self) {
        self.seen()
            .tokens
            .values_mut()
            .for_each(|works| *works = false);
    }
}

type Shared = State<Arc<Mutex<Seen>>>;

async fn hook(State(seen): Shared, headers: HeaderMap, Json(raw): Json<Value>) -> Response {
    let credential = headers.get(header::AUTHORIZATION);
    let credential = credential.map(|value| value.to_str().unwrap().to_owned());
    let event = Event::parse(raw.clone()).unwrap();
    let (manner, is_halted) = {
        let mut seen = seen.lock().unwrap();
        seen.events.push((raw, credential));
        (seen.manner, seen.halted.contains(&event.common.session_id))
    };
    let answer = match manner {
        Manner::Silent => std::future::pending().await,
        Manner::Status(code) => {
            let name = match code {
                401 => "unauthorized",
                404 => "not_found",
                _ => "failed",
            };
            let problem = json!({ "code": name, "detail": "no" });
            return (StatusCode::from_u16(code).unwrap(), Json(problem)).into_response();
        }
        Manner::Empty => return StatusCode::NO_CONTENT.into_response(),
        Manner::Text(text) => return text.into_response(),
        Manner::Long(bytes) => {
            return format!("{{\"a\":\"{}\"}}", "a".repeat(bytes)).into_response();
        }
        Manner::Elsewhere(path) => return Redirect::temporary(path).into_response(),
        Manner::Right if is_halted => Answer::Halt {
            reason: "stopped by a person".to_owned(),
        },
        Manner::Right if event.tool_input()["command"] == "rm -rf /" => Answer::Deny {
            reason: "nobody removes everything".to_owned(),
        },
        Manner::Right | Manner::Lax => Answer::Allow {
            reason: String::new(),
            updated_input: None,
        },
    };
    Json(answer.render(&event)).into_response()
}

/// Another server, that lets everything be.
async fn allow(Json(raw): Json<Value>) -> Json<Value> {
    let answer = Answer::Allow {
        reason: String::new(),
        updated_input: None,
    };
    Json(answer.render(&Event::parse(raw).unwrap()))
}

async fn make(State(seen): Shared, Json(asked): Json<Value>) -> Response {
    let mut seen = seen.lock().unwrap();
    if let Manner::Status(code) = seen.manner {
        let problem = json!({ "code": "forbidden", "detail": "this needs an administrator" });
        return (StatusCode::from_u16(code).unwrap(), Json(problem)).into_response();
    }
    assert_eq!(asked["scopes"], json!(["hooks"]));
    let id = format!("token-{}", seen.tokens.len() + 1);
    seen.tokens.insert(id.clone(), true);
    Json(json!({ "token": format!("secret-of-{id}"), "token_id": id, "expires_at": "2099-01-01T00:00:00Z" })).into_response()
}

async fn tokens(State(seen): Shared) -> Json<Value> {
    let seen = seen.lock().unwrap();
    let listed = seen.tokens.iter().map(|(id, works)| {
        json!({ "token_id": id, "expires_at": "2099-01-01T00:00:00Z", "revoked_at": if *works { Value::Null } else { json!("2026-01-01T00:00:00Z") } })
    });
    Json(json!({ "tokens": listed.collect::<Vec<_>>() }))
}

async fn revoke(State(seen): Shared, Path(id): Path<String>) -> StatusCode {
    match seen.lock().unwrap().tokens.get_mut(&id) {
        Some(works) => *works = false,
        None => return StatusCode::NOT_FOUND,
    }
    StatusCode::NO_CONTENT
}

async fn halt(State(seen): Shared, Json(asked): Json<Value>) -> Json<Value> {
    let id = asked["scope"]["id"].as_str().unwrap().to_owned();
    seen.lock().unwrap().halted.insert(id);
    Json(json!({ "halt_id": "h1" }))
}

/// A home folder with its own path, in which a client may be.
pub struct Home {
    pub folder: tempfile::TempDir,
}

impl Home {
    /// A home whose `claude` says this version; without one, there is no `claude`.
    pub fn with_claude(version: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        if let Some(version) = version {
            let script = bin.join("claude");
            fs::write(
                &script,
                format!("#!/bin/sh\necho '{version} (Claude Code)'\n"),
            )
            .unwrap();
            fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder }
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The user's settings file.
    pub fn settings(&self) -> PathBuf {
        self.path(".claude/settings.json")
    }

    /// Puts a settings file there.
    pub fn write(&self, text: &str) {
        fs::create_dir_all(self.path(".claude")).unwrap();
        fs::write(self.settings(), text).unwrap();
    }

    pub fn text(&self) -> String {
        fs::read_to_string(self.settings()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    /// The command, at home here.
    pub fn command(&self) -> Command {
        let mut command = civitas();
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        command
            .env("HOME", self.folder.path())
            .env("PATH", path)
            .env_remove("CLAUDE_CONFIG_DIR")
            .env_remove("XDG_STATE_HOME")
            .current_dir(self.folder.path());
        command
    }

    pub fn run(&self, server: &StandIn, arguments: &[&str]) -> Ran {
        let mut command = self.command();
        command
            .args(arguments)
            .env("CIVITAS_SERVER", &server.address);
        command.output().unwrap().into()
    }

    /// `civitas agents install claude-code` with these options.
    pub fn install(&self, server: &StandIn, options: &[&str]) -> Ran {
        let arguments = [&["agents", "install", "claude-code"], options].concat();
        self.run(server, &arguments)
    }
}
