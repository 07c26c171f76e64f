//! What a database keeps beside the entries of a log: where it goes on, and hashes of its tree. The next entry and every proof come
//! from them, so they must be what the entries give.

use std::collections::BTreeMap;

use civitas_audit::{Frontier, Hash};
use civitas_model::TenantId;
use civitas_storage::{AUDIT_LEVELS, AuditHead, AuditLog, AuditStrays, SqlError};

/// Hashes read at a time.
const PAGE: u32 = 1000;

/// What is kept beside a log, and what its entries give so far. It is read before them: what is appended meanwhile is theirs.
pub(super) struct Beside {
    head: Result<Option<AuditHead>, String>,
    nodes: BTreeMap<(u64, u64), String>,
    frontier: Frontier,
    wrong: Vec<String>,
}

impl Beside {
    pub(super) async fn read(log: &AuditLog, tenant: &TenantId) -> anyhow::Result<Self> {
        let head = match log.audit().head(tenant).await {
            Ok(head) => Ok(head),
            Err(SqlError::Inconsistent { column, reason }) => Err(format!("{column}: {reason}")),
            Err(error) => return Err(error.into()),
        };
        let (mut nodes, mut after) = (BTreeMap::new(), (0, 0));
        loop {
            let page = log.audit().nodes(tenant, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = (last.level, last.index);
            nodes.extend(
                page.into_iter()
                    .map(|node| ((node.level, node.index), node.hash)),
            );
        }
        let mut wrong = strays(log.audit().strays(tenant).await?);
        if let Ok(Some(head)) = &head {
            // Checkpoints are read after the head: a newer one may be there, not an older one.
            let newest = log.audit().newest_checkpoints(tenant, None, 1).await?;
            let signed = newest.first().map_or(0, |newest| newest.size);
            wrong.extend(progress(head, signed));
        }
        Ok(Self {
            head,
            nodes,
            frontier: Frontier::default(),
            wrong,
        })
    }

    /// Takes the next entry, by its hash.
    pub(super) fn entry(&mut self, hash: Hash) {
        let (nodes, wrong) = (&mut self.nodes, &mut self.wrong);
        // Those of entries that came after the head was read may not have been there.
        let known = match &self.head {
            Ok(Some(head)) => head.frontier.size(),
            _ => 0,
        };
        let size = self.frontier.size() + 1;
        self.frontier.append_with(hash, |node| {
            if node.level % AUDIT_LEVELS != 0 {
                return;
            }
            let last = size;
            let first = last + 1 - (1 << node.level);
            match nodes.remove(&(node.level.into(), node.index)) {
                Some(kept) if kept == node.hash.to_string() => {}
                Some(_) => wrong.push(format!(
                    "the hash kept of entries {first} to {last} together (`audit_nodes`) is not what they give"
                )),
                None if last <= known => wrong.push(format!(
                    "the hash of entries {first} to {last} together (`audit_nodes`) is missing"
                )),
                None => {}
            }
        });
        if let Ok(Some(head)) = &self.head
            && head.frontier.size() == size
            && (head.frontier != self.frontier || head.hash != hash)
        {
            wrong.push(format!(
                "what the log goes on from after entry {size} (`audit_heads`) is not what the entries give"
            ));
        }
    }

    /// What is wrong, once every entry was taken.
    pub(super) fn finish(self) -> Vec<String> {
        let mut wrong = self.wrong;
        let size = self.frontier.size();
        match self.head {
            Err(reason) => wrong.push(format!(
                "what the log goes on from (`audit_heads`) cannot be read: {reason}"
            )),
            Ok(None) if size > 0 => wrong.push(format!(
                "what the log goes on from (`audit_heads`) is missing: the next entry would be the first again, and there are {size}"
            )),
            Ok(Some(head)) if head.frontier.size() > size => wrong.push(format!(
                "the log goes on from entry {} (`audit_heads`), and there are {size}",
                head.frontier.size()
            )),
            Ok(_) => {}
        }
        if !self.nodes.is_empty() {
            wrong.push(format!(
                "{} hashes are kept (`audit_nodes`) of entries that there are not",
                self.nodes.len()
            ));
        }
        wrong
    }
}

/// What readers would be shown, and no chain holds.
fn strays(found: AuditStrays) -> Vec<String> {
    let mut wrong = Vec::new();
    if found.entries > 0 {
        wrong.push(format!(
            "{} entries have a number before the first (`audit_entries`): they are no part of the log",
            found.entries
        ));
    }
    if found.bodies > 0 {
        wrong.push(format!(
            "{} bodies belong to no entry (`audit_bodies`)",
            found.bodies
        ));
    }
    wrong
}

/// How far the log is said to be signed and its bodies dropped: further than it is, nothing more would be.
fn progress(head: &AuditHead, signed: u64) -> Vec<String> {
    let mut wrong = Vec::new();
    if head.signed > signed {
        wrong.push(format!(
            "{} entries are said to be signed (`audit_heads`), and the newest checkpoint covers {signed}: the node would not sign what comes",
            head.signed
        ));
    }
    let size = head.frontier.size();
    if head.dropped > size {
        wrong.push(format!(
            "bodies are said to be dropped up to entry {} (`audit_heads`), and there are {size}: no more would be",
            head.dropped
        ));
    }
    wrong
}
