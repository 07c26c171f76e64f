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

/// The realm of the tests.
pub(crate) fn realm() -> Realm {
    Realm::new("tests", "Intents that tests watch.")
        .intent::<Hold>()
        .intent::<Count>()
        .intent::<Pay>()
}
