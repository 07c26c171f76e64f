//! Verification: whether a log is what was written and signed, and if not, what is wrong and where.

use std::fmt;

use civitas_model::TenantId;
use serde::Serialize;

use crate::body::Body;
use crate::checkpoint::{Checkpoint, InvalidCheckpoint, log_origin};
use crate::entry::{DROP_BODIES, ENTRIES, ERASE_BODIES, Entry, SELF_CATEGORY};
use crate::hash::Hash;
use crate::merkle::{Frontier, leaf_hash};
use crate::note::PublicKey;

/// Findings that a report lists; more are only counted.
pub const FINDINGS_MAX: usize = 100;

/// An entry as it was found, with its recorded hash and its body, unless that was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The entry.
    pub entry: Entry,
    /// The hash recorded with it.
    pub hash: Hash,
    /// Its body, when it is there.
    pub body: Option<Body>,
}

/// Something that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// What an entry says does not give its recorded hash.
    Changed {
        /// Which entry.
        seq: u64,
    },
    /// An entry does not name the hash of the one before it.
    Unchained {
        /// Which entry.
        seq: u64,
    },
    /// Numbers are missing.
    Missing {
        /// From this entry.
        first: u64,
        /// To this one.
        last: u64,
    },
    /// An entry stands behind one with a higher or the same number.
    Misplaced {
        /// Which entry.
        seq: u64,
        /// The entry that belongs there.
        expected: u64,
    },
    /// An entry is of another tenant.
    ForeignEntry {
        /// Which entry.
        seq: u64,
    },
    /// A body is not the one that its entry was made with.
    BodyChanged {
        /// Whose body.
        seq: u64,
    },
    /// Bodies are gone, and no entry says why.
    BodiesMissing {
        /// From this entry.
        first: u64,
        /// To this one.
        last: u64,
    },
    /// A checkpoint covers more entries than there are.
    Truncated {
        /// The last entry there is.
        last: u64,
        /// How many were signed.
        signed: u64,
    },
    /// The entries fit each other, but are not those that were signed.
    Rewritten {
        /// Up to this entry they are those of an earlier checkpoint.
        after: u64,
        /// How many entries the checkpoint covers that they do not fit.
        signed: u64,
    },
    /// Two checkpoints of one size name different roots.
    Forked {
        /// The size.
        signed: u64,
    },
    /// A checkpoint cannot be used.
    BadCheckpoint {
        /// Its place among those given, from 1.
        number: usize,
        /// Why.
        reason: String,
    },
    /// What is kept beside the entries, to append to them and to prove them, is not what they give.
    Aside {
        /// What, and how.
        reason: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { seq } => write!(
                f,
                "entry {seq} was changed: what it says does not give its recorded hash"
            ),
            Self::Unchained { seq } => write!(
                f,
                "entry {seq} does not follow the entry before it as that is now: one of the two was changed or replaced"
            ),
            Self::Missing { first, last } if first == last => {
                write!(f, "entry {first} is missing")
            }
            Self::Missing { first, last } => write!(f, "entries {first} to {last} are missing"),
            Self::Misplaced { seq, expected } => write!(
                f,
                "entry {seq} stands where entry {expected} belongs: entries were swapped or repeated"
            ),
            Self::ForeignEntry { seq } => write!(f, "entry {seq} is of another tenant"),
            Self::BodyChanged { seq } => write!(
                f,
                "the body of entry {seq} is not the one that the entry was made with"
            ),
            Self::BodiesMissing { first, last } => write!(
                f,
                "the bodies of entries {first} to {last} are gone, and no entry says that they were dropped or erased"
            ),
            Self::Truncated { last, signed } => write!(
                f,
                "the log ends with entry {last}, but {signed} entries were signed: its end was cut off"
            ),
            Self::Rewritten { after, signed } => write!(
                f,
                "the first {signed} entries fit each other but are not those that were signed: what comes after entry {after} was rewritten"
            ),
            Self::Forked { signed } => write!(
                f,
                "two checkpoints of {signed} entries name different roots: two histories were signed"
            ),
            Self::BadCheckpoint { number, reason } => {
                write!(f, "checkpoint {number} cannot be used: {reason}")
            }
            Self::Aside { reason } => f.write_str(reason),
        }
    }
}

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whose log.
    pub tenant: TenantId,
    /// How many entries were read.
    pub entries: u64,
    /// The root of their tree.
    pub root: Hash,
    /// How many bodies were there and fit.
    pub bodies: u64,
    /// How many were dropped or erased, as entries say.
    pub bodies_dropped: u64,
    /// How many checkpoints are signed by the key and fit.
    pub checkpoints: u64,
    /// How many entries the largest of them covers: what comes after is held by the chain alone.
    pub signed: u64,
    /// What is wrong: the first [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// How many things are wrong.
    pub findings_total: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub const fn is_sound(&self) -> bool {
        self.findings_total == 0
    }
}

/// Verifies a log given in its order, with checkpoints from any time, and the key they are signed with.
pub fn verify<'a>(
    tenant: &TenantId,
    entries: impl IntoIterator<Item = &'a Stored>,
    checkpoints: &[impl AsRef<str>],
    installation: &str,
    key: &PublicKey,
) -> Report {
    let mut verifier = Verifier::new(tenant, checkpoints, installation, key);
    for entry in entries {
        verifier.entry(entry);
    }
    verifier.finish()
}

/// Verifies a log entry by entry, in flat memory.
pub struct Verifier {
    tenant: TenantId,
    /// Those that the key signed, by size; the first that is not compared yet is at `next`.
    checkpoints: Vec<Checkpoint>,
    next: usize,
    frontier: Frontier,
    /// The number of the last entry in place.
    last: u64,
    /// What the next entry may name as the one before it: the recorded and the computed hash; nothing after a gap.
    previous: Option<[Hash; 2]>,
    /// Whether some entry is not as it was, so that no root can fit from there on.
    broken: bool,
    missing: Spans,
    explained: Spans,
    buffer: Vec<u8>,
    report: Report,
}

impl Verifier {
    /// A verifier of a tenant's log; `installation` is the middle part of the [`log_origin`].
    pub fn new(
        tenant: &TenantId,
        checkpoints: &[impl AsRef<str>],
        installation: &str,
        key: &PublicKey,
    ) -> Self {
        let mut verifier = Self {
            tenant: tenant.clone(),
            checkpoints: Vec::with_capacity(checkpoints.len()),
            next: 0,
            frontier: Frontier::default(),
            last: 0,
            previous: Some([Hash::NONE; 2]),
            broken: false,
            missing: Spans::default(),
            explained: Spans::default(),
            buffer: Vec::with_capacity(1024),
            report: Report {
                tenant: tenant.clone(),
                entries: 0,
                root: Hash::NONE,
                bodies: 0,
                bodies_dropped: 0,
                checkpoints: 0,
                signed: 0,
                findings: Vec::new(),
                findings_total: 0,
            },
        };
        let origin = log_origin(installation, tenant);
        for (index, note) in checkpoints.iter().enumerate() {
            verifier.checkpoint(index + 1, note.as_ref(), &origin, key);
        }
        verifier.order_checkpoints();
        verifier
    }

    fn checkpoint(&mut self, number: usize, note: &str, origin: &str, key: &PublicKey) {
        let opened = Checkpoint::open(note, key).and_then(|found| {
            let ours = found.origin == origin;
            ours.then_some(found).ok_or(InvalidCheckpoint::OtherLog)
        });
        match opened {
            Ok(checkpoint) => self.checkpoints.push(checkpoint),
            Err(error) => self.find(Finding::BadCheckpoint {
                number,
                reason: error.to_string(),
            }),
        }
    }

    fn order_checkpoints(&mut self) {
        self.checkpoints.sort_by_key(|checkpoint| checkpoint.size);
        self.checkpoints.dedup();
        let forks: Vec<u64> = self
            .checkpoints
            .windows(2)
            .filter(|pair| pair[0].size == pair[1].size)
            .map(|pair| pair[0].size)
            .collect();
        for signed in forks {
            self.find(Finding::Forked { signed });
        }
        self.compare_roots();
    }

    /// Takes the next entry.
    pub fn entry(&mut self, stored: &Stored) {
        self.report.entries += 1;
        let seq = stored.entry.seq;
        let expected = self.last + 1;
        if seq < expected {
            self.broken = true;
            self.find(Finding::Misplaced { seq, expected });
            return;
        }
        if seq > expected {
            self.broken = true;
            self.previous = None;
            self.find(Finding::Missing {
                first: expected,
                last: seq - 1,
            });
        }
        if stored.entry.tenant_id != self.tenant {
            self.broken = true;
            self.find(Finding::ForeignEntry { seq });
        }
        self.buffer.clear();
        stored.entry.write_canonical(&mut self.buffer);
        let computed = leaf_hash(&self.buffer);
        self.check_links(stored, computed);
        self.check_body(stored);
        self.last = seq;
        self.previous = Some([stored.hash, computed]);
        self.frontier.append(computed);
        self.compare_roots();
    }

    fn check_links(&mut self, stored: &Stored, computed: Hash) {
        let seq = stored.entry.seq;
        if computed != stored.hash {
            self.broken = true;
            self.find(Finding::Changed { seq });
        }
        let named = stored.entry.previous;
        if self
            .previous
            .is_some_and(|allowed| !allowed.contains(&named))
        {
            self.broken = true;
            self.find(Finding::Unchained { seq });
        }
    }

    fn check_body(&mut self, stored: &Stored) {
        let seq = stored.entry.seq;
        match (&stored.entry.body_hash, &stored.body) {
            (None, None) => {}
            (Some(hash), Some(body)) if body.hash() == *hash => self.report.bodies += 1,
            (Some(_), None) => self.missing.push(seq, seq),
            (_, Some(_)) => self.find(Finding::BodyChanged { seq }),
        }
        let entry = &stored.entry;
        if entry.category == SELF_CATEGORY
            && (entry.action == DROP_BODIES || entry.action == ERASE_BODIES)
            && let Some(subject) = entry
                .subject
                .as_ref()
                .filter(|subject| subject.kind == ENTRIES)
        {
            for span in subject.id.split(',') {
                let (first, last) = span.split_once('-').unwrap_or((span, span));
                if let (Ok(first), Ok(last)) = (first.parse(), last.parse::<u64>()) {
                    self.explained.push(first, last.min(seq));
                }
            }
        }
    }

    /// Compares what was read so far with the checkpoints of this size.
    fn compare_roots(&mut self) {
        while let Some(checkpoint) = self.checkpoints.get(self.next)
            && checkpoint.size <= self.last
        {
            self.next += 1;
            if self.broken {
                continue;
            }
            if checkpoint.root == self.frontier.root() {
                self.report.checkpoints += 1;
                self.report.signed = checkpoint.size;
            } else {
                let signed = checkpoint.size;
                self.broken = true;
                self.find(Finding::Rewritten {
                    after: self.report.signed,
                    signed,
                });
            }
        }
    }

    fn find(&mut self, finding: Finding) {
        self.report.findings_total += 1;
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(finding);
        }
    }

    /// What was found once every entry was taken.
    pub fn finish(mut self) -> Report {
        if let Some(checkpoint) = self.checkpoints.last()
            && checkpoint.size > self.last
        {
            let signed = checkpoint.size;
            let last = self.last;
            self.find(Finding::Truncated { last, signed });
        }
        let (total, unexplained) = self.missing.without(self.explained.clone());
        let mut lost = 0;
        for (first, last) in unexplained {
            lost += last - first + 1;
            self.find(Finding::BodiesMissing { first, last });
        }
        self.report.bodies_dropped = total - lost;
        self.report.root = self.frontier.root();
        self.report
    }
}

/// Numbers as spans, first and last.
#[derive(Debug, Clone, Default)]
struct Spans(Vec<(u64, u64)>);

impl Spans {
    /// Adds a span, to the one before it when the two adjoin.
    fn push(&mut self, first: u64, last: u64) {
        if first > last {
            return;
        }
        match self.0.last_mut() {
            Some((_, end)) if *end + 1 == first => *end = last,
            _ => self.0.push((first, last)),
        }
    }

    /// How many numbers these ordered spans hold, and what is left of them without the others.
    fn without(&self, mut others: Self) -> (u64, Vec<(u64, u64)>) {
        others.0.sort_unstable();
        let (mut total, mut left, mut index) = (0, Vec::new(), 0);
        for &(first, last) in &self.0 {
            total += last - first + 1;
            let mut at = first;
            // Those that end before this span are of no use to any later one.
            while others.0.get(index).is_some_and(|other| other.1 < first) {
                index += 1;
            }
            for &(begin, end) in &others.0[index..] {
                if begin > last {
                    break;
                }
                if begin > at {
                    left.push((at, begin - 1));
                }
                at = at.max(end.saturating_add(1));
            }
            if at <= last {
                left.push((at, last));
            }
        }
        (total, left)
    }
}

#[cfg(test)]
mod tests;
