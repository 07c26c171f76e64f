//! Accepting an intent.

use civitas_model::execution::Intent;
use civitas_model::journal::{Kind, NewEntry};
use civitas_model::{ExecutionId, TenantId};
use civitas_sql::Statement;
use serde_json::json;

use crate::changeset::Refusal;
use crate::idempotency;
use crate::json;
use crate::notice::Notice;
use crate::outbox;
use crate::transaction::{Meaning, Stop, Transaction};

const INSERT_INTENT: Statement =
    Statement::new(include_str!("../queries/execution/insert_intent.sql"));
const INSERT: Statement = Statement::new(include_str!("../queries/execution/insert.sql"));

/// A client's key under which a repeated submission is the same submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The key.
    pub key: String,
    /// SHA-256 of the canonical body, so that another body under the same key is noticed.
    pub body_digest: String,
}

/// Accepts an intent: records it with its execution and the first entry of its journal.
#[derive(Debug)]
pub struct Submit {
    /// The new execution's id.
    pub execution_id: ExecutionId,
    /// What to run.
    pub intent: Intent,
    /// The execution that starts it, when it is a child.
    pub parent: Option<ExecutionId>,
    /// The client's key, if it gave one.
    pub idempotency: Option<Idempotency>,
}

impl Submit {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let intent = &self.intent;
        if let Some(idempotency) = &self.idempotency {
            self.check_key(tx, &intent.tenant_id, idempotency).await?;
        }
        let now = intent.created_at.as_micros();
        let id = || self.execution_id.as_str().into();
        let tenant = || intent.tenant_id.as_str().into();
        let taken = || {
            Meaning::required(Refusal::AlreadyExists {
                what: "an execution with this id",
            })
        };
        tx.execute_later(
            &INSERT_INTENT,
            vec![
                id(),
                tenant(),
                intent.intent_id.as_str().into(),
                intent.intent_type.as_str().into(),
                intent.session_id.as_str().into(),
                intent.solution_id.as_str().into(),
                intent
                    .user_id
                    .as_ref()
                    .map(civitas_model::Id::as_str)
                    .into(),
                json::text(&intent.parameters)?,
                json::text(&intent.metadata)?,
                now.into(),
            ],
            taken(),
        )
        .await?;
        tx.execute_later(
            &INSERT,
            vec![
                id(),
                tenant(),
                intent.intent_type.as_str().into(),
                intent.session_id.as_str().into(),
                self.parent.as_ref().map(civitas_model::Id::as_str).into(),
                now.into(),
                now.into(),
            ],
            taken(),
        )
        .await?;
        let entry = NewEntry::new(
            Kind::Accepted,
            intent.intent_type.as_str(),
            json!({ "intent_id": intent.intent_id }),
        );
        outbox::append(
            tx,
            &intent.tenant_id,
            self.execution_id.as_str(),
            1,
            &[entry],
        )
        .await?;
        tx.notify(Notice::Execution {
            execution_id: self.execution_id.clone(),
            last_seq: 1,
            status: Some(civitas_model::execution::Status::Pending),
        });
        Ok(())
    }

    async fn check_key(
        &self,
        tx: &mut Transaction<'_>,
        tenant: &TenantId,
        idempotency: &Idempotency,
    ) -> Result<(), Stop> {
        match idempotency::find(tx, tenant, &idempotency.key).await? {
            None => idempotency::insert(tx, self, idempotency).await,
            Some(used) if used.body_digest == idempotency.body_digest => {
                Err(Refusal::AlreadySubmitted {
                    execution_id: used.execution_id,
                    intent_id: used.intent_id,
                    created_at: used.created_at,
                }
                .into())
            }
            Some(_) => Err(Refusal::KeyReused.into()),
        }
    }
}
