//! Measures how fast a log is verified: `verification [ENTRIES]`, a million unless told otherwise. Run with `--release`.

use std::io::Write;
use std::time::Instant;

use civitas_audit::{
    Actor, Checkpoint, Frontier, Hash, NewEntry, SigningKey, Stored, Verifier, log_origin,
};
use civitas_model::{Id, SystemClock, SystemEntropy};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: u64 = std::env::args()
        .nth(1)
        .map_or(Ok(1_000_000), |text| text.parse())?;
    let (clock, entropy, tenant) = (SystemClock, SystemEntropy, Id::trusted("tenant"));
    let (mut log, mut frontier, mut previous) = (Vec::new(), Frontier::default(), Hash::NONE);
    let began = Instant::now();
    for seq in 1..=count {
        let actor = Actor::new("agent", "018f6a5e-7b1a-7c3d-9e2f-000000000000");
        let new = NewEntry::new(&clock, &entropy, &tenant, actor, "agent", "Bash")
            .on("session", "0190c2b4-0000-7000-8000-000000000001")
            .outcome("allow")
            .of_tool_use(format!("toolu_{seq:020}"))
            .with_body(
                &json!({ "command": "cargo test", "path": "/work/src/lib.rs", "policy": "p-7" }),
                &entropy,
            );
        let entry = new.at(seq, civitas_model::Clock::now(&clock), previous);
        previous = entry.hash();
        frontier.append(previous);
        log.push(Stored {
            entry,
            hash: previous,
            body: new.body,
        });
    }
    let made = began.elapsed();
    let key = SigningKey::from_secret(&[1; 32]);
    let note = Checkpoint {
        origin: log_origin("measure", &tenant),
        size: count,
        root: frontier.root(),
    }
    .sign(&key);
    let began = Instant::now();
    let mut verifier = Verifier::new(&tenant, &[note], "measure", &key.public());
    for stored in &log {
        verifier.entry(stored);
    }
    let report = verifier.finish();
    let took = began.elapsed();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = |took: std::time::Duration| count as f64 / took.as_secs_f64();
    writeln!(
        std::io::stdout(),
        "{count} entries: made at {:.0}/s, verified at {:.0}/s, sound: {}",
        rate(made),
        rate(took),
        report.is_sound()
    )?;
    Ok(())
}
