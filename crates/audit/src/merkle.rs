//! The Merkle tree of RFC 6962 section 2.1: roots, the frontier that grows them, and proofs.
//!
//! A proof is a list of the hashes of ranges of leaves. [`inclusion_ranges`] and [`consistency_ranges`] say which, so that
//! whoever keeps the hashes of complete subtrees can look them up; [`subtrees`] cuts a range into those.

use std::ops::Range;

use crate::hash::Hash;

/// The hash of a leaf: SHA-256 over a zero byte and the leaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash::of(&[&[0], leaf])
}

/// The hash of an inner node: SHA-256 over a byte of one and both children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of(&[&[1], &left.0, &right.0])
}

/// The root over these hashes; of none, SHA-256 of nothing.
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.append(*leaf);
    }
    frontier.root()
}

/// A complete subtree: it is over 2^`level` leaves, from leaf `index` · 2^`level` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Its height; a leaf has 0.
    pub level: u32,
    /// Its number among those of its height, from 0.
    pub index: u64,
    /// Its hash.
    pub hash: Hash,
}

/// What is needed of a tree to append to it: the hashes of its maximal complete subtrees, from left to right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a tree of `size` leaves; nothing when the number of hashes is not that of the ones in `size`.
    pub fn new(size: u64, hashes: Vec<Hash>) -> Option<Self> {
        (hashes.len() == size.count_ones() as usize).then_some(Self { size, hashes })
    }

    /// How many leaves the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes, the largest subtree first.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Appends a leaf.
    pub fn append(&mut self, leaf: Hash) {
        self.append_with(leaf, |_| {});
    }

    /// Appends a leaf, and says which subtrees above it are complete now, from below.
    pub fn append_with(&mut self, leaf: Hash, mut completed: impl FnMut(Node)) {
        let mut hash = leaf;
        for level in 1..=self.size.trailing_ones() {
            if let Some(left) = self.hashes.pop() {
                hash = node_hash(&left, &hash);
                completed(Node {
                    level,
                    index: self.size >> level,
                    hash,
                });
            }
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// The root.
    pub fn root(&self) -> Hash {
        fold(&self.hashes).unwrap_or_else(|| Hash::of(&[]))
    }
}

/// The hash over adjoining subtrees that get smaller from left to right.
fn fold(hashes: &[Hash]) -> Option<Hash> {
    let (last, others) = hashes.split_last()?;
    Some(
        others
            .iter()
            .rev()
            .fold(*last, |right, left| node_hash(left, &right)),
    )
}

/// The complete subtrees, as level and index, that a range of leaves is made of; their hashes, folded from the right, are
/// the range's hash. The range begins where the ranges of proofs begin: at a multiple of a power of two that is not
/// less than its length.
pub fn subtrees(range: Range<u64>) -> Vec<(u32, u64)> {
    let (mut begin, mut found) = (range.start, Vec::new());
    while begin < range.end {
        let level = (range.end - begin).ilog2();
        found.push((level, begin >> level));
        begin += 1 << level;
    }
    found
}

/// The largest power of two below `size`, which is at least 2.
const fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The ranges whose hashes prove that leaf `index` (from 0) is in the tree of `size` leaves (RFC 6962 section 2.1.1), in the
/// proof's order. Nothing when there is no such leaf.
pub fn inclusion_ranges(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let (mut range, mut found) = (0..size, Vec::new());
    while range.end - range.start > 1 {
        let middle = range.start + split(range.end - range.start);
        if index < middle {
            found.push(middle..range.end);
            range.end = middle;
        } else {
            found.push(range.start..middle);
            range.start = middle;
        }
    }
    found.reverse();
    Some(found)
}

/// The ranges whose hashes prove that the tree of `old` leaves is the beginning of that of `new` (RFC 6962 section 2.1.2),
/// in the proof's order. Nothing unless 0 < `old` <= `new`.
pub fn consistency_ranges(old: u64, new: u64) -> Option<Vec<Range<u64>>> {
    if old == 0 || old > new {
        return None;
    }
    let (mut range, mut found, mut is_known) = (0..new, Vec::new(), true);
    while old < range.end {
        let middle = range.start + split(range.end - range.start);
        if old <= middle {
            found.push(middle..range.end);
            range.end = middle;
        } else {
            found.push(range.start..middle);
            range.start = middle;
            is_known = false;
        }
    }
    if !is_known {
        found.push(range);
    }
    found.reverse();
    Some(found)
}

fn hashes_of(leaves: &[Hash], ranges: Vec<Range<u64>>) -> Option<Vec<Hash>> {
    let place = |at: u64| usize::try_from(at).ok();
    ranges
        .into_iter()
        .map(|range| Some(root_of(leaves.get(place(range.start)?..place(range.end)?)?)))
        .collect()
}

/// The proof that leaf `index` (from 0) is in the tree of all these leaves.
pub fn inclusion_proof(leaves: &[Hash], index: u64) -> Option<Vec<Hash>> {
    hashes_of(leaves, inclusion_ranges(index, leaves.len() as u64)?)
}

/// The proof that the tree of the first `old` leaves is the beginning of that of all these.
pub fn consistency_proof(leaves: &[Hash], old: u64) -> Option<Vec<Hash>> {
    hashes_of(leaves, consistency_ranges(old, leaves.len() as u64)?)
}

/// Whether the proof shows that the leaf is at `index` (from 0) in the tree of `size` leaves with this root (RFC 9162
/// section 2.1.3.2).
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether the proof shows that the tree of `old` leaves with root `old_root` is the beginning of that of `new` leaves with
/// root `new_root` (RFC 9162 section 2.1.4.2). The empty tree is the beginning of every tree.
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> bool {
    if old == 0 || old >= new {
        let same = old == new && old_root == new_root;
        let empty = old == 0 && *old_root == root_of(&[]);
        return proof.is_empty() && (same || (empty && old < new));
    }
    let known = old.is_power_of_two().then_some(old_root);
    let mut path = known.into_iter().chain(proof);
    let (mut node, mut last) = (old - 1, new - 1);
    let shift = node.trailing_ones();
    node >>= shift;
    last >>= shift;
    let Some(first) = path.next() else {
        return false;
    };
    let (mut older, mut newer) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            older = node_hash(sibling, &older);
            newer = node_hash(sibling, &newer);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            newer = node_hash(&newer, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && older == *old_root && newer == *new_root
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    /// The definition of RFC 6962 section 2.1, word for word.
    fn root_by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of(&[]),
            [leaf] => *leaf,
            _ => {
                let middle = leaves.len().next_power_of_two() / 2;
                let (left, right) = leaves.split_at(middle);
                node_hash(&root_by_definition(left), &root_by_definition(right))
            }
        }
    }

    /// The leaves and roots that implementations of RFC 6962 test themselves with.
    #[test]
    fn known_leaves_have_known_roots() {
        let inputs = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let leaves: Vec<Hash> = inputs
            .iter()
            .map(|input| leaf_hash(&HEXLOWER.decode(input.as_bytes()).unwrap()))
            .collect();
        for (size, root) in roots.iter().enumerate() {
            assert_eq!(root_of(&leaves[..size]).to_string(), *root, "{size} leaves");
        }
    }

    /// The hashes of ranges by the definition, each made once.
    #[derive(Default)]
    struct Ranges(std::collections::HashMap<Range<u64>, Hash>);

    impl Ranges {
        fn hash(&mut self, leaves: &[Hash], range: Range<u64>) -> Hash {
            if let Some(known) = self.0.get(&range) {
                return *known;
            }
            let length = range.end - range.start;
            let hash = if length == 1 {
                leaves[usize::try_from(range.start).unwrap()]
            } else {
                let middle = range.start + length.next_power_of_two() / 2;
                let left = self.hash(leaves, range.start..middle);
                node_hash(&left, &self.hash(leaves, middle..range.end))
            };
            self.0.insert(range, hash);
            hash
        }

        fn proof(&mut self, leaves: &[Hash], ranges: Option<Vec<Range<u64>>>) -> Vec<Hash> {
            let ranges = ranges.unwrap().into_iter();
            ranges.map(|range| self.hash(leaves, range)).collect()
        }
    }

    #[test]
    fn every_inclusion_up_to_300_leaves_is_proved() {
        let (all, mut ranges) = (leaves(300), Ranges::default());
        for size in 1..=300 {
            let root = ranges.hash(&all, 0..size);
            for index in 0..size {
                let leaf = &all[usize::try_from(index).unwrap()];
                let proof = ranges.proof(&all, inclusion_ranges(index, size));
                let proves = |index| verify_inclusion(leaf, index, size, &proof, &root);
                assert!(proves(index), "{index} of {size}");
                assert!(index % 16 > 0 || size == 1 || !proves((index + 1) % size));
            }
            assert!(inclusion_ranges(size, size).is_none());
        }
        let proof = ranges.proof(&all, inclusion_ranges(170, 300));
        assert_eq!(inclusion_proof(&all, 170), Some(proof));
    }

    #[test]
    fn every_beginning_up_to_300_leaves_is_proved() {
        let (all, mut ranges) = (leaves(300), Ranges::default());
        let other = leaf_hash(b"");
        for new in 1..=300 {
            let root = ranges.hash(&all, 0..new);
            for old in 1..=new {
                let proof = ranges.proof(&all, consistency_ranges(old, new));
                let old_root = ranges.hash(&all, 0..old);
                let proves = |old_root, root| verify_consistency(old, new, &proof, old_root, root);
                assert!(proves(&old_root, &root), "{old} in {new}");
                assert!(old % 16 > 0 || !proves(&other, &root));
                assert!(old % 16 > 0 || !proves(&old_root, &other));
            }
            assert!(verify_consistency(0, new, &[], &root_of(&[]), &root));
        }
        let proof = ranges.proof(&all, consistency_ranges(170, 300));
        assert_eq!(consistency_proof(&all, 170), Some(proof));
    }

    #[test]
    fn a_frontier_has_the_root_of_the_definition_at_every_size() {
        let (all, mut frontier) = (leaves(300), Frontier::default());
        for size in 0..=300 {
            assert_eq!(frontier.root(), root_by_definition(&all[..size]));
            all.get(size)
                .into_iter()
                .for_each(|leaf| frontier.append(*leaf));
        }
    }

    #[test]
    fn a_range_is_folded_from_the_subtrees_that_were_completed() {
        let all = leaves(300);
        let mut nodes = std::collections::HashMap::new();
        let mut frontier = Frontier::default();
        for (index, leaf) in all.iter().enumerate() {
            nodes.insert((0, index as u64), *leaf);
            frontier.append_with(*leaf, |node| {
                nodes.insert((node.level, node.index), node.hash);
            });
        }
        for (old, new) in [(1, 300), (77, 300), (256, 257), (5, 8)] {
            for range in consistency_ranges(old, new).unwrap() {
                let hashes: Vec<Hash> =
                    subtrees(range.clone()).iter().map(|at| nodes[at]).collect();
                let [begin, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap());
                let expected = root_by_definition(&all[begin..end]);
                assert_eq!(fold(&hashes), Some(expected), "{range:?}");
            }
        }
    }

    #[test]
    fn a_frontier_has_one_hash_for_each_one_of_its_size() {
        assert!(Frontier::new(5, vec![Hash::NONE; 2]).is_some());
        assert!(Frontier::new(5, vec![Hash::NONE; 3]).is_none());
    }

    proptest! {
        #[test]
        fn a_changed_proof_proves_nothing(
            size in 2_usize..300, place in any::<prop::sample::Index>(), byte in 0_usize..32, bit in 0_u32..8, at in any::<prop::sample::Index>()
        ) {
            let all = leaves(size as u64);
            let index = place.index(size) as u64;
            let mut proof = inclusion_proof(&all, index).unwrap();
            let leaf = &all[place.index(size)];
            let root = root_of(&all);
            let changed = at.index(proof.len());
            proof[changed].0[byte] ^= 1 << bit;
            prop_assert!(!verify_inclusion(leaf, index, size as u64, &proof, &root));
            proof[changed].0[byte] ^= 1 << bit;
            prop_assert!(!verify_inclusion(leaf, index, size as u64, &proof[1..], &root));
            proof.push(root);
            prop_assert!(!verify_inclusion(leaf, index, size as u64, &proof, &root));
        }

        #[test]
        fn any_proof_is_judged_without_a_panic(
            old in any::<u64>(), new in any::<u64>(), proof in proptest::collection::vec(any::<[u8; 32]>(), 0..70)
        ) {
            let proof: Vec<Hash> = proof.into_iter().map(Hash).collect();
            let none = Hash::NONE;
            prop_assert!(!verify_inclusion(&none, old, new, &proof, &none) || proof.is_empty());
            prop_assert!(!verify_consistency(old, new, &proof, &none, &none) || old == new);
        }
    }
}
