//! Budgets against a model of a few lines: random interleavings of everything that moves them, and restarts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use civitas_model::agent::midnight;
use civitas_model::budget::{Period, Scope, normalised};
use civitas_model::{Clock, Money, Timestamp};
use civitas_storage::{BudgetChange, Changeset, CommitError, Refusal, Spend, Store};
use proptest::prelude::*;

use crate::budgets::{EXPIRE, amount, cap, release, reserve, settle, spend, team};
use crate::fixture::{Kind, Place, StillClock, tenant};

/// How long a reservation lives that the tests make.
const LIFETIME: Duration = Duration::from_mins(10);

#[derive(Debug, Clone)]
enum Op {
    Reserve {
        id: u8,
        pools: u8,
        cost: u64,
    },
    Settle {
        id: u8,
        actual: Option<u64>,
    },
    Release {
        id: u8,
    },
    Spend {
        id: Option<u8>,
        pools: u8,
        cost: u64,
        must_fit: bool,
    },
    Cap {
        pool: u8,
        cost: u64,
    },
    Advance {
        minutes: u64,
    },
    Expire,
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    let cost = 0..8_u64;
    prop_oneof![
        6 => (0..6_u8, 0..4_u8, cost.clone()).prop_map(|(id, pools, cost)| Op::Reserve { id, pools, cost }),
        4 => (0..6_u8, proptest::option::of(0..10_u64)).prop_map(|(id, actual)| Op::Settle { id, actual }),
        2 => (0..6_u8).prop_map(|id| Op::Release { id }),
        3 => (proptest::option::of(6..9_u8), 0..4_u8, cost, any::<bool>())
            .prop_map(|(id, pools, cost, must_fit)| Op::Spend { id, pools, cost, must_fit }),
        1 => (0..3_u8, 0..30_u64).prop_map(|(pool, cost)| Op::Cap { pool, cost }),
        2 => prop_oneof![0..20_u64, 600..1500_u64].prop_map(|minutes| Op::Advance { minutes }),
        1 => Just(Op::Expire),
        1 => Just(Op::Restart),
    ]
}

fn scopes(bits: u8) -> Vec<Scope> {
    let all = [team("a"), team("b")];
    let chosen = all.into_iter().enumerate();
    let chosen = chosen.filter(|(bit, _)| bits & (1 << bit) != 0);
    normalised(&chosen.map(|(_, scope)| scope).collect::<Vec<_>>())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Held,
    Ended,
    Released,
    Expired,
}

#[derive(Debug, Clone)]
struct Reserved {
    scopes: Vec<Scope>,
    cost: u64,
    state: State,
    expires: Timestamp,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Pool {
    cap: Option<u64>,
    used: u64,
    reserved: u64,
    day: i64,
    /// What single calls took above what they had reserved, and charges that nobody asked about.
    excess: u64,
}

#[derive(Clone)]
struct Model {
    pools: BTreeMap<Scope, Pool>,
    reservations: BTreeMap<u8, Reserved>,
    charges: BTreeSet<u8>,
    now: Timestamp,
}

impl Model {
    /// The pools of some scopes, on the day that it is.
    fn touch(&mut self, scopes: &[Scope]) {
        let day = midnight(self.now).as_micros();
        for scope in scopes {
            let pool = self.pools.entry(scope.clone()).or_default();
            if pool.day < day {
                pool.day = day;
                pool.used = 0;
            }
        }
    }

    fn fits(&mut self, scopes: &[Scope], cost: u64) -> bool {
        self.touch(scopes);
        scopes.iter().all(|scope| {
            let pool = &self.pools[scope];
            let held = pool.used + pool.reserved;
            pool.cap.is_none_or(|cap| held < cap && held + cost <= cap)
        })
    }

    fn expire(&mut self) {
        let now = self.now;
        let due = self.reservations.values_mut();
        let due = due.filter(|one| one.state == State::Held && one.expires <= now);
        for one in due {
            one.state = State::Expired;
            for scope in &one.scopes {
                self.pools.get_mut(scope).unwrap().reserved -= one.cost;
            }
        }
    }

    /// Whether it is admitted; nothing changes when it is not.
    fn admit(&mut self, scopes: &[Scope], cost: u64) -> bool {
        if self.fits(scopes, cost) {
            return true;
        }
        let mut tried = self.clone();
        tried.expire();
        let fits = tried.fits(scopes, cost);
        if fits {
            *self = tried;
        }
        fits
    }

    fn charge(&mut self, scopes: &[Scope], cost: u64, held: u64, excess: u64) {
        self.touch(scopes);
        for scope in scopes {
            let pool = self.pools.get_mut(scope).unwrap();
            pool.used += cost;
            pool.reserved -= held;
            pool.excess += excess;
        }
    }

    /// Whether the store must take it.
    fn apply(&mut self, op: &Op) -> bool {
        match op {
            Op::Reserve { id, pools, cost } => self.reserve(*id, scopes(*pools), *cost),
            Op::Settle { id, actual } => self.settle(*id, *actual),
            Op::Release { id } => self.release(*id),
            Op::Spend {
                id,
                pools,
                cost,
                must_fit,
            } => self.spend(*id, &scopes(*pools), *cost, *must_fit),
            Op::Cap { pool, cost } => {
                self.set_cap(&pool_of(*pool), *cost);
                true
            }
            Op::Expire => {
                self.expire();
                true
            }
            Op::Advance { .. } | Op::Restart => true,
        }
    }

    fn reserve(&mut self, id: u8, scopes: Vec<Scope>, cost: u64) -> bool {
        if self.reservations.contains_key(&id) {
            return true;
        }
        if !self.admit(&scopes, cost) {
            return false;
        }
        for scope in &scopes {
            self.pools.get_mut(scope).unwrap().reserved += cost;
        }
        self.note(id, scopes, cost, State::Held);
        true
    }

    fn note(&mut self, id: u8, scopes: Vec<Scope>, cost: u64, state: State) {
        let expires = self.now.plus(LIFETIME);
        let reserved = Reserved {
            scopes,
            cost,
            state,
            expires,
        };
        self.reservations.insert(id, reserved);
    }

    fn settle(&mut self, id: u8, actual: Option<u64>) -> bool {
        let Some(found) = self.reservations.get_mut(&id) else {
            return false;
        };
        let held = match (found.state, actual) {
            (State::Held, _) => found.cost,
            (State::Expired, _) | (State::Released, Some(_)) => 0,
            _ => return true,
        };
        found.state = State::Ended;
        let (scopes, cost) = (found.scopes.clone(), actual.unwrap_or(found.cost));
        self.charge(&scopes, cost, held, cost.saturating_sub(held));
        true
    }

    fn release(&mut self, id: u8) -> bool {
        let Some(found) = self.reservations.get_mut(&id) else {
            return false;
        };
        if found.state == State::Held {
            found.state = State::Released;
            let (scopes, cost) = (found.scopes.clone(), found.cost);
            self.charge(&scopes, 0, cost, 0);
        }
        true
    }

    fn spend(&mut self, id: Option<u8>, scopes: &[Scope], cost: u64, must_fit: bool) -> bool {
        if id.is_some_and(|id| self.charges.contains(&id)) {
            return true;
        }
        if must_fit && !self.admit(scopes, cost) {
            return false;
        }
        let excess = if must_fit { 0 } else { cost };
        self.charge(scopes, cost, 0, excess);
        self.charges.extend(id);
        true
    }

    fn set_cap(&mut self, scope: &Scope, cost: u64) {
        self.touch(std::slice::from_ref(scope));
        let pool = self.pools.get_mut(scope).unwrap();
        pool.cap = Some(cost);
        // What was admitted under a higher cap stays.
        let over = (pool.used + pool.reserved).saturating_sub(cost);
        pool.excess = pool.excess.max(over);
    }
}

fn pool_of(number: u8) -> Scope {
    [Scope::Organisation, team("a"), team("b")][usize::from(number)].clone()
}

fn change(op: &Op) -> Option<BudgetChange> {
    let name = |id: u8| format!("r{id}");
    Some(match op {
        Op::Reserve { id, pools, cost } => reserve(&name(*id), scopes(*pools), amount(0, *cost)),
        Op::Settle { id, actual } => settle(&name(*id), actual.map(|cost| amount(0, cost))),
        Op::Release { id } => release(&name(*id)),
        Op::Spend {
            id,
            pools,
            cost,
            must_fit,
        } => BudgetChange::Spend(Spend {
            must_fit: *must_fit,
            ..spend(id.map(name).as_deref(), scopes(*pools), amount(0, *cost))
        }),
        Op::Cap { pool, cost } => cap(pool_of(*pool), *cost, Period::Day),
        Op::Expire => EXPIRE,
        Op::Advance { .. } | Op::Restart => return None,
    })
}

async fn check(store: &Store, model: &mut Model) -> Result<(), TestCaseError> {
    let scopes: Vec<Scope> = model.pools.keys().cloned().collect();
    model.touch(&scopes);
    for pool in store.budgets().state(&tenant(), &scopes).await.unwrap() {
        let expected = model.pools.entry(pool.scope.clone()).or_default();
        let seen = (pool.used.cost.as_micros(), pool.reserved.cost.as_micros());
        prop_assert_eq!(seen, (expected.used, expected.reserved), "{}", pool.scope);
        prop_assert_eq!(pool.caps.cost.map(Money::as_micros), expected.cap);
        if let Some(cap) = expected.cap {
            let held = seen.0 + seen.1;
            prop_assert!(
                held <= cap + expected.excess,
                "{held} of {cap}: {expected:?}"
            );
        }
    }
    Ok(())
}

async fn play(ops: Vec<Op>) -> Result<(), TestCaseError> {
    let place = Place::new(Kind::Sqlite).await.unwrap();
    let clock = Arc::new(StillClock::default());
    let mut store = Store::open(&place.options(), clock.clone()).await.unwrap();
    let mut model = Model {
        pools: BTreeMap::new(),
        reservations: BTreeMap::new(),
        charges: BTreeSet::new(),
        now: clock.now(),
    };
    for op in ops {
        match &op {
            Op::Advance { minutes } => clock.advance(Duration::from_mins(*minutes)),
            // The old handle is gone before: what is not in the file is lost.
            Op::Restart => {
                drop(store);
                store = Store::open(&place.options(), clock.clone()).await.unwrap();
            }
            _ => {}
        }
        model.now = clock.now();
        let mut next = model.clone();
        let admitted = next.apply(&op);
        if admitted {
            model = next;
        }
        if let Some(change) = change(&op) {
            let outcome = store.commit(Changeset::new().with(change)).await;
            match outcome {
                Ok(_) => prop_assert!(admitted, "{op:?} was admitted"),
                Err(CommitError::Refused(
                    Refusal::OverBudget { .. } | Refusal::NotFound { .. },
                )) => prop_assert!(!admitted, "{op:?} was refused"),
                Err(error) => prop_assert!(false, "{error}"),
            }
        }
        check(&store, &mut model).await?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// At every point the pools are what the model says, and what is used and reserved together passes no cap by more than
    /// single calls took above their reservations.
    #[test]
    fn no_interleaving_spends_more_than_a_cap(ops in proptest::collection::vec(op(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(play(ops))?;
    }
}
