//! What other policies would have decided of what was asked in the past.

use std::sync::Arc;
use std::time::{Duration, Instant};

use civitas_model::{TenantId, Timestamp};
use civitas_policy::{Comparison, NoLinks, PolicySet, Recorded, Report, Request};
use civitas_storage::{Decision, DecisionCursor};

use super::{Active, Draft, Links, Policies, recorded, stopped, versions};
use crate::error::Error;

/// Decisions that one question looks at, at most.
pub const WHAT_IF_DECISIONS_MAX: usize = 100_000;
/// How far back one question looks, in days.
pub const WHAT_IF_DAYS_MAX: u32 = 365;
/// Decisions in memory at the same time: each has at most half a mebibyte, and usually a thousandth of that.
const PAGE: u32 = 100;
/// How long one question may take; what was not looked at by then is said.
const PATIENCE: Duration = Duration::from_mins(1);

/// The policies to compare with.
#[derive(Debug, Clone)]
pub enum Candidate {
    /// A saved version.
    Version(u64),
    /// Texts; their tests are run, too.
    Draft(Draft),
}

/// What the candidate is compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Baseline {
    /// What was decided then.
    #[default]
    Recorded,
    /// What the active policies would decide.
    Active,
}

/// What would change.
#[derive(Debug)]
pub struct WhatIf {
    /// The changes.
    pub report: Report,
    /// The candidate's fingerprint.
    pub fingerprint: String,
    /// From when on decisions were looked at.
    pub from: Timestamp,
    /// The time of the last one that was looked at.
    pub through: Option<Timestamp>,
    /// Records whose request could not be read, which were passed by.
    pub unreadable: usize,
    /// Whether all of them were looked at, or time or number ran out.
    pub complete: bool,
    /// How long it took.
    pub took: Duration,
}

impl Policies {
    /// Decides what was asked in the last `days` days with other policies.
    ///
    /// # Errors
    ///
    /// The candidate does not exist or does not compile.
    pub async fn what_if(
        &self,
        tenant: &TenantId,
        candidate: Candidate,
        days: u32,
        baseline: Baseline,
    ) -> Result<WhatIf, Error> {
        let candidate = match candidate {
            Candidate::Version(number) => self.version_set(tenant, number).await?.set,
            Candidate::Draft(draft) => Arc::new(self.validate(draft).await?.set),
        };
        // One at a time: it keeps a core busy.
        let _turn = self.inner.comparing.acquire().await.map_err(stopped)?;
        let current = self.current(tenant).await?;
        let store = &self.inner.store;
        let started = Instant::now();
        let lookback = Duration::from_hours(24 * u64::from(days));
        let from = store.clock().now().minus(lookback);
        let mut answer = WhatIf {
            report: Report::default(),
            fingerprint: candidate.fingerprint().to_owned(),
            from,
            through: None,
            unreadable: 0,
            complete: false,
            took: Duration::ZERO,
        };
        let mut work = Work {
            current,
            candidate,
            baseline,
            resolve_links: self.inner.resolve_links,
            comparison: Comparison::default(),
            unreadable: 0,
        };
        let mut cursor: Option<DecisionCursor> = None;
        loop {
            let page = store
                .decisions()
                .since(tenant, from, cursor.as_ref(), PAGE)
                .await?;
            let Some(last) = page.last() else {
                answer.complete = true;
                break;
            };
            answer.through = Some(last.at);
            cursor = Some(DecisionCursor::of(last));
            work = tokio::task::spawn_blocking(move || work.look_at(&page))
                .await
                .map_err(stopped)?;
            let seen = work.comparison.requests() + work.unreadable;
            if seen >= WHAT_IF_DECISIONS_MAX || started.elapsed() >= PATIENCE {
                break;
            }
        }
        answer.unreadable = work.unreadable;
        answer.report = work.comparison.report();
        answer.took = started.elapsed();
        Ok(answer)
    }

    /// The compiled set of a version.
    ///
    /// # Errors
    ///
    /// There is none, or it no longer compiles.
    pub(super) async fn version_set(
        &self,
        tenant: &TenantId,
        number: u64,
    ) -> Result<Active, Error> {
        let active = self.active(tenant).await;
        if let Ok(active) = active
            && active.number == number
        {
            let set = Arc::clone(&active.set);
            return Ok(Active { number, set });
        }
        let version = self.version(tenant, number).await?;
        let mut draft = versions::draft_of(version);
        draft.tests.clear();
        let set = Arc::new(self.validate(draft).await?.set);
        Ok(Active { number, set })
    }
}

struct Work {
    current: Arc<PolicySet>,
    candidate: Arc<PolicySet>,
    baseline: Baseline,
    resolve_links: bool,
    comparison: Comparison,
    unreadable: usize,
}

impl Work {
    fn look_at(mut self, page: &[Decision]) -> Self {
        for decision in page {
            let Ok(request) = serde_json::from_value::<Request>(decision.request.clone()) else {
                self.unreadable += 1;
                continue;
            };
            let outcome = match self.baseline {
                // A call that was stopped before policy was asked has no outcome of its own.
                Baseline::Recorded => recorded::outcome(&decision.outcome),
                Baseline::Active => None,
            };
            let recorded = Recorded {
                id: &decision.decision_id,
                request: &request,
                outcome,
            };
            let (current, candidate) = (&self.current, &self.candidate);
            if self.resolve_links {
                self.comparison.add(current, candidate, recorded, &Links);
            } else {
                self.comparison.add(current, candidate, recorded, &NoLinks);
            }
        }
        self
    }
}
