//! The queue: what is ready to run, in lanes per tenant and intent type, taken in turns, so that one tenant's flood or
//! one slow type does not hold up the others.
//!
//! Memory is shared the same way: a lane grows only while it is shorter than the room that is left, so however long one
//! gets, there is room for another. What finds none stays in the database, its lane is *behind*, and recovery fetches it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use civitas_model::{Execution, ExecutionId, TenantId};
use serde_json::Value;
use tokio::sync::Notify;

/// Executions kept in memory; what is beyond waits in the database and is fetched when there is room.
pub(crate) const READY_MAX: usize = 20_000;
/// Executions kept whole, so that running them needs no read; the others are known by id only.
const WHOLE_MAX: usize = 2_048;
/// The largest parameters and metadata kept with an execution in the queue, in bytes, so that the whole ones are few MiB.
const WHOLE_BYTES_MAX: usize = 8 * 1024;

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
    pub(crate) fn fresh(execution: Execution) -> Self {
        let known = Self::known(&execution);
        let size = weight(&execution.intent.parameters) + weight(&execution.intent.metadata);
        Self {
            fresh: (size <= WHOLE_BYTES_MAX).then(|| Box::new(execution)),
            ..known
        }
    }

    /// The lane it waits in.
    pub(crate) fn lane(&self) -> Lane {
        (self.tenant_id.clone(), self.intent_type.clone())
    }
}

/// Roughly how many bytes a value takes.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 32,
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 32,
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| key.len() + 32 + weight(value))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 32,
    }
}

/// A tenant and an intent type.
pub(crate) type Lane = (TenantId, String);

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

/// A running execution.
struct Running {
    tenant_id: TenantId,
    /// Whether it became ready again meanwhile.
    again: bool,
}

#[derive(Default)]
struct State {
    lanes: HashMap<Lane, VecDeque<Ready>>,
    turns: VecDeque<Lane>,
    queued: HashSet<ExecutionId>,
    running: HashMap<ExecutionId, Running>,
    running_by_tenant: HashMap<TenantId, usize>,
    running_by_type: HashMap<String, usize>,
    /// Lanes of which something was left in the database for want of room: what is accepted there stays there, too,
    /// until recovery has caught up.
    behind: HashSet<Lane>,
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

    /// Adds something that was just accepted, unless its lane is behind. It may be known already: recovery finds it in
    /// the database as soon as it is committed.
    pub(crate) fn push_fresh(&self, ready: Ready) {
        {
            let mut state = self.state();
            let lane = ready.lane();
            if state.knows(&ready.execution_id) {
                return;
            }
            if state.behind.contains(&lane) || !state.has_room(&lane) {
                state.behind.insert(lane);
                return;
            }
            state.add(lane, ready);
        }
        self.changed.notify_one();
    }

    /// Adds something that is pending or running; without room for it, its lane is behind.
    pub(crate) fn push(&self, ready: Ready) -> Pushed {
        let lane = ready.lane();
        let pushed = self.offer(ready);
        if pushed == Pushed::Full {
            self.state().behind.insert(lane);
        }
        pushed
    }

    /// Adds something that is ready, when there is room; the caller comes again with what found none.
    pub(crate) fn offer(&self, ready: Ready) -> Pushed {
        {
            let mut state = self.state();
            if let Some(running) = state.running.get_mut(&ready.execution_id) {
                running.again = true;
                return Pushed::Known;
            }
            if state.queued.contains(&ready.execution_id) {
                return Pushed::Known;
            }
            let lane = ready.lane();
            if !state.has_room(&lane) {
                return Pushed::Full;
            }
            state.add(lane, ready);
        }
        self.changed.notify_one();
        Pushed::Queued
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

    /// Whether a lane that is behind has so much room that fetching is worth while.
    pub(crate) fn wants_more(&self) -> bool {
        let state = self.state();
        let room = READY_MAX.saturating_sub(state.queued.len());
        state
            .behind
            .iter()
            .any(|lane| state.length(lane) * 4 < room)
    }

    /// Whether a lane that is behind has any room.
    pub(crate) fn takes_more(&self) -> bool {
        let state = self.state();
        state.behind.iter().any(|lane| state.has_room(lane))
    }

    /// Declares every lane but these as caught up: what is accepted there from now on is queued directly. Says whether
    /// there was any.
    pub(crate) fn catch_up(&self, but: &HashSet<Lane>) -> bool {
        let mut state = self.state();
        let before = state.behind.len();
        state.behind.retain(|lane| but.contains(lane));
        state.behind.len() < before
    }

    /// How many are ready and how many run.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let state = self.state();
        (state.queued.len(), state.running.len())
    }

    /// Whether it runs here, for this tenant.
    pub(crate) fn runs(&self, tenant: &TenantId, execution: &ExecutionId) -> bool {
        let state = self.state();
        let running = state.running.get(execution);
        running.is_some_and(|running| running.tenant_id == *tenant)
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
    fn knows(&self, execution: &ExecutionId) -> bool {
        self.queued.contains(execution) || self.running.contains_key(execution)
    }

    fn length(&self, lane: &Lane) -> usize {
        self.lanes.get(lane).map_or(0, VecDeque::len)
    }

    fn has_room(&self, lane: &Lane) -> bool {
        self.length(lane) < READY_MAX.saturating_sub(self.queued.len())
    }

    fn add(&mut self, lane: Lane, mut ready: Ready) {
        if self.queued.len() >= WHOLE_MAX {
            ready.fresh = None;
        }
        self.queued.insert(ready.execution_id.clone());
        let waiting = self.lanes.entry(lane.clone()).or_default();
        if waiting.is_empty() {
            self.turns.push_back(lane);
        }
        waiting.push_back(ready);
    }

    fn start(&mut self, ready: &Ready) {
        self.queued.remove(&ready.execution_id);
        let running = Running {
            tenant_id: ready.tenant_id.clone(),
            again: false,
        };
        self.running.insert(ready.execution_id.clone(), running);
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
            if *count == 0 {
                self.running_by_type.remove(intent_type);
            }
        }
        self.running
            .remove(execution)
            .is_some_and(|running| running.again)
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

    fn fill(queue: &Queue, tenant: &str) -> usize {
        (0..READY_MAX)
            .map(|number| queue.push(ready(tenant, &format!("{tenant}{number}"), "t")))
            .take_while(|pushed| *pushed == Pushed::Queued)
            .count()
    }

    #[test]
    fn a_full_lane_leaves_the_rest_in_the_database() {
        let queue = queue(0, 0);
        assert_eq!(fill(&queue, "a"), READY_MAX / 2);
        assert!(!queue.wants_more(), "there is no room yet");
        assert!(!queue.takes_more());
    }

    #[test]
    fn however_long_a_lane_gets_there_is_room_for_another() {
        let queue = queue(0, 0);
        fill(&queue, "a");
        assert_eq!(queue.push(ready("b", "b1", "t")), Pushed::Queued);
        let lengths: Vec<usize> = ["c", "d", "e"].map(|tenant| fill(&queue, tenant)).into();
        assert!(lengths.iter().all(|length| *length > 0), "{lengths:?}");
        assert!(queue.depth().0 <= READY_MAX);
    }

    #[test]
    fn what_is_accepted_in_a_lane_that_is_behind_waits_for_recovery() {
        let queue = queue(100, 100);
        queue.state().behind.insert(ready("a", "", "t").lane());
        queue.push_fresh(ready("a", "a1", "t"));
        queue.push_fresh(ready("b", "b1", "t"));
        assert_eq!(take_all(&queue), ["b1"]);
        assert!(queue.wants_more());
        assert!(queue.catch_up(&HashSet::new()));
        queue.push_fresh(ready("a", "a2", "t"));
        assert_eq!(take_all(&queue), ["a2"]);
    }

    #[test]
    fn what_recovery_found_first_is_not_queued_twice() {
        let queue = queue(100, 100);
        queue.push(ready("a", "a1", "t"));
        queue.push_fresh(ready("a", "a1", "t"));
        assert_eq!(take_all(&queue), ["a1"]);
        queue.push_fresh(ready("a", "a1", "t"));
        assert_eq!(take_all(&queue), Vec::<String>::new());
    }

    #[test]
    fn nothing_is_kept_of_what_is_done() {
        let queue = queue(100, 100);
        queue.push(ready("a", "a1", "t"));
        take_all(&queue);
        queue.done(&TenantId::trusted("a"), &ExecutionId::trusted("a1"), "t");
        let state = queue.state();
        assert!(state.lanes.is_empty() && state.turns.is_empty() && state.queued.is_empty());
        assert!(state.running.is_empty() && state.running_by_tenant.is_empty());
        assert!(state.running_by_type.is_empty());
    }
}
