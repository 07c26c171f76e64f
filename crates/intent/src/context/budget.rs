//! Paying from budgets: reserve before, settle after.

use std::time::Duration;

use civitas_model::Write;
use civitas_model::budget::{Amount, Reserve, Scope};
use civitas_model::journal::Kind;

use super::{Context, read_result, to_json};
use crate::error::{Reason, Result, reject};

/// How long a reservation counts without being settled. What is settled later is charged all the same.
const LIFETIME: Duration = Duration::from_hours(1);

impl Context {
    /// Reserves from the budgets that pay for this execution, the organisation's and the session's, before something is done
    /// that costs. Everything done before is durable by then.
    ///
    /// When a budget has no room, the execution waits, durably, until its cap is raised, a reservation is given back or a new
    /// period begins; where the budget says that nothing waits for it, the execution fails. One reservation at a time: settle
    /// it with [`Self::settle`]. A handler that ends without is taken to have used all of it, and one that fails nothing.
    pub async fn reserve(&mut self, amount: Amount) -> Result<()> {
        if self.reserved.is_some() {
            return Err(reject(
                "the handler reserved twice: report this as a defect of the intent",
            ));
        }
        let id = format!("{}/{}", self.execution_id, self.operations + 1);
        if self.recorded(Kind::Reserved, "")?.is_none() {
            self.host.flush().await?;
            let session = Scope::Session(self.intent.session_id.to_string());
            self.writes.push(Write::Reserve(Box::new(Reserve {
                tenant_id: self.intent.tenant_id.clone(),
                reservation_id: id.clone(),
                pools: vec![Scope::Organisation, session],
                amount,
                lifetime: LIFETIME,
            })));
            let mut reserved = self.record(Kind::Reserved, "", to_json(&amount)?).await;
            if reserved.is_ok() {
                reserved = self.host.flush().await;
            }
            if let Err(error) = reserved {
                if let Reason::Suspended(wait) = error.reason() {
                    self.suspended = Some(wait.clone());
                }
                return Err(error);
            }
        }
        self.reserved = Some(id);
        Ok(())
    }

    /// Charges what was used of the reservation, and gives the rest back.
    pub async fn settle(&mut self, actual: Amount) -> Result<()> {
        let Some(id) = self.reserved.take() else {
            return Err(reject(
                "the handler settled what it had not reserved: report this as a defect of the intent",
            ));
        };
        if let Some(recorded) = self.recorded(Kind::Settled, "")? {
            return read_result::<Amount>(recorded).map(drop);
        }
        self.writes.push(Write::Settle {
            tenant_id: self.intent.tenant_id.clone(),
            reservation_id: id,
            actual: Some(actual),
        });
        self.record(Kind::Settled, "", to_json(&actual)?).await
    }

    /// What becomes of a reservation that was not settled, when the handler ends.
    pub(super) fn close_reservation(&mut self, is_completed: bool) -> Option<Write> {
        let reservation_id = self.reserved.take()?;
        let tenant_id = self.intent.tenant_id.clone();
        Some(if is_completed {
            Write::Settle {
                tenant_id,
                reservation_id,
                actual: None,
            }
        } else {
            Write::Release {
                tenant_id,
                reservation_id,
            }
        })
    }
}
