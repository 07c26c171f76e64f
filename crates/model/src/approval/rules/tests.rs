//! The rules of approvals.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::approval::ApprovalKind;
use crate::budget::Amount;
use crate::id::Id;

const END: i64 = 1000;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn approval(quorum: u32, approvers: &[&str]) -> Approval {
    Approval {
        approval_id: "a".into(),
        tenant_id: Id::trusted("t"),
        number: 7,
        kind: ApprovalKind::ToolCall,
        summary: "s".into(),
        tool_name: "Bash".into(),
        input: json!({ "command": "ls" }),
        original_input: None,
        request_hash: "asked".into(),
        original_hash: "asked".into(),
        agent_id: None,
        agent_name: "coder".into(),
        session_id: None,
        tool_use_id: None,
        cwd: None,
        execution_id: None,
        owner: Some("owner@example.com".into()),
        reason: "r".into(),
        policies: Vec::new(),
        approvers: approvers.iter().map(|name| (*name).to_owned()).collect(),
        amount: Amount::default(),
        quorum,
        expires_at: at(END),
        escalate_at: Some(at(500)),
        escalated_at: None,
        state: ApprovalState::Pending,
        votes: Vec::new(),
        delegations: Vec::new(),
        created_at: at(0),
        decided_at: None,
        outcome: None,
        used_at: None,
        revision: 1,
    }
}

#[test]
fn an_answer_holds_for_what_the_same_person_would_be_asked_in_the_same_way() {
    let mut given = approval(1, &["operator"]);
    given.policies = vec!["push".into(), "deploy".into()];
    given.session_id = Some("s".into());
    let later = given.clone();
    assert!(given.answers(&later.asked()));
    let mut fewer = later.clone();
    fewer.policies = vec!["push".into()];
    assert!(given.answers(&fewer.asked()));

    let change = |change: &dyn Fn(&mut Approval)| {
        let mut later = later.clone();
        change(&mut later);
        given.answers(&later.asked())
    };
    assert!(!change(&|later| later.quorum = 2));
    assert!(!change(&|later| later.policies.push("other".into())));
    assert!(!change(&|later| later.approvers = vec!["admin".into()]));
    assert!(!change(&|later| later.approvers.push("admin".into())));
    assert!(!change(&|later| later.session_id = Some("another".into())));
    assert!(change(&|later| {
        later.agent_id = Some(Id::trusted("registered"));
        later.session_id = Some("another".into());
    }));
    assert!(change(&|later| {
        later.kind = ApprovalKind::Execution;
        later.session_id = None;
    }));
}

#[test]
fn who_was_asked_afterwards_answers_for_nothing_else() {
    let mut given = approval(1, &["operator"]);
    let ada = person("ada", Role::Operator);
    given.delegate(&ada, "admin", None, at(1)).unwrap();
    given.escalate(at(600)).unwrap();
    assert_eq!(given.approvers, ["operator", "admin", HUMAN]);
    let asked = approval(1, &["operator"]);
    assert!(given.answers(&asked.asked()));
    for widened in ["admin", HUMAN] {
        let asked = approval(1, &[widened]);
        assert!(!given.answers(&asked.asked()), "{widened}");
    }
}

fn person(name: &str, role: Role) -> Person {
    Person {
        id: format!("id-{name}"),
        name: name.into(),
        roles: vec![role],
    }
}

fn vote(name: &str, verdict: Verdict) -> NewVote {
    NewVote {
        person: person(name, Role::Operator),
        verdict,
        comment: None,
        request_hash: None,
        edit: None,
    }
}

fn edited(name: &str, hash: &str) -> NewVote {
    NewVote {
        edit: Some(Edit {
            input: json!({ "command": hash }),
            request_hash: hash.into(),
        }),
        ..vote(name, Verdict::Approve)
    }
}

#[test]
fn a_quorum_is_of_distinct_people_and_one_no_ends_it() {
    let mut one = approval(2, &["human"]);
    one.vote(vote("ada", Verdict::Approve), at(1)).unwrap();
    let again = one.vote(vote("ada", Verdict::Approve), at(2));
    assert_eq!(again, Err(ApprovalRefusal::Voted(1)));
    assert_eq!(one.state, ApprovalState::Pending);
    let mut other = one.clone();
    one.vote(vote("bob", Verdict::Approve), at(3)).unwrap();
    assert_eq!(one.state, ApprovalState::Approved);
    assert_eq!(one.outcome.as_deref(), Some("approved by ada, bob"));
    // Who agreed may still say no while others have not decided.
    other.vote(vote("ada", Verdict::Deny), at(3)).unwrap();
    assert_eq!(other.state, ApprovalState::Denied);
    let late = other.vote(vote("bob", Verdict::Approve), at(4));
    assert_eq!(late, Err(ApprovalRefusal::Decided(ApprovalState::Denied)));
}

#[test]
fn who_answers_for_it_decides_alone_but_not_among_several() {
    let owner = |quorum| {
        let mut one = approval(quorum, &["human"]);
        one.vote(vote("owner@example.com", Verdict::Approve), at(1))
    };
    assert_eq!(owner(1), Ok(()));
    assert_eq!(owner(2), Err(ApprovalRefusal::OwnRequest));
}

#[test]
fn approvers_are_people_in_general_roles_and_names() {
    for (approvers, role, may) in [
        (vec!["human"], Role::Operator, true),
        (vec!["admin"], Role::Operator, false),
        (vec!["admin"], Role::Admin, true),
        (vec!["operator"], Role::Admin, true),
        (vec!["id-ada"], Role::Operator, true),
        (vec!["ADA"], Role::Operator, true),
        (vec!["id-bob", "security"], Role::Operator, false),
        (vec![], Role::Operator, false),
        // Whatever stands there, somebody can decide it.
        (vec!["id-bob", "security"], Role::Admin, true),
        (vec![], Role::Admin, true),
    ] {
        let one = approval(1, &approvers);
        let found = one.check_approver(&person("ada", role));
        assert_eq!(found.is_ok(), may, "{approvers:?} {role:?}");
    }
}

#[test]
fn an_edit_starts_the_count_again_and_only_what_was_edited_is_used() {
    let mut one = approval(2, &["human"]);
    one.vote(vote("ada", Verdict::Approve), at(1)).unwrap();
    one.vote(edited("bob", "edited"), at(2)).unwrap();
    assert_eq!(one.missing(), 1, "ada agreed to something else");
    assert_eq!(one.original_input, Some(json!({ "command": "ls" })));
    // Ada saw the first version.
    let stale = NewVote {
        request_hash: Some("asked".into()),
        ..vote("ada", Verdict::Approve)
    };
    assert_eq!(one.vote(stale, at(3)), Err(ApprovalRefusal::OtherRequest));
    one.vote(vote("ada", Verdict::Approve), at(3)).unwrap();
    assert_eq!(one.state, ApprovalState::Approved);
    let asked = one.use_once("asked", at(4));
    assert_eq!(asked, Err(ApprovalRefusal::OtherRequest));
    one.use_once("edited", at(4)).unwrap();
    assert_eq!(one.use_once("edited", at(5)), Err(ApprovalRefusal::Used));
}

#[test]
fn after_its_time_nothing_is_decided_or_used() {
    let expired = Err(ApprovalRefusal::Expired(at(END)));
    let mut pending = approval(1, &["human"]);
    let mut approved = pending.clone();
    approved
        .vote(vote("ada", Verdict::Approve), at(END - 1))
        .unwrap();
    for verdict in [Verdict::Approve, Verdict::Deny] {
        assert_eq!(pending.vote(vote("ada", verdict), at(END)), expired);
    }
    let ada = person("ada", Role::Admin);
    assert_eq!(pending.delegate(&ada, "bob", None, at(END)), expired);
    assert_eq!(pending.escalate(at(END)), expired);
    assert_eq!(approved.use_once("asked", at(END)), expired);
    assert_eq!(approved.state_at(at(END)), ApprovalState::Expired);
    assert_eq!(pending.expire(at(END - 1)), Err(ApprovalRefusal::Early));
    for one in [&mut pending, &mut approved] {
        one.expire(at(END)).unwrap();
        assert_eq!(one.state, ApprovalState::Expired);
    }
}

#[test]
fn a_delegate_and_after_escalation_everyone_may_decide() {
    let mut one = approval(1, &["admin"]);
    let operator = vote("bob", Verdict::Approve);
    let refused = ApprovalRefusal::NotApprover(vec!["admin".into()]);
    assert_eq!(one.vote(operator.clone(), at(1)), Err(refused.clone()));
    let bob = person("bob", Role::Operator);
    assert_eq!(one.delegate(&bob, "bob", None, at(1)), Err(refused));
    let mut delegated = one.clone();
    let ada = person("ada", Role::Admin);
    delegated.delegate(&ada, "id-bob", None, at(2)).unwrap();
    delegated.vote(operator.clone(), at(3)).unwrap();
    assert_eq!(one.escalate(at(499)), Err(ApprovalRefusal::Early));
    one.escalate(at(500)).unwrap();
    assert_eq!(one.escalate(at(501)), Err(ApprovalRefusal::Early));
    one.vote(operator, at(501)).unwrap();
    assert_eq!(one.state, ApprovalState::Approved);
}

#[derive(Debug, Clone)]
enum Step {
    Vote(u8, bool, Option<u8>),
    Use(u8),
    Expire,
    Escalate,
    Withdraw,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..5_u8, any::<bool>(), proptest::option::of(0..3_u8))
            .prop_map(|(who, yes, edit)| Step::Vote(who, yes, edit.filter(|_| yes))),
        3 => (0..4_u8).prop_map(Step::Use),
        1 => Just(Step::Expire),
        1 => Just(Step::Escalate),
        1 => Just(Step::Withdraw),
    ]
}

fn hash(version: u8) -> String {
    match version {
        0 => "asked".into(),
        version => format!("edit-{version}"),
    }
}

proptest! {
    /// Whatever is tried in whatever order: it is used at most once, within its time, after as many people agreed to
    /// exactly what is used as have to, and without anyone having said no.
    #[test]
    fn what_is_used_was_agreed_to(
        quorum in 1..4_u32,
        steps in proptest::collection::vec((step(), 0..120_i64), 1..40),
    ) {
        let mut one = approval(quorum, &["human"]);
        let (mut now, mut used, mut noes) = (0, 0, 0);
        for (step, pause) in steps {
            now += pause;
            let time = at(now);
            match step {
                Step::Vote(who, yes, edit) => {
                    let name = format!("p{who}");
                    let verdict = if yes { Verdict::Approve } else { Verdict::Deny };
                    let new = match edit {
                        Some(version) => edited(&name, &hash(version + 1)),
                        None => vote(&name, verdict),
                    };
                    let counted = one.vote(new, time).is_ok();
                    noes += u32::from(counted && !yes);
                }
                Step::Use(version) => if one.use_once(&hash(version), time).is_ok() {
                    used += 1;
                    prop_assert!(now < END);
                    prop_assert_eq!(noes, 0);
                    let mut people: Vec<&str> = one
                        .votes
                        .iter()
                        .filter(|vote| vote.verdict == Verdict::Approve && vote.request_hash == hash(version))
                        .map(|vote| vote.person_id.as_str())
                        .collect();
                    people.sort_unstable();
                    people.dedup();
                    prop_assert!(people.len() >= quorum as usize);
                },
                Step::Expire => drop(one.expire(time)),
                Step::Escalate => drop(one.escalate(time)),
                Step::Withdraw => drop(one.withdraw("it ended", time)),
            }
        }
        prop_assert!(used <= 1);
    }
}
