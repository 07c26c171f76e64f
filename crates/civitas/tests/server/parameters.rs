//! What is wrong with a submission is said at once, with its place, and nothing of it is recorded.

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::server::TestServer;

const SUBMIT: &str = "/api/intent/submit";

async fn submit(client: &Client, body: &Value) -> Answer {
    client.post(SUBMIT).json(body).send().await
}

/// The first thing that is wrong with these parameters: where, and what.
async fn wrong(client: &Client, intent_type: &str, parameters: Value) -> (String, String) {
    let body = json!({ "intent_type": intent_type, "parameters": parameters });
    let problem = submit(client, &body)
        .await
        .problem(422, "validation_failed");
    let error = &problem["errors"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&error["pointer"]), text(&error["detail"]))
}

async fn recorded(client: &Client) -> Value {
    client.get("/api/executions").send().await.ok()["executions"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_content_or_with_broken_content_is_never_recorded() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for (parameters, pointer, said) in [
        (json!({}), "/parameters/file_content", "no content was sent"),
        (
            json!({ "file_content": "48g5" }),
            "/parameters/file_content",
            "character 3 is 'g'",
        ),
        (
            json!({ "file_content": "486" }),
            "/parameters/file_content",
            "odd number",
        ),
        (
            json!({ "file_content": "48", "edi_data": "48" }),
            "/parameters/edi_data",
            "a file has one source",
        ),
        (
            json!({ "ingestion_type": "edi", "edi_data": "48" }),
            "/parameters/partner_id",
            "is missing",
        ),
        (
            json!({ "ingestion_type": "edi", "partner_id": "p", "edi_data": "xx" }),
            "/parameters/edi_data",
            "not hexadecimal",
        ),
        (
            json!({ "ingestion_type": "api" }),
            "/parameters/api_payload",
            "no content was sent",
        ),
        (
            json!({ "file_content": "48", "ui_name": "\u{0}" }),
            "/parameters/ui_name",
            "nothing that can be shown",
        ),
    ] {
        let mut whole = json!({ "ui_name": "x" });
        let members = parameters.as_object().unwrap().clone();
        whole.as_object_mut().unwrap().extend(members);
        let (seen, detail) = wrong(&anyone, "ingest_file", whole).await;
        assert_eq!(seen, pointer, "{parameters}: {detail}");
        assert!(detail.contains(said), "{parameters}: {detail}");
    }
    assert_eq!(recorded(&anyone).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_known_or_missing_comes_with_the_nearest() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for (intent_type, parameters, pointer, said) in [
        (
            "list_files",
            json!({ "limitt": 1 }),
            "/parameters/limitt",
            "is not known here: perhaps you mean limit",
        ),
        (
            "get_file_by_id",
            json!({}),
            "/parameters/file_id",
            "is missing: send it",
        ),
        (
            "archive_file",
            json!({}),
            "/parameters/file_id",
            "no file is named: send file_id or file_reference",
        ),
        (
            "get_parsed_file",
            json!({}),
            "/parameters/parsed_file_id",
            "no result is named: send parsed_file_id or file_id",
        ),
        (
            "search_files",
            json!({ "query": " " }),
            "/parameters/query",
            "query is blank: say what to look for, or use list_files to see every file",
        ),
        (
            "get_file_by_id",
            json!({ "file_id": "" }),
            "/parameters/file_id",
            "\"\" is shorter than 1 character",
        ),
    ] {
        let (seen, detail) = wrong(&anyone, intent_type, parameters).await;
        assert_eq!((seen.as_str(), detail.as_str()), (pointer, said));
    }
    let body = json!({ "intent_type": "get_file_by_id", "parameters": { "fileid": "x" } });
    let problem = submit(&anyone, &body)
        .await
        .problem(422, "validation_failed");
    let expected = json!([
        {
            "pointer": "/parameters/fileid",
            "detail": "is not known here: perhaps you mean file_id",
        },
        {
            "pointer": "/parameters/file_id",
            "detail": "is missing: perhaps it is what you sent as fileid",
        },
    ]);
    assert_eq!(problem["errors"], expected);
    assert_eq!(recorded(&anyone).await, json!([]));
    // Who and where may stand among the parameters of any intent, as older clients put them there.
    let context = json!({
        "tenant_id": "default_tenant", "user_id": "u", "session_id": "s", "solution_id": "sol", "events": 0,
    });
    anyone.run("count", context).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_is_refused_wherever_it_is_named() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    for (body, place) in [
        (json!({ "tenant_id": "another" }), "/tenant_id"),
        (
            json!({ "metadata": { "tenant_id": "another" } }),
            "/metadata/tenant_id",
        ),
        (
            json!({ "parameters": { "tenant_id": "another" } }),
            "/parameters/tenant_id",
        ),
    ] {
        let mut whole = json!({ "intent_type": "list_files" });
        let members = body.as_object().unwrap().clone();
        whole.as_object_mut().unwrap().extend(members);
        let problem = submit(&user, &whole).await.problem(403, "forbidden");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("at {place},")), "{detail}");
    }
    assert_eq!(recorded(&user).await, json!([]));
    let tenant = user.get("/api/auth/me").send().await.ok()["tenant_id"].clone();
    let own = json!({
        "intent_type": "list_files", "tenant_id": tenant,
        "parameters": { "tenant_id": tenant }, "metadata": { "tenant_id": tenant },
    });
    let accepted = submit(&user, &own).await.ok();
    user.ended(accepted["execution_id"].as_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_someone_else_is_refused_and_an_unknown_one_is_a_label() {
    let server = TestServer::credentials().await;
    let (ada, bob) = (
        server.user("ada@x.example").await,
        server.user("bob@x.example").await,
    );
    let session = ada.post("/api/session/create").send().await.ok()["session_id"].clone();
    let anonymous = server.anonymous().post("/api/session/create-anonymous");
    let anonymous = anonymous.send().await.ok();
    let body = |session: &Value| json!({ "intent_type": "list_files", "session_id": session });
    for foreign in [&session, &anonymous["session_id"]] {
        submit(&bob, &body(foreign)).await.problem(403, "forbidden");
        let pending = json!({
            "intent_type": "parse_content", "target_artifact_id": "a", "context": {}, "session_id": foreign,
        });
        let pending = bob.post("/api/intent/pending/create").json(&pending);
        pending.send().await.problem(403, "forbidden");
        let form = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"session_id\"\r\n\r\n{}\r\n\
             --edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nwords\r\n--edge--\r\n",
            foreign.as_str().unwrap()
        );
        let upload = bob.post("/api/content/files").body(form);
        let upload = upload.header("content-type", "multipart/form-data; boundary=edge");
        upload.send().await.problem(403, "forbidden");
    }
    assert_eq!(recorded(&bob).await, json!([]));
    for (client, own) in [(&ada, &session), (&bob, &json!("made up"))] {
        let accepted = submit(client, &body(own)).await.ok();
        let ended = client.ended(accepted["execution_id"].as_str().unwrap());
        assert_eq!(ended.await["status"], "completed");
    }
    let secret = anonymous["session_token"].as_str().unwrap().to_owned();
    let holder = Client::new(server.address, Some(secret));
    let accepted = submit(&holder, &body(&anonymous["session_id"])).await.ok();
    holder
        .ended(accepted["execution_id"].as_str().unwrap())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_operator_submits_under_any_session() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let session = anyone.post("/api/session/create-anonymous").send().await;
    let body = json!({ "intent_type": "list_files", "session_id": session.ok()["session_id"] });
    let accepted = submit(&anyone, &body).await.ok();
    anyone
        .ended(accepted["execution_id"].as_str().unwrap())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_has_one_idempotency_key_that_is_not_empty() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let ask = |headers: &[&str], field: Option<&str>| {
        let mut body = json!({ "intent_type": "count", "parameters": { "events": 0 } });
        if let Some(field) = field {
            body["idempotency_key"] = json!(field);
        }
        let request = anyone.post(SUBMIT).json(&body);
        let request = headers.iter().fold(request, |request, key| {
            request.header("idempotency-key", key)
        });
        request.send()
    };
    for (headers, field) in [
        (&["one"][..], Some("two")),
        (&["one"], Some("")),
        (&[""], None),
        (&[], Some("")),
        (&["one", "one"], None),
        (&["\u{e9}"], None),
    ] {
        let problem = ask(headers, field).await.problem(422, "validation_failed");
        assert_eq!(
            problem["errors"][0]["pointer"], "/idempotency_key",
            "{headers:?} {field:?}"
        );
    }
    assert_eq!(recorded(&anyone).await, json!([]));
    let accepted = ask(&["one"], Some("one")).await.ok();
    let execution = accepted["execution_id"].as_str().unwrap();
    anyone.ended(execution).await;
    assert_eq!(ask(&["one"], None).await.ok()["execution_id"], execution);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_missing_or_mistaken_is_named_in_plain_words() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for (path, body, pointer, said) in [
        (SUBMIT, json!({}), "/intent_type", "is missing: send it"),
        (
            SUBMIT,
            json!({ "intent_type": 7 }),
            "/intent_type",
            "must be a string, not integer `7`",
        ),
        (
            SUBMIT,
            json!({ "intent_type": "count", "parameters": [] }),
            "/parameters",
            "must be an object, not an array",
        ),
        (
            "/api/artifact/resolve",
            json!({ "artifact_id": "a" }),
            "/artifact_type",
            "is missing: send it",
        ),
        (
            "/api/artifact/list",
            json!({ "limit": "ten" }),
            "/limit",
            "must be a whole number, 0 or more, not string \"ten\"",
        ),
    ] {
        let answer = anyone.post(path).json(&body).send().await;
        let problem = answer.problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!(error["pointer"], pointer, "{body}");
        assert_eq!(error["detail"], said, "{body}");
    }
}

/// Every operation with a JSON body, from the OpenAPI document: a new one cannot be forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn an_array_is_never_taken_for_an_object() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let document = operator.get("/openapi.json").send().await.ok();
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            // Telemetry is answered in the form of its own standard.
            let is_telemetry = path.starts_with("/otlp/");
            if is_telemetry || operation["requestBody"]["content"]["application/json"].is_null() {
                continue;
            }
            let method = method.to_uppercase().parse().unwrap();
            let path = path.replace(['{', '}'], "");
            let request = operator.request(method, &path);
            let array = json!(["a", "b", "c", "d", "e", "f", "g", "h"]);
            let problem = request.json(&array).send().await;
            let problem = problem.problem(422, "validation_failed");
            assert_eq!(
                problem["detail"], "the body must be a JSON object",
                "{path}"
            );
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen}");
}
