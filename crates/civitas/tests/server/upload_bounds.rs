//! What bounds uploads in pieces: their time, their number, and where browsers may send them from.

use std::collections::HashSet;
use std::time::Duration;

use axum::http::Method;
use civitas_api::Access;

use crate::client::{Answer, Client};
use crate::server::TestServer;
use crate::uploads::{UPLOADS, begin, begun, offset, piece, taken_in, tus, used};

const LIFETIME: Duration = Duration::from_hours(24);

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_ran_out_is_gone_and_gives_back_what_it_held() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let half = begun(&anyone, "half.txt", 10).await;
    piece(&anyone, &half, 0, b"12345").send().await;
    server.advance(LIFETIME / 2);
    // Every byte prolongs it.
    piece(&anyone, &half, 5, b"6").send().await;
    let whole = begun(&anyone, "whole.txt", 3).await;
    taken_in(&anyone, &piece(&anyone, &whole, 0, b"abc").send().await).await;
    server.advance(LIFETIME / 2 + Duration::from_mins(1));
    assert_eq!(offset(&anyone, &half).await, 6);
    server.advance(LIFETIME / 2);
    let fresh = begun(&anyone, "fresh.txt", 7).await;
    piece(&anyone, &fresh, 0, b"123").send().await;
    assert_eq!(used(&anyone).await, (20, 3));

    let asked = tus(anyone.request(Method::HEAD, half.as_str()));
    assert_eq!(asked.send().await.status.as_u16(), 410);
    let sent = piece(&anyone, &half, 6, b"7890").send().await;
    let problem = sent.problem(410, "upload_expired");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("begin a new one"), "{detail}");

    // A node sweeps when it starts.
    let parts = server.data_dir().join("blobs/parts");
    assert_eq!(std::fs::read_dir(&parts).unwrap().count(), 2);
    let server = server.restarted().await;
    let anyone = server.anonymous();
    while used(&anyone).await != (10, 2) {
        tokio::task::yield_now().await;
    }
    let left: Vec<_> = std::fs::read_dir(&parts).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let asked = tus(anyone.request(Method::HEAD, half.as_str()));
    assert_eq!(asked.send().await.status.as_u16(), 404);
    // What had time left goes on, and what was whole is a file.
    let last = piece(&anyone, &fresh, 3, b"4567").send().await;
    taken_in(&anyone, &last).await;
    assert_eq!(used(&anyone).await, (10, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_so_many_uploads_open_and_no_more() {
    let server = TestServer::with(|config| {
        config.access = Access::Credentials;
        config.quotas.open_uploads = 2;
    })
    .await;
    let ada = server.user("ada@x.example").await;
    let first = begun(&ada, "1.txt", 1).await;
    let second = begun(&ada, "2.txt", 2).await;
    let refused = begin(&ada, "3.txt", 3).send().await;
    let problem = refused.problem(429, "rate_limit_exceeded");
    assert_eq!(problem["open_uploads_max"], 2);
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("2 uploads open") && detail.contains("cancel"),
        "{detail}"
    );
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(used(&ada).await, (3, 2), "what was refused holds no room");
    // Nobody pays for others.
    let bob = server.user("bob@x.example").await;
    begun(&bob, "1.txt", 1).await;
    // A whole one is not open, and neither is a cancelled one.
    taken_in(&ada, &piece(&ada, &first, 0, b"1").send().await).await;
    begun(&ada, "3.txt", 3).await;
    begin(&ada, "4.txt", 4)
        .send()
        .await
        .problem(429, "rate_limit_exceeded");
    tus(ada.delete(second.as_str())).send().await;
    begun(&ada, "4.txt", 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_begin_at_once_do_not_pass_the_bound() {
    let server = TestServer::with(|config| config.quotas.open_uploads = 5).await;
    let anyone = server.anonymous();
    let begun = (0..20).map(|number| {
        let anyone = anyone.clone();
        tokio::spawn(async move {
            let name = format!("{number}.txt");
            begin(&anyone, &name, 1).send().await.status.as_u16()
        })
    });
    let mut answered = Vec::new();
    for upload in begun.collect::<Vec<_>>() {
        answered.push(upload.await.unwrap());
    }
    let taken = answered.iter().filter(|status| **status == 201).count();
    let refused = answered.iter().filter(|status| **status == 429).count();
    assert_eq!((taken, refused), (5, 15), "{answered:?}");
}

/// What a browser asks before a request that is not simple.
async fn preflight(client: &Client, origin: &str, method: &str, headers: &str) -> Answer {
    client
        .request(Method::OPTIONS, format!("{UPLOADS}/x"))
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers)
        .send()
        .await
}

/// The values of a list, in lower case.
fn listed(answer: &Answer, header: &str) -> HashSet<String> {
    let values = answer.header(header).split(',');
    values
        .map(|value| value.trim().to_ascii_lowercase())
        .collect()
}

/// Does what `tus-js-client` does in a page of this origin, and looks at what its browser would let it do and see.
async fn works_in_a_browser(client: &Client, origin: &str, allowed_origin: &str) {
    let sent = "authorization,content-type,tus-resumable,upload-length,upload-metadata,upload-offset,upload-checksum,repr-digest,x-http-method-override,x-request-id";
    for method in ["POST", "PATCH", "HEAD", "DELETE"] {
        let asked = preflight(client, origin, method, sent).await;
        assert!(asked.status.is_success(), "{method}");
        assert_eq!(asked.header("access-control-allow-origin"), allowed_origin);
        let methods = listed(&asked, "access-control-allow-methods");
        assert!(
            methods.contains(&method.to_ascii_lowercase()),
            "{methods:?}"
        );
        let headers = listed(&asked, "access-control-allow-headers");
        for header in sent.split(',') {
            assert!(headers.contains(header), "{header}: {headers:?}");
        }
    }
    let readable = |answer: &Answer, headers: &[&str]| {
        assert_eq!(answer.header("access-control-allow-origin"), allowed_origin);
        let exposed = listed(answer, "access-control-expose-headers");
        for header in headers {
            assert_ne!(answer.header(header), "", "{header}");
            assert!(exposed.contains(*header), "{header}: {exposed:?}");
        }
    };
    let begun = begin(client, "a.txt", 4).header("origin", origin).send();
    let begun = begun.await;
    assert_eq!(begun.status.as_u16(), 201, "{}", begun.text());
    readable(&begun, &["location", "tus-resumable", "upload-expires"]);
    let place = begun.header("location").to_owned();
    let piece_at = |at, bytes| piece(client, &place, at, bytes).header("origin", origin);
    let half = piece_at(0, b"12").send().await;
    readable(&half, &["upload-offset", "upload-expires"]);
    // A refusal can be read, too: a client goes on from what it says.
    let wrong = piece_at(0, b"12").send().await;
    wrong.problem(409, "conflict");
    readable(&wrong, &["tus-resumable", "x-request-id"]);
    let asked = tus(client.request(Method::HEAD, place.as_str())).header("origin", origin);
    readable(&asked.send().await, &["upload-offset", "upload-length"]);
    let last = piece_at(2, b"34").send().await;
    readable(&last, &["civitas-execution-id", "civitas-file-id"]);
    taken_in(client, &last).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_uploads_in_pieces() {
    let origin = "https://app.example";
    let server = TestServer::with(|config| {
        config.access = Access::Credentials;
        config.origins = vec![origin.into()];
    })
    .await;
    let ada = server.user("ada@x.example").await;
    works_in_a_browser(&ada, origin, origin).await;
    let other = preflight(&ada, "https://evil.example", "PATCH", "upload-offset").await;
    assert_eq!(other.header("access-control-allow-origin"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_this_machine_uploads_to_a_development_server() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    works_in_a_browser(&anyone, "http://localhost:3000", "*").await;
    // Whatever a page of another site asked before, its request is refused.
    let other = begin(&anyone, "b.txt", 4).header("origin", "https://evil.example");
    other.send().await.problem(403, "origin_not_allowed");
}
