//! The bold lines at the head of files without front matter: `**Category**: quality`.

use std::collections::BTreeMap;

use crate::fields::tidy;

/// Lines among which they are looked for.
const LINES_MAX: usize = 80;

/// What the bold lines say, by their names in lower case.
pub(super) type Headers = BTreeMap<String, String>;

/// Names that say that a text is about an agent.
pub(super) const NAMES: &[&str] = &[
    "agent id",
    "agent name",
    "agent type",
    "batch",
    "capabilities",
    "category",
    "owner",
    "role",
    "type",
    "version",
];

/// Reads the bold lines near the beginning of a text.
pub(super) fn read(body: &str) -> Headers {
    let lines = body.lines().take(LINES_MAX);
    let pairs = lines
        .filter_map(pair)
        .filter(|(name, _)| NAMES.contains(&name.as_str()));
    let mut headers = Headers::new();
    for (name, value) in pairs {
        headers.entry(name).or_insert(value);
    }
    headers
}

/// `**Name**: value`, `**Name:** value` and `- **Name** value`.
fn pair(line: &str) -> Option<(String, String)> {
    let line = line
        .trim_start()
        .trim_start_matches(['-', '>'])
        .trim_start();
    let (name, value) = line.strip_prefix("**")?.split_once("**")?;
    let name = name.trim().trim_end_matches(':').trim();
    let value = value
        .trim()
        .trim_start_matches(':')
        .trim()
        .trim_matches('`');
    Some((name.to_lowercase(), tidy(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bold_lines_are_read_in_all_their_forms() {
        let headers = read(
            "# Agent\n\n**Agent ID**: 42\n**Category:** quality\n- **Version** 2.0.0\n**Owner**: a\tb\n**Anything**: else\n**Category**: later\n",
        );
        let expected = [
            ("agent id", "42"),
            ("category", "quality"),
            ("owner", "a b"),
            ("version", "2.0.0"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(headers, Headers::from(expected));
    }
}
