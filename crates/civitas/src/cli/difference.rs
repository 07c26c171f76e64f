//! Where two texts differ, line by line, coloured.

use similar::{ChangeTag, TextDiff};

use super::output::{BAD, DIM, GOOD, clean};

/// The lines that differ, with so many unchanged ones around them; none when nothing differs.
pub(super) fn lines(before: &str, after: &str, around: usize) -> Vec<String> {
    let difference = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for (number, group) in difference.grouped_ops(around).iter().enumerate() {
        if number > 0 {
            lines.push(format!("{DIM}  …{DIM:#}"));
        }
        for change in group.iter().flat_map(|part| difference.iter_changes(part)) {
            let line = clean(change.value().trim_end_matches('\n'));
            lines.push(match change.tag() {
                ChangeTag::Equal => format!("{DIM}  {line}{DIM:#}"),
                ChangeTag::Insert => format!("{GOOD}+ {line}{GOOD:#}"),
                ChangeTag::Delete => format!("{BAD}- {line}{BAD:#}"),
            });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_stand_with_what_is_around_them_and_what_is_far_is_left_out() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = before.replace('3', "three").replace("8\n", "");
        let text = lines(before, &after, 1).join("\n");
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(plain, "  2\n- 3\n+ three\n  4\n  …\n  7\n- 8\n  9");
        assert!(lines(before, before, 1).is_empty());
    }
}
