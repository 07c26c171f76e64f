//! The crash test: the real binary, killed with `kill -9` at random moments under load, again and again; then everything
//! that was promised is looked for.
//!
//! `CIVITAS_CRASH_ROUNDS` sets the rounds (20 when absent), `CIVITAS_CRASH_SEED` the moments. `cargo xtask crash
//! --rounds 200` is the long run. With `CIVITAS_TEST_POSTGRES_URL` it also runs, in fewer rounds, over PostgreSQL.
#![cfg(test)]

mod check;
mod client;
mod facts;
mod impostor;
mod ledger;
mod load;
mod server;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::check::{Finding, check};
use crate::facts::Facts;
use crate::impostor::Impostor;
use crate::ledger::Ledger;
use crate::load::{Load, Traffic};
use crate::server::Place;

const ROUNDS: u64 = 20;
const SEED: u64 = 0x00c1_0175;
/// A round is cut short after this time, however little was acknowledged.
const ROUND_MAX: Duration = Duration::from_secs(2);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// What a run has to show for itself.
struct Report {
    findings: Vec<Finding>,
    acknowledged: usize,
    followed: usize,
}

/// Kills the server `rounds` times, lets it finish, and looks for what was promised.
async fn run(place: &Place, rounds: u64, traffic: Traffic) -> Report {
    let ledger = Arc::new(Ledger::default());
    let seed = setting("CIVITAS_CRASH_SEED", SEED);
    for round in 0..rounds {
        let mut random = StdRng::seed_from_u64(seed.wrapping_add(round));
        if random.random_ratio(1, 5) {
            // Recovery itself must survive a crash.
            let starting = place.spawn();
            tokio::time::sleep(Duration::from_millis(random.random_range(0..300))).await;
            starting.kill().await;
        }
        let server = place.spawn().ready().await;
        let impostor = match traffic {
            Traffic::Mixed => None,
            Traffic::AcknowledgedTooEarly => Some(Impostor::start(server.address()).await),
        };
        let address = impostor
            .as_ref()
            .map_or(server.address(), Impostor::address);
        let load = Load::start(address, &ledger, traffic, random.random());
        load.acknowledged(random.random_range(1..250), ROUND_MAX)
            .await;
        tokio::time::sleep(Duration::from_micros(random.random_range(0..40_000))).await;
        server.kill().await;
        if let Some(impostor) = impostor {
            impostor.stop().await;
        }
        load.end().await;
    }
    let server = place.spawn().ready().await;
    load::finish(server.address(), &ledger).await;
    let facts = Facts::gather(server.address()).await;
    server.kill().await;
    let report = Report {
        findings: check(&ledger.evidence(), &facts),
        acknowledged: ledger.evidence().acknowledged.len(),
        followed: ledger.evidence().seen.len(),
    };
    eprintln!(
        "seed {seed}: {rounds} kills, {} acknowledged, {} executions, {} streams, {} files, {} findings",
        report.acknowledged,
        facts.executions.len(),
        report.followed,
        facts.files.len(),
        report.findings.len()
    );
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_done_twice() {
    let place = Place::sqlite();
    let report = run(
        &place,
        setting("CIVITAS_CRASH_ROUNDS", ROUNDS),
        Traffic::Mixed,
    )
    .await;
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert!(report.acknowledged > 0 && report.followed > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_done_twice_over_postgresql() {
    let Some(place) = Place::postgres().await else {
        eprintln!("skipped: CIVITAS_TEST_POSTGRES_URL is not set");
        return;
    };
    let rounds = setting("CIVITAS_CRASH_ROUNDS", ROUNDS).div_ceil(4);
    let report = run(&place, rounds, Traffic::Mixed).await;
    place.discard().await;
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert!(report.acknowledged > 0 && report.followed > 0);
}

/// The planted defect: between the clients and the server stands one that acknowledges before anything is durable.
#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_before_the_commit_is_found() {
    let place = Place::sqlite();
    let report = run(&place, 3, Traffic::AcknowledgedTooEarly).await;
    let lost = |finding: &Finding| matches!(finding, Finding::Lost { .. });
    assert!(report.findings.iter().any(lost));
    assert!(
        report.findings.iter().all(lost),
        "the server did nothing wrong: {:#?}",
        report.findings
    );
}
