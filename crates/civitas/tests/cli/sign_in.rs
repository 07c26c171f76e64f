//! `civitas setup`, `login`, `logout` and `whoami`, at a server where everyone signs in.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::{Ran, civitas};

const PASSWORD: &str = "correct horse battery";

/// A running `civitas serve`, and someone at a machine of their own.
pub struct Served {
    child: Child,
    pub address: String,
    setup_token: String,
    pub folder: tempfile::TempDir,
}

impl Served {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = civitas()
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path().join("data"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        while !line.contains("--setup-token ") {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "no setup token came");
        }
        let setup_token = line.rsplit(' ').next().unwrap().trim().to_owned();
        // Nobody reads its log, and it must not wait for that.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        line.clear();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap();
        Self {
            address: address.to_owned(),
            child,
            setup_token,
            folder,
        }
    }

    /// A server with the administrator Ada, who signed in.
    pub fn with_ada() -> Self {
        let served = Self::start();
        served.set_up(&served.setup_token).ok();
        served
    }

    fn set_up(&self, token: &str) -> Ran {
        let typed = [
            "setup",
            "--setup-token",
            token,
            "--email",
            "ada@example.com",
            "--name",
            "Ada Berg",
            "--password-stdin",
        ];
        self.typing(PASSWORD, &typed)
    }

    /// Runs a command as someone at home types it.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.typing("", arguments)
    }

    pub fn typing(&self, input: &str, arguments: &[&str]) -> Ran {
        at_home(&self.folder, &self.address, input, arguments)
    }

    fn kept(&self) -> PathBuf {
        kept(&self.folder)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn at_home(folder: &tempfile::TempDir, server: &str, input: &str, arguments: &[&str]) -> Ran {
    let mut child = civitas()
        .args(arguments)
        .env("CIVITAS_SERVER", server)
        .env("XDG_CONFIG_HOME", folder.path().join("config"))
        .env("HOME", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that does not read its input may have ended.
    let _ = writeln!(child.stdin.take().unwrap(), "{input}");
    child.wait_with_output().unwrap().into()
}

/// The one file that is kept.
fn kept(folder: &tempfile::TempDir) -> PathBuf {
    let folder = folder.path().join("config/civitas/sign-in");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|end| end == "json"))
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

fn json_of(file: &PathBuf) -> Value {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// Changes a member of the kept file.
fn edit(file: &PathBuf, member: &str, value: &str) {
    let mut kept = json_of(file);
    kept[member] = json!(value);
    fs::write(file, kept.to_string()).unwrap();
}

#[test]
fn the_first_administrator_is_made_signs_in_approves_and_signs_out() {
    let served = Served::start();
    let unknown = served.run(&["approvals", "list"]);
    unknown.fails(4, "sign in with `civitas login`");
    served
        .set_up("setup_guessed")
        .fails(4, "the setup token does not count");
    let first_one = served.set_up(&served.setup_token).ok();
    assert!(
        first_one.err.contains("ada@example.com"),
        "{}",
        first_one.err
    );
    served
        .set_up(&served.setup_token)
        .fails(4, "none once there is an administrator");

    let file = served.kept();
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&file.parent().unwrap().to_owned()), 0o700);
    let first = json_of(&file);
    for secret in ["access", "refresh"] {
        let secret = first[secret].as_str().unwrap();
        assert!(!first_one.err.contains(secret) && !first_one.out.contains(secret));
    }

    let me = served.run(&["whoami"]).ok();
    for said in [
        "Ada Berg",
        "ada@example.com",
        "admin",
        "signed in with `civitas login`",
    ] {
        assert!(me.out.contains(said), "{said}: {}", me.out);
    }
    // A machine asks; the person who signed in decides.
    let hooks = served
        .run(&["token", "create", "laptop", "--scope", "hooks"])
        .ok();
    let held = push(&served, hooks.out.trim());
    let code = loop {
        let page = served.run(&["approvals", "list", "--json"]).ok().json();
        if let Some(code) = page["approvals"][0]["code"].as_str() {
            break code.to_owned();
        }
    };
    served
        .run(&["approve", &code, "--token", hooks.out.trim()])
        .fails(4, "");
    let approved = served.run(&["approve", &code]).ok();
    assert!(approved.err.contains("is approved"), "{}", approved.err);
    assert!(
        held.join()
            .unwrap()
            .contains(r#""permissionDecision":"allow""#)
    );

    served.run(&["logout"]).ok();
    assert!(!file.exists());
    served.run(&["whoami"]).fails(4, "civitas login");
    // What somebody copied before is worth nothing any more.
    fs::write(&file, first.to_string()).unwrap();
    edit(&file, "access_until", "2020-01-01T00:00:00Z");
    served
        .run(&["whoami"])
        .fails(4, "has ended: sign in again with `civitas login`");
    served.run(&["logout"]).ok();
    let nobody = served.run(&["logout"]).ok();
    assert!(nobody.err.contains("nobody is signed in"), "{}", nobody.err);
}

/// A call that needs a person; its answer comes once somebody decided.
fn push(served: &Served, token: &str) -> std::thread::JoinHandle<String> {
    let event = json!({
        "session_id": "s", "hook_event_name": "PreToolUse", "cwd": "/work", "permission_mode": "default",
        "transcript_path": "/x.jsonl", "tool_name": "Bash", "tool_use_id": "t1",
        "tool_input": { "command": "git push origin main" },
    });
    let typed = ["hook", "pre-tool-use", "--token", token].map(str::to_owned);
    let (address, home) = (served.address.clone(), served.folder.path().to_owned());
    std::thread::spawn(move || {
        let mut child = civitas()
            .args(typed)
            .env("CIVITAS_SERVER", address)
            .env("HOME", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        write!(child.stdin.take().unwrap(), "{event}").unwrap();
        Ran::from(child.wait_with_output().unwrap()).out
    })
}

#[test]
fn who_cannot_sign_in_is_told_why_in_plain_words() {
    let served = Served::with_ada();
    served.run(&["logout"]).ok();
    let login = ["login", "--email", "ada@example.com", "--password-stdin"];
    served
        .typing("wrong password", &login)
        .fails(4, "knows no such e-mail address and password together");
    served.typing("", &login).fails(2, "no password was given");
    served
        .run(&["login", "--email", "ada@example.com"])
        .fails(2, "use --password-stdin");
    served
        .typing("", &["login", "--password-stdin"])
        .fails(2, "--email");
    let elsewhere = [&login[..], &["--server", "http://127.0.0.1:1"]].concat();
    served
        .typing(PASSWORD, &elsewhere)
        .fails(3, "cannot reach http://127.0.0.1:1");

    let signed_in = served
        .typing(PASSWORD, &[&login[..], &["--json"]].concat())
        .ok();
    assert_eq!(signed_in.json()["roles"], json!(["admin"]));
    assert!(!signed_in.out.contains("token"), "{}", signed_in.out);
    // It is for this server: another one is not shown it.
    let other = Served::start();
    let elsewhere = ["whoami", "--server", other.address.as_str()];
    served
        .run(&elsewhere)
        .fails(4, "sign in with `civitas login`");
    // A token goes before it.
    served
        .run(&["whoami", "--token", "civitas_nonsense"])
        .fails(4, "give another token");
    fs::write(served.kept(), "{").unwrap();
    served
        .run(&["whoami"])
        .fails(1, "is damaged: sign in again");
    served.typing(PASSWORD, &login).ok();
    served.run(&["whoami"]).ok();
}

#[test]
fn a_sign_in_is_renewed_when_its_access_token_is_over_or_refused() {
    let served = Served::with_ada();
    let file = served.kept();
    let before = json_of(&file);
    edit(&file, "access_until", "2020-01-01T00:00:00Z");
    served.run(&["whoami"]).ok();
    let renewed = json_of(&file);
    for secret in ["access", "refresh", "access_until"] {
        assert_ne!(renewed[secret], before[secret], "{secret}");
    }
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // This machine's clock may be wrong: the server says when a token is over.
    edit(&file, "access", "not.the.token");
    served.run(&["whoami"]).ok();
    assert_ne!(json_of(&file)["refresh"], renewed["refresh"]);
    // What was not renewed is used as it is.
    let now = fs::read(&file).unwrap();
    served.run(&["whoami"]).ok();
    assert_eq!(fs::read(&file).unwrap(), now);
}

/// A server at which a refresh token counts once, and not once more.
#[derive(Default)]
struct Once {
    number: u32,
    renewals: u32,
}

type Shared = State<Arc<Mutex<Once>>>;

fn pair(number: u32, expires_in: u32) -> Json<Value> {
    Json(json!({
        "access_token": format!("access-{number}"), "refresh_token": format!("refresh-{number}"),
        "expires_in": expires_in, "user": { "email": "ada@example.com" }, "roles": [],
    }))
}

async fn refresh(State(once): Shared, Json(asked): Json<Value>) -> Response {
    let mut once = once.lock().unwrap();
    if asked["refresh_token"] != format!("refresh-{}", once.number) {
        let problem = json!({ "code": "unauthorized", "detail": "used before" });
        return (StatusCode::UNAUTHORIZED, Json(problem)).into_response();
    }
    once.number += 1;
    once.renewals += 1;
    pair(once.number, 900).into_response()
}

async fn me(State(once): Shared, headers: HeaderMap) -> Response {
    let expected = format!("Bearer access-{}", once.lock().unwrap().number);
    match headers.get(header::AUTHORIZATION) {
        Some(said) if said.as_bytes() == expected.as_bytes() => {
            Json(json!({ "name": "Ada", "kind": "user" })).into_response()
        }
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

#[test]
fn of_many_commands_at_once_one_renews_the_sign_in() {
    let once = Arc::new(Mutex::new(Once::default()));
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
        .route("/api/auth/login", post(async || pair(0, 0)))
        .route("/api/auth/refresh", post(refresh))
        .route("/api/auth/me", get(me))
        .with_state(Arc::clone(&once));
    runtime.spawn(async { axum::serve(listener, routes).await });
    let folder = tempfile::tempdir().unwrap();
    let login = ["login", "--email", "ada@example.com", "--password-stdin"];
    at_home(&folder, &address, PASSWORD, &login).ok();
    std::thread::scope(|scope| {
        let commands: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| at_home(&folder, &address, "", &["whoami"])))
            .collect();
        for command in commands {
            command.join().unwrap().ok();
        }
    });
    assert_eq!(once.lock().unwrap().renewals, 1);
    assert_eq!(json_of(&kept(&folder))["refresh"], "refresh-1");
}
