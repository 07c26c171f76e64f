//! Approvals on a real store: who decides, who waits, and what is recorded.

#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use civitas_audit::Actor;
use civitas_governance::approvals::{Always, Decide, request, request_hash};
use civitas_governance::{Approvals, Error};
use civitas_model::approval::{AllowanceScope, ApprovalKind, ApprovalState, Asked, Verdict};
use civitas_model::{
    Amount, Approval, Caller, CallerKind, Clock, Id, Permission, Role, SystemEntropy, TenantId,
    Timestamp,
};
use civitas_storage::{AuditFilter, NewApproval, Store, StoreOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

const HOUR: Duration = Duration::from_hours(1);
const START: i64 = 1_800_000_000_000_000;

struct StillClock(AtomicI64);

impl StillClock {
    fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap();
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

struct House {
    approvals: Approvals,
    store: Store,
    clock: Arc<StillClock>,
    folder: TempDir,
}

async fn open_store(folder: &Path, clock: &Arc<StillClock>) -> Store {
    let path = folder.join("civitas.db");
    let options = StoreOptions::Sqlite { path };
    Store::open(&options, Arc::<StillClock>::clone(clock))
        .await
        .unwrap()
}

async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(StillClock(AtomicI64::new(START)));
    let store = open_store(folder.path(), &clock).await;
    House {
        approvals: Approvals::new(store.clone(), Arc::new(SystemEntropy)),
        store,
        clock,
        folder,
    }
}

fn tenant() -> TenantId {
    Id::trusted("acme")
}

fn user(name: &str, role: Role) -> Caller {
    Caller {
        kind: CallerKind::User,
        tenant_id: tenant(),
        user_id: Some(Id::trusted(format!("id-{name}"))),
        session_id: None,
        name: format!("{name}@example.com"),
        roles: vec![role],
        permissions: role.permissions().to_vec(),
    }
}

/// A machine that somebody gave every permission there is.
fn machine(name: &str) -> Caller {
    Caller {
        kind: CallerKind::Service,
        user_id: None,
        name: name.to_owned(),
        roles: Vec::new(),
        permissions: Permission::ALL.to_vec(),
        ..user(name, Role::Admin)
    }
}

fn asked(id: &str, quorum: u32) -> NewApproval {
    let input = json!({ "command": "git push origin main" });
    let asked = request(None, "coder", Some("s-1"), "Bash", &input, Some("/work"));
    NewApproval {
        tenant_id: tenant(),
        approval_id: id.into(),
        kind: ApprovalKind::ToolCall,
        summary: "push to main".into(),
        tool_name: "Bash".into(),
        request_hash: request_hash(&asked),
        input,
        agent_id: None,
        agent_name: "coder".into(),
        session_id: Some("s-1".into()),
        tool_use_id: Some("toolu_1".into()),
        cwd: Some("/work".into()),
        execution_id: None,
        reason: "pushes to main ask".into(),
        policies: vec!["gates.push".into()],
        approvers: vec!["human".into()],
        amount: Amount::default(),
        quorum,
        expires_at: Timestamp::from_micros(START).plus(HOUR),
        escalate_at: None,
    }
}

impl House {
    async fn ask(&self, id: &str, quorum: u32) -> Approval {
        let actor = Actor::new("agent", "coder");
        let opened = self.approvals.open(actor, asked(id, quorum)).await;
        opened.unwrap()
    }

    async fn approve(&self, who: &str, key: &str) -> Result<Approval, Error> {
        let caller = user(who, Role::Operator);
        let decide = Decide::new(Verdict::Approve);
        self.approvals.decide(&caller, key, decide).await
    }

    /// Actions and outcomes of the category, oldest first.
    async fn recorded(&self) -> Vec<(String, String)> {
        let filter = AuditFilter {
            category: Some("approval".into()),
            ..AuditFilter::default()
        };
        let found = self.store.audit().list(&tenant(), &filter, 500, 0).await;
        let entries = found.unwrap().into_iter().rev();
        entries
            .map(|stored| (stored.entry.action, stored.entry.outcome))
            .collect()
    }
}

fn pair(action: &str, outcome: &str) -> (String, String) {
    (action.to_owned(), outcome.to_owned())
}

#[test]
fn the_digest_of_a_request_does_not_depend_on_the_order_of_its_members() {
    let one: Value = serde_json::from_str(r#"{"a":1.0,"b":{"c":"ä","d":[]}}"#).unwrap();
    let other: Value = serde_json::from_str(r#"{"b":{"d":[],"c":"ä"},"a":1}"#).unwrap();
    assert_eq!(request_hash(&one), request_hash(&other));
    assert_eq!(request_hash(&one).len(), 64);
    let changed = json!({ "a": 1, "b": { "c": "Ä", "d": [] } });
    assert_ne!(request_hash(&one), request_hash(&changed));
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_people_and_machines_at_once_end_with_one_decision() {
    let house = house().await;
    house.ask("a", 1).await;
    let mut tasks = Vec::new();
    for number in 0..20 {
        let approvals = house.approvals.clone();
        let name = format!("n{number}");
        let caller = if number % 2 == 0 {
            user(&name, Role::Operator)
        } else {
            machine(&name)
        };
        let verdict = if number % 4 == 0 {
            Verdict::Approve
        } else {
            Verdict::Deny
        };
        tasks.push(tokio::spawn(async move {
            approvals.decide(&caller, "P1", Decide::new(verdict)).await
        }));
    }
    let (mut decided, mut late, mut forbidden) = (0, 0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => decided += 1,
            Err(Error::Conflict(_)) => late += 1,
            Err(Error::Forbidden(_)) => forbidden += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((decided, late, forbidden), (1, 9, 10));
    let one = house.approvals.find(&user("ada", Role::Viewer), "p1").await;
    let one = one.unwrap();
    assert_eq!(one.votes.len(), 1);
    assert!(matches!(
        one.state,
        ApprovalState::Approved | ApprovalState::Denied
    ));
    let recorded = house.recorded().await;
    let refusals = recorded.iter().filter(|(_, outcome)| outcome == "refused");
    assert_eq!(refusals.count(), 10, "every machine's attempt is recorded");
    assert_eq!(
        recorded.len(),
        12,
        "the question, the decision, the attempts"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_used_once_however_many_try() {
    let house = house().await;
    let approval = house.ask("a", 1).await;
    house.approve("ada", "a").await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..40 {
        let actor = Actor::new("agent", "coder");
        let hash = &approval.request_hash;
        let changeset = house.approvals.using(actor, &approval, hash);
        let store = house.store.clone();
        tasks.push(tokio::spawn(async move { store.commit(changeset).await }));
    }
    let mut used = 0;
    for task in tasks {
        used += usize::from(task.await.unwrap().is_ok());
    }
    assert_eq!(used, 1);
    let recorded = house.recorded().await;
    let entries = recorded.iter().filter(|(action, _)| action == "use");
    assert_eq!(entries.count(), 1, "a refused use leaves no entry");
}

#[tokio::test]
async fn whoever_waits_hears_the_decision_at_once() {
    let house = house().await;
    let approval = house.ask("a", 2).await;
    let end = approval.expires_at;
    let waiting = {
        let approvals = house.approvals.clone();
        tokio::spawn(async move { approvals.wait(&tenant(), "a", end).await })
    };
    house.approve("ada", "a").await.unwrap();
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished(), "one of two agreed");
    house.approve("bob", "a").await.unwrap();
    let limit = Duration::from_secs(20);
    let heard = tokio::time::timeout(limit, waiting).await.unwrap();
    assert_eq!(heard.unwrap().unwrap().state, ApprovalState::Approved);
    // What is decided is not waited for, and what is asked for only until then is not waited for longer.
    let decided = house.approvals.wait(&tenant(), "a", end).await.unwrap();
    assert_eq!(decided.state, ApprovalState::Approved);
    house.ask("b", 1).await;
    let now = house.clock.now();
    let pending = house.approvals.wait(&tenant(), "b", now).await.unwrap();
    assert_eq!(pending.state, ApprovalState::Pending);
}

#[tokio::test]
async fn an_edited_input_is_another_request() {
    let house = house().await;
    let asked = house.ask("a", 1).await;
    let ada = user("ada", Role::Operator);
    let input = json!({ "command": "git push origin topic" });
    let decide = Decide {
        input: Some(input.clone()),
        request_hash: Some(asked.request_hash.clone()),
        comment: Some("not to main".into()),
        ..Decide::new(Verdict::Approve)
    };
    let edited = house.approvals.decide(&ada, "P1", decide).await.unwrap();
    assert_eq!(edited.input, input);
    let hash = request_hash(&edited.request_with(&input));
    assert_eq!(edited.request_hash, hash);
    let uses = async |hash: &str| {
        let actor = Actor::new("agent", "coder");
        let changeset = house.approvals.using(actor, &edited, hash);
        house.store.commit(changeset).await
    };
    // What was asked for first, and what it might have become since, are not what was approved.
    assert!(uses(&asked.request_hash).await.is_err());
    assert!(
        uses(&request_hash(&json!({ "command": "rm" })))
            .await
            .is_err()
    );
    uses(&hash).await.unwrap();
}

#[tokio::test]
async fn who_agrees_to_an_edit_has_seen_it() {
    let house = house().await;
    house.ask("a", 2).await;
    let decide = Decide {
        input: Some(json!({ "command": "git push origin topic" })),
        ..Decide::new(Verdict::Approve)
    };
    let ada = user("ada", Role::Operator);
    let edited = house.approvals.decide(&ada, "a", decide).await.unwrap();
    assert_eq!(edited.missing(), 1);
    let unseen = house.approve("bob", "a").await;
    assert!(matches!(unseen, Err(Error::Conflict(_))), "{unseen:?}");
    let seen = Decide {
        request_hash: Some(edited.request_hash),
        ..Decide::new(Verdict::Approve)
    };
    let bob = user("bob", Role::Operator);
    let approved = house.approvals.decide(&bob, "a", seen).await.unwrap();
    assert_eq!(approved.state, ApprovalState::Approved);
}

#[tokio::test]
async fn a_decision_about_a_request_that_is_no_longer_asked_is_refused() {
    let house = house().await;
    house.ask("a", 1).await;
    let decide = Decide {
        request_hash: Some("0".repeat(64)),
        ..Decide::new(Verdict::Approve)
    };
    let ada = user("ada", Role::Operator);
    let refused = house.approvals.decide(&ada, "P1", decide).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    // Whoever hashes in another way gets no edits, since no use could match them.
    let actor = Actor::new("agent", "coder");
    let other = NewApproval {
        request_hash: "f".repeat(64),
        ..asked("other", 1)
    };
    house.approvals.open(actor, other).await.unwrap();
    let decide = Decide {
        input: Some(json!({})),
        ..Decide::new(Verdict::Approve)
    };
    let refused = house.approvals.decide(&ada, "P2", decide).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
}

#[tokio::test]
async fn time_denies_and_widens_and_both_are_recorded() {
    let house = house().await;
    let actor = || Actor::new("agent", "coder");
    let new = NewApproval {
        approvers: vec!["admin".into()],
        escalate_at: Some(house.clock.now().plus(HOUR / 2)),
        ..asked("a", 1)
    };
    house.approvals.open(actor(), new).await.unwrap();
    let refused = house.approve("bob", "a").await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    house.approvals.sweep().await.unwrap();
    house.clock.advance(HOUR / 2);
    house.approvals.sweep().await.unwrap();
    house.approvals.sweep().await.unwrap();
    let mut expected = vec![
        pair("open", "done"),
        pair("approve", "refused"),
        pair("escalate", "done"),
    ];
    assert_eq!(house.recorded().await, expected);
    // Now bob may; but he is late.
    house.clock.advance(HOUR / 2);
    let late = house.approve("bob", "a").await;
    assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
    let until = house.clock.now().plus(HOUR);
    let waited = house.approvals.wait(&tenant(), "a", until).await.unwrap();
    let state = waited.state_at(house.clock.now());
    assert_eq!(state, ApprovalState::Expired, "known before it is written");
    house.approvals.sweep().await.unwrap();
    expected.push(pair("expire", "done"));
    assert_eq!(house.recorded().await, expected);
}

#[tokio::test]
async fn what_is_always_allowed_is_given_with_an_approval_and_taken_back() {
    let house = house().await;
    let approval = house.ask("a", 1).await;
    let ada = user("ada", Role::Operator);
    let always = |scope| Decide {
        always: Some(Always {
            scope,
            expires_in: HOUR,
        }),
        ..Decide::new(Verdict::Approve)
    };
    let decide = always(AllowanceScope::Tool);
    house.approvals.decide(&ada, "a", decide).await.unwrap();
    let covering = async || {
        let (now, approvals) = (house.clock.now(), house.store.approvals());
        let (tenant, given) = (
            tenant(),
            approvals.find(&tenant(), "a").await.unwrap().unwrap(),
        );
        let asked = Asked {
            request_hash: "other",
            ..given.asked()
        };
        approvals.allowance(&tenant, &asked, now).await.unwrap()
    };
    let allowance = covering().await.unwrap();
    let actor = Actor::new("agent", "coder");
    let used = house
        .approvals
        .using_allowance(actor, &allowance, "other", Some("toolu_2"));
    house.store.commit(used).await.unwrap();
    let machine = machine("m");
    let id = &allowance.allowance_id;
    let refused = house.approvals.revoke(&machine, id).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    house.approvals.revoke(&ada, id).await.unwrap();
    assert_eq!(covering().await, None);
    let again = house.approvals.revoke(&ada, id).await;
    assert!(matches!(again, Err(Error::NotFound(_))));
    let expected = [
        ("open", "done"),
        ("approve", "done"),
        ("allow", "done"),
        ("use_allowance", "done"),
        ("revoke", "refused"),
        ("revoke", "done"),
    ]
    .map(|(action, outcome)| pair(action, outcome));
    assert_eq!(house.recorded().await, expected);
    // Two people cannot be replaced by one for all time.
    house.ask("b", 2).await;
    let decide = always(AllowanceScope::Request);
    let refused = house.approvals.decide(&ada, "b", decide).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    assert_eq!(approval.votes.len(), 0);
}

#[tokio::test]
async fn a_reopened_store_goes_on_where_it_was() {
    let house = house().await;
    house.ask("a", 2).await;
    house.approve("ada", "a").await.unwrap();
    let before = house.approvals.find(&user("ada", Role::Viewer), "a").await;
    let House {
        approvals,
        store,
        clock,
        folder,
    } = house;
    drop((approvals, store));
    let store = open_store(folder.path(), &clock).await;
    let house = House {
        approvals: Approvals::new(store.clone(), Arc::new(SystemEntropy)),
        store,
        clock,
        folder,
    };
    let after = house.approvals.find(&user("ada", Role::Viewer), "P1").await;
    assert_eq!(after.unwrap(), before.unwrap());
    let again = house.approve("ada", "P1").await;
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
    let approved = house.approve("bob", "P1").await.unwrap();
    assert_eq!(approved.state, ApprovalState::Approved);
    let actor = Actor::new("agent", "coder");
    let hash = &approved.request_hash;
    let used = house.approvals.using(actor, &approved, hash);
    house.store.commit(used).await.unwrap();
    assert_eq!(house.ask("next", 1).await.code(), "P2");
}

#[tokio::test]
async fn another_tenant_sees_nothing() {
    let house = house().await;
    house.ask("a", 1).await;
    let stranger = Caller {
        tenant_id: Id::trusted("other"),
        ..user("eve", Role::Admin)
    };
    for key in ["a", "P1", "p1"] {
        let decide = Decide::new(Verdict::Deny);
        let outcomes = [
            house.approvals.find(&stranger, key).await,
            house.approvals.decide(&stranger, key, decide).await,
            house
                .approvals
                .delegate(&stranger, key, "admin", None)
                .await,
            house.approvals.withdraw(&stranger, key, None).await,
        ];
        for outcome in outcomes {
            assert!(matches!(outcome, Err(Error::NotFound(_))), "{outcome:?}");
        }
    }
    let one = house.approvals.find(&user("ada", Role::Viewer), "a").await;
    assert_eq!(one.unwrap().state, ApprovalState::Pending);
}

#[tokio::test]
async fn what_cannot_be_is_said() {
    let house = house().await;
    house.ask("a", 1).await;
    let ada = user("ada", Role::Operator);
    let deny = Decide::new(Verdict::Deny);
    for (wrong, pointer) in [
        (
            Decide {
                input: Some(json!({})),
                ..deny.clone()
            },
            "/input",
        ),
        (
            Decide {
                comment: Some("x".repeat(2001)),
                ..deny.clone()
            },
            "/comment",
        ),
        (
            Decide {
                always: Some(Always {
                    scope: AllowanceScope::Tool,
                    expires_in: HOUR * 24 * 31,
                }),
                ..Decide::new(Verdict::Approve)
            },
            "/always/expires_in",
        ),
    ] {
        let refused = house.approvals.decide(&ada, "a", wrong).await;
        let Err(Error::Invalid(errors)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(errors[0].pointer, pointer);
    }
    for to in ["viewer", "nobody@example.com"] {
        let refused = house.approvals.delegate(&ada, "a", to, None).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    let delegated = house.approvals.delegate(&ada, "a", "admin", None).await;
    assert_eq!(delegated.unwrap().approvers, ["human", "admin"]);
    let without = user("vic", Role::User);
    let refused = house.approvals.decide(&without, "a", deny).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    // Taking back needs no person, and changes nothing twice.
    let machine = machine("m");
    for _ in 0..2 {
        let back = house.approvals.withdraw(&machine, "a", None).await;
        assert_eq!(back.unwrap().state, ApprovalState::Withdrawn);
    }
}
