//! `civitas intent` and `civitas executions`.

use crate::Server;

#[test]
fn an_intent_is_submitted_followed_and_explained() {
    let server = Server::start();
    let id = server.put("plan.txt", b"The lighthouse keeper leaves in spring.");
    let file = format!("file_id={id}");
    let submitted = server
        .run(["intent", "submit", "get_file_by_id", &file])
        .ok();
    let execution = submitted.out.trim();
    let watched = server.run(["executions", "watch", execution]).ok();
    assert!(
        watched.out.contains("execution accepted"),
        "{}",
        watched.out
    );
    assert!(
        watched.out.contains("execution completed"),
        "{}",
        watched.out
    );
    let json = server
        .run(["executions", "watch", execution, "--json"])
        .ok();
    let seqs: Vec<u64> = json
        .out
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert!(
        seqs.len() > 1 && seqs.windows(2).all(|two| two[0] + 1 == two[1]),
        "{seqs:?}"
    );
    // All was seen already: the answer is the same, with nothing more to show.
    let after = seqs.last().unwrap().to_string();
    let rest = server
        .run(["executions", "watch", execution, "--after", &after])
        .ok();
    assert_eq!(rest.out, "");

    let shown = server.run(["executions", "show", execution]).ok();
    assert!(
        shown.out.contains("\"ui_name\": \"plan.txt\"") && shown.out.contains(&id),
        "{}",
        shown.out
    );
    let listed = server
        .run(["executions", "list", "--type", "get_file_by_id"])
        .ok();
    assert!(listed.out.contains(execution), "{}", listed.out);
    server.run(["executions", "why", execution]).ok();
    server
        .run(["executions", "cancel", execution])
        .fails(1, "completed");
}

#[test]
fn waiting_prints_what_was_made_and_fails_with_the_execution() {
    let server = Server::start();
    let listed = server
        .run(["intent", "submit", "list_files", "limit=5", "--wait"])
        .ok();
    assert_eq!(listed.json()["limit"], 5);
    let missing = "file_id=00000000-0000-7000-8000-000000000000";
    server
        .run(["intent", "submit", "get_file_by_id", missing, "--wait"])
        .fails(5, "error:");
    server
        .run(["intent", "submit", "list_files", "limit=many", "--wait"])
        .fails(1, "/limit");
}

#[test]
fn an_intent_shows_its_parameters_in_words() {
    let server = Server::start();
    let shown = server.run(["intent", "show", "parse_content"]).ok();
    assert!(
        shown.out.contains("file_id  text, required"),
        "{}",
        shown.out
    );
    assert!(
        shown.out.contains("`structured` or `unstructured`"),
        "{}",
        shown.out
    );
    let listed = server.run(["intent", "list"]).ok();
    assert!(listed.out.contains("parse_content"), "{}", listed.out);
}

#[test]
fn a_token_is_made_used_and_revoked() {
    let server = Server::start();
    let made = server.run(["token", "create", "reader", "--scope", "read", "--json"]);
    let made = made.ok().json();
    let (id, secret) = (
        made["token_id"].as_str().unwrap(),
        made["token"].as_str().unwrap(),
    );
    server.run(["executions", "list", "--token", secret]).ok();
    server
        .run(["intent", "submit", "list_files", "--token", secret])
        .ok();
    server
        .run(["token", "list", "--token", secret])
        .fails(4, "admin");
    server.run(["token", "revoke", id, "--yes"]).ok();
    server
        .run(["executions", "list", "--token", secret])
        .fails(4, "--token");
}
