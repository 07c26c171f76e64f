//! What a handler that asks people can rely on: each run is crashed before every commit.

use std::time::Duration;

use civitas_intent::TestRun;
use civitas_intent::prelude::*;
use civitas_intent::test_run::{Verdict, World};

/// Asks before it announces.
#[derive(Deserialize, JsonSchema)]
struct Announce {
    /// What.
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct Announced {
    text: String,
}

impl Intent for Announce {
    const NAME: &'static str = "announce";
    const ARTIFACT: &'static str = "announced";
    type Output = Announced;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Announced>> {
        let drafted: String = cx.step("draft", async { Ok(self.text.clone()) }).await?;
        let asked = ApprovalRequest {
            lifetime: Duration::from_hours(2),
            ..ApprovalRequest::new("announce", "announce it", json!({ "text": drafted }))
        };
        let approval = cx.approval(asked).await?;
        let text = approval.input["text"].as_str().unwrap_or_default();
        cx.emit("announced", json!({ "text": text, "code": approval.code }))
            .await?;
        Ok(Announced { text: text.into() }.into())
    }
}

fn run(decision: Option<Verdict>) -> TestRun {
    let realm = Realm::new("test", "For tests").intent::<Announce>();
    let mut world = World::new();
    world
        .decisions
        .extend(decision.map(|verdict| ("announce".to_owned(), verdict)));
    TestRun::new(&realm, "announce", json!({ "text": "hello" }), world)
}

#[tokio::test]
async fn what_is_approved_is_used_exactly_once_however_it_crashes() {
    let finished = run(Some(Verdict::Approve)).run().await;
    assert_eq!(
        finished.artifact("announced")["semantic_payload"]["text"],
        "hello"
    );
    let used = ("announce".to_owned(), json!({ "text": "hello" }));
    assert_eq!(finished.world.used_approvals, [used]);
    let event = (
        "announced".to_owned(),
        json!({ "text": "hello", "code": "P1" }),
    );
    assert_eq!(finished.world.events, [event]);
    assert!(finished.commits >= 5, "draft, question, wait, use, event");
}

#[tokio::test]
async fn a_handler_goes_on_with_what_people_made_of_it() {
    let instead = Verdict::ApproveInstead(json!({ "text": "good day" }));
    let finished = run(Some(instead)).run().await;
    assert_eq!(
        finished.artifact("announced")["semantic_payload"]["text"],
        "good day"
    );
    let used = ("announce".to_owned(), json!({ "text": "good day" }));
    assert_eq!(finished.world.used_approvals, [used]);
}

#[tokio::test]
async fn a_no_and_no_answer_reject_and_nothing_is_done() {
    let finished = run(Some(Verdict::Deny("not today".into()))).run().await;
    assert_eq!(
        finished.rejection(),
        "P1 (`announce`) was not approved: denied: not today"
    );
    assert_eq!(finished.world.events, []);
    let finished = run(None).run().await;
    let rejection = finished.rejection();
    assert!(rejection.starts_with("nobody decided P1"), "{rejection}");
    assert_eq!(finished.world.used_approvals, []);
}
