//! What changes in the settings, line by line, without anyone's secrets.

use serde_json::Value;

use crate::cli::difference;

/// Unchanged lines shown around a change.
const AROUND: usize = 2;
/// What stands for a secret.
const HIDDEN: &str = "(not shown)";
/// The same for one that another takes the place of.
const OTHER: &str = "(another one, not shown)";
/// Parts of the names of variables that hold secrets.
const SECRET: [&str; 6] = [
    "TOKEN",
    "KEY",
    "SECRET",
    "PASSWORD",
    "HEADERS",
    "CREDENTIAL",
];

/// The lines, coloured.
pub(super) fn lines(before: &Value, after: &Value) -> Vec<String> {
    difference::lines(&shown(before, before), &shown(after, before), AROUND)
}

/// Settings as text, their secrets hidden; of one that was another before, that it was.
fn shown(settings: &Value, before: &Value) -> String {
    let mut settings = settings.clone();
    let environment = settings.get_mut("env").and_then(Value::as_object_mut);
    for (name, value) in environment.into_iter().flatten() {
        let upper = name.to_uppercase();
        if SECRET.iter().any(|part| upper.contains(part)) {
            let before = &before["env"][name.as_str()];
            let is_changed = !before.is_null() && before != value;
            *value = if is_changed { OTHER } else { HIDDEN }.into();
        }
    }
    format!("{settings:#}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_shows_what_changes_and_no_secret() {
        let before = json!({ "env": { "ANTHROPIC_API_KEY": "sk-1" }, "model": "opus" });
        let after = json!({ "env": { "ANTHROPIC_API_KEY": "sk-1", "CIVITAS_TOKEN": "cvt_1", "A": "b" }, "model": "opus" });
        let text = lines(&before, &after).join("\n");
        assert!(!text.contains("sk-1") && !text.contains("cvt_1"), "{text}");
        assert!(text.contains(r#""A": "b""#), "{text}");
        assert!(lines(&after, &after).is_empty());
        let other = json!({ "env": { "ANTHROPIC_API_KEY": "sk-2" }, "model": "opus" });
        let text = lines(&before, &other).join("\n");
        assert!(
            text.contains("another one") && !text.contains("sk-"),
            "{text}"
        );
    }
}
