//! Schemes of addresses by which a program sends whatever it is told, so that what a server is asked for cannot be known.

use crate::address::Address;
use crate::shell::Word;
use crate::values::possible;

/// Beginnings of hosts from which curl guesses a scheme.
const GUESSED: [&str; 6] = ["ftp.", "dict.", "ldap.", "imap.", "smtp.", "pop3."];

/// Whether an address may be one of telnet, gopher, dict, smtp and the like; or of FTP, when its host is near.
pub(super) fn is_by_hand(word: &Word, braces: bool, values: &[(String, Word)]) -> bool {
    if !word.dynamic {
        return by_hand(&word.text, braces);
    }
    possible(word, values)
        .iter()
        .any(|text| by_hand(text, braces))
        || is_unknown(&word.text, values, 0)
}

fn by_hand(text: &str, braces: bool) -> bool {
    let text = text.trim();
    let is_near = || Address::of(&Word::literal(text), false).is_near();
    let valid = |letter: char| letter.is_ascii_alphanumeric() || "+.-".contains(letter);
    let Some((scheme, _)) = text.split_once(":/") else {
        let lower = text.to_ascii_lowercase();
        return GUESSED.iter().any(|begin| lower.starts_with(begin)) && is_near();
    };
    if !scheme.chars().all(valid) {
        // `{telnet,http}://…` is several addresses.
        return braces && scheme.contains(['{', '[']);
    }
    match scheme.to_ascii_lowercase().as_str() {
        "" | "http" | "https" | "file" => false,
        "ftp" | "ftps" | "sftp" | "scp" => is_near(),
        _ => true,
    }
}

/// Whether what the script reads, or is given, says which scheme it is. A variable that the script does not set is one of the
/// environment, which nobody but the user sets.
fn is_unknown(text: &str, values: &[(String, Word)], depth: usize) -> bool {
    let scheme = text.split("://").next().unwrap_or_default();
    if text.starts_with("$(") || scheme.contains('…') || text.starts_with('`') {
        return true;
    }
    let Some(rest) = text.strip_prefix('$') else {
        return false;
    };
    let rest = rest.strip_prefix('{').unwrap_or(rest);
    let end = rest
        .find(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    let name = &rest[..end];
    let is_given = name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit());
    let mut set = values
        .iter()
        .filter(|(known, value)| known == name && value.dynamic);
    is_given || depth < 4 && set.any(|(_, value)| is_unknown(&value.text, values, depth + 1))
}
