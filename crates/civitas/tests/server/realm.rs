//! Intents that hold still, or say much, for tests that watch.

use std::time::Duration;

use civitas_intent::prelude::*;

/// Waits for so many seconds, on a durable timer.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Hold {
    seconds: u64,
}

/// Emits so many events.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Count {
    events: u64,
}

/// Reserves so many millionths, and uses so many.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Pay {
    reserved: u64,
    used: u64,
}

/// Says something, once people agreed to what it says.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Announce {
    text: String,
    /// How many people must agree.
    #[serde(default = "one")]
    people: u32,
}

const fn one() -> u32 {
    1
}

/// It was said.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Announced {
    text: String,
}

/// It is done.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    value: u64,
}

impl Intent for Hold {
    const NAME: &'static str = "hold";
    const ARTIFACT: &'static str = "done";
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        cx.sleep(Duration::from_secs(self.seconds)).await?;
        let value = self.seconds;
        Ok(Done { value }.into())
    }
}

impl Intent for Count {
    const NAME: &'static str = "count";
    const ARTIFACT: &'static str = "done";
    const ALIASES: &'static [&'static str] = &["finished"];
    const EVENTS: &'static [&'static str] = &["counted"];
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        for number in 0..self.events {
            cx.emit("counted", json!({ "number": number })).await?;
        }
        let value = self.events;
        Ok(Done { value }.into())
    }
}

impl Intent for Pay {
    const NAME: &'static str = "pay";
    const ARTIFACT: &'static str = "done";
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        let amount = |micros| Amount::new(0, Money::from_micros(micros));
        cx.step("before", async { Ok(1) }).await?;
        cx.reserve(amount(self.reserved)).await?;
        let value = self.used;
        cx.effect("work", |_| async move { Ok(value) }).await?;
        cx.settle(amount(self.used)).await?;
        Ok(Done { value }.into())
    }
}

impl Intent for Announce {
    const NAME: &'static str = "announce";
    const ARTIFACT: &'static str = "announced";
    const EVENTS: &'static [&'static str] = &["announced"];
    type Output = Announced;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Announced>> {
        let drafted: String = cx.step("draft", async { Ok(self.text.clone()) }).await?;
        let approval = cx
            .approval(ApprovalRequest {
                quorum: self.people,
                lifetime: Duration::from_hours(2),
                ..ApprovalRequest::new("announce", "announce it", json!({ "text": drafted }))
            })
            .await?;
        let text = approval.input["text"].as_str().unwrap_or_default();
        cx.emit("announced", json!({ "text": text })).await?;
        Ok(Announced { text: text.into() }.into())
    }
}

/// The realm of the tests.
pub(crate) fn realm() -> Realm {
    Realm::new("tests", "Intents that tests watch.")
        .intent::<Hold>()
        .intent::<Count>()
        .intent::<Pay>()
        .intent::<Announce>()
}
