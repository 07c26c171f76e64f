//! Texts that go back to the client: limited, and harmless on a terminal.

/// The longest text of an answer, in UTF-16 code units, which is how the client counts; over it, the client keeps the text
/// from the model and hands it a path instead.
pub const ANSWER_UNITS_MAX: usize = 10_000;

/// What a text that was too long ends with.
const CUT: &str = "… [cut]";

/// The text without control characters, which would reach the user's terminal, and cut to its limit.
pub(crate) fn presentable(text: &str) -> String {
    let mut kept = String::new();
    let mut units = 0;
    // Where to cut back to if the text turns out too long.
    let mut room = 0;
    let budget = ANSWER_UNITS_MAX - CUT.encode_utf16().count();
    for letter in text.chars() {
        if letter.is_control() && !matches!(letter, '\n' | '\t') {
            continue;
        }
        units += letter.len_utf16();
        if units > ANSWER_UNITS_MAX {
            kept.truncate(room);
            kept.push_str(CUT);
            return kept;
        }
        kept.push(letter);
        if units <= budget {
            room = kept.len();
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_the_limit_is_whole_and_one_more_is_cut() {
        let whole = "a".repeat(ANSWER_UNITS_MAX);
        assert_eq!(presentable(&whole), whole);
        let cut = presentable(&format!("{whole}b"));
        assert!(cut.ends_with("a… [cut]"), "{}", cut.len());
        assert_eq!(cut.encode_utf16().count(), ANSWER_UNITS_MAX);
    }

    #[test]
    fn letters_outside_the_first_plane_count_twice() {
        let cut = presentable(&"😀".repeat(ANSWER_UNITS_MAX));
        assert!(cut.encode_utf16().count() <= ANSWER_UNITS_MAX);
        assert!(cut.ends_with(CUT));
    }

    #[test]
    fn a_terminal_is_told_nothing() {
        assert_eq!(
            presentable("\u{1b}[31mred\u{7}\nline\ttab\0"),
            "[31mred\nline\ttab"
        );
    }
}
