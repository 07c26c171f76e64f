//! Approvals, allowances, and executions that wait for people.

use std::time::Duration;

use civitas_model::approval::{
    Allowance, AllowanceScope, ApprovalKind, ApprovalRefusal, ApprovalState, Asked, Edit, NewVote,
    Person, Verdict,
};
use civitas_model::execution::{Status, Wait};
use civitas_model::session::anonymous_tenant;
use civitas_model::{AgentId, Amount, Approval, Money, Role};
use civitas_storage::execution::{Cancel, Sweep};
use civitas_storage::{
    AllowanceFilter, ApprovalChange, ApprovalFilter, AuditFilter, Change, Changeset, NewApproval,
    Notice, OPEN_APPROVALS_MAX, Refusal,
};
use serde_json::json;

use crate::fixture::{Fixture, at, complete, id, refusal, request, start, suspend, tenant};

const HOUR: Duration = Duration::from_hours(1);

pub fn new_approval(approval_id: &str, kind: ApprovalKind) -> NewApproval {
    let is_execution = kind == ApprovalKind::Execution;
    NewApproval {
        tenant_id: tenant(),
        approval_id: approval_id.into(),
        kind,
        summary: "run `ls`".into(),
        tool_name: "Bash".into(),
        input: json!({ "command": "ls ä" }),
        request_hash: "hash".into(),
        agent_id: None,
        agent_name: "coder".into(),
        session_id: Some("s".into()),
        tool_use_id: Some("toolu_1".into()),
        cwd: Some("/work".into()),
        execution_id: is_execution.then(|| id("e")),
        reason: "commands ask".into(),
        policies: vec!["p.one".into()],
        approvers: vec!["human".into()],
        amount: Amount {
            tokens: 500,
            cost: Money::from_micros(1500),
        },
        quorum: 1,
        expires_at: at(0).plus(HOUR),
        escalate_at: Some(at(0).plus(HOUR / 2)),
    }
}

pub fn open(new: NewApproval) -> ApprovalChange {
    ApprovalChange::Open(Box::new(new))
}

pub fn person(name: &str) -> Person {
    Person {
        id: name.into(),
        name: format!("{name}@example.com"),
        roles: vec![Role::Operator],
    }
}

pub fn new_vote(name: &str, verdict: Verdict) -> NewVote {
    NewVote {
        person: person(name),
        verdict,
        comment: None,
        request_hash: None,
        edit: None,
    }
}

pub fn vote(approval_id: &str, name: &str, verdict: Verdict) -> ApprovalChange {
    ApprovalChange::Vote {
        tenant_id: tenant(),
        approval_id: approval_id.into(),
        vote: Box::new(new_vote(name, verdict)),
    }
}

fn use_once(approval_id: &str, hash: &str) -> ApprovalChange {
    ApprovalChange::Use {
        tenant_id: tenant(),
        approval_id: approval_id.into(),
        request_hash: hash.into(),
    }
}

pub fn allowance(allowance_id: &str, approval_id: &str, scope: AllowanceScope) -> Allowance {
    Allowance {
        allowance_id: allowance_id.into(),
        tenant_id: tenant(),
        approval_id: approval_id.into(),
        scope,
        tool_name: "Bash".into(),
        agent_id: None,
        agent_name: "coder".into(),
        request_hash: "hash".into(),
        granted_by_id: "ada".into(),
        granted_by: "ada@example.com".into(),
        created_at: at(0),
        expires_at: at(0).plus(HOUR * 2),
        revoked_at: None,
        revoked_by: None,
        uses: 0,
        last_used_at: None,
    }
}

fn allow(allowance: Allowance) -> ApprovalChange {
    ApprovalChange::Allow(Box::new(allowance))
}

async fn found(t: &Fixture, key: &str) -> Approval {
    let found = t.store.approvals().find(&tenant(), key).await;
    found.unwrap().unwrap()
}

async fn published(t: &Fixture) -> Vec<String> {
    let activity = t.store.activity_after(&tenant(), 0, 100).await.unwrap();
    activity.into_iter().map(|one| one.kind).collect()
}

fn refused_with(refusal: ApprovalRefusal) -> Refusal {
    Refusal::Approval(refusal)
}

pub async fn an_approval_is_decided_and_used_once(t: Fixture) {
    let mut notices = t.store.subscribe();
    t.commit(open(NewApproval {
        approvers: Vec::new(),
        ..new_approval("p", ApprovalKind::ToolCall)
    }))
    .await;
    let said = notices.next().await.unwrap().unwrap();
    let notice = Notice::Approval {
        tenant_id: tenant(),
        approval_id: "p".into(),
    };
    assert!(said.contains(&notice));
    let asked = found(&t, "p1").await;
    assert_eq!(asked, found(&t, "p").await);
    assert_eq!(asked.code(), "P1");
    assert_eq!(asked.state, ApprovalState::Pending);
    assert_eq!(asked.approvers, ["human"]);
    assert_eq!(asked.input, json!({ "command": "ls ä" }));
    assert_eq!(asked.amount.cost, Money::from_micros(1500));
    let early = t.refused(use_once("p", "hash")).await;
    assert_eq!(
        early,
        refused_with(ApprovalRefusal::NotApproved(ApprovalState::Pending))
    );
    let edit = Edit {
        input: json!({ "command": "ls -a" }),
        request_hash: "edited".into(),
    };
    t.commit(ApprovalChange::Vote {
        tenant_id: tenant(),
        approval_id: "p".into(),
        vote: Box::new(NewVote {
            edit: Some(edit),
            comment: Some("with hidden ones".into()),
            ..new_vote("ada", Verdict::Approve)
        }),
    })
    .await;
    let approved = found(&t, "P1").await;
    assert_eq!(approved.original_input, Some(json!({ "command": "ls ä" })));
    assert_eq!(approved.input, json!({ "command": "ls -a" }));
    assert_eq!(
        approved.votes[0].comment.as_deref(),
        Some("with hidden ones")
    );
    let other = t.refused(use_once("p", "hash")).await;
    assert_eq!(other, refused_with(ApprovalRefusal::OtherRequest));
    t.commit(use_once("p", "edited")).await;
    assert_eq!(found(&t, "p").await.used_at, Some(at(0)));
    let again = t.refused(use_once("p", "edited")).await;
    assert_eq!(again, refused_with(ApprovalRefusal::Used));
    assert_eq!(
        published(&t).await,
        ["approval_requested", "approval_decided"]
    );
}

pub async fn numbers_are_never_given_twice(t: Fixture) {
    t.commit(open(new_approval("a", ApprovalKind::ToolCall)))
        .await;
    let same = t
        .refused(open(new_approval("a", ApprovalKind::ToolCall)))
        .await;
    assert!(matches!(same, Refusal::AlreadyExists { .. }));
    t.commit(open(new_approval("b", ApprovalKind::ToolCall)))
        .await;
    assert_eq!(found(&t, "b").await.number, 2);
    for approval in ["a", "b"] {
        t.commit(vote(approval, "ada", Verdict::Deny)).await;
    }
    t.clock.advance(Duration::from_hours(91 * 24));
    t.commit(Change::Sweep(Sweep {
        unused_since: at(0),
        records_applied: 0,
    }))
    .await;
    let approvals = t.store.approvals();
    assert_eq!(approvals.find(&tenant(), "P2").await.unwrap(), None);
    t.commit(open(NewApproval {
        expires_at: at(0).plus(Duration::from_hours(92 * 24)),
        ..new_approval("c", ApprovalKind::ToolCall)
    }))
    .await;
    assert_eq!(found(&t, "c").await.number, 3);
}

/// Commits at the same time; says how many were applied, and why the others were not.
async fn race(t: &Fixture, changes: Vec<ApprovalChange>) -> (usize, Vec<Refusal>) {
    let tasks: Vec<_> = changes
        .into_iter()
        .map(|change| {
            let store = t.store.clone();
            tokio::spawn(async move { store.commit(Changeset::new().with(change)).await })
        })
        .collect();
    let (mut applied, mut refusals) = (0, Vec::new());
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => applied += 1,
            refused => refusals.push(refusal(refused)),
        }
    }
    (applied, refusals)
}

pub async fn of_many_decisions_at_once_one_holds(t: Fixture) {
    t.commit(open(new_approval("p", ApprovalKind::ToolCall)))
        .await;
    let votes = (0..20).map(|n| {
        let verdict = if n % 2 == 0 {
            Verdict::Approve
        } else {
            Verdict::Deny
        };
        vote("p", &format!("person-{n}"), verdict)
    });
    let (applied, refusals) = race(&t, votes.collect()).await;
    assert_eq!(applied, 1);
    assert_eq!(refusals.len(), 19);
    for refusal in refusals {
        assert!(matches!(
            refusal,
            Refusal::Approval(ApprovalRefusal::Decided(_))
        ));
    }
    assert_eq!(found(&t, "p").await.votes.len(), 1);
    let decided = published(&t).await;
    assert_eq!(decided, ["approval_requested", "approval_decided"]);
}

pub async fn of_many_uses_at_once_one_holds(t: Fixture) {
    t.commit(open(new_approval("p", ApprovalKind::ToolCall)))
        .await;
    t.commit(vote("p", "ada", Verdict::Approve)).await;
    let uses = (0..50).map(|_| use_once("p", "hash")).collect();
    let (applied, refusals) = race(&t, uses).await;
    assert_eq!(applied, 1);
    let before = refused_with(ApprovalRefusal::Used);
    assert_eq!(refusals, vec![before; 49]);
}

pub async fn what_is_over_is_neither_decided_nor_used(t: Fixture) {
    for approval in ["pending", "approved"] {
        t.commit(open(new_approval(approval, ApprovalKind::ToolCall)))
            .await;
    }
    t.commit(vote("approved", "ada", Verdict::Approve)).await;
    let expire = |approval_id: &str| ApprovalChange::Expire {
        tenant_id: tenant(),
        approval_id: approval_id.into(),
    };
    let early = t.refused(expire("pending")).await;
    assert_eq!(early, refused_with(ApprovalRefusal::Early));
    t.clock.advance(HOUR);
    let over = || refused_with(ApprovalRefusal::Expired(at(0).plus(HOUR)));
    let late = vote("pending", "ada", Verdict::Approve);
    assert_eq!(t.refused(late).await, over());
    assert_eq!(t.refused(use_once("approved", "hash")).await, over());
    for approval in ["pending", "approved"] {
        t.commit(expire(approval)).await;
        let expired = found(&t, approval).await;
        assert_eq!(expired.state, ApprovalState::Expired);
        assert!(expired.outcome.unwrap().starts_with("expired"));
    }
}

pub async fn what_is_not_right_is_not_asked_for(t: Fixture) {
    let asked = || new_approval("p", ApprovalKind::ToolCall);
    for (wrong, why) in [
        (
            NewApproval {
                quorum: 0,
                ..asked()
            },
            ApprovalRefusal::Quorum,
        ),
        (
            NewApproval {
                quorum: 21,
                ..asked()
            },
            ApprovalRefusal::Quorum,
        ),
        (
            NewApproval {
                expires_at: at(0),
                ..asked()
            },
            ApprovalRefusal::Lifetime,
        ),
        (
            NewApproval {
                expires_at: at(1).plus(Duration::from_hours(30 * 24)),
                ..asked()
            },
            ApprovalRefusal::Lifetime,
        ),
        (
            NewApproval {
                tenant_id: anonymous_tenant(&id("s")),
                ..asked()
            },
            ApprovalRefusal::Anonymous,
        ),
    ] {
        assert_eq!(t.refused(open(wrong)).await, refused_with(why));
    }
    assert_eq!(published(&t).await.len(), 0);
}

pub async fn only_so_many_wait(t: Fixture) {
    let mut changeset = Changeset::new();
    for number in 0..OPEN_APPROVALS_MAX {
        let name = format!("p{number}");
        changeset = changeset.with(open(new_approval(&name, ApprovalKind::ToolCall)));
    }
    t.store.commit(changeset).await.unwrap();
    let more = || open(new_approval("more", ApprovalKind::ToolCall));
    let refused = t.refused(more()).await;
    assert!(matches!(refused, Refusal::TooMany { max, .. } if max == OPEN_APPROVALS_MAX));
    t.commit(vote("p0", "ada", Verdict::Deny)).await;
    t.commit(more()).await;
    assert_eq!(found(&t, "more").await.number, OPEN_APPROVALS_MAX + 1);
}

fn wait(approval: &Approval) -> Wait {
    Wait::Approval {
        approval_id: approval.approval_id.clone(),
        code: approval.code(),
        expires_at: approval.expires_at,
    }
}

pub async fn an_execution_goes_on_with_the_decision(t: Fixture) {
    t.started("e").await;
    t.commit(open(new_approval("p", ApprovalKind::Execution)))
        .await;
    let asked = found(&t, "p").await;
    assert_eq!(asked.owner.as_deref(), Some("user-1"));
    t.commit(suspend(&tenant(), "e", 2, wait(&asked))).await;
    let executions = t.store.executions();
    let due = async |now| executions.due(now, 9).await.unwrap().len();
    assert_eq!(due(at(0)).await, 0);
    // By itself it goes on when its approval is over.
    assert_eq!(due(at(0).plus(HOUR)).await, 1);
    let mut notices = t.store.subscribe();
    t.commit(vote("p", "ada", Verdict::Approve)).await;
    assert!(
        notices
            .next()
            .await
            .unwrap()
            .unwrap()
            .contains(&Notice::Schedule)
    );
    assert_eq!(due(at(0)).await, 1);
    // Consuming is part of the journal's own changeset.
    t.commit(start(&tenant(), "e", 3)).await;
    let changeset = Changeset::new()
        .with(use_once("p", "hash"))
        .with(complete(&tenant(), "e", 4));
    t.store.commit(changeset).await.unwrap();
    assert_eq!(found(&t, "p").await.state, ApprovalState::Used);
}

pub async fn an_execution_that_waits_too_late_is_due_at_once(t: Fixture) {
    t.started("e").await;
    t.commit(open(new_approval("p", ApprovalKind::Execution)))
        .await;
    t.commit(vote("p", "ada", Verdict::Deny)).await;
    let wait = wait(&found(&t, "p").await);
    t.commit(suspend(&tenant(), "e", 2, wait)).await;
    let due = t.store.executions().due(at(0), 9).await.unwrap();
    assert_eq!(due.len(), 1);
}

pub async fn a_stopped_execution_takes_its_approval_back(t: Fixture) {
    t.started("e").await;
    t.commit(open(new_approval("p", ApprovalKind::Execution)))
        .await;
    t.commit(open(NewApproval {
        execution_id: None,
        ..new_approval("other", ApprovalKind::ToolCall)
    }))
    .await;
    t.commit(Change::Cancel(Cancel(request(&tenant(), "e"))))
        .await;
    assert_eq!(t.find("e").await.status, Status::Cancelled);
    assert_eq!(found(&t, "p").await.state, ApprovalState::Withdrawn);
    assert_eq!(found(&t, "other").await.state, ApprovalState::Pending);
    let filter = AuditFilter {
        category: Some("approval".into()),
        ..AuditFilter::default()
    };
    let entries = t
        .store
        .audit()
        .list(&tenant(), &filter, 9, 0)
        .await
        .unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].entry.action, "withdraw");
    assert_eq!(entries[0].entry.subject.as_ref().unwrap().id, "p");
    let late = t.refused(vote("p", "ada", Verdict::Approve)).await;
    assert_eq!(
        late,
        refused_with(ApprovalRefusal::Decided(ApprovalState::Withdrawn))
    );
}

/// An approval that ada approved.
async fn approved(t: &Fixture) {
    t.commit(open(new_approval("p", ApprovalKind::ToolCall)))
        .await;
    t.commit(vote("p", "ada", Verdict::Approve)).await;
}

pub async fn an_allowance_goes_no_further_than_its_approval(t: Fixture) {
    t.commit(open(new_approval("p", ApprovalKind::ToolCall)))
        .await;
    let exact = || allowance("exact", "p", AllowanceScope::Request);
    let not_approved = t.refused(allow(exact())).await;
    assert_eq!(not_approved, refused_with(ApprovalRefusal::Allowance));
    t.commit(vote("p", "ada", Verdict::Approve)).await;
    for wrong in [
        Allowance {
            tool_name: "Write".into(),
            ..exact()
        },
        Allowance {
            agent_name: "other".into(),
            ..exact()
        },
        Allowance {
            request_hash: "other".into(),
            ..exact()
        },
    ] {
        let refused = t.refused(allow(wrong)).await;
        assert_eq!(refused, refused_with(ApprovalRefusal::Allowance));
    }
    let too_long = Allowance {
        expires_at: at(1).plus(Duration::from_hours(30 * 24)),
        ..exact()
    };
    let refused = t.refused(allow(too_long)).await;
    assert_eq!(refused, refused_with(ApprovalRefusal::Lifetime));
    t.commit(open(NewApproval {
        quorum: 2,
        ..new_approval("two", ApprovalKind::ToolCall)
    }))
    .await;
    let of_two = allowance("two", "two", AllowanceScope::Request);
    let refused = t.refused(allow(of_two)).await;
    assert_eq!(refused, refused_with(ApprovalRefusal::AllowanceOfMany));
}

/// What an agent does with a tool, held as what was approved was.
fn asks<'a>(
    agent: (Option<&'a AgentId>, &'a str),
    what: (&'a str, &'a str),
    like: &'a NewApproval,
) -> Asked<'a> {
    Asked {
        kind: like.kind,
        agent_id: agent.0,
        agent_name: agent.1,
        session_id: like.session_id.as_deref(),
        tool_name: what.0,
        request_hash: what.1,
        policies: &like.policies,
        approvers: &like.approvers,
        quorum: 1,
    }
}

async fn covering(t: &Fixture, asked: Asked<'_>) -> String {
    let now = t.store.clock().now();
    let approvals = t.store.approvals();
    let tenant = tenant();
    let found = approvals.allowance(&tenant, &asked, now).await.unwrap();
    found.map_or_else(|| "none".to_owned(), |found| found.allowance_id)
}

/// The allowance that covers what an agent does with a tool.
async fn covered(t: &Fixture, agent: (Option<&AgentId>, &str), what: (&str, &str)) -> String {
    let like = new_approval("p", ApprovalKind::ToolCall);
    covering(t, asks(agent, what, &like)).await
}

pub async fn an_allowance_answers_only_what_its_giver_was_asked(t: Fixture) {
    approved(&t).await;
    t.commit(allow(allowance("tool", "p", AllowanceScope::Tool)))
        .await;
    t.commit(allow(allowance("exact", "p", AllowanceScope::Request)))
        .await;
    let like = new_approval("p", ApprovalKind::ToolCall);
    let (other, admin) = (vec!["gates.other".to_owned()], vec!["admin".to_owned()]);
    for hash in ["hash", "other"] {
        let asked = asks((None, "coder"), ("Bash", hash), &like);
        assert_ne!(covering(&t, asked).await, "none");
        for asked in [
            Asked { quorum: 2, ..asked },
            Asked {
                policies: &other,
                ..asked
            },
            Asked {
                approvers: &admin,
                ..asked
            },
            Asked {
                session_id: Some("another"),
                ..asked
            },
        ] {
            assert_eq!(covering(&t, asked).await, "none", "{asked:?}");
        }
    }
}

pub async fn an_allowance_covers_what_was_approved(t: Fixture) {
    approved(&t).await;
    t.commit(allow(allowance("exact", "p", AllowanceScope::Request)))
        .await;
    let coder = (None, "coder");
    assert_eq!(covered(&t, coder, ("Bash", "hash")).await, "exact");
    assert_eq!(covered(&t, coder, ("Bash", "other")).await, "none");
    t.commit(allow(allowance("tool", "p", AllowanceScope::Tool)))
        .await;
    assert_eq!(covered(&t, coder, ("Bash", "other")).await, "tool");
    assert_eq!(covered(&t, coder, ("Write", "other")).await, "none");
    let stranger = (None, "other");
    assert_eq!(covered(&t, stranger, ("Bash", "other")).await, "none");
    // Whoever is registered is not the stranger of the same name.
    let agent = id("agent-1");
    let registered = (Some(&agent), "coder");
    assert_eq!(covered(&t, registered, ("Bash", "other")).await, "none");
}

pub async fn an_allowance_is_counted_until_it_ends(t: Fixture) {
    approved(&t).await;
    for (name, scope) in [
        ("exact", AllowanceScope::Request),
        ("tool", AllowanceScope::Tool),
    ] {
        t.commit(allow(allowance(name, "p", scope))).await;
    }
    let count = |allowance_id: &str| ApprovalChange::UseAllowance {
        tenant_id: tenant(),
        allowance_id: allowance_id.into(),
    };
    t.commit(count("tool")).await;
    t.commit(count("tool")).await;
    let approvals = t.store.approvals();
    let counted = approvals.find_allowance(&tenant(), "tool").await.unwrap();
    assert_eq!(counted.unwrap().uses, 2);
    let revoke = || ApprovalChange::Revoke {
        tenant_id: tenant(),
        allowance_id: "tool".into(),
        by: "ada".into(),
    };
    t.commit(revoke()).await;
    assert!(matches!(
        t.refused(revoke()).await,
        Refusal::NotFound { .. }
    ));
    let coder = (None, "coder");
    assert_eq!(covered(&t, coder, ("Bash", "other")).await, "none");
    let ended = refused_with(ApprovalRefusal::AllowanceEnded);
    assert_eq!(t.refused(count("tool")).await, ended);
    let filter = AllowanceFilter {
        counting_at: Some(at(0)),
        before: None,
    };
    let counting = approvals.allowances(&tenant(), &filter, 9).await.unwrap();
    assert_eq!(counting.len(), 1);
    t.clock.advance(HOUR * 2);
    assert_eq!(covered(&t, coder, ("Bash", "hash")).await, "none");
    assert_eq!(t.refused(count("exact")).await, ended);
}

pub async fn an_execution_that_is_allowed_is_approved_at_once(t: Fixture) {
    t.started("e").await;
    t.commit(open(new_approval("p", ApprovalKind::Execution)))
        .await;
    t.commit(vote("p", "ada", Verdict::Approve)).await;
    t.commit(allow(allowance("l", "p", AllowanceScope::Request)))
        .await;
    t.commit(open(new_approval("again", ApprovalKind::Execution)))
        .await;
    assert_eq!(found(&t, "again").await.state, ApprovalState::Approved);
    let approvals = t.store.approvals();
    let counted = approvals.find_allowance(&tenant(), "l").await.unwrap();
    assert_eq!(counted.unwrap().uses, 1);
    // Where several people have to agree, nothing stands in for them.
    t.commit(open(NewApproval {
        quorum: 2,
        ..new_approval("two", ApprovalKind::Execution)
    }))
    .await;
    assert_eq!(found(&t, "two").await.state, ApprovalState::Pending);
}

pub async fn approvals_are_listed_by_what_they_are_now(t: Fixture) {
    for (name, hours) in [("a", 1), ("b", 3), ("c", 3)] {
        t.commit(open(NewApproval {
            expires_at: at(0).plus(HOUR * hours),
            session_id: Some(name.into()),
            ..new_approval(name, ApprovalKind::ToolCall)
        }))
        .await;
    }
    t.commit(vote("c", "ada", Verdict::Approve)).await;
    let listed = async |filter: ApprovalFilter| -> Vec<String> {
        let listed = t.store.approvals().list(&tenant(), &filter, 9).await;
        let listed = listed.unwrap();
        listed.into_iter().map(|one| one.approval_id).collect()
    };
    let in_state = |state, hours| ApprovalFilter {
        state: Some(state),
        now: at(0).plus(HOUR * hours),
        ..ApprovalFilter::default()
    };
    assert_eq!(listed(ApprovalFilter::default()).await, ["c", "b", "a"]);
    assert_eq!(
        listed(in_state(ApprovalState::Pending, 0)).await,
        ["b", "a"]
    );
    assert_eq!(listed(in_state(ApprovalState::Pending, 1)).await, ["b"]);
    assert_eq!(listed(in_state(ApprovalState::Expired, 1)).await, ["a"]);
    assert_eq!(listed(in_state(ApprovalState::Approved, 1)).await, ["c"]);
    let page = ApprovalFilter {
        before: Some(3),
        ..ApprovalFilter::default()
    };
    assert_eq!(listed(page).await, ["b", "a"]);
    let of_session = ApprovalFilter {
        session_id: Some("b".into()),
        ..ApprovalFilter::default()
    };
    assert_eq!(listed(of_session).await, ["b"]);
}

pub async fn what_the_sweep_looks_for_is_found(t: Fixture) {
    t.started("e").await;
    t.commit(open(new_approval("p", ApprovalKind::Execution)))
        .await;
    let approvals = t.store.approvals();
    let half = at(0).plus(HOUR / 2);
    assert_eq!(approvals.to_escalate(at(0), 9).await.unwrap().len(), 0);
    assert_eq!(approvals.to_escalate(half, 9).await.unwrap().len(), 1);
    assert_eq!(approvals.expired(half, 9).await.unwrap().len(), 0);
    assert_eq!(
        approvals.expired(at(0).plus(HOUR), 9).await.unwrap().len(),
        1
    );
    assert_eq!(approvals.orphaned(at(0), 9).await.unwrap().len(), 0);
    t.commit(complete(&tenant(), "e", 2)).await;
    assert_eq!(approvals.orphaned(at(0), 9).await.unwrap().len(), 1);
    t.clock.advance(HOUR / 2);
    let escalate = || ApprovalChange::Escalate {
        tenant_id: tenant(),
        approval_id: "p".into(),
    };
    t.commit(escalate()).await;
    assert_eq!(approvals.to_escalate(half, 9).await.unwrap().len(), 0);
    let again = t.refused(escalate()).await;
    assert_eq!(again, refused_with(ApprovalRefusal::Early));
    assert_eq!(
        published(&t).await,
        ["approval_requested", "approval_requested"]
    );
}
