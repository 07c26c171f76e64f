//! Charges with idempotency keys, sent again after every kill until they are answered: each is made once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::ROUND_MAX;
use crate::client::{Client, Lost};
use crate::server::Place;

/// Who charges at the same time.
const CLIENTS: usize = 4;

/// One client: what it has been answered, and the request that it does not know of.
struct Charging {
    client: usize,
    made: u64,
    /// Of these, the ones that a kill cut off between the commit and the answer.
    cut_off: u64,
    /// Of these, the ones that were answered as before.
    again: u64,
    /// A permit for each answer, for whoever waits for some.
    answered: Arc<Semaphore>,
}

impl Charging {
    /// Charges until the connection is lost, beginning with what is in doubt; at most so many.
    async fn go_on(&mut self, address: SocketAddr, most: u64) -> Result<(), Lost> {
        let mut connection = Client::connect(address).await?;
        let body = json!({ "agent_id": "charged", "tokens_used": 1 }).to_string();
        let end = self.made.saturating_add(most);
        while self.made < end {
            let key = format!("{}-{}", self.client, self.made);
            let headers = [
                ("content-type", "application/json"),
                ("idempotency-key", key.as_str()),
            ];
            let path = "/api/v1/budget/deduct";
            let sent = connection.exchange("POST", path, &headers, body.clone().into());
            let answer = sent.await?;
            let status = answer.status().as_u16();
            let is_again = answer.headers().contains_key("idempotent-replayed");
            let bytes = answer.into_body().collect().await.map_err(|_| Lost)?;
            let said: Value = serde_json::from_slice(&bytes.to_bytes()).map_err(|_| Lost)?;
            match (status, said["code"].as_str()) {
                (201, _) => self.again += u64::from(is_again),
                (409, Some("idempotency_answer_not_kept")) => self.cut_off += 1,
                _ => panic!("{status}: {said}"),
            }
            self.made += 1;
            self.answered.add_permits(1);
        }
        Ok(())
    }
}

/// Somebody who may spend for as long as they live, so that the day may end meanwhile.
async fn prepare(address: SocketAddr) {
    let mut client = Client::connect(address).await.unwrap();
    let agent = json!({
        "name": "charged", "role": "developer", "capabilities": [], "rbac_allowed_tools": [],
        "rbac_path_scopes": [], "budget_max_tokens_per_session": 1000, "budget_max_cost_per_day": 1,
        "metadata_category": "foundry",
    });
    let (status, made) = client
        .call("POST", "/api/v1/agents", Some(&agent))
        .await
        .unwrap();
    assert_eq!(status, 201, "{made}");
    let cap = json!({ "max_tokens": 1_000_000_000, "period": "life" });
    let path = "/api/v1/budgets/agent:charged";
    let (status, set) = client.call("PUT", path, Some(&cap)).await.unwrap();
    assert_eq!(status, 200, "{set}");
}

/// Kills the server `rounds` times while charges are made, and counts them.
pub(crate) async fn run(place: &Place, rounds: u64, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let answered = Arc::new(Semaphore::new(0));
    let mut all: Vec<Charging> = (0..CLIENTS)
        .map(|client| Charging {
            client,
            made: 0,
            cut_off: 0,
            again: 0,
            answered: Arc::clone(&answered),
        })
        .collect();
    for round in 0..rounds {
        let server = place.spawn().ready().await;
        let address = server.address();
        if round == 0 {
            prepare(address).await;
        }
        let charging = all.into_iter().map(|mut one| {
            tokio::spawn(async move {
                let _ = one.go_on(address, u64::MAX).await;
                one
            })
        });
        let charging: Vec<_> = charging.collect();
        let enough = answered.acquire_many(random.random_range(1..40));
        if let Ok(Ok(some)) = tokio::time::timeout(ROUND_MAX, enough).await {
            some.forget();
        }
        tokio::time::sleep(Duration::from_micros(random.random_range(0..40_000))).await;
        server.kill().await;
        all = Vec::new();
        for one in charging {
            all.push(one.await.unwrap());
        }
    }
    let server = place.spawn().ready().await;
    for one in &mut all {
        one.go_on(server.address(), 1).await.unwrap();
    }
    let mut client = Client::connect(server.address()).await.unwrap();
    let budget = client.get("/api/v1/budgets/agent:charged").await;
    server.kill().await;
    let sum = |of: fn(&Charging) -> u64| all.iter().map(of).sum::<u64>();
    let (made, again, cut_off) = (
        sum(|one| one.made),
        sum(|one| one.again),
        sum(|one| one.cut_off),
    );
    eprintln!("{rounds} kills, {made} charges, {again} answered as before, {cut_off} cut off");
    assert!(made > 0, "there was something to find out");
    assert_eq!(budget["tokens_used"], made, "{budget}");
}
