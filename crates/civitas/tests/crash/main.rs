//! The crash test: the real binary, killed with `kill -9` at random moments under load, again and again; then everything
//! that was promised is looked for.
//!
//! `CIVITAS_CRASH_ROUNDS` sets the rounds (20 when absent), `CIVITAS_CRASH_SEED` the moments. `cargo xtask crash
//! --rounds 200` is the long run. With `CIVITAS_TEST_POSTGRES_URL` it also runs, in fewer rounds, over PostgreSQL.
#![cfg(test)]

mod check;
mod client;
mod facts;
mod gate;
mod impostor;
mod keys;
mod ledger;
mod load;
mod server;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::Semaphore;

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
    /// Calls that were answered, and of these the ones that people let through or not.
    answered: usize,
    approved: usize,
    denied: usize,
}

impl Report {
    /// Fails unless there was something to find out, and nothing was wrong.
    fn must_be_sound(&self) {
        assert!(self.findings.is_empty(), "{:#?}", self.findings);
        assert!(self.acknowledged > 0 && self.followed > 0);
        assert!(self.answered > 0 && self.approved > 0 && self.denied > 0);
    }
}

/// A server that has everyone whom the load needs, and is killed like any other.
async fn prepared(place: &Place) -> gate::Here {
    let server = place.spawn().ready().await;
    let address = server.address();
    let setting = gate::Setting::prepare(address).await;
    server.kill().await;
    gate::Here {
        address,
        setting: Arc::new(setting),
        ledger: Arc::default(),
        acknowledged: Arc::new(Semaphore::new(0)),
    }
}

/// Kills the server `rounds` times, lets it finish, and looks for what was promised.
async fn run(place: &Place, rounds: u64, traffic: Traffic) -> Report {
    let ledger = Arc::new(Ledger::default());
    let seed = setting("CIVITAS_CRASH_SEED", SEED);
    let mut calls = prepared(place).await;
    for round in 0..rounds {
        let mut random = StdRng::seed_from_u64(seed.wrapping_add(round));
        if random.random_ratio(1, 5) {
            // Recovery itself must survive a crash.
            let starting = place.spawn();
            tokio::time::sleep(Duration::from_millis(random.random_range(0..300))).await;
            starting.kill().await;
        }
        let server = place.spawn().ready().await;
        calls.address = server.address();
        let impostor = match traffic {
            Traffic::Mixed => {
                gate::look(&calls).await;
                None
            }
            Traffic::AcknowledgedTooEarly => Some(Impostor::start(server.address()).await),
        };
        let address = impostor
            .as_ref()
            .map_or(server.address(), Impostor::address);
        let load = Load::start(address, &ledger, &calls, traffic, random.random());
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
    calls.address = server.address();
    load::finish(server.address(), &ledger).await;
    let looking = decisions(&calls, traffic, seed);
    let (mut findings, facts) = tokio::join!(looking, Facts::gather(server.address()));
    server.kill().await;
    let entries = place.verify().await;
    findings.extend(entries.as_ref().err().cloned().map(gate::Finding::Audit));
    let mut all = check(&ledger.evidence(), &facts);
    all.extend(findings.into_iter().map(Finding::Gate));
    let told = calls.ledger.evidence();
    let people = |is_yes| told.decided.values().filter(|yes| **yes == is_yes).count();
    let report = Report {
        findings: all,
        acknowledged: ledger.evidence().acknowledged.len(),
        followed: ledger.evidence().seen.len(),
        answered: told.answered.len(),
        approved: people(true),
        denied: people(false),
    };
    eprintln!(
        "seed {seed}: {rounds} kills, {} acknowledged, {} executions, {} streams, {} files; {} calls decided, {} of them reported, {} approved ({} times with a kill before it was used) and {} denied by people, {} audit entries; {} findings",
        report.acknowledged,
        facts.executions.len(),
        report.followed,
        facts.files.len(),
        report.answered,
        told.reported.len(),
        report.approved,
        told.between,
        report.denied,
        entries.unwrap_or(0),
        report.findings.len()
    );
    report
}

/// What is wrong with decisions, before and after all of them are settled.
async fn decisions(calls: &gate::Here, traffic: Traffic, seed: u64) -> Vec<gate::Finding> {
    if traffic == Traffic::Mixed {
        gate::look(calls).await;
        calls.finish(seed).await;
        gate::again(calls).await;
    }
    let facts = gate::Facts::gather(calls.address).await;
    let mut findings = gate::check(&calls.ledger.evidence(), &facts);
    if traffic == Traffic::Mixed {
        calls.report_all().await;
        calls.ledger.lock().findings.clear();
        let facts = gate::Facts::gather(calls.address).await;
        findings.extend(gate::check(&calls.ledger.evidence(), &facts));
    }
    findings
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
    report.must_be_sound();
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
    report.must_be_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_a_key_is_done_once_however_often_it_comes() {
    let rounds = setting("CIVITAS_CRASH_ROUNDS", ROUNDS).div_ceil(2);
    let seed = setting("CIVITAS_CRASH_SEED", SEED);
    keys::run(&Place::sqlite(), rounds, seed).await;
    let Some(place) = Place::postgres().await else {
        eprintln!("PostgreSQL is skipped: CIVITAS_TEST_POSTGRES_URL is not set");
        return;
    };
    keys::run(&place, rounds.div_ceil(2), seed).await;
    place.discard().await;
}

/// The planted defect: between the clients and the server stands one that acknowledges before anything is durable.
#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_before_the_commit_is_found() {
    let place = Place::sqlite();
    let report = run(&place, 3, Traffic::AcknowledgedTooEarly).await;
    let submission = |finding: &Finding| matches!(finding, Finding::Lost { .. });
    let decision = |finding: &Finding| matches!(finding, Finding::Gate(gate::Finding::Lost { .. }));
    let lost = |finding: &Finding| submission(finding) || decision(finding);
    assert!(report.findings.iter().any(submission));
    assert!(report.findings.iter().any(decision));
    assert!(
        report.findings.iter().all(lost),
        "the server did nothing wrong: {:#?}",
        report.findings
    );
}
