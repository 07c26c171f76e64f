//! The names in a ZIP archive, as far as its beginning tells them.

/// Length of a local file header without its name (APPNOTE 6.3, 4.3.7).
const HEADER_BYTES: usize = 30;
const SIGNATURE: &[u8] = b"PK\x03\x04";

/// The entries of which the header is in `head`, in order: name, and what is seen of the content. Headers are followed
/// one by one, so that what is inside of a stored archive within this one is not taken for this one's own.
pub(super) fn entries(head: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(header) = head
        .get(at..at + HEADER_BYTES)
        .filter(|header| header.starts_with(SIGNATURE))
    {
        let short =
            |offset: usize| usize::from(u16::from_le_bytes([header[offset], header[offset + 1]]));
        let name_end = at + HEADER_BYTES + short(26);
        let Some(name) = head.get(at + HEADER_BYTES..name_end) else {
            break;
        };
        let start = name_end + short(28);
        let rest = head.get(start..).unwrap_or_default();
        let size = u32::from_le_bytes([header[18], header[19], header[20], header[21]]) as usize;
        let is_unsized = short(6) & 8 != 0 && size == 0;
        let length = if is_unsized {
            // The size follows the content: only the next header tells where it ends.
            memchr::memmem::find(rest, SIGNATURE).unwrap_or(rest.len())
        } else {
            size
        };
        entries.push((name, rest.get(..length).unwrap_or(rest)));
        at = start.saturating_add(length);
    }
    entries
}
