//! The load: clients that submit and follow until the server dies.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::client::{Client, Lost};
use crate::gate;
use crate::ledger::{Entry, Ledger, Submission};

const SUBMITTERS: u64 = 8;
const FOLLOWERS: usize = 4;
/// Executions that wait to be followed; more are not.
const TO_FOLLOW: usize = 64;

/// What clients do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Files come in and are parsed, some under a key, some of them sent twice, some followed; agents' calls are decided, some
    /// by people, some asked for twice.
    Mixed,
    /// Files come in and calls are asked for, through someone who acknowledges too early; nothing is sent twice, for that would repair it.
    AcknowledgedTooEarly,
}

/// Clients at work.
pub(crate) struct Load {
    tasks: JoinSet<()>,
    acknowledged: Arc<Semaphore>,
}

impl Load {
    pub(crate) fn start(
        address: SocketAddr,
        ledger: &Arc<Ledger>,
        calls: &gate::Here,
        traffic: Traffic,
        seed: u64,
    ) -> Self {
        let acknowledged = Arc::new(Semaphore::new(0));
        let (to_follow, followed) = mpsc::channel(TO_FOLLOW);
        let mut tasks = JoinSet::new();
        let calls = gate::Here {
            address,
            acknowledged: Arc::clone(&acknowledged),
            ..calls.clone()
        };
        calls.start(&mut tasks, traffic, seed);
        for number in 0..SUBMITTERS {
            let submitter = Submitter {
                ledger: Arc::clone(ledger),
                random: StdRng::seed_from_u64(seed.wrapping_add(number)),
                traffic,
                next: VecDeque::new(),
                acknowledged: Arc::clone(&acknowledged),
                to_follow: to_follow.clone(),
            };
            tasks.spawn(async move {
                // It ends when the server does.
                let Err(Lost) = submitter.run(address).await;
            });
        }
        drop(to_follow);
        if traffic == Traffic::Mixed {
            let followed = Arc::new(Mutex::new(followed));
            let unfinished = Arc::new(Mutex::new(ledger.unfinished()));
            for _ in 0..FOLLOWERS {
                let ledger = Arc::clone(ledger);
                let (followed, unfinished) = (Arc::clone(&followed), Arc::clone(&unfinished));
                tasks.spawn(async move {
                    loop {
                        let before = unfinished.lock().await.pop();
                        let id = match before {
                            Some(id) => Some(id),
                            None => followed.lock().await.recv().await,
                        };
                        let Some(id) = id else { return };
                        // Lost streams are gone on with in the next round.
                        let _ = follow(address, &ledger, &id).await;
                    }
                });
            }
        }
        Self {
            tasks,
            acknowledged,
        }
    }

    /// Waits until so many submissions, calls and decisions were acknowledged in this round.
    pub(crate) async fn acknowledged(&self, count: u32, patience: Duration) {
        let reached = self.acknowledged.acquire_many(count);
        // A slow machine acknowledges less: the moment is random either way.
        let _ = tokio::time::timeout(patience, reached).await;
    }

    /// Waits until every client has noticed that the server is gone.
    pub(crate) async fn end(self) {
        self.tasks.join_all().await;
    }
}

struct Submitter {
    ledger: Arc<Ledger>,
    random: StdRng,
    traffic: Traffic,
    next: VecDeque<Submission>,
    acknowledged: Arc<Semaphore>,
    to_follow: mpsc::Sender<String>,
}

impl Submitter {
    async fn run(mut self, address: SocketAddr) -> Result<std::convert::Infallible, Lost> {
        let mut client = Client::connect(address).await?;
        loop {
            let submission = self.choose();
            let Some(execution_id) = submit(&mut client, &self.ledger, submission).await? else {
                continue;
            };
            self.acknowledged.add_permits(1);
            if self.traffic == Traffic::AcknowledgedTooEarly {
                continue;
            }
            // Only as many as there is room for.
            let _ = self.to_follow.try_send(execution_id.clone());
            if self.random.random_ratio(1, 4) {
                let path = format!("/api/execution/{execution_id}/status?wait=5");
                let (_, status) = client.call("GET", &path, None).await?;
                self.parse_later(&status);
            }
        }
    }

    fn choose(&mut self) -> Submission {
        if self.traffic == Traffic::Mixed {
            let mut evidence = self.ledger.lock();
            if let Some(unanswered) = evidence.unanswered.pop() {
                return unanswered;
            }
            let count = evidence.repeatable.len();
            if count > 0 && self.random.random_ratio(1, 10) {
                return evidence.repeatable[self.random.random_range(0..count)].clone();
            }
        }
        if let Some(next) = self.next.pop_front() {
            return next;
        }
        let word = self.word();
        let parameters = json!({
            "ingestion_type": "api", "ui_name": format!("{word}.json"), "api_payload": { "word": word },
        });
        let has_key = self.traffic == Traffic::Mixed && self.random.random();
        Submission::new(word, "ingest_file", &parameters, has_key)
    }

    /// A word that nobody used before, of letters only, so that search takes it as one.
    fn word(&mut self) -> String {
        let letters = (0..16).map(|_| self.random.random_range(b'a'..=b'z'));
        letters.map(char::from).collect()
    }

    /// Once a file is in, it can be parsed.
    fn parse_later(&mut self, status: &Value) {
        let Some(id) = status["artifacts"]["file"]["semantic_payload"]["file_id"].as_str() else {
            return;
        };
        let intent_id = self.word();
        let parameters = json!({ "file_id": id });
        let has_key = self.random.random();
        self.next.push_back(Submission::new(
            intent_id,
            "parse_content",
            &parameters,
            has_key,
        ));
    }
}

/// Submits, and writes down what came of it. The execution's id when it was acknowledged.
async fn submit(
    client: &mut Client,
    ledger: &Ledger,
    submission: Submission,
) -> Result<Option<String>, Lost> {
    let sent = client.call("POST", "/api/intent/submit", Some(submission.body()));
    match sent.await {
        Ok((200, answer)) => {
            ledger.acknowledge(submission, &answer);
            Ok(answer["execution_id"].as_str().map(str::to_owned))
        }
        // Two of us sent the same at the same time: one of them is answered.
        Ok((409, _)) if submission.has_key => Ok(None),
        Ok((status, answer)) => {
            let refusal = format!("{status} for {}: {answer}", submission.body());
            ledger.lock().refused.push(refusal);
            Ok(None)
        }
        Err(Lost) => {
            if submission.has_key {
                ledger.lock().unanswered.push(submission);
            }
            Err(Lost)
        }
    }
}

/// Follows an execution to its end from where it was left.
async fn follow(address: SocketAddr, ledger: &Ledger, execution_id: &str) -> Result<(), Lost> {
    if !ledger.lock().following.insert(execution_id.to_owned()) {
        return Ok(());
    }
    let followed = follow_on(address, ledger, execution_id).await;
    ledger.lock().following.remove(execution_id);
    followed
}

async fn follow_on(address: SocketAddr, ledger: &Ledger, execution_id: &str) -> Result<(), Lost> {
    let mut client = Client::connect(address).await?;
    let after = ledger.last_seen(execution_id);
    let path = format!("/api/execution/{execution_id}/stream?after={after}");
    client
        .lines(&path, |message| {
            if let Some(entry) = Entry::read(&message) {
                let mut evidence = ledger.lock();
                let seen = evidence.seen.entry(execution_id.to_owned());
                seen.or_default().push(entry);
            }
        })
        .await
}

/// Sends again what was never answered, follows every stream to its end, and waits until nothing runs.
pub(crate) async fn finish(address: SocketAddr, ledger: &Ledger) {
    let mut client = Client::connect(address).await.unwrap();
    loop {
        let Some(submission) = ledger.lock().unanswered.pop() else {
            break;
        };
        submit(&mut client, ledger, submission).await.unwrap();
    }
    for execution_id in ledger.unfinished() {
        follow(address, ledger, &execution_id).await.unwrap();
    }
    loop {
        let page = client
            .get("/api/executions?status=pending,running,waiting&limit=200")
            .await;
        let executions = page["executions"].as_array().unwrap();
        if executions.is_empty() {
            return;
        }
        for execution in executions {
            let id = execution["execution_id"].as_str().unwrap();
            client
                .get(&format!("/api/execution/{id}/status?wait=60"))
                .await;
        }
    }
}
