//! What an open stream is ended by, beside what it follows: its credential no longer counts.

use civitas_auth::{Auth, Standing};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::state::AppState;

/// Looks at the credential of a stream from time to time.
pub(crate) struct Guard {
    auth: Auth,
    standing: Standing,
    checks: Interval,
    /// Whether a check is due that was begun and not ended.
    is_due: bool,
}

impl Guard {
    pub(crate) fn new(state: &AppState, standing: Standing) -> Self {
        let period = state.settings.limits.stream_checks;
        let mut checks = interval_at(Instant::now() + period, period);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            auth: state.auth.clone(),
            standing,
            checks,
            is_due: false,
        }
    }

    /// Ends when the credential no longer counts. Safe to drop while waiting.
    pub(crate) async fn ended(&mut self) {
        loop {
            if !self.is_due {
                self.checks.tick().await;
                self.is_due = true;
            }
            let holds = self.auth.still_holds(&self.standing).await;
            self.is_due = false;
            match holds {
                Ok(true) => {}
                Ok(false) => return,
                // Whether it still counts cannot be told now: the next time it can.
                Err(error) => tracing::debug!(%error, "the credential of a stream cannot be read"),
            }
        }
    }
}
