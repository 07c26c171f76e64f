//! `civitas agents install`: what is written, what stays, and that everything can be taken back.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use civitas_hooks::CORPUS;
use serde_json::{Value, json};

use crate::hook::hook;
use crate::stand_in::{Home, Manner, StandIn};
use crate::{BINARY, Ran, Server};

/// A client whose HTTP hooks can fail closed, and one whose cannot.
const NEW: Option<&str> = Some("2.1.329");
const OLD: Option<&str> = Some("2.1.200");

/// Settings as somebody wrote them by hand: indented by four, without a line's end.
const THEIRS: &str = r#"{
    "$schema": "https://json.schemastore.org/claude-code-settings.json",
    "model": "opus",
    "env": {
        "ANTHROPIC_API_KEY": "sk-ant-theirs",
        "FOO": "1"
    },
    "hooks": {
        "Stop": [
            {
                "hooks": [
                    {
                        "type": "command",
                        "command": "say done"
                    }
                ]
            }
        ],
        "PreToolUse": [
            {
                "matcher": "Bash",
                "hooks": [
                    {
                        "type": "command",
                        "command": "~/bin/check"
                    }
                ]
            }
        ]
    },
    "permissions": {
        "allow": [
            "Bash(ls)"
        ]
    }
}"#;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_client_gets_http_hooks_that_fail_closed_and_gets_rid_of_them() {
    let (server, home) = (StandIn::start(Manner::Right), Home::with_claude(NEW));
    let installed = home.install(&server, &[]).ok();
    let settings = home.json();
    let address = &server.address;
    assert_eq!(
        settings["hooks"]["PreToolUse"],
        json!([{ "matcher": "*", "hooks": [{
            "type": "http", "url": format!("{address}/api/v1/hooks/claude-code"),
            "headers": { "Authorization": "Bearer $CIVITAS_TOKEN" }, "allowedEnvVars": ["CIVITAS_TOKEN"],
            "timeout": 570, "onFailure": "block", "statusMessage": "Civitas policy"
        }] }])
    );
    assert_eq!(
        settings["hooks"]["PostToolUse"][0]["hooks"][0].get("onFailure"),
        None
    );
    assert_eq!(settings["hooks"]["Stop"][0].get("matcher"), None);
    let start = &settings["hooks"]["SessionStart"][0]["hooks"][0];
    assert_eq!(
        *start,
        json!({ "type": "command", "command": format!("{BINARY} hook session-start --server {address}"), "timeout": 5 })
    );
    assert_eq!(settings["env"]["CIVITAS_SERVER"], json!(address));
    assert_eq!(settings["env"]["CIVITAS_TOKEN"], "secret-of-token-1");
    assert_eq!(
        settings["env"]["OTEL_EXPORTER_OTLP_ENDPOINT"],
        format!("{address}/otlp")
    );
    assert_eq!(
        settings["env"]["OTEL_EXPORTER_OTLP_HEADERS"],
        "Authorization=Bearer%20secret-of-token-1"
    );
    assert_eq!(
        settings.get("allowedHttpHookUrls"),
        None,
        "it would turn others' hooks off"
    );
    assert_eq!(mode(&home.settings()), 0o600);
    for said in [&installed.out, &installed.err] {
        assert!(!said.contains("secret-of"), "{said}");
    }
    assert!(
        installed.out.contains("+ ") && installed.out.contains("PreToolUse"),
        "{}",
        installed.out
    );

    let again = home.install(&server, &[]).ok();
    assert!(again.err.contains("nothing is to be done"), "{}", again.err);
    assert_eq!(home.json(), settings);
    assert_eq!(server.tokens(), (1, 1));

    let gone = home.install(&server, &["--uninstall"]).ok();
    assert!(
        gone.err.contains("as it was before") && gone.err.contains("revoked"),
        "{}",
        gone.err
    );
    assert!(!home.settings().exists());
    assert_eq!(server.tokens(), (1, 0));
    let nothing = home.install(&server, &["--uninstall"]).ok();
    assert!(nothing.err.contains("is not installed"), "{}", nothing.err);
}

#[test]
fn what_was_there_stays_and_comes_back_byte_by_byte() {
    let (server, home) = (StandIn::start(Manner::Right), Home::with_claude(NEW));
    home.write(THEIRS);
    fs::set_permissions(home.settings(), Permissions::from_mode(0o644)).unwrap();
    let installed = home.install(&server, &[]).ok();
    assert!(
        !installed.out.contains("sk-ant-theirs"),
        "{}",
        installed.out
    );
    let (settings, before): (Value, Value) = (home.json(), serde_json::from_str(THEIRS).unwrap());
    assert_eq!(
        settings["hooks"]["PreToolUse"][0],
        before["hooks"]["PreToolUse"][0]
    );
    assert_eq!(settings["hooks"]["PreToolUse"].as_array().unwrap().len(), 2);
    assert_eq!(settings["hooks"]["Stop"][0], before["hooks"]["Stop"][0]);
    assert_eq!(settings["env"]["ANTHROPIC_API_KEY"], "sk-ant-theirs");
    assert_eq!(settings["permissions"], before["permissions"]);
    let keys: Vec<&String> = settings.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["$schema", "model", "env", "hooks", "permissions"]);
    assert!(home.text().contains("\n    \"model\"") && !home.text().ends_with('\n'));
    // Twice, and to another server, and back: it is still the first state that comes back.
    let other = StandIn::start(Manner::Right);
    home.install(&other, &[]).ok();
    assert_eq!(home.json()["env"]["CIVITAS_SERVER"], json!(other.address));
    assert_eq!(
        home.json()["hooks"]["PreToolUse"].as_array().unwrap().len(),
        2
    );
    home.install(&other, &["--uninstall"]).ok();
    assert_eq!(home.text(), THEIRS);
    assert_eq!(mode(&home.settings()), 0o644);
}

#[test]
fn what_others_changed_since_is_kept() {
    let (server, home) = (StandIn::start(Manner::Right), Home::with_claude(NEW));
    home.write(THEIRS);
    home.install(&server, &[]).ok();
    let mut settings = home.json();
    settings["model"] = json!("haiku");
    settings["env"]["FOO"] = json!("2");
    settings["hooks"]["PreToolUse"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "hooks": [{ "type": "command", "command": "new" }] }));
    home.write(&settings.to_string());
    let gone = home.install(&server, &["--uninstall"]).ok();
    assert!(
        gone.err
            .contains("was changed since: only the entries of Civitas"),
        "{}",
        gone.err
    );
    let mut expected: Value = serde_json::from_str(THEIRS).unwrap();
    expected["model"] = json!("haiku");
    expected["env"]["FOO"] = json!("2");
    expected["hooks"]["PreToolUse"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "hooks": [{ "type": "command", "command": "new" }] }));
    assert_eq!(home.json(), expected);
    let backup = gone
        .err
        .split(" is in ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    assert_eq!(fs::read_to_string(backup).unwrap(), THEIRS);
    assert_eq!(server.tokens(), (1, 0));
}

#[test]
fn an_old_or_unknown_client_gets_commands_that_fail_closed() {
    for version in [OLD, None, Some("unknown")] {
        let (server, home) = (StandIn::start(Manner::Right), Home::with_claude(version));
        let installed = home.install(&server, &["--json"]).ok().json();
        assert_eq!(installed["form"], "command");
        let settings = home.json();
        assert_eq!(
            settings["hooks"]["PreToolUse"][0]["hooks"][0]["command"],
            format!(
                "{BINARY} hook pre-tool-use --server {} || exit 2",
                server.address
            )
        );
        // An event that the client may not know is not put into its settings.
        assert_eq!(
            settings["hooks"].get("PreModelSwitch").is_some(),
            version != OLD
        );
        assert!(!home.text().contains("onFailure"));
    }
}

/// Runs an installed command as the client does: by a shell, with the settings' variables, and an event on its input.
fn as_the_client(home: &Home, line: &str, event: &str) -> (Option<i32>, String) {
    let mut command = Command::new("/bin/sh");
    let settings = home.json();
    for (name, value) in settings["env"].as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    let mut child = command
        .args(["-c", line])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdin.take().unwrap().write_all(event.as_bytes()));
    let output = child.wait_with_output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn an_installed_command_binds_even_when_the_program_is_gone() {
    let (server, home) = (StandIn::start(Manner::Right), Home::with_claude(OLD));
    home.install(&server, &[]).ok();
    let line = |event: &str| {
        home.json()["hooks"][event][0]["hooks"][0]["command"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let json = |name: &str| {
        CORPUS
            .iter()
            .find(|recorded| recorded.name == name)
            .unwrap()
            .json
    };
    let denied = json("pre-tool-use").replace("cargo test --workspace", "rm -rf /");
    assert_eq!(
        as_the_client(&home, &line("PreToolUse"), &denied).0,
        Some(2)
    );
    let (code, out) = as_the_client(&home, &line("PreToolUse"), json("pre-tool-use"));
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &out["hookSpecificOutput"]["permissionDecision"]),
        (Some(0), &json!("allow"))
    );
    let (event, credential) = server.events().pop().unwrap();
    assert_eq!(event["tool_name"], "Bash");
    assert_eq!(credential.as_deref(), Some("Bearer secret-of-token-1"));

    let gone = |event: &str| line(event).replacen(BINARY, "/nowhere/civitas", 1);
    assert_eq!(
        as_the_client(&home, &gone("PreToolUse"), json("pre-tool-use")).0,
        Some(2)
    );
    let (code, out) = as_the_client(
        &home,
        &gone("PermissionRequest"),
        json("permission-request"),
    );
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &out["hookSpecificOutput"]["decision"]["behavior"]),
        (Some(0), &json!("deny"))
    );
}

#[test]
fn what_is_no_settings_file_is_left_alone() {
    let (server, home) = (StandIn::start(Manner::Right), Home::with_claude(NEW));
    for (text, says) in [
        ("{ \"model\": \"opus\", // mine\n}", "is not JSON"),
        ("[]", "is JSON but no object"),
        ("{\"hooks\":[]}", "`/hooks` of the settings is no object"),
        (
            "{\"hooks\":{\"Stop\":{}}}",
            "`/hooks/Stop` of the settings is no list",
        ),
        ("{\"env\":\"A=1\"}", "`/env` of the settings is no object"),
        ("{\"disableAllHooks\":true}", "turns all hooks off"),
    ] {
        home.write(text);
        home.install(&server, &[]).fails(1, says);
        assert_eq!(home.text(), text);
        assert_eq!(server.tokens().1, 0, "{text}");
    }
    fs::remove_file(home.settings()).unwrap();
    symlink("nowhere.json", home.settings()).unwrap();
    home.install(&server, &[]).fails(1, "is a link to nothing");
    fs::remove_file(home.settings()).unwrap();
    server.behave(Manner::Status(403));
    home.install(&server, &[])
        .fails(4, "needs an administrator");
    assert!(!home.settings().exists());
}

#[test]
fn a_link_stays_a_link() {
    let (server, home) = (StandIn::start(Manner::Right), Home::with_claude(NEW));
    home.write("{}\n");
    let real = home.path("dotfiles.json");
    fs::rename(home.settings(), &real).unwrap();
    symlink(&real, home.settings()).unwrap();
    home.install(&server, &[]).ok();
    assert!(fs::symlink_metadata(home.settings()).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("PreToolUse"));
    home.install(&server, &["--uninstall"]).ok();
    assert_eq!(fs::read_to_string(&real).unwrap(), "{}\n");

    // A folder may be a link as well, and its file new.
    fs::remove_file(home.settings()).unwrap();
    fs::rename(home.path(".claude"), home.path("elsewhere")).unwrap();
    symlink(home.path("elsewhere"), home.path(".claude")).unwrap();
    home.install(&server, &[]).ok();
    home.install(&server, &["--uninstall"]).ok();
    assert!(!home.path("elsewhere/settings.json").exists());
}

#[test]
fn a_dry_run_shows_and_changes_nothing() {
    let (server, home) = (StandIn::start(Manner::Right), Home::with_claude(NEW));
    home.write(THEIRS);
    let dry = home.install(&server, &["--dry-run"]).ok();
    assert!(
        dry.out.contains("+ ") && dry.out.contains("onFailure"),
        "{}",
        dry.out
    );
    assert!(!dry.out.contains("sk-ant-theirs"), "{}", dry.out);
    assert!(dry.err.contains("nothing was written"), "{}", dry.err);
    assert_eq!(home.text(), THEIRS);
    assert_eq!(server.tokens(), (0, 0));
    assert!(!home.path(".local").exists());

    home.install(&server, &[]).ok();
    let text = home.text();
    let dry = home.install(&server, &["--dry-run"]).ok();
    assert!(dry.err.contains("nothing is to be done"), "{}", dry.err);
    let dry = home.install(&server, &["--uninstall", "--dry-run"]).ok();
    assert!(
        dry.out.contains("- ") && dry.err.contains("nothing was written"),
        "{}{}",
        dry.out,
        dry.err
    );
    assert_eq!(home.text(), text);
    assert_eq!(server.tokens(), (1, 1));
}

#[test]
fn a_revoked_token_is_replaced() {
    let (server, home) = (StandIn::start(Manner::Right), Home::with_claude(NEW));
    home.install(&server, &[]).ok();
    server.revoke_all();
    home.install(&server, &[]).ok();
    assert_eq!(home.json()["env"]["CIVITAS_TOKEN"], "secret-of-token-2");
    assert_eq!(server.tokens(), (2, 1));
}

#[test]
fn an_organisation_closes_the_ways_around() {
    let (server, home) = (StandIn::start(Manner::Right), Home::with_claude(NEW));
    let path = home.path("etc/managed-settings.json");
    let options = ["--managed", "--settings", path.to_str().unwrap()];
    let installed = home.install(&server, &options).ok();
    // The way back names the same settings.
    let back = format!("--managed --settings '{}' --uninstall", path.display());
    assert!(installed.err.contains(&back), "{}", installed.err);
    let settings: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(settings["allowManagedHooksOnly"], true);
    assert_eq!(
        settings["allowedHttpHookUrls"],
        json!([format!("{}/*", server.address)])
    );
    assert_eq!(settings["httpHookAllowedEnvVars"], json!(["CIVITAS_TOKEN"]));
    assert_eq!(
        settings["permissions"]["disableBypassPermissionsMode"],
        "disable"
    );
    assert_eq!(settings["requiredMinimumVersion"], "2.1.295");
    assert_eq!(mode(&path), 0o644);
    home.install(&server, &[&options[..], &["--uninstall"]].concat())
        .ok();
    assert!(!path.exists());
}

#[test]
fn a_project_gets_settings_of_its_own_and_foreign_telemetry_stays() {
    let (server, home) = (StandIn::start(Manner::Right), Home::with_claude(NEW));
    let path = home.path(".claude/settings.local.json");
    fs::create_dir(home.path(".claude")).unwrap();
    let theirs = "{\"env\": {\"OTEL_EXPORTER_OTLP_ENDPOINT\": \"https://otel.example.com\"}, \"allowedHttpHookUrls\": [\"https://hooks.example.com/*\"]}";
    fs::write(&path, theirs).unwrap();
    let installed = home.install(&server, &["--project"]).ok();
    assert!(
        installed
            .err
            .contains("telemetry goes to https://otel.example.com already"),
        "{}",
        installed.err
    );
    let settings: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(
        settings["env"]["OTEL_EXPORTER_OTLP_ENDPOINT"],
        "https://otel.example.com"
    );
    assert_eq!(settings["env"].get("OTEL_EXPORTER_OTLP_HEADERS"), None);
    assert_eq!(
        settings["allowedHttpHookUrls"],
        json!([
            "https://hooks.example.com/*",
            format!("{}/*", server.address)
        ])
    );
    assert!(!home.settings().exists());
    assert!(!installed.err.contains("git"), "{}", installed.err);
    home.install(&server, &["--project", "--uninstall"]).ok();
    Command::new("git")
        .args(["init", "--quiet"])
        .arg(home.folder.path())
        .status()
        .unwrap();
    let installed = home.install(&server, &["--project"]).ok();
    assert!(
        installed.err.contains("git does not ignore"),
        "{}",
        installed.err
    );
    home.install(&server, &["--project", "--uninstall"]).ok();
    assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
}

/// A call of the main thread that writes, with this token; answers whether it was allowed.
fn may_write(home: &Home, server: &Server, session: &str) -> bool {
    let event = json!({
        "session_id": session, "hook_event_name": "PreToolUse", "cwd": "/work", "permission_mode": "default",
        "transcript_path": "/x.jsonl", "tool_name": "Write", "tool_use_id": session,
        "tool_input": { "file_path": "/work/notes.txt", "content": "x" },
    });
    let token = home.json()["env"]["CIVITAS_TOKEN"]
        .as_str()
        .unwrap()
        .to_owned();
    let told = hook(
        &server.address,
        &["pre-tool-use", "--token", &token],
        &event.to_string(),
    );
    told.out.contains(r#""permissionDecision":"allow""#)
}

#[test]
fn the_main_thread_is_nobody_unless_it_is_named() {
    let (server, home) = (Server::start(), Home::with_claude(NEW));
    let run = |arguments: &[&str]| -> Ran {
        let mut command = home.command();
        command
            .args(arguments)
            .env("CIVITAS_SERVER", &server.address);
        command.output().unwrap().into()
    };
    let install =
        |options: &[&str]| run(&[&["agents", "install", "claude-code"], options].concat());
    let working_tokens = || {
        let listed = run(&["token", "list", "--json"]).ok().json();
        let tokens = listed["tokens"].as_array().unwrap().iter();
        let working = tokens.filter(|token| token["revoked_at"].is_null());
        working
            .map(|token| token["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let agents = home.path("agents");
    fs::create_dir(&agents).unwrap();
    // An agent of the client's own name, and one that only reads.
    for name in ["claude-code", "code-reviewer"] {
        let text = format!(
            "---\nname: {name}\ndescription: Reviews code\ntools: Read, Grep\n---\nYou review.\n"
        );
        fs::write(agents.join(format!("{name}.md")), text).unwrap();
    }
    run(&["agents", "import", "agents"]).ok();
    run(&["agents", "activate", "claude-code"]).ok();

    let nobody = install(&[]).ok();
    assert!(
        nobody.err.contains("is nobody in the registry"),
        "{}",
        nobody.err
    );
    let names = working_tokens();
    assert!(
        names.len() == 1 && names[0].starts_with("claude-code on "),
        "{names:?}"
    );
    assert!(
        may_write(&home, &server, "nobody"),
        "an agent's name binds nobody else"
    );

    install(&["--agent", "nobody-of-that-name"]).fails(5, "register it first");
    assert_eq!(working_tokens(), names);
    let dry = install(&["--agent", "code-reviewer", "--dry-run"]).ok();
    assert!(dry.out.contains("CIVITAS_TOKEN"), "{}", dry.out);
    let bound = install(&["--agent", "code-reviewer"]).ok();
    assert!(
        bound.err.contains("acts as code-reviewer")
            && bound.err.contains("agents activate code-reviewer"),
        "{}",
        bound.err
    );
    // The token before is gone with its settings.
    assert_eq!(working_tokens(), ["code-reviewer"]);
    run(&["agents", "activate", "code-reviewer"]).ok();
    assert!(!may_write(&home, &server, "bound"), "it has no such tool");
    // Installed again, it stays who it is.
    let again = install(&[]).ok();
    assert!(again.err.contains("acts as code-reviewer"), "{}", again.err);
    assert!(again.err.contains("nothing is to be done"), "{}", again.err);
    run(&["agents", "selftest"]).ok();
    install(&["--uninstall"]).ok();
    assert_eq!(working_tokens(), [""; 0]);
}
