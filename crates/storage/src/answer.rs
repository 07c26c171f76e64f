//! Answers to requests that came with a client's key: a repetition is answered alike, and done once.
//!
//! A key is taken in the transaction of what the request changes: whatever is committed within [`Claim::scope`] takes it first,
//! and is refused when another request has it. So there is no moment at which something is done and its key is free, or the
//! other way round. The answer follows in a commit of its own; a key without one tells that its request was cut off.

use civitas_model::{TenantId, Timestamp};
use civitas_sql::{Error, Statement};

use crate::changeset::{Change, Changeset, Refusal};
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const CLAIM: Statement = Statement::new(include_str!("queries/answer/claim.sql"));
const KEEP: Statement = Statement::new(include_str!("queries/answer/keep.sql"));
const FIND: Statement = Statement::new(include_str!("queries/answer/find.sql"));
const FORGET_BODIES: Statement = Statement::new(include_str!("queries/answer/forget_bodies.sql"));
const DELETE_OLD: Statement = Statement::new(include_str!("queries/answer/delete_old.sql"));

tokio::task_local! {
    static CURRENT: Claim;
}

/// A request that is done under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub tenant_id: TenantId,
    /// A digest of who asks, of what, and the client's key.
    pub key: String,
    /// SHA-256 of the canonical body, so that another body under the same key is noticed.
    pub body_digest: String,
    /// What tells this request from every other.
    pub attempt: String,
}

/// What is known under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// SHA-256 of the request's canonical body.
    pub body_digest: String,
    /// Which request has the key.
    pub attempt: String,
    /// The status that it was answered with; none when it was not answered yet, or cut off.
    pub status: Option<u64>,
    /// The body of the answer, when it is kept.
    pub body: Option<String>,
    /// When the key was taken.
    pub created_at: Timestamp,
}

/// A change of what is known under keys.
#[derive(Debug)]
pub enum AnswerChange {
    /// Takes a key for a request that does not have it yet; refused with [`Refusal::KeyTaken`] when another has it.
    Claim(Claim),
    /// Keeps the answer of a request, and takes its key where nothing else did. An answer that is kept stays.
    Keep {
        /// The request.
        claim: Claim,
        /// The status.
        status: u16,
        /// The body, unless it must not be kept.
        body: Option<String>,
    },
    /// Forgets the bodies of a tenant's answers; that they were answered is still known.
    ForgetBodies {
        /// Whose.
        tenant_id: TenantId,
    },
}

impl From<AnswerChange> for Change {
    fn from(change: AnswerChange) -> Self {
        Self::Answer(Box::new(change))
    }
}

impl Claim {
    /// Does some work under the key: all that its task commits takes the key first.
    ///
    /// Work that goes on in a task of its own is not under the key.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// The changeset, under the key that its task works under.
    pub(crate) fn put_before(changeset: Changeset) -> Changeset {
        match CURRENT.try_with(Self::clone) {
            Ok(claim) => changeset.after(AnswerChange::Claim(claim)),
            Err(_) => changeset,
        }
    }

    async fn take(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let params = vec![
            self.tenant_id.as_str().into(),
            self.key.as_str().into(),
            self.body_digest.as_str().into(),
            self.attempt.as_str().into(),
            tx.now.as_micros().into(),
        ];
        let taken = Meaning::required(Refusal::KeyTaken);
        tx.execute_later(&CLAIM, params, taken).await
    }
}

impl AnswerChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        match self {
            Self::Claim(claim) => claim.take(tx).await,
            Self::Keep {
                claim,
                status,
                body,
            } => {
                claim.take(tx).await?;
                let params = vec![
                    i64::from(*status).into(),
                    body.as_deref().into(),
                    claim.tenant_id.as_str().into(),
                    claim.key.as_str().into(),
                    claim.attempt.as_str().into(),
                ];
                tx.execute_later(&KEEP, params, Meaning::Nothing).await
            }
            Self::ForgetBodies { tenant_id } => {
                let params = vec![tenant_id.as_str().into()];
                tx.execute_later(&FORGET_BODIES, params, Meaning::Nothing)
                    .await
            }
        }
    }
}

impl Store {
    /// What is known under a key.
    pub async fn find_kept_answer(
        &self,
        tenant: &TenantId,
        key: &str,
    ) -> Result<Option<KeptAnswer>, Error> {
        let params = vec![tenant.as_str().into(), key.into()];
        let row = self.database.query_one(&FIND, params).await?;
        row.map(|row| {
            let is_answered = row.optional_int("status")?.is_some();
            Ok(KeptAnswer {
                body_digest: row.text("body_digest")?.to_owned(),
                attempt: row.text("attempt")?.to_owned(),
                status: is_answered.then(|| row.count("status")).transpose()?,
                body: row.optional_text("body")?.map(str::to_owned),
                created_at: Timestamp::from_micros(row.int("created_at")?),
            })
        })
        .transpose()
    }
}

pub(crate) async fn delete_old(tx: &mut Transaction<'_>, before: Timestamp) -> Result<(), Stop> {
    let params = vec![before.as_micros().into()];
    tx.execute_later(&DELETE_OLD, params, Meaning::Nothing)
        .await
}
