//! What all files within a file may cost together.

/// Limits that hold for a file and everything within it, however deep.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// How deep files are opened within files: an archive in an archive is 2.
    pub(crate) depth: usize,
    /// How many files within are listed.
    pub(crate) parts: u64,
    /// The most unpacked bytes of one file within.
    pub(crate) part_bytes: u64,
    /// The most unpacked bytes altogether, counting again what is packed twice.
    pub(crate) total_bytes: u64,
    /// How many times its packed size a file may unpack to, beyond `ratio_free_bytes`. Text packs 3 to 20 times,
    /// monotonous tables up to 100 times; 1,032 is what deflate can do.
    pub(crate) ratio: u64,
    /// Up to so many bytes the ratio does not matter.
    pub(crate) ratio_free_bytes: u64,
    /// About the most bytes of structure that are kept altogether: what is larger could not be stored as one document.
    pub(crate) kept_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 6,
            parts: 10_000,
            part_bytes: 64 << 20,
            total_bytes: 256 << 20,
            ratio: 250,
            ratio_free_bytes: 1 << 20,
            kept_bytes: 20 << 20,
        }
    }
}

/// The limits, and what was used of them: shared by a file and everything within it.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    pub(crate) limits: Limits,
    pub(crate) parts: u64,
    pub(crate) unpacked: u64,
    pub(crate) kept: u64,
}
