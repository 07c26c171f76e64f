//! Names of files within files: data to show, never paths to use.

use std::fmt::Write as _;

use crate::encoding;

/// The most characters of a name that are shown.
const CHARACTERS_MAX: usize = 200;

/// A name as it can be shown: control characters and marks that change the direction of text are escaped, and what
/// is overlong is cut in the middle, so that the extension stays.
pub(crate) fn shown(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    for character in name.chars().take(CHARACTERS_MAX * 20) {
        if is_deceptive(character) {
            let _ = write!(shown, "{}", character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    let count = shown.chars().count();
    if count > CHARACTERS_MAX {
        let half = CHARACTERS_MAX / 2;
        let start: String = shown.chars().take(half).collect();
        let end: String = shown.chars().skip(count - half + 1).collect();
        return format!("{start}…{end}");
    }
    if shown.trim().is_empty() {
        return "(no name)".to_owned();
    }
    shown
}

/// Whether a name points out of the place it would be unpacked to.
pub(crate) fn points_outside(name: &str) -> bool {
    let drive = name.as_bytes().get(1) == Some(&b':');
    let climbs = name.split(['/', '\\']).any(|step| step == "..");
    name.starts_with(['/', '\\']) || drive || climbs
}

/// A name from an archive that does not say how it is encoded.
pub(crate) fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(name) => name.to_owned(),
        Err(_) => encoding::detect(bytes, None).decode(bytes).0.into_owned(),
    }
}

/// Control characters, and marks that are not seen but change what is.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_without_what_deceives() {
        assert_eq!(shown("a\nb\u{1b}[31m.txt"), "a\\u{a}b\\u{1b}[31m.txt");
        assert_eq!(shown("invoice\u{202e}fdp.exe"), "invoice\\u{202e}fdp.exe");
        assert_eq!(shown("../../etc/passwd"), "../../etc/passwd");
        assert_eq!(shown(" "), "(no name)");
        assert_eq!(shown("größe 漢字.pdf"), "größe 漢字.pdf");
    }

    #[test]
    fn an_overlong_name_keeps_its_extension() {
        let name = shown(&format!("{}.pdf", "x".repeat(5_000)));
        assert_eq!(name.chars().count(), CHARACTERS_MAX);
        assert!(name.contains('…') && name.starts_with("xxx"));
        let name = shown(&format!("{}.pdf", "x".repeat(1_000)));
        assert!(name.ends_with("x.pdf"));
    }

    #[test]
    fn absolute_and_climbing_names_are_told() {
        for name in ["/etc/passwd", "..\\x", "a/../../b", "C:\\x", "\\\\host\\x"] {
            assert!(points_outside(name), "{name}");
        }
        for name in ["a/b.txt", "a..b", "...", "über/x"] {
            assert!(!points_outside(name), "{name}");
        }
    }
}
