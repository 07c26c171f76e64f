//! Where a log goes on: known once per transaction, however many entries it appends.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use civitas_audit::{Body, Frontier, Hash, NewEntry};
use civitas_model::TenantId;
use civitas_sql::{Error, Row, Statement, Val};

use crate::changeset::Refusal;
use crate::transaction::{Meaning, Stop, Transaction};

const HEAD: Statement = Statement::new(include_str!("../queries/audit/head.sql"));
const PUT_HEAD: Statement = Statement::new(include_str!("../queries/audit/put_head.sql"));
const INSERT: Statement = Statement::new(include_str!("../queries/audit/insert.sql"));
const INSERT_BODY: Statement = Statement::new(include_str!("../queries/audit/insert_body.sql"));
const INSERT_NODE: Statement = Statement::new(include_str!("../queries/audit/insert_node.sql"));

/// Subtrees are kept at every eighth level, so that a proof reads a few hundred hashes and an entry costs 1/255 of a row.
pub const LEVELS: u32 = 8;

/// The end of a log.
#[derive(Debug, Clone)]
struct Head {
    frontier: Frontier,
    /// The hash of the last entry.
    hash: Hash,
    /// How many entries the database holds, as far as this transaction knows.
    stored: u64,
}

/// The ends of the logs that a transaction appends to.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    known: HashMap<TenantId, Head>,
    /// As they were at the last mark; nothing where none was known.
    before: HashMap<TenantId, Option<Head>>,
}

impl Heads {
    /// Marks the point that [`Self::undo`] goes back to.
    pub(crate) fn mark(&mut self) {
        self.before.clear();
    }

    /// Takes back what was appended since the mark.
    pub(crate) fn undo(&mut self) {
        for (tenant, head) in self.before.drain() {
            match head {
                Some(head) => self.known.insert(tenant, head),
                None => self.known.remove(&tenant),
            };
        }
    }
}

/// Appends an entry. Its number, its link and its place in the tree are settled here, in the committer's transaction.
pub(crate) async fn append(tx: &mut Transaction<'_>, new: &NewEntry) -> Result<(), Stop> {
    let mut head = match tx.audit.known.get(&new.tenant_id) {
        Some(head) => head.clone(),
        None => find(tx, &new.tenant_id).await?,
    };
    let known = tx.audit.known.get(&new.tenant_id).cloned();
    let before = &mut tx.audit.before;
    if let Slot::Vacant(slot) = before.entry(new.tenant_id.clone()) {
        slot.insert(known);
    }
    let entry = new.at(head.frontier.size() + 1, tx.now, head.hash);
    head.hash = entry.hash();
    let mut nodes = Vec::new();
    head.frontier.append_with(head.hash, |node| {
        if node.level % LEVELS == 0 {
            nodes.push(node);
        }
    });
    let tenant = || Val::from(entry.tenant_id.as_str());
    let subject = entry.subject.as_ref();
    let params = vec![
        tenant(),
        entry.seq.into(),
        entry.entry_id.as_str().into(),
        entry.time.as_micros().into(),
        entry.actor.kind.as_str().into(),
        entry.actor.id.as_str().into(),
        entry.actor.role.as_deref().into(),
        entry.category.as_str().into(),
        entry.action.as_str().into(),
        subject.map(|subject| subject.kind.as_str()).into(),
        subject.map(|subject| subject.id.as_str()).into(),
        entry.outcome.as_str().into(),
        entry.tool_use_id.as_deref().into(),
        entry.body_hash.map(|hash| hash.to_string()).into(),
        entry.previous.to_string().into(),
        head.hash.to_string().into(),
    ];
    tx.execute_later(&INSERT, params, Meaning::Nothing).await?;
    if let Some(Body { salt, text }) = &new.body {
        let salt = data_encoding::HEXLOWER.encode(salt);
        let params = vec![
            tenant(),
            entry.seq.into(),
            salt.into(),
            text.as_str().into(),
        ];
        tx.execute_later(&INSERT_BODY, params, Meaning::Nothing)
            .await?;
    }
    for node in nodes {
        let hash = node.hash.to_string();
        let params = vec![tenant(), node.level.into(), node.index.into(), hash.into()];
        tx.execute_later(&INSERT_NODE, params, Meaning::Nothing)
            .await?;
    }
    tx.audit.known.insert(entry.tenant_id, head);
    Ok(())
}

/// Writes where the logs go on from, once for all entries of the transaction.
pub(crate) async fn settle(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    let heads: Vec<(TenantId, Head)> = tx.audit.known.drain().collect();
    for (tenant, head) in heads {
        if head.stored == head.frontier.size() {
            continue;
        }
        let frontier: String = head.frontier.hashes().iter().map(Hash::to_string).collect();
        let params = vec![
            tenant.as_str().into(),
            head.frontier.size().into(),
            head.hash.to_string().into(),
            frontier.into(),
            head.stored.into(),
        ];
        // Another process that appended meanwhile makes the whole transaction fail rather than fork the log.
        let what = "the end of the audit log";
        let meaning = Meaning::required(Refusal::Changed { what });
        tx.execute_later(&PUT_HEAD, params, meaning).await?;
    }
    Ok(())
}

async fn find(tx: &mut Transaction<'_>, tenant: &TenantId) -> Result<Head, Stop> {
    let row = tx.query_one(&HEAD, &[tenant.as_str().into()]).await?;
    let Some(row) = row else {
        return Ok(Head {
            frontier: Frontier::default(),
            hash: Hash::NONE,
            stored: 0,
        });
    };
    let frontier = read_frontier(&row)?;
    let stored = frontier.size();
    Ok(Head {
        frontier,
        hash: hash(&row, "hash")?,
        stored,
    })
}

/// The frontier in a row with `size` and `frontier`.
pub(super) fn read_frontier(row: &Row) -> Result<Frontier, Error> {
    let text = row.text("frontier")?;
    let pieces = text.as_bytes().chunks(64);
    let hashes: Result<Vec<Hash>, Error> = pieces
        .map(|piece| {
            let piece = std::str::from_utf8(piece).unwrap_or_default();
            piece
                .parse()
                .map_err(|error| Error::inconsistent("audit_heads.frontier", format!("{error}")))
        })
        .collect();
    Frontier::new(row.count("size")?, hashes?).ok_or_else(|| {
        Error::inconsistent(
            "audit_heads.frontier",
            "it is not one of a log of this size",
        )
    })
}

/// A hash in a column.
pub(super) fn hash(row: &Row, column: &str) -> Result<Hash, Error> {
    row.text(column)?
        .parse()
        .map_err(|error| Error::inconsistent(column, format!("{error}")))
}
