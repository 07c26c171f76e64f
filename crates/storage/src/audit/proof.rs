//! Proofs, from the hashes of entries and of the subtrees that are kept.

use std::ops::Range;

use civitas_audit::{Hash, consistency_ranges, inclusion_ranges, node_hash, root_of, subtrees};
use civitas_model::TenantId;
use civitas_sql::{Error, Statement, Val};

use super::head::{LEVELS, hash};
use super::read::Audit;

const HASHES: Statement = Statement::new(include_str!("../queries/audit/hashes.sql"));
const NODES: Statement = Statement::new(include_str!("../queries/audit/nodes.sql"));

impl Audit<'_> {
    /// The proof that the entry with number `seq` is among the first `size`; nothing when it is not, or there are fewer.
    pub async fn inclusion(
        &self,
        tenant: &TenantId,
        seq: u64,
        size: u64,
    ) -> Result<Option<Vec<Hash>>, Error> {
        let ranges = seq
            .checked_sub(1)
            .and_then(|index| inclusion_ranges(index, size));
        self.hashes_of(tenant, size, ranges).await
    }

    /// The proof that the first `old` entries are the beginning of the first `new`; nothing when there are fewer.
    pub async fn consistency(
        &self,
        tenant: &TenantId,
        old: u64,
        new: u64,
    ) -> Result<Option<Vec<Hash>>, Error> {
        let ranges = consistency_ranges(old, new);
        self.hashes_of(tenant, new, ranges).await
    }

    /// The root over the first `size` entries; nothing when there are fewer.
    pub async fn root(&self, tenant: &TenantId, size: u64) -> Result<Option<Hash>, Error> {
        if size == 0 {
            return Ok(Some(root_of(&[])));
        }
        let whole = std::iter::once(0..size).collect();
        let root = self.hashes_of(tenant, size, Some(whole)).await?;
        Ok(root.and_then(|hashes| hashes.into_iter().next()))
    }

    async fn hashes_of(
        &self,
        tenant: &TenantId,
        size: u64,
        ranges: Option<Vec<Range<u64>>>,
    ) -> Result<Option<Vec<Hash>>, Error> {
        let there = self.head(tenant).await?.map(|head| head.frontier.size());
        let Some(ranges) = ranges.filter(|_| there.is_some_and(|there| size <= there)) else {
            return Ok(None);
        };
        let mut hashes = Vec::with_capacity(ranges.len());
        for range in ranges {
            hashes.push(self.range_hash(tenant, range).await?);
        }
        Ok(Some(hashes))
    }

    async fn range_hash(&self, tenant: &TenantId, range: Range<u64>) -> Result<Hash, Error> {
        let mut pieces = Vec::new();
        for (level, index) in subtrees(range) {
            pieces.push(self.subtree(tenant, level, index).await?);
        }
        let last = pieces.pop().unwrap_or_else(|| root_of(&[]));
        let folded = pieces.iter().rev();
        Ok(folded.fold(last, |right, left| node_hash(left, &right)))
    }

    /// The hash of a complete subtree, from at most 128 hashes that are kept below it.
    async fn subtree(&self, tenant: &TenantId, level: u32, index: u64) -> Result<Hash, Error> {
        let kept = level / LEVELS * LEVELS;
        let count = 1_u64 << (level - kept);
        let (first, last) = (index * count, (index + 1) * count);
        let mut params = vec![Val::from(tenant.as_str())];
        let statement = match kept {
            0 => &HASHES,
            _ => {
                params.push(kept.into());
                &NODES
            }
        };
        params.extend([first.into(), last.into()]);
        let rows = self.0.query(statement, params).await?;
        if rows.len() as u64 != count {
            let reason = format!("{} of {count} hashes are there", rows.len());
            return Err(Error::inconsistent("audit_entries.hash", reason));
        }
        let hashes: Result<Vec<Hash>, Error> = rows.iter().map(|row| hash(row, "hash")).collect();
        Ok(root_of(&hashes?))
    }
}
