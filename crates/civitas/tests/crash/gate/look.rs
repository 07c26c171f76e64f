//! What is looked at after each start: what was answered just before the server was killed, and what people had decided.
//! In the end, also whether what was approved once can be had twice.

use futures::future::join;
use serde_json::Value;

use super::check::Finding;
use super::evidence::Call;
use super::facts::decision;
use super::load::{Here, ask, decide};
use crate::client::Client;

/// The last answers before a kill are the likeliest to be lost.
const LAST: usize = 8;
/// Approved calls that are asked for once more in the end.
const AGAIN: usize = 4;

/// Looks for the last answers, asks for the same once more, and looks for what people had decided.
pub(crate) async fn look(here: &Here) {
    let mut client = Client::connect(here.address).await.unwrap();
    let mut hooks = here.setting.hooks(here.address).await.unwrap();
    let (calls, decided) = {
        let mut evidence = here.ledger.lock();
        let before = evidence.looked_for;
        evidence.looked_for = evidence.calls.len();
        let from = evidence.calls.len().saturating_sub(LAST).max(before);
        let decided = std::mem::take(&mut evidence.decided_lately);
        (evidence.calls[from..].to_vec(), decided)
    };
    for call in calls {
        let found = of(&mut client, &call).await;
        if let Some(finding) = Finding::of_count(&call.tool_use_id, found.len()) {
            here.ledger.lock().findings.push(finding);
            // Asking again would hide it.
            continue;
        }
        ask(&mut hooks, &here.ledger, call.clone()).await.unwrap();
        let again = of(&mut client, &call).await;
        let finding = Finding::of_count(&call.tool_use_id, again.len());
        here.ledger.lock().findings.extend(finding);
    }
    for approval_id in decided {
        let found = client
            .get(&format!("/api/v1/approvals/{approval_id}"))
            .await;
        let state = found["state"].as_str().unwrap_or_default();
        let is_yes = here.ledger.lock().decided[&approval_id];
        here.ledger.lock().between += usize::from(state == "approved");
        let holds: &[&str] = if is_yes {
            &["approved", "used"]
        } else {
            &["denied"]
        };
        if !holds.contains(&state) {
            let what = format!("was decided ({is_yes}), and is {state} after a start");
            let finding = Finding::Approval { approval_id, what };
            here.ledger.lock().findings.push(finding);
        }
    }
}

/// The decisions about a tool use.
async fn of(client: &mut Client, call: &Call) -> Vec<Value> {
    let path = format!("/api/v1/decisions?tool_use_id={}", call.tool_use_id);
    let mut page = client.get(&path).await;
    match page["decisions"].take() {
        Value::Array(found) => found,
        other => panic!("{path}: {other}"),
    }
}

/// Asks twice, at the same time and under other ids, for some of what people approved before. Both wait for a person again, and
/// one yes lets one of them through.
pub(crate) async fn again(here: &Here) {
    let approved = {
        let evidence = here.ledger.lock();
        let calls = evidence.calls.iter().rev();
        let approved =
            calls.filter(|call| call.asks && evidence.answered[&call.tool_use_id].is_allowed);
        approved.take(AGAIN).cloned().collect::<Vec<_>>()
    };
    for call in approved {
        let twin = |name: &str| Call {
            tool_use_id: format!("{}{name}", call.tool_use_id),
            ..call.clone()
        };
        let (one, other) = (twin("one"), twin("other"));
        let asking = join(here.ask_alone(one.clone()), here.ask_alone(other.clone()));
        let deciding = yes(here, [&one, &other]);
        let ((first, second), ()) = join(asking, deciding).await;
        first.and(second).unwrap();
        let evidence = here.ledger.evidence();
        let is_allowed = |call: &Call| evidence.answered[&call.tool_use_id].is_allowed;
        if is_allowed(&one) == is_allowed(&other) {
            let finding = Finding::Approval {
                approval_id: call.tool_use_id.clone(),
                what: format!("one yes for two calls: {:?}", is_allowed(&one)),
            };
            here.ledger.lock().findings.push(finding);
        }
    }
}

/// Waits until both calls are held, and approves what they wait for.
async fn yes(here: &Here, calls: [&Call; 2]) {
    let mut client = Client::connect(here.address).await.unwrap();
    for call in calls {
        loop {
            let found = of(&mut client, call).await;
            let Some(found) = found.first().map(decision) else {
                continue;
            };
            if !found.is_pending {
                let finding = Finding::Approval {
                    approval_id: found.approval_id.unwrap_or_default(),
                    what: format!("{call:?} did not wait for anyone"),
                };
                here.ledger.lock().findings.push(finding);
            }
            break;
        }
    }
    let path = format!(
        "/api/v1/approvals?state=pending&session_id={}",
        calls[0].session
    );
    let page = client.get(&path).await;
    let ids = calls.map(|call| call.tool_use_id.as_str());
    let pending = page["approvals"].as_array().unwrap().iter();
    let waiting: Vec<_> = pending
        .filter(|approval| ids.contains(&approval["tool_use_id"].as_str().unwrap_or_default()))
        .collect();
    let mut person = here.setting.person(here.address).await.unwrap();
    // Who comes second waits for the same, unless both came at once and opened one each.
    for (number, approval) in waiting.into_iter().enumerate() {
        let is_yes = number == 0;
        decide(&mut person, &here.ledger, approval, is_yes)
            .await
            .unwrap();
    }
}
