//! Webhooks over a real store and real sockets.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use civitas_model::{AgentId, SystemClock, SystemEntropy, Timestamp};
use civitas_providers::outbound::Rules;
use civitas_storage::{AuditFilter, SigningSecret, StoreOptions};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::signature::verify;
use super::*;
use crate::test_agents::{TestAgents, activate};

/// So short that all tries of a delivery take a blink.
const QUICK: Schedule = Schedule {
    first_delay: Duration::from_micros(1),
    failing_max: Duration::from_hours(1),
};

/// How a hook answers once; afterwards it answers 200.
enum Behaviour {
    Answer(&'static str),
    Hang,
    Drop,
}

struct Received {
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Received {
    fn event(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn check(&self, secret: &SigningSecret) {
        let header = |name: &str| self.headers[name].as_str();
        let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
        let now = civitas_model::Clock::now(&SystemClock);
        assert_eq!(verify(secret, headers, &self.body, now), Ok(()));
    }
}

struct Receiver {
    url: String,
    behaviours: Arc<Mutex<VecDeque<Behaviour>>>,
    received: mpsc::Receiver<Received>,
}

impl Receiver {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let behaviours: Arc<Mutex<VecDeque<Behaviour>>> = Arc::default();
        let (told, received) = mpsc::channel(4096);
        let shared = Arc::clone(&behaviours);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, Arc::clone(&shared), told.clone()));
            }
        });
        Self {
            url,
            behaviours,
            received,
        }
    }

    fn behave(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.behaviours.lock().unwrap().extend(behaviours);
    }

    async fn next(&mut self) -> Received {
        self.received.recv().await.unwrap()
    }
}

async fn answer(
    mut stream: TcpStream,
    behaviours: Arc<Mutex<VecDeque<Behaviour>>>,
    told: mpsc::Sender<Received>,
) {
    let mut read = Vec::new();
    let received = loop {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.unwrap_or(0);
        if length == 0 {
            return;
        }
        read.extend_from_slice(&piece[..length]);
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8(read[..end].to_vec()).unwrap();
        let fields = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        let headers: HashMap<String, String> = fields
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length: usize = headers["content-length"].parse().unwrap();
        let body = read[end + 4..].to_vec();
        if body.len() == length {
            break Received { headers, body };
        }
    };
    let behaviour = behaviours.lock().unwrap().pop_front();
    let text = match behaviour {
        None => "200 OK",
        Some(Behaviour::Answer(text)) => text,
        Some(Behaviour::Drop) => return,
        Some(Behaviour::Hang) => std::future::pending().await,
    };
    told.send(received).await.unwrap();
    let text = format!("HTTP/1.1 {text}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
    let _ = stream.write_all(text.as_bytes()).await;
}

struct Place {
    store: Store,
    webhooks: Webhooks,
    running: CancellationToken,
    agent: AgentId,
    caller: Caller,
    folder: TempDir,
}

/// A node's part that sends; a second one over the same folder stands for the next start.
async fn start(path: &std::path::Path, schedule: Schedule) -> (Store, Webhooks, CancellationToken) {
    let options = StoreOptions::Sqlite {
        path: path.join("civitas.db"),
    };
    let store = Store::open(&options, Arc::new(SystemClock)).await.unwrap();
    let feed = Feed::new(store.clone());
    let rules = Rules {
        plain_http: true,
        private: true,
        patience: Duration::from_secs(10),
    };
    let outbound = Outbound::new(rules).unwrap();
    let entropy = Arc::new(SystemEntropy);
    let webhooks = Webhooks::new(store.clone(), entropy, outbound, feed.clone(), schedule);
    let running = CancellationToken::new();
    tokio::spawn(running.clone().run_until_cancelled_owned(feed.run()));
    tokio::spawn(
        running
            .clone()
            .run_until_cancelled_owned(webhooks.clone().run()),
    );
    (store, webhooks, running)
}

async fn place(schedule: Schedule) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let (store, webhooks, running) = start(folder.path(), schedule).await;
    let agent = TestAgents::new(store.clone(), Arc::new(SystemEntropy))
        .add("a")
        .await;
    let caller = Caller::local_operator();
    Place {
        store,
        webhooks,
        running,
        agent,
        caller,
        folder,
    }
}

impl Place {
    async fn add(&self, url: &str, types: &[&str]) -> Webhook {
        let new = NewWebhook {
            url: url.into(),
            types: types.iter().map(|kind| (*kind).to_owned()).collect(),
            description: "for a test".into(),
            enabled: true,
            concurrency: 1,
        };
        self.webhooks.create(&self.caller, new).await.unwrap()
    }

    async fn happen(&self) {
        activate(&self.store, &self.caller.tenant_id, &self.agent).await;
    }

    async fn log(&self, webhook: &Webhook) -> Vec<Delivery> {
        let filter = DeliveryFilter::default();
        let page = self
            .webhooks
            .deliveries(&self.caller, &webhook.webhook_id, &filter, 99);
        page.await.unwrap()
    }

    /// Waits for the next notices until something holds.
    async fn until<T>(&self, mut holds: impl AsyncFnMut() -> Option<T>) -> T {
        loop {
            if let Some(found) = holds().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_delivered_signed_and_in_order() {
    let place = place(QUICK).await;
    let mut hook = Receiver::new().await;
    let webhook = place.add(&hook.url, &[]).await;
    assert!(webhook.secret.reveal().starts_with("whsec_"));
    for _ in 0..20 {
        place.happen().await;
    }
    for seq in 1..=20 {
        let received = hook.next().await;
        received.check(&webhook.secret);
        let event = received.event();
        assert_eq!(
            (event["seq"].as_u64(), &event["type"]),
            (Some(seq), &json!("agent_activated"))
        );
        assert_eq!(event["data"]["agent_name"], "a");
        assert_eq!(received.headers["content-type"], "application/json");
    }
    // While the secret is rotated, receivers of both sides are served.
    let rotated = place
        .webhooks
        .rotate(&place.caller, &webhook.webhook_id)
        .await
        .unwrap();
    assert_ne!(rotated.secret, webhook.secret);
    place.happen().await;
    let received = hook.next().await;
    received.check(&webhook.secret);
    received.check(&rotated.secret);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_types_that_were_asked_for_are_sent() {
    let place = place(QUICK).await;
    let mut hook = Receiver::new().await;
    let picky = place.add(&hook.url, &["webhook_disabled"]).await;
    let gone = Receiver::new().await;
    gone.behave([Behaviour::Answer("410 Gone")]);
    place.add(&gone.url, &[]).await;
    place.happen().await;
    let received = hook.next().await;
    assert_eq!(received.event()["type"], "webhook_disabled");
    assert_eq!(place.log(&picky).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_tried_again_under_its_id_until_it_is_taken() {
    let place = place(QUICK).await;
    let mut hook = Receiver::new().await;
    let redirect = "302 Found\r\nlocation: http://127.0.0.1:1/";
    hook.behave([
        Behaviour::Answer("500 No"),
        Behaviour::Drop,
        Behaviour::Answer(redirect),
    ]);
    let webhook = place.add(&hook.url, &[]).await;
    place.happen().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let received = hook.next().await;
        received.check(&webhook.secret);
        ids.push(received.headers["webhook-id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let delivery = place
        .until(async || {
            let delivery = place.log(&webhook).await.remove(0);
            (delivery.status == DeliveryStatus::Delivered).then_some(delivery)
        })
        .await;
    assert_eq!(delivery.delivery_id, ids[0]);
    let said: Vec<_> = delivery
        .log
        .iter()
        .map(|one| (one.status, one.error.is_some()))
        .collect();
    let expected = [
        (Some(500), true),
        (None, true),
        (Some(302), true),
        (Some(200), false),
    ];
    assert_eq!(said, expected);
    assert!(
        delivery.log[2]
            .error
            .as_ref()
            .unwrap()
            .contains("redirects"),
        "{delivery:?}"
    );
    let seen = place
        .webhooks
        .find(&place.caller, &webhook.webhook_id)
        .await
        .unwrap();
    assert_eq!((seen.failing_since, seen.failures), (None, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_slows_no_other() {
    let place = place(QUICK).await;
    let hanging = Receiver::new().await;
    hanging.behave((0..100).map(|_| Behaviour::Hang));
    place.add(&hanging.url, &[]).await;
    let mut hook = Receiver::new().await;
    place.add(&hook.url, &[]).await;
    for seq in 1..=50 {
        place.happen().await;
        assert_eq!(hook.next().await.event()["seq"], seq);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_it_was() {
    let place = place(QUICK).await;
    let mut hook = Receiver::new().await;
    // The first call never gets an answer: the server dies while it waits.
    hook.behave([Behaviour::Hang]);
    let webhook = place.add(&hook.url, &[]).await;
    place.happen().await;
    place
        .until(async || hook.behaviours.lock().unwrap().is_empty().then_some(()))
        .await;
    place.running.cancel();
    place.happen().await;
    place.happen().await;
    let (_store, _webhooks, running) = start(place.folder.path(), QUICK).await;
    for seq in 1..=3 {
        let received = hook.next().await;
        received.check(&webhook.secret);
        assert_eq!(received.event()["seq"], seq);
    }
    running.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_failures_are_the_end_until_someone_replays() {
    let place = place(QUICK).await;
    let mut hook = Receiver::new().await;
    hook.behave((0..12).map(|_| Behaviour::Answer("503 No")));
    let webhook = place.add(&hook.url, &[]).await;
    let id = webhook.webhook_id.as_str();
    place.happen().await;
    for _ in 0..12 {
        hook.next().await;
    }
    let dead = place
        .until(async || {
            let delivery = place.log(&webhook).await.remove(0);
            (delivery.status == DeliveryStatus::Dead).then_some(delivery)
        })
        .await;
    assert_eq!(dead.attempts, 12);
    let (webhooks, caller) = (&place.webhooks, &place.caller);
    let again = webhooks
        .replay(caller, id, &dead.delivery_id)
        .await
        .unwrap();
    assert_eq!(again.status, DeliveryStatus::Pending);
    let received = hook.next().await;
    received.check(&webhook.secret);
    assert_eq!(received.headers["webhook-id"], dead.delivery_id);
    // All since a time: once more.
    place
        .until(async || {
            let delivery = place.log(&webhook).await.remove(0);
            (delivery.status == DeliveryStatus::Delivered).then_some(())
        })
        .await;
    let begin = Timestamp::from_micros(0);
    let all = webhooks.replay_since(caller, id, begin).await.unwrap();
    assert_eq!((all.deliveries, all.is_partial), (1, false));
    assert_eq!(hook.next().await.event()["seq"], 1);
    let nothing = webhooks
        .replay_since(caller, id, Timestamp::from_micros(i64::MAX / 2))
        .await;
    assert_eq!(nothing.unwrap().deliveries, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_only_fails_is_disabled_with_an_event_and_an_entry() {
    let schedule = Schedule {
        failing_max: Duration::ZERO,
        ..QUICK
    };
    let place = place(schedule).await;
    let hook = Receiver::new().await;
    hook.behave((0..12).map(|_| Behaviour::Answer("500 No")));
    let webhook = place.add(&hook.url, &[]).await;
    let id = webhook.webhook_id.as_str();
    place.happen().await;
    let disabled = place
        .until(async || {
            let found = place.webhooks.find(&place.caller, id).await.unwrap();
            (!found.enabled).then_some(found)
        })
        .await;
    let reason = disabled.disabled_reason.unwrap();
    assert!(reason.contains("every try failed since"), "{reason}");
    let tenant = &place.caller.tenant_id;
    let events = place.store.published_after(tenant, 0, 9).await.unwrap();
    assert_eq!(events.last().unwrap().kind, "webhook_disabled");
    let filter = AuditFilter {
        category: Some(CATEGORY.into()),
        ..AuditFilter::default()
    };
    let entries = place
        .store
        .audit()
        .list(tenant, &filter, 9, 0)
        .await
        .unwrap();
    let actions: Vec<_> = entries
        .iter()
        .map(|stored| stored.entry.action.as_str())
        .collect();
    assert_eq!(actions, ["disable_webhook", "create_webhook"]);
    // What happens while it is disabled is not sent once it is enabled again.
    place.happen().await;
    let patch = WebhookPatch {
        enabled: Some(true),
        ..WebhookPatch::default()
    };
    let enabled = place
        .webhooks
        .update(&place.caller, id, patch)
        .await
        .unwrap();
    assert_eq!(
        (enabled.failing_since, enabled.disabled_reason),
        (None, None)
    );
    assert_eq!(place.log(&webhook).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_says_what_came_of_it() {
    let place = place(QUICK).await;
    let mut hook = Receiver::new().await;
    let webhook = place.add(&hook.url, &["halted"]).await;
    let id = webhook.webhook_id.as_str();
    let taken = place.webhooks.test(&place.caller, id).await.unwrap();
    assert_eq!(taken.status, DeliveryStatus::Delivered);
    assert_eq!(
        (taken.log[0].status, taken.log[0].answer.as_str()),
        (Some(200), "ok")
    );
    let received = hook.next().await;
    received.check(&webhook.secret);
    assert_eq!(received.event()["type"], TEST);
    hook.behave([Behaviour::Answer("404 Not Found")]);
    let refused = place.webhooks.test(&place.caller, id).await.unwrap();
    assert_eq!(
        (refused.status, refused.attempts),
        (DeliveryStatus::Dead, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_said_place_by_place_and_others_see_nothing() {
    let place = place(QUICK).await;
    let bad = NewWebhook {
        url: "http://169.254.169.254/".into(),
        types: vec!["No Type".into()],
        description: "\n".into(),
        enabled: true,
        concurrency: 0,
    };
    let Err(Error::Invalid(errors)) = place.webhooks.create(&place.caller, bad).await else {
        panic!("it was taken");
    };
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/url", "/types/0", "/description", "/concurrency"]
    );
    let webhook = place.add("http://127.0.0.1:1/", &[]).await;
    let mut other = Caller::local_operator();
    other.tenant_id = TenantId::trusted("other");
    let id = webhook.webhook_id.as_str();
    assert!(place.webhooks.list(&other).await.unwrap().is_empty());
    let webhooks = &place.webhooks;
    for outcome in [
        webhooks.find(&other, id).await.map(drop),
        webhooks.rotate(&other, id).await.map(drop),
        webhooks.delete(&other, id).await,
        webhooks.test(&other, id).await.map(drop),
        webhooks.replay(&other, id, "x").await.map(drop),
        webhooks
            .update(&other, id, WebhookPatch::default())
            .await
            .map(drop),
    ] {
        assert!(matches!(outcome, Err(Error::NotFound(_))), "{outcome:?}");
    }
}
