//! The loads.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use tokio::time::{MissedTickBehavior, interval};

use crate::client::Client;
use crate::process::Process;
use crate::records::Generator;
use crate::report::Times;

pub(crate) const NOOP: &str = r#"{"intent_type":"noop","parameters":{}}"#;
const THREE_STEPS: &str = r#"{"intent_type":"three_steps","parameters":{"number":1}}"#;

/// How a client learns of the end of its execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It does not ask.
    Unseen,
    /// `GET /api/execution/{id}/status?wait=60`.
    Status,
    /// `GET /api/execution/{id}/stream`.
    Stream,
}

/// What clients saw.
pub(crate) struct Seen {
    /// From a submission to its acknowledgement.
    pub(crate) ack: Times,
    /// From a submission to the end of its execution.
    pub(crate) end: Times,
    pub(crate) elapsed: Duration,
}

/// A closed loop: each client submits, sees the end if it wants to, and starts over.
pub(crate) async fn executions(
    process: &Process,
    in_flight: usize,
    end: End,
    time: Duration,
) -> anyhow::Result<Seen> {
    let began = Instant::now();
    let clients = (0..in_flight).map(|_| async {
        let client = process.client().await?;
        submit_until(client, end, began + time).await
    });
    let seen = try_join_all(clients).await?;
    let elapsed = began.elapsed();
    let (ack, end): (Vec<_>, Vec<_>) = seen.into_iter().unzip();
    Ok(Seen {
        ack: Times::of(ack.concat()),
        end: Times::of(end.concat()),
        elapsed,
    })
}

type Durations = Vec<Duration>;

async fn submit_until(
    mut client: Client,
    end: End,
    until: Instant,
) -> anyhow::Result<(Durations, Durations)> {
    let (mut ack, mut ended) = (Vec::new(), Vec::new());
    let body = if end == End::Unseen {
        NOOP
    } else {
        THREE_STEPS
    };
    while Instant::now() < until {
        let began = Instant::now();
        let id = client.submit(body).await?;
        ack.push(began.elapsed());
        let path = match end {
            End::Unseen => continue,
            End::Status => format!("/api/execution/{id}/status?wait=60"),
            End::Stream => format!("/api/execution/{id}/stream"),
        };
        let answer = client.get(&path).await?;
        let completed = b"\"completed\"";
        anyhow::ensure!(
            answer
                .windows(completed.len())
                .any(|window| window == completed),
            "an execution did not complete"
        );
        ended.push(began.elapsed());
    }
    Ok((ack, ended))
}

/// Light load: 200 reads per second of four kinds, while 50 executions per second come in.
pub(crate) async fn reads(process: &Process, time: Duration) -> anyhow::Result<Times> {
    let until = Instant::now() + time;
    let reading = async {
        let mut client = process.client().await?;
        let id = client.submit(THREE_STEPS).await?;
        let paths = [
            format!("/api/execution/{id}/status"),
            format!("/api/execution/{id}"),
            "/api/executions?limit=50".to_owned(),
            "/api/intents".to_owned(),
        ];
        let mut tick = interval(Duration::from_millis(5));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut times = Vec::new();
        for path in paths.iter().cycle() {
            tick.tick().await;
            if Instant::now() >= until {
                break;
            }
            let began = Instant::now();
            client.get(path).await?;
            times.push(began.elapsed());
        }
        anyhow::Ok(Times::of(times))
    };
    let writing = async {
        let mut client = process.client().await?;
        let mut tick = interval(Duration::from_millis(20));
        while Instant::now() < until {
            tick.tick().await;
            client.submit(THREE_STEPS).await?;
        }
        anyhow::Ok(())
    };
    Ok(tokio::try_join!(reading, writing)?.0)
}

/// Searches one after the other, each client its own.
pub(crate) async fn searches(
    process: &Process,
    clients: usize,
    time: Duration,
) -> anyhow::Result<Times> {
    let until = Instant::now() + time;
    let searching = (0..clients).map(|_| async {
        let mut client = process.client().await?;
        let mut generator = Generator::new();
        let mut times = Vec::new();
        while Instant::now() < until {
            let path = format!("/api/content/search?q={}", generator.question());
            let began = Instant::now();
            client.get(&path).await?;
            times.push(began.elapsed());
        }
        anyhow::Ok(times)
    });
    Ok(Times::of(try_join_all(searching).await?.concat()))
}
