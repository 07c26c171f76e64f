//! Budgets: what is reserved, settled and charged, and who is refused.

use std::time::Duration;

use civitas_model::agent::{Role, midnight};
use civitas_model::budget::{Amount, Caps, Period, Pool, Reserve, Scope, Source, scopes_of};
use civitas_model::execution::{Status, Wait};
use civitas_model::{Agent, Money, TenantId};
use civitas_storage::execution::Sweep;
use civitas_storage::{
    AgentChange, AuditFilter, BudgetChange, Change, Changeset, CommitError, Notice, PoolFilter,
    Refusal, ReservationState, RoleChange, RoleLimits, SetCap, Spend, Store,
};

use crate::agents::{agent, found, insert, metric, record, update};
use crate::fixture::{Fixture, id, other_tenant, refusal, start, suspend, tenant};

pub fn amount(tokens: u64, cost: u64) -> Amount {
    Amount::new(tokens, Money::from_micros(cost))
}

pub fn team(name: &str) -> Scope {
    Scope::Team(name.into())
}

fn session(name: &str) -> Scope {
    Scope::Session(name.into())
}

fn of_agent(name: &str) -> Scope {
    Scope::Agent(id(name))
}

pub fn reserve(reservation: &str, pools: Vec<Scope>, amount: Amount) -> BudgetChange {
    BudgetChange::Reserve(Reserve {
        tenant_id: tenant(),
        reservation_id: reservation.into(),
        pools,
        amount,
        lifetime: Duration::from_mins(10),
    })
}

pub fn settle(reservation: &str, actual: Option<Amount>) -> BudgetChange {
    BudgetChange::Settle {
        tenant_id: tenant(),
        reservation_id: reservation.into(),
        actual,
    }
}

pub fn release(reservation: &str) -> BudgetChange {
    BudgetChange::Release {
        tenant_id: tenant(),
        reservation_id: reservation.into(),
    }
}

pub fn spend(spend_id: Option<&str>, pools: Vec<Scope>, amount: Amount) -> Spend {
    Spend {
        tenant_id: tenant(),
        spend_id: spend_id.map(str::to_owned),
        pools,
        amount,
        must_fit: false,
    }
}

/// A cap on money alone, for which work waits.
pub fn cap(scope: Scope, cost: u64, period: Period) -> BudgetChange {
    BudgetChange::SetCap(SetCap {
        tenant_id: tenant(),
        scope,
        caps: Caps {
            tokens: None,
            cost: Some(Money::from_micros(cost)),
        },
        period,
        waits: true,
        by: "someone".into(),
    })
}

pub const EXPIRE: BudgetChange = BudgetChange::Expire {
    limit: 100,
    is_new_day: false,
};

async fn pool(t: &Fixture, scope: Scope) -> Pool {
    let all = t.store.budgets().state(&tenant(), &[scope]).await.unwrap();
    all.into_iter().last().unwrap()
}

/// What is used and reserved of a pool, in money.
async fn cost(t: &Fixture, scope: Scope) -> (u64, u64) {
    let pool = pool(t, scope).await;
    (pool.used.cost.as_micros(), pool.reserved.cost.as_micros())
}

async fn kinds(t: &Fixture) -> Vec<String> {
    let all = t.store.activity_after(&tenant(), 0, 100).await.unwrap();
    all.into_iter().map(|one| one.kind).collect()
}

pub async fn what_is_reserved_settled_and_given_back_moves_every_pool(t: Fixture) {
    let mut a = agent("a");
    a.metadata.tags = vec!["team:x".into(), "other".into(), "team:b".into()];
    t.commit(insert(a.clone())).await;
    let scopes = scopes_of(&a, Some("s"));
    assert_eq!(
        scopes,
        [
            Scope::Organisation,
            team("b"),
            team("x"),
            of_agent("a"),
            session("s")
        ]
    );
    t.commit(reserve("r1", scopes.clone(), amount(100, 10)))
        .await;
    t.commit(reserve("r2", scopes.clone(), amount(50, 5))).await;
    t.commit(settle("r1", Some(amount(120, 8)))).await;
    for scope in &scopes {
        let pool = pool(&t, scope.clone()).await;
        assert_eq!((pool.used, pool.reserved), (amount(120, 8), amount(50, 5)));
        assert_eq!(pool.reservations, 1);
    }
    t.commit(release("r2")).await;
    let all = t.store.budgets().state(&tenant(), &scopes).await.unwrap();
    let named: Vec<Scope> = all.iter().map(|pool| pool.scope.clone()).collect();
    assert_eq!(named, scopes);
    assert!(all.iter().all(|pool| pool.reserved.is_zero()));
    let filter = |kind: Option<&str>, is_limited| PoolFilter {
        kind: kind.map(str::to_owned),
        is_limited,
        after: None,
    };
    let budgets = t.store.budgets();
    let count = async |filter| budgets.list(&tenant(), &filter, 9).await.unwrap().len();
    assert_eq!(count(filter(None, false)).await, 5);
    assert_eq!(count(filter(None, true)).await, 2);
    assert_eq!(count(filter(Some("team"), false)).await, 2);
    let after = PoolFilter {
        after: Some("session:s".into()),
        ..PoolFilter::default()
    };
    assert_eq!(count(after).await, 2);
}

pub async fn a_reservation_and_its_settlement_count_once(t: Fixture) {
    t.commit(reserve("r", vec![], amount(0, 10))).await;
    t.commit(reserve("r", vec![team("x")], amount(0, 99))).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (0, 10));
    t.commit(settle("r", None)).await;
    t.commit(settle("r", Some(amount(0, 7)))).await;
    t.commit(release("r")).await;
    t.commit(reserve("r", vec![], amount(0, 10))).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (10, 0));
    let found = t.store.budgets().reservation(&tenant(), "r").await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.state, ReservationState::Settled);
    assert_eq!(found.actual, Some(amount(0, 10)));
    let missing = Refusal::NotFound {
        what: "reservation",
    };
    assert_eq!(t.refused(settle("x", None)).await, missing);
    assert_eq!(t.refused(release("x")).await, missing);
    // Given back, and used all the same.
    t.commit(reserve("q", vec![], amount(0, 5))).await;
    t.commit(release("q")).await;
    t.commit(release("q")).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (10, 0));
    t.commit(settle("q", Some(amount(0, 2)))).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (12, 0));
}

pub async fn who_finds_no_room_is_told_where_and_changes_nothing(t: Fixture) {
    t.commit(cap(Scope::Organisation, 100, Period::Day)).await;
    t.commit(cap(team("x"), 10, Period::Life)).await;
    t.commit(reserve("r1", vec![team("x")], amount(0, 6))).await;
    let refused = t
        .refused(reserve("r2", vec![team("x")], amount(0, 5)))
        .await;
    let expected = Refusal::OverBudget {
        scope: team("x"),
        what: "cost",
        cap: 10,
        used: 0,
        reserved: 6,
        asked: 5,
        waits: true,
        retry_at: None,
    };
    assert_eq!(refused, expected);
    assert_eq!(cost(&t, Scope::Organisation).await, (0, 6));
    t.commit(reserve("r2", vec![team("x")], amount(0, 4))).await;
    // What passes the cap is charged, and then nothing is admitted, however little.
    t.commit(settle("r1", Some(amount(0, 9)))).await;
    assert_eq!(cost(&t, team("x")).await, (9, 4));
    t.refused(reserve("r3", vec![team("x")], amount(0, 0)))
        .await;
    // Of two that refuse, the one for which nothing waits.
    let BudgetChange::SetCap(set) = cap(Scope::Organisation, 5, Period::Day) else {
        unreachable!()
    };
    t.commit(BudgetChange::SetCap(SetCap {
        waits: false,
        ..set
    }))
    .await;
    let refused = t
        .refused(reserve("r3", vec![team("x")], amount(0, 1)))
        .await;
    let retry = midnight(t.store.clock().now()).plus(Duration::from_hours(24));
    assert!(
        matches!(&refused, Refusal::OverBudget { scope: Scope::Organisation, waits: false, retry_at: Some(at), .. } if *at == retry),
        "{refused:?}"
    );
}

pub async fn of_a_hundred_one_gets_the_last_unit(t: Fixture) {
    t.commit(cap(Scope::Organisation, 10, Period::Day)).await;
    t.commit(spend_of(9)).await;
    let try_one = |number: u32| {
        let store = t.store.clone();
        tokio::spawn(async move {
            let change: Change = if number.is_multiple_of(2) {
                reserve(&format!("r{number}"), vec![], amount(0, 1)).into()
            } else {
                BudgetChange::Spend(Spend {
                    must_fit: true,
                    ..spend(None, vec![], amount(0, 1))
                })
                .into()
            };
            store.commit(Changeset::new().with(change)).await
        })
    };
    let tries: Vec<_> = (0..100).map(try_one).collect();
    let mut admitted = 0;
    for one in tries {
        match one.await.unwrap() {
            Ok(_) => admitted += 1,
            Err(CommitError::Refused(Refusal::OverBudget { .. })) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(admitted, 1);
    let (used, reserved) = cost(&t, Scope::Organisation).await;
    assert_eq!(used + reserved, 10);
}

fn spend_of(cost: u64) -> BudgetChange {
    BudgetChange::Spend(spend(None, vec![], amount(0, cost)))
}

pub async fn a_day_begins_at_midnight(t: Fixture) {
    t.commit(cap(Scope::Organisation, 10, Period::Day)).await;
    t.commit(spend_of(6)).await;
    let day = midnight(t.store.clock().now()).plus(Duration::from_hours(24));
    let left = day.since(t.store.clock().now());
    let instant = Duration::from_micros(1);
    t.clock.advance(left.checked_sub(instant).unwrap());
    t.commit(reserve("r", vec![], amount(0, 4))).await;
    t.refused(reserve("q", vec![], amount(0, 1))).await;
    t.clock.advance(instant);
    // What is still reserved counts on the new day, and so does what it settles at.
    assert_eq!(cost(&t, Scope::Organisation).await, (0, 4));
    t.commit(reserve("q", vec![], amount(0, 6))).await;
    t.commit(settle("r", None)).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (4, 6));
    let seen = pool(&t, Scope::Organisation).await;
    assert_eq!(seen.period_start, day);
    assert_eq!(seen.resets_at(), Some(day.plus(Duration::from_hours(24))));
}

pub async fn a_rolling_window_forgets_piece_by_piece(t: Fixture) {
    let window = Period::Rolling { hours: 2 };
    t.commit(cap(Scope::Organisation, 10, window)).await;
    t.commit(spend_of(6)).await;
    t.clock.advance(Duration::from_hours(1));
    t.commit(spend_of(4)).await;
    let refused = t.refused(reserve("r", vec![], amount(0, 1))).await;
    let Refusal::OverBudget {
        retry_at: Some(retry_at),
        ..
    } = refused
    else {
        panic!("{refused:?}")
    };
    let wait = retry_at.since(t.store.clock().now());
    let hour = Duration::from_hours(1);
    assert!(
        wait >= hour && wait <= hour + Duration::from_mins(2),
        "{wait:?}"
    );
    let seen = pool(&t, Scope::Organisation).await;
    let resets = t.store.budgets().resets_at(&tenant(), &seen).await.unwrap();
    assert_eq!(resets, Some(retry_at));
    t.clock
        .advance(wait.checked_sub(Duration::from_micros(1)).unwrap());
    t.refused(reserve("r", vec![], amount(0, 1))).await;
    t.clock.advance(Duration::from_micros(1));
    assert_eq!(cost(&t, Scope::Organisation).await, (4, 0));
    t.commit(reserve("r", vec![], amount(0, 6))).await;
    t.commit(settle("r", None)).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (10, 0));
    t.clock.advance(Duration::from_hours(3));
    assert_eq!(cost(&t, Scope::Organisation).await, (0, 0));
    t.commit(spend_of(1)).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (1, 0));
}

pub async fn another_period_keeps_what_was_used(t: Fixture) {
    t.commit(cap(Scope::Organisation, 10, Period::Day)).await;
    t.commit(spend_of(3)).await;
    for period in [
        Period::Rolling { hours: 1 },
        Period::Rolling { hours: 48 },
        Period::Day,
        Period::Life,
    ] {
        t.commit(cap(Scope::Organisation, 10, period)).await;
        assert_eq!(cost(&t, Scope::Organisation).await, (3, 0), "{period:?}");
    }
    t.commit(cap(Scope::Organisation, 10, Period::Rolling { hours: 1 }))
        .await;
    assert_eq!(cost(&t, Scope::Organisation).await, (0, 0), "a life ended");
    t.commit(spend_of(2)).await;
    t.commit(cap(Scope::Organisation, 10, Period::Rolling { hours: 3 }))
        .await;
    t.clock.advance(Duration::from_mins(110));
    assert_eq!(cost(&t, Scope::Organisation).await, (2, 0));
    t.clock.advance(Duration::from_mins(75));
    assert_eq!(cost(&t, Scope::Organisation).await, (0, 0));
    let remove = || BudgetChange::Remove {
        tenant_id: tenant(),
        scope: Scope::Organisation,
    };
    t.commit(remove()).await;
    let seen = pool(&t, Scope::Organisation).await;
    assert_eq!((seen.caps, seen.source), (Caps::default(), Source::None));
    assert!(matches!(
        t.refused(remove()).await,
        Refusal::NotFound { .. }
    ));
}

pub async fn what_outlives_its_time_is_given_back_and_charged_late(t: Fixture) {
    t.commit(cap(Scope::Organisation, 10, Period::Day)).await;
    t.commit(reserve("r", vec![], amount(0, 8))).await;
    let next = t.store.budgets().next_expiry().await.unwrap();
    let ends = t.store.clock().now().plus(Duration::from_mins(10));
    assert_eq!(next, Some(ends));
    t.refused(reserve("q", vec![], amount(0, 8))).await;
    t.clock.advance(Duration::from_mins(10));
    // Nobody has ended it yet: whoever needs the room does.
    t.commit(reserve("q", vec![], amount(0, 8))).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (0, 8));
    t.commit(settle("r", Some(amount(0, 3)))).await;
    t.commit(settle("r", Some(amount(0, 3)))).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (3, 8));
    t.clock.advance(Duration::from_mins(10));
    let mut notices = t.store.subscribe();
    t.commit(EXPIRE).await;
    let tenant_id = tenant();
    let said = notices.next().await.unwrap().unwrap();
    assert_eq!(*said, [Notice::Budget { tenant_id }]);
    assert_eq!(cost(&t, Scope::Organisation).await, (3, 0));
    t.commit(release("q")).await;
    t.commit(settle("q", None)).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (11, 0));
    assert_eq!(t.store.budgets().next_expiry().await.unwrap(), None);
}

pub async fn a_warning_is_given_once_per_period_and_level(t: Fixture) {
    t.commit(cap(Scope::Organisation, 100, Period::Day)).await;
    for spent in [74, 1, 10, 9, 1] {
        t.commit(spend_of(spent)).await;
    }
    let warned = async || {
        let all = t.store.activity_after(&tenant(), 0, 100).await.unwrap();
        let warnings = all.into_iter().filter(|one| one.kind == "budget_warning");
        let said = warnings.map(|one| {
            assert_eq!(one.data["scope"], "organisation");
            one.data["level"].as_u64().unwrap()
        });
        said.collect::<Vec<u64>>()
    };
    assert_eq!(warned().await, [75, 95]);
    let filter = AuditFilter {
        category: Some("budget".into()),
        ..AuditFilter::default()
    };
    let entries = t.store.audit().list(&tenant(), &filter, 9, 0).await;
    let actions: Vec<String> = entries
        .unwrap()
        .into_iter()
        .map(|stored| stored.entry.action)
        .collect();
    assert_eq!(actions, ["warn_95", "warn_75"]);
    // A raised cap is warned of again.
    t.commit(cap(Scope::Organisation, 1000, Period::Day)).await;
    t.commit(spend_of(700)).await;
    assert_eq!(warned().await, [75, 95, 75]);
    t.clock.advance(Duration::from_hours(24));
    t.commit(spend_of(950)).await;
    assert_eq!(warned().await, [75, 95, 75, 95]);
}

pub async fn an_agents_pools_follow_the_registry(t: Fixture) {
    let scopes = vec![of_agent("a"), session("s")];
    // At work before it was registered: nothing limits it.
    t.commit(reserve("r0", scopes.clone(), amount(1, 1))).await;
    assert_eq!(pool(&t, of_agent("a")).await.caps, Caps::default());
    t.commit(insert(agent("a"))).await;
    let of = |cost: Option<u64>, tokens| Caps {
        tokens,
        cost: cost.map(Money::from_micros),
    };
    let day = pool(&t, of_agent("a")).await;
    assert_eq!(day.caps, of(Some(30_000_000), None));
    assert_eq!((day.period, day.source), (Period::Day, Source::Registry));
    let life = pool(&t, session("s")).await;
    assert_eq!(
        (life.caps, life.period),
        (of(None, Some(200_000)), Period::Life)
    );
    // A session that nobody used yet is shown with what will limit it.
    let fresh = vec![of_agent("a"), session("fresh")];
    let fresh = t.store.budgets().state(&tenant(), &fresh).await.unwrap();
    assert_eq!(fresh[2].caps, of(None, Some(200_000)));
    let over = t.refused(reserve("r1", scopes.clone(), amount(200_000, 0)));
    assert!(matches!(
        over.await,
        Refusal::OverBudget {
            what: "tokens",
            waits: false,
            ..
        }
    ));
    let mut changed: Agent = agent("a");
    changed.budget.max_cost_per_day = Money::from_micros(7);
    changed.budget.max_tokens_per_session = 500;
    t.commit(update(changed)).await;
    assert_eq!(pool(&t, of_agent("a")).await.caps, of(Some(7), None));
    assert_eq!(pool(&t, session("s")).await.caps, of(None, Some(500)));
    // What someone set holds until it is removed.
    t.commit(cap(of_agent("a"), 99, Period::Life)).await;
    let mut again = agent("a");
    again.revision = 2;
    again.budget.max_cost_per_day = Money::from_micros(8);
    t.commit(update(again)).await;
    assert_eq!(pool(&t, of_agent("a")).await.caps, of(Some(99), None));
    t.commit(BudgetChange::Remove {
        tenant_id: tenant(),
        scope: of_agent("a"),
    })
    .await;
    let back = pool(&t, of_agent("a")).await;
    assert_eq!(
        (back.caps, back.period, back.source),
        (of(Some(8), None), Period::Day, Source::Registry)
    );
    t.commit(AgentChange::Delete {
        tenant_id: tenant(),
        agent_id: id("a"),
    })
    .await;
    t.commit(settle("r0", None)).await;
    assert_eq!(pool(&t, of_agent("a")).await.caps, Caps::default());
}

pub async fn agents_follow_the_budget_of_their_role_unless_they_have_their_own(t: Fixture) {
    let limits = |tokens, micros| RoleLimits {
        tokens_per_session: tokens,
        cost_per_day: Money::from_micros(micros),
    };
    let of = |tenant_id: TenantId, role, from, to| {
        AgentChange::FollowRole(RoleChange {
            tenant_id,
            role,
            from,
            to,
        })
    };
    let (usual, new) = (limits(200_000, 30_000_000), limits(500, 7));
    for name in ["follows", "has-its-own", "is-capped"] {
        let mut new = agent(name);
        if name == "has-its-own" {
            new.budget.max_cost_per_day = Money::from_micros(31_000_000);
        }
        t.commit(insert(new)).await;
        let scopes = vec![of_agent(name), session(name)];
        t.commit(reserve(name, scopes, amount(1, 1))).await;
    }
    let mut reviewer = agent("reviewer");
    reviewer.role = Role::Reviewer;
    t.commit(insert(reviewer)).await;
    t.commit(cap(of_agent("is-capped"), 99, Period::Day)).await;
    // Another tenant's, another role's, and what the role never had change nothing.
    t.commit(of(other_tenant(), Role::Developer, usual, new))
        .await;
    t.commit(of(tenant(), Role::Tester, usual, new)).await;
    t.commit(of(tenant(), Role::Developer, limits(1, 1), new))
        .await;
    assert_eq!(found(&t, "follows").await.budget, agent("x").budget);
    t.clock.advance(Duration::from_secs(1));
    t.commit(of(tenant(), Role::Developer, usual, new)).await;
    let figures = async |name| {
        let agent = found(&t, name).await;
        let (day, life) = (pool(&t, of_agent(name)), pool(&t, session(name)));
        (
            agent.budget.max_tokens_per_session,
            agent.budget.max_cost_per_day.as_micros(),
            agent.revision,
            day.await.caps.cost.map(Money::as_micros),
            life.await.caps.tokens,
        )
    };
    assert_eq!(figures("follows").await, (500, 7, 3, Some(7), Some(500)));
    let own = Some(31_000_000);
    assert_eq!(
        figures("has-its-own").await,
        (500, 31_000_000, 2, own, Some(500))
    );
    assert_eq!(figures("is-capped").await, (500, 7, 3, Some(99), Some(500)));
    let other = found(&t, "reviewer").await;
    assert_eq!(
        (other.budget.max_tokens_per_session, other.revision),
        (200_000, 1)
    );
    // What was set of its pool is taken back: its role's figure holds.
    t.commit(BudgetChange::Remove {
        tenant_id: tenant(),
        scope: of_agent("is-capped"),
    })
    .await;
    let back = pool(&t, of_agent("is-capped")).await;
    assert_eq!(back.caps.cost, Some(Money::from_micros(7)));
}

pub async fn a_metric_is_charged_once_to_pools_and_agent(t: Fixture) {
    t.commit(insert(agent("a"))).await;
    t.commit(record(metric("m", "a"))).await;
    t.commit(reserve("r", vec![of_agent("a")], amount(5, 50)))
        .await;
    t.commit(settle("r", Some(amount(7, 70)))).await;
    let found = t.store.agents().find(&tenant(), &id("a")).await;
    let budget = found.unwrap().unwrap().budget;
    assert_eq!(budget.tokens_used_today, 1007);
    assert_eq!(budget.cost_used_today, Money::from_micros(250_070));
    let day = pool(&t, of_agent("a")).await;
    assert_eq!(day.used, amount(1007, 250_070));
    assert_eq!(pool(&t, Scope::Organisation).await.used, day.used);
    assert_eq!(
        kinds(&t).await,
        ["metric_recorded", "budget_updated", "budget_updated"]
    );
    t.clock.advance(Duration::from_hours(24));
    t.commit(BudgetChange::Spend(spend(
        None,
        vec![of_agent("a")],
        amount(1, 0),
    )))
    .await;
    let found = t.store.agents().find(&tenant(), &id("a")).await;
    let next = found.unwrap().unwrap();
    assert_eq!(next.budget.tokens_used_today, 1);
    assert_eq!(next.budget.last_reset, midnight(t.store.clock().now()));
    assert_eq!(next.last_active_at, Some(t.store.clock().now()));
    assert_eq!(pool(&t, of_agent("a")).await.used, amount(1, 0));
}

pub async fn a_charge_with_an_id_counts_once(t: Fixture) {
    t.commit(cap(Scope::Organisation, 10, Period::Day)).await;
    let one = || BudgetChange::Spend(spend(Some("d"), vec![], amount(0, 6)));
    t.commit(one()).await;
    t.commit(one()).await;
    let check = BudgetChange::CheckCharge {
        tenant_id: tenant(),
        spend_id: "d".into(),
    };
    let refused = t.refused(check).await;
    assert_eq!(refused, Refusal::Changed { what: "the charge" });
    // Reservations are others, whatever their ids.
    let budgets = t.store.budgets();
    assert_eq!(budgets.reservation(&tenant(), "d").await.unwrap(), None);
    let made = budgets.charge(&tenant(), "d").await.unwrap().unwrap();
    assert_eq!(
        (made.reservation_id.as_str(), made.amount),
        ("d", amount(0, 6))
    );
    t.commit(reserve("d", vec![], amount(0, 1))).await;
    t.commit(release("d")).await;
    t.commit(reserve("r", vec![], amount(0, 1))).await;
    t.commit(BudgetChange::Spend(spend(Some("r"), vec![], amount(0, 0))))
        .await;
    assert_eq!(cost(&t, Scope::Organisation).await, (6, 1));
    t.commit(release("r")).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (6, 0));
    // What is spent is spent, with room or without.
    t.commit(spend_of(6)).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (12, 0));
    let fits = Spend {
        must_fit: true,
        ..spend(Some("e"), vec![], amount(0, 1))
    };
    let refused = t.refused(BudgetChange::Spend(fits)).await;
    assert!(matches!(refused, Refusal::OverBudget { .. }), "{refused:?}");
}

fn for_room(cost: u64) -> Wait {
    Wait::Budget {
        scope: "organisation".into(),
        what: "cost".into(),
        tokens: 0,
        cost: Money::from_micros(cost),
        until: None,
    }
}

async fn due(t: &Fixture) -> usize {
    let now = t.store.clock().now();
    t.store.executions().due(now, 9).await.unwrap().len()
}

pub async fn an_execution_waits_until_there_is_room(t: Fixture) {
    t.commit(cap(Scope::Organisation, 10, Period::Life)).await;
    t.commit(reserve("r", vec![], amount(0, 6))).await;
    t.started("e").await;
    t.commit(suspend(&tenant(), "e", 2, for_room(5))).await;
    assert_eq!(t.find("e").await.status, Status::Waiting);
    assert_eq!(due(&t).await, 0);
    // What gives nothing back wakes nobody.
    t.commit(reserve("q", vec![], amount(0, 1))).await;
    t.commit(settle("q", None)).await;
    assert_eq!(due(&t).await, 0);
    let mut notices = t.store.subscribe();
    t.commit(release("r")).await;
    let tenant_id = tenant();
    let said = notices.next().await.unwrap().unwrap();
    assert!(said.contains(&Notice::Schedule), "{said:?}");
    assert!(said.contains(&Notice::Budget { tenant_id }), "{said:?}");
    assert_eq!(due(&t).await, 1);
    // It goes on, finds no room again, and a raised cap wakes it.
    t.commit(reserve("r2", vec![], amount(0, 9))).await;
    t.commit(start(&tenant(), "e", 3)).await;
    t.commit(suspend(&tenant(), "e", 4, for_room(5))).await;
    assert_eq!(due(&t).await, 0);
    t.commit(cap(Scope::Organisation, 20, Period::Life)).await;
    assert_eq!(due(&t).await, 1);
    t.commit(start(&tenant(), "e", 5)).await;
    // A day that begins ends the wait by itself.
    t.commit(cap(Scope::Organisation, 12, Period::Day)).await;
    t.commit(suspend(&tenant(), "e", 6, for_room(5))).await;
    assert_eq!(due(&t).await, 0);
    t.clock.advance(Duration::from_hours(24));
    assert_eq!(due(&t).await, 1);
}

pub async fn a_wait_that_begins_too_late_ends_at_once(t: Fixture) {
    t.commit(cap(Scope::Organisation, 10, Period::Life)).await;
    t.started("e").await;
    t.commit(suspend(&tenant(), "e", 2, for_room(5))).await;
    assert_eq!(due(&t).await, 1);
}

pub async fn reservations_outlive_a_reopening(t: Fixture) {
    t.commit(cap(Scope::Organisation, 10, Period::Day)).await;
    t.commit(reserve("r", vec![], amount(0, 8))).await;
    let again = Store::open(&t.place.options(), t.clock.clone())
        .await
        .unwrap();
    let t = Fixture {
        store: again,
        ..t.clone()
    };
    t.refused(reserve("q", vec![], amount(0, 3))).await;
    t.commit(reserve("r", vec![], amount(0, 8))).await;
    t.commit(settle("r", Some(amount(0, 1)))).await;
    assert_eq!(cost(&t, Scope::Organisation).await, (1, 0));
}

pub async fn old_reservations_and_sessions_are_swept(t: Fixture) {
    t.commit(reserve("r", vec![session("s")], amount(0, 1)))
        .await;
    t.commit(reserve("h", vec![session("h")], amount(0, 1)))
        .await;
    t.commit(cap(session("set"), 5, Period::Life)).await;
    t.commit(settle("r", None)).await;
    t.clock.advance(Duration::from_hours(24 * 31));
    let sweep = Sweep {
        unused_since: t.store.clock().now(),
        records_applied: 0,
    };
    t.commit(Change::Sweep(sweep)).await;
    let found = async |name| {
        t.store
            .budgets()
            .reservation(&tenant(), name)
            .await
            .unwrap()
    };
    assert_eq!(found("r").await, None);
    assert!(found("h").await.is_some(), "it is held");
    let sessions = PoolFilter {
        kind: Some("session".into()),
        ..PoolFilter::default()
    };
    let left = t.store.budgets().list(&tenant(), &sessions, 9).await;
    let left: Vec<Scope> = left.unwrap().into_iter().map(|pool| pool.scope).collect();
    assert_eq!(left, [session("h"), session("set")]);
}

pub async fn there_are_limits(t: Fixture) {
    let many: Vec<Scope> = (0..8).map(|number| team(&number.to_string())).collect();
    let refused = t.refused(reserve("r", many, amount(0, 1))).await;
    assert!(
        matches!(refused, Refusal::TooMany { max: 8, .. }),
        "{refused:?}"
    );
    // However much is charged, sums stay numbers.
    for _ in 0..3 {
        t.commit(BudgetChange::Spend(spend(
            None,
            vec![],
            Amount::new(u64::MAX, Money::from_micros(u64::MAX)),
        )))
        .await;
    }
    assert_eq!(
        pool(&t, Scope::Organisation).await.used.tokens,
        3 * Amount::MAX.tokens
    );
}

pub async fn another_tenants_budgets_stay_its_own(t: &Fixture) {
    let b = other_tenant();
    t.commit(cap(Scope::Organisation, 10, Period::Rolling { hours: 1 }))
        .await;
    t.commit(spend_of(1)).await;
    t.commit(reserve("r", vec![], amount(0, 5))).await;
    let budgets = t.store.budgets();
    let theirs = budgets.state(&b, &[]).await.unwrap();
    assert_eq!(
        (theirs[0].caps, theirs[0].used),
        (Caps::default(), Amount::ZERO)
    );
    let filter = PoolFilter::default();
    assert_eq!(budgets.list(&b, &filter, 9).await.unwrap(), []);
    assert_eq!(budgets.reservation(&b, "r").await.unwrap(), None);
    t.commit(BudgetChange::Spend(spend(Some("c"), vec![], Amount::ZERO)))
        .await;
    assert_eq!(budgets.charge(&b, "c").await.unwrap(), None);
    let own = pool(t, Scope::Organisation).await;
    assert_eq!(budgets.resets_at(&b, &own).await.unwrap(), None);
    let of_b = |change: BudgetChange| match change {
        BudgetChange::Settle {
            reservation_id,
            actual,
            ..
        } => BudgetChange::Settle {
            tenant_id: b.clone(),
            reservation_id,
            actual,
        },
        BudgetChange::Release { reservation_id, .. } => BudgetChange::Release {
            tenant_id: b.clone(),
            reservation_id,
        },
        other => other,
    };
    for change in [settle("r", None), release("r")] {
        let missing = refusal(commit(&t.store, of_b(change)).await);
        assert!(matches!(missing, Refusal::NotFound { .. }), "{missing:?}");
    }
    // The same id is another reservation there, and their spending is theirs.
    let BudgetChange::Reserve(mut same) = reserve("r", vec![], amount(0, 50)) else {
        unreachable!()
    };
    same.tenant_id = b.clone();
    t.commit(BudgetChange::Reserve(same)).await;
    t.commit(BudgetChange::Spend(Spend {
        tenant_id: b.clone(),
        ..spend(None, vec![], amount(0, 7))
    }))
    .await;
    assert_eq!(cost(t, Scope::Organisation).await, (1, 5));
    check_caps(t, &b).await;
}

async fn check_caps(t: &Fixture, b: &TenantId) {
    let BudgetChange::SetCap(mut set) = cap(Scope::Organisation, 1, Period::Day) else {
        unreachable!()
    };
    set.tenant_id = b.clone();
    t.commit(BudgetChange::SetCap(set)).await;
    let own = pool(t, Scope::Organisation).await;
    assert_eq!(own.caps.cost, Some(Money::from_micros(10)));
}

async fn commit(
    store: &Store,
    change: BudgetChange,
) -> Result<civitas_storage::Receipt, CommitError> {
    store.commit(Changeset::new().with(change)).await
}
