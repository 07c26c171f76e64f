//! Following the live feed, through broken connections and restarts of the server.

use reqwest::Method;
use serde_json::Value;

use super::{Client, RECONNECT_DELAY, RECONNECTS_MAX};
use crate::cli::failure::Failure;

/// Close codes after which coming back with the same number makes no sense.
const UNKNOWN_SEQ: u64 = 4010;

impl Client {
    /// Hands every message of the feed on, from a number on or from now on, for as long as a server is there.
    pub(crate) async fn watch(
        &self,
        filter: &[(&str, String)],
        mut after: Option<u64>,
        mut seen: impl FnMut(&Value),
    ) -> Result<(), Failure> {
        let mut quiet = 0;
        let mut connected = false;
        loop {
            let (before, mut gap) = (after, None);
            let mut query = filter.to_vec();
            query.extend(after.map(|seq| ("after", seq.to_string())));
            let path = ["api", "v1", "agents", "activity", "stream"];
            let request = self.request(Method::GET, &path).query(&query);
            let outcome = match self.send(request).await {
                Ok(response) => {
                    connected = true;
                    self.read_lines(response, |message| {
                        // The greeting has the number to come back with when nothing has happened yet.
                        after = message["seq"].as_u64().or(after);
                        if message["code"] == UNKNOWN_SEQ {
                            gap = message["message"].as_str().map(str::to_owned);
                        }
                        if message["type"] != "ping" && message["type"] != "closed" {
                            seen(&message);
                        }
                    })
                    .await
                }
                Err(failure) => Err(failure),
            };
            if let Some(gap) = gap {
                return Err(Failure::failed(gap));
            }
            quiet = if after > before { 0 } else { quiet + 1 };
            match outcome {
                Err(failure @ Failure::Unreachable { .. })
                    if !connected || quiet > RECONNECTS_MAX =>
                {
                    return Err(failure);
                }
                Ok(()) | Err(Failure::Unreachable { .. }) => {}
                Err(failure) => return Err(failure),
            }
            tokio::time::sleep(RECONNECT_DELAY).await;
        }
    }
}
