//! The client against real sockets, with names that resolve as the test says.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

const PRIVATE: Rules = Rules {
    plain_http: true,
    private: true,
    patience: Duration::from_secs(5),
};

/// Resolves each name to the next of some lists of addresses, then to the last one for good.
fn stand_in(lists: &[&[&str]]) -> Lookup {
    let parse = |list: &&[&str]| -> Vec<IpAddr> {
        list.iter()
            .map(|address| address.parse().unwrap())
            .collect()
    };
    let mut lists: Vec<Vec<IpAddr>> = lists.iter().map(parse).collect();
    lists.reverse();
    let lists = Mutex::new(lists);
    Arc::new(move |_| {
        let mut lists = lists.lock().unwrap();
        let found = if lists.len() > 1 {
            lists.pop().unwrap()
        } else {
            lists[0].clone()
        };
        Box::pin(async move { Ok(found) })
    })
}

/// A server that gives one answer, to the request it also gives back.
async fn answering(answer: Vec<u8>) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let mut length = 0;
        while !request[..length].ends_with(b"{}") {
            length += stream.read(&mut request[length..]).await.unwrap();
        }
        // A reader that stops early resets the connection.
        let _ = stream.write_all(&answer).await;
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    (address, serving)
}

fn body() -> Bytes {
    Bytes::from_static(b"{}")
}

async fn refused(outbound: &Outbound, url: &str) -> String {
    match outbound.post(url, &[], body()).await {
        Err(CallError::Refused(why)) => why,
        other => panic!("{url}: {other:?}"),
    }
}

#[test]
fn addresses_are_refused_in_every_spelling() {
    for url in [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://%31%32%37.0.0.1/",
        "https://127。0。0。1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[0:0:0:0:0:ffff:7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fd00::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1:8080/",
        "https://0/",
    ] {
        let refused = check(Rules::PUBLIC, url);
        let Err(CallError::Refused(why)) = refused else {
            panic!("{url}: {refused:?}");
        };
        assert!(why.contains("not public"), "{url}: {why}");
    }
}

#[test]
fn what_a_url_may_not_say_is_refused() {
    for (url, why) in [
        ("http://example.com/", "https://"),
        ("ftp://example.com/", "https://"),
        ("file:///etc/passwd", "https://"),
        ("https://user:pass@example.com/", "user name"),
        ("https://example.com/#x", "fragment"),
        ("https://example.com:6379/", "6379"),
        ("https://example.com:22/", "22"),
        ("example.com", "no URL"),
        ("https://", "no URL"),
    ] {
        let refused = check(Rules::PUBLIC, url);
        assert!(
            matches!(&refused, Err(CallError::Refused(text)) if text.contains(why)),
            "{url}: {refused:?}"
        );
    }
    let long = format!("https://example.com/{}", "x".repeat(URL_BYTES_MAX));
    assert!(check(Rules::PUBLIC, &long).is_err());
    for url in ["https://example.com/hook?x=1", "https://1.1.1.1:8443/"] {
        assert!(check(Rules::PUBLIC, url).is_ok(), "{url}");
    }
    // Where private addresses are allowed, link-local ones are not.
    assert!(check(PRIVATE, "http://127.0.0.1:6000/").is_ok());
    assert!(check(PRIVATE, "http://169.254.169.254/").is_err());
}

#[tokio::test]
async fn a_name_is_as_good_as_the_worst_of_its_addresses() {
    for addresses in [
        &["127.0.0.1"][..],
        &["1.1.1.1", "10.0.0.1"],
        &["::ffff:169.254.169.254"],
        &["fd00::1", "1.1.1.1"],
    ] {
        let outbound = Outbound::resolving(Rules::PUBLIC, stand_in(&[addresses])).unwrap();
        let why = refused(&outbound, "https://hook.example.com/").await;
        assert!(why.contains("not public"), "{addresses:?}: {why}");
    }
}

#[tokio::test]
async fn a_name_that_turns_private_is_refused_at_the_next_call() {
    // The first answer of the name server is fit to be set up; the second is the attack. Loopback stands for a public
    // address here, and a metadata address for what is never allowed.
    let (address, serving) =
        answering(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".into()).await;
    let lookup = stand_in(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let outbound = Outbound::resolving(PRIVATE, lookup).unwrap();
    let url = format!("http://rebind.example.com:{}/", address.port());
    let first = outbound.post(&url, &[], body()).await.unwrap();
    assert_eq!(first.status, 200);
    serving.await.unwrap();
    let why = refused(&outbound, &url).await;
    assert!(why.contains("169.254.169.254"), "{why}");
}

#[tokio::test]
async fn a_name_is_resolved_once_for_the_check_and_the_connection() {
    // Were it resolved again for the connection, the call would go to the second address.
    let (address, serving) = answering(b"HTTP/1.1 204 No Content\r\n\r\n".into()).await;
    let lookup = stand_in(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let outbound = Outbound::resolving(PRIVATE, lookup).unwrap();
    let url = format!("http://once.example.com:{}/hook", address.port());
    let headers = [("webhook-id", "msg_1".to_owned())];
    let answer = outbound.post(&url, &headers, body()).await.unwrap();
    assert_eq!(answer.status, 204);
    let request = serving.await.unwrap();
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("webhook-id: msg_1\r\n"), "{request}");
    assert!(request.contains("user-agent: civitas/"), "{request}");
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let answer =
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 5\r\n\r\nthere";
    let (address, _) = answering(answer.into()).await;
    let outbound = Outbound::new(PRIVATE).unwrap();
    let url = format!("http://{address}/");
    let answer = outbound.post(&url, &[], body()).await.unwrap();
    assert_eq!((answer.status, answer.excerpt.as_str()), (302, "there"));
}

#[tokio::test]
async fn ten_megabytes_are_read_for_an_excerpt_only() {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 10485760\r\n\r\n".to_vec();
    answer.resize(answer.len() + (10 << 20), b'x');
    let (address, _) = answering(answer).await;
    let outbound = Outbound::new(PRIVATE).unwrap();
    let url = format!("http://{address}/");
    let answer = outbound.post(&url, &[], body()).await.unwrap();
    assert_eq!((answer.status, answer.excerpt.len()), (200, EXCERPT_BYTES));
}

#[tokio::test]
async fn who_hangs_is_given_up_and_who_is_down_is_said_to_be() {
    // Accepted by the kernel, answered by nobody.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let patience = Duration::from_millis(50);
    let rules = Rules {
        patience,
        ..PRIVATE
    };
    let outbound = Outbound::new(rules).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let hung = outbound.post(&url, &[], body()).await;
    assert_eq!(hung, Err(CallError::TimedOut(patience)));
    drop(listener);
    let outbound = Outbound::new(PRIVATE).unwrap();
    let down = outbound.post(&url, &[], body()).await.unwrap_err();
    assert!(
        matches!(&down, CallError::Failed(why) if why.contains("cannot connect")),
        "{down:?}"
    );
}
