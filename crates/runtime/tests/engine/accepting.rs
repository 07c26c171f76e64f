//! What is accepted, what is refused, and what is the same submission.

use civitas_model::{Caller, Permission, TenantId};
use civitas_runtime::{Submission, SubmitError};
use serde_json::json;

use crate::world::{World, on_each_database, operator, submission};

on_each_database![
    the_same_key_and_body_are_the_same_execution,
    the_same_key_with_another_body_is_refused,
    of_submissions_at_once_with_one_key_one_is_recorded,
    keys_are_per_tenant,
];

fn keyed(world: &World, number: u64) -> Submission {
    Submission {
        idempotency_key: Some("key".into()),
        ..submission(
            "three_steps",
            json!({ "probe": world.name, "number": number }),
        )
    }
}

async fn the_same_key_and_body_are_the_same_execution(world: World) {
    let open = world.open().await;
    let first = open
        .runtime
        .submit(&operator(), keyed(&world, 1))
        .await
        .unwrap();
    open.end(&first.execution_id).await;
    open.stop().await;
    let open = world.open().await;
    let second = open
        .runtime
        .submit(&operator(), keyed(&world, 1))
        .await
        .unwrap();
    assert!(second.replayed && !first.replayed);
    assert_eq!(second.execution_id, first.execution_id);
    assert_eq!(second.intent_id, first.intent_id);
    open.stop().await;
    assert_eq!(world.probe().counted("one"), 1);
}

async fn the_same_key_with_another_body_is_refused(world: World) {
    let open = world.open().await;
    open.runtime
        .submit(&operator(), keyed(&world, 1))
        .await
        .unwrap();
    let refused = open.runtime.submit(&operator(), keyed(&world, 2)).await;
    assert!(
        matches!(refused, Err(SubmitError::KeyReused)),
        "{refused:?}"
    );
    open.stop().await;
}

async fn of_submissions_at_once_with_one_key_one_is_recorded(world: World) {
    let open = world.open().await;
    let caller = operator();
    let submissions = (0..16).map(|_| open.runtime.submit(&caller, keyed(&world, 1)));
    let mut ids = std::collections::HashSet::new();
    let mut first = 0;
    for answer in futures::future::join_all(submissions).await {
        match answer {
            Ok(accepted) => {
                first += u32::from(!accepted.replayed);
                ids.insert(accepted.execution_id);
            }
            Err(error) => assert!(matches!(error, SubmitError::KeyInFlight), "{error}"),
        }
    }
    assert_eq!((ids.len(), first), (1, 1));
    for id in &ids {
        open.end(id).await;
    }
    open.stop().await;
    assert_eq!(world.probe().counted("one"), 1);
}

async fn keys_are_per_tenant(world: World) {
    let open = world.open().await;
    // Named so that a key made by joining tenant and key would be the same for both.
    for (tenant, key) in [("a", "b/c"), ("a/b", "c")] {
        let caller = crate::world::caller(tenant);
        let keyed = Submission {
            idempotency_key: Some(key.into()),
            ..keyed(&world, 1)
        };
        let accepted = open.runtime.submit(&caller, keyed).await.unwrap();
        assert!(!accepted.replayed);
        open.end_in(&caller.tenant_id, &accepted.execution_id).await;
    }
    open.stop().await;
    assert_eq!(world.probe().counted("one"), 2);
}

async fn refusal(caller: &Caller, submission: Submission) -> SubmitError {
    let world = World::sqlite();
    let open = world.open().await;
    let refused = open.runtime.submit(caller, submission).await.unwrap_err();
    let executions = open.store.executions();
    let recorded = executions.open_after(None, 10).await.unwrap();
    assert!(recorded.is_empty(), "nothing is recorded");
    open.stop().await;
    refused
}

#[tokio::test]
async fn an_unknown_type_is_refused_with_suggestions() {
    let refused = refusal(&operator(), submission("three_stepz", json!({}))).await;
    let SubmitError::UnknownType { nearest, .. } = refused else {
        panic!("{refused}")
    };
    assert_eq!(nearest[0], "three_steps");
}

#[tokio::test]
async fn invalid_parameters_are_refused_with_pointers() {
    let invalid = json!({ "probe": 5, "number": -1 });
    let refused = refusal(&operator(), submission("three_steps", invalid)).await;
    let SubmitError::InvalidParameters { errors, .. } = refused else {
        panic!("{refused}")
    };
    let mut pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/number", "/probe"]);
}

#[tokio::test]
async fn a_caller_without_the_permission_is_refused() {
    let caller = Caller {
        permissions: vec![Permission::Read, Permission::Write],
        ..operator()
    };
    let refused = refusal(&caller, submission("rules", json!({}))).await;
    assert!(matches!(
        refused,
        SubmitError::Forbidden {
            needed: Permission::Admin,
            ..
        }
    ));
}

#[tokio::test]
async fn a_foreign_tenant_is_refused() {
    let foreign = Submission {
        tenant_id: Some(TenantId::trusted("someone-else")),
        ..submission("rules", json!({}))
    };
    let refused = refusal(&operator(), foreign).await;
    assert!(matches!(refused, SubmitError::ForeignTenant { .. }));
}

#[tokio::test]
async fn an_endless_key_is_refused() {
    let endless = Submission {
        idempotency_key: Some("k".repeat(257)),
        ..submission("rules", json!({}))
    };
    assert!(matches!(
        refusal(&operator(), endless).await,
        SubmitError::KeyLength { limit: 256 }
    ));
}

#[tokio::test]
async fn a_stopped_engine_accepts_nothing() {
    let world = World::sqlite();
    let open = world.open().await;
    open.runtime.stop(std::time::Duration::ZERO).await;
    let refused = open.runtime.submit(&operator(), keyed(&world, 1)).await;
    assert!(
        matches!(refused, Err(SubmitError::Busy { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_its_caller_did_not_wait_for_is_run_or_not_recorded() {
    let world = World::sqlite();
    let open = world.open().await;
    for _ in 0..20 {
        // Polled once: the submission is on its way, and then its caller goes away.
        let caller = operator();
        let submitting = open.runtime.submit(&caller, keyed_by_nobody(&world));
        assert!(futures::FutureExt::now_or_never(submitting).is_none());
    }
    let last = open
        .submit("three_steps", json!({ "probe": world.name, "number": 0 }))
        .await;
    open.end(&last.execution_id).await;
    open.stop().await;
    let open = world.open().await;
    let page = open.store.executions().open_after(None, 100).await.unwrap();
    assert!(
        page.is_empty(),
        "{} were accepted and never run",
        page.len()
    );
}

fn keyed_by_nobody(world: &World) -> Submission {
    submission("three_steps", json!({ "probe": world.name, "number": 0 }))
}
