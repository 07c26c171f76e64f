//! The queue: what is ready to run, in lanes per tenant and intent type, taken in turns, so that one tenant's flood or
//! one slow type does not hold up the others.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use civitas_model::{Execution, ExecutionId, TenantId};
use tokio::sync::Notify;

/// Executions kept in memory; what is beyond waits in the database and is fetched when there is room.
pub(crate) const READY_MAX: usize = 20_000;
/// Executions kept whole, so that running them needs no read; the others are known by id only.
const WHOLE_MAX: usize = 2_048;

/// An execution that is ready to run.
pub(crate) struct Ready {
    pub(crate) tenant_id: TenantId,
    pub(crate) execution_id: ExecutionId,
    pub(crate) intent_type: String,
    /// The execution itself when it was just accepted, so that its journal is known to hold nothing else.
    pub(crate) fresh: Option<Box<Execution>>,
}

impl Ready {
    /// One that is read from the database before it runs.
    pub(crate) fn known(execution: &Execution) -> Self {
        Self {
            tenant_id: execution.intent.tenant_id.clone(),
            execution_id: execution.execution_id.clone(),
            intent_type: execution.intent.intent_type.clone(),
            fresh: None,
        }
    }

    /// The same, to be read from the database.
    pub(crate) fn again(&self) -> Self {
        Self {
            tenant_id: self.tenant_id.clone(),
            execution_id: self.execution_id.clone(),
            intent_type: self.intent_type.clone(),
            fresh: None,
        }
    }

    /// One that was just accepted.
    pub(crate) fn fresh(execution: &Execution) -> Self {
        Self {
            fresh: Some(Box::new(execution.clone())),
            ..Self::known(execution)
        }
    }

    fn lane(&self) -> Lane {
        (self.tenant_id.clone(), self.intent_type.clone())
    }
}

type Lane = (TenantId, String);

/// How much may run at the same time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Concurrency {
    /// On this node.
    pub(crate) node_max: usize,
    /// Per tenant.
    pub(crate) tenant_max: usize,
}

/// What is ready, and what runs.
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Notify,
    concurrency: Concurrency,
    type_max: HashMap<&'static str, usize>,
}

#[derive(Default)]
struct State {
    lanes: HashMap<Lane, VecDeque<Ready>>,
    turns: VecDeque<Lane>,
    queued: HashSet<ExecutionId>,
    /// Running executions, and whether they became ready again meanwhile.
    running: HashMap<ExecutionId, bool>,
    running_by_tenant: HashMap<TenantId, usize>,
    running_by_type: HashMap<String, usize>,
    /// Whether something ready was left in the database for want of room.
    backlog: bool,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits for its turn.
    Queued,
    /// It was there already.
    Known,
    /// There is no room: it stays in the database.
    Full,
}

impl Queue {
    pub(crate) fn new(concurrency: Concurrency, type_max: HashMap<&'static str, usize>) -> Self {
        Self {
            state: Mutex::default(),
            changed: Notify::new(),
            concurrency,
            type_max,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds something that was just accepted, unless a backlog is ahead of it.
    pub(crate) fn push_fresh(&self, ready: Ready) {
        {
            let mut state = self.state();
            if state.backlog || state.queued.len() >= READY_MAX {
                state.backlog = true;
                return;
            }
            state.add(ready);
        }
        self.changed.notify_one();
    }

    /// Adds something that is known to be ready.
    pub(crate) fn push(&self, ready: Ready) -> Pushed {
        let pushed = {
            let mut state = self.state();
            if let Some(again) = state.running.get_mut(&ready.execution_id) {
                *again = true;
                return Pushed::Known;
            }
            if state.queued.contains(&ready.execution_id) {
                return Pushed::Known;
            }
            if state.queued.len() >= READY_MAX {
                state.backlog = true;
                return Pushed::Full;
            }
            state.add(ready);
            Pushed::Queued
        };
        self.changed.notify_one();
        pushed
    }

    /// Waits for something that may run now, and counts it as running.
    pub(crate) async fn next(&self) -> Ready {
        loop {
            let changed = self.changed.notified();
            if let Some(ready) = self.take() {
                return ready;
            }
            changed.await;
        }
    }

    fn take(&self) -> Option<Ready> {
        let mut state = self.state();
        if state.running.len() >= self.concurrency.node_max {
            return None;
        }
        for _ in 0..state.turns.len() {
            let lane = state.turns.pop_front()?;
            let ready = if self.may_run(&state, &lane) {
                state.lanes.get_mut(&lane).and_then(VecDeque::pop_front)
            } else {
                None
            };
            let is_empty = state.lanes.get(&lane).is_none_or(VecDeque::is_empty);
            if is_empty {
                state.lanes.remove(&lane);
            } else {
                state.turns.push_back(lane);
            }
            if let Some(ready) = ready {
                state.start(&ready);
                return Some(ready);
            }
        }
        None
    }

    fn may_run(&self, state: &State, (tenant, intent_type): &Lane) -> bool {
        let of_tenant = state.running_by_tenant.get(tenant).copied().unwrap_or(0);
        let of_type = state.running_by_type.get(intent_type).copied().unwrap_or(0);
        let type_max = self
            .type_max
            .get(intent_type.as_str())
            .copied()
            .unwrap_or(usize::MAX);
        of_tenant < self.concurrency.tenant_max && of_type < type_max
    }

    /// Counts something as not running any more; says whether it became ready again while it ran.
    pub(crate) fn done(
        &self,
        tenant: &TenantId,
        execution: &ExecutionId,
        intent_type: &str,
    ) -> bool {
        let again = self.state().finish(tenant, execution, intent_type);
        self.changed.notify_one();
        again
    }

    /// Whether there is room for what waits in the database.
    pub(crate) fn wants_backlog(&self) -> bool {
        let state = self.state();
        state.backlog && state.queued.len() < READY_MAX / 4
    }

    /// Declares the backlog fetched; what is accepted from now on is queued directly.
    pub(crate) fn end_backlog(&self) {
        self.state().backlog = false;
    }

    /// Makes everything accepted from now on wait behind what is in the database.
    pub(crate) fn begin_backlog(&self) {
        self.state().backlog = true;
    }

    /// How many are ready and how many run.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let state = self.state();
        (state.queued.len(), state.running.len())
    }

    /// Whether it is queued here, and whether it runs here.
    pub(crate) fn holds(&self, execution: &ExecutionId) -> (bool, bool) {
        let state = self.state();
        (
            state.queued.contains(execution),
            state.running.contains_key(execution),
        )
    }
}

impl State {
    fn add(&mut self, mut ready: Ready) {
        if self.queued.len() >= WHOLE_MAX {
            ready.fresh = None;
        }
        let lane = ready.lane();
        self.queued.insert(ready.execution_id.clone());
        let waiting = self.lanes.entry(lane.clone()).or_default();
        if waiting.is_empty() {
            self.turns.push_back(lane);
        }
        waiting.push_back(ready);
    }

    fn start(&mut self, ready: &Ready) {
        self.queued.remove(&ready.execution_id);
        self.running.insert(ready.execution_id.clone(), false);
        *self
            .running_by_tenant
            .entry(ready.tenant_id.clone())
            .or_default() += 1;
        *self
            .running_by_type
            .entry(ready.intent_type.clone())
            .or_default() += 1;
    }

    fn finish(&mut self, tenant: &TenantId, execution: &ExecutionId, intent_type: &str) -> bool {
        if let Some(count) = self.running_by_tenant.get_mut(tenant) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.running_by_tenant.remove(tenant);
            }
        }
        if let Some(count) = self.running_by_type.get_mut(intent_type) {
            *count = count.saturating_sub(1);
        }
        self.running.remove(execution).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(tenant: &str, id: &str, intent_type: &str) -> Ready {
        Ready {
            tenant_id: TenantId::trusted(tenant),
            execution_id: ExecutionId::trusted(id),
            intent_type: intent_type.into(),
            fresh: None,
        }
    }

    fn queue(node_max: usize, tenant_max: usize) -> Queue {
        Queue::new(
            Concurrency {
                node_max,
                tenant_max,
            },
            HashMap::from([("slow", 1)]),
        )
    }

    fn take_all(queue: &Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.take())
            .map(|ready| ready.execution_id.to_string())
            .collect()
    }

    #[test]
    fn tenants_take_turns() {
        let queue = queue(100, 100);
        for id in ["a1", "a2", "a3"] {
            queue.push(ready("a", id, "t"));
        }
        queue.push(ready("b", "b1", "t"));
        assert_eq!(take_all(&queue), ["a1", "b1", "a2", "a3"]);
    }

    #[test]
    fn a_type_at_its_limit_does_not_hold_up_another() {
        let queue = queue(100, 100);
        for id in ["s1", "s2"] {
            queue.push(ready("a", id, "slow"));
        }
        queue.push(ready("a", "f1", "fast"));
        assert_eq!(take_all(&queue), ["s1", "f1"]);
        queue.done(&TenantId::trusted("a"), &ExecutionId::trusted("s1"), "slow");
        assert_eq!(take_all(&queue), ["s2"]);
    }

    #[test]
    fn a_tenant_at_its_limit_waits() {
        let queue = queue(100, 2);
        for id in ["a1", "a2", "a3"] {
            queue.push(ready("a", id, "t"));
        }
        assert_eq!(take_all(&queue), ["a1", "a2"]);
    }

    #[test]
    fn what_becomes_ready_while_it_runs_is_not_forgotten() {
        let queue = queue(100, 100);
        queue.push(ready("a", "a1", "t"));
        assert_eq!(take_all(&queue), ["a1"]);
        assert_eq!(queue.push(ready("a", "a1", "t")), Pushed::Known);
        assert!(queue.done(&TenantId::trusted("a"), &ExecutionId::trusted("a1"), "t"));
    }

    #[test]
    fn a_full_queue_leaves_the_rest_in_the_database() {
        let queue = queue(0, 0);
        for number in 0..READY_MAX {
            assert_eq!(
                queue.push(ready("a", &number.to_string(), "t")),
                Pushed::Queued
            );
        }
        assert_eq!(queue.push(ready("a", "more", "t")), Pushed::Full);
        assert!(!queue.wants_backlog(), "there is no room yet");
    }
}
