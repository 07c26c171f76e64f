//! Where in its file a hit stands, as the fragment of a link.

use std::fmt::Write;

use serde_json::Value;

/// The fragment that opens a file where a record's facts say: `page=3` (RFC 8118), `row=5-9` (RFC 7111, where the header
/// is row 1), `line=9,20` (RFC 5147, which counts the gaps between lines); a workbook's rows come after `sheet=Name&`.
/// Nothing for what stands in a file within the file, or nowhere in particular.
pub fn fragment(facts: &Value) -> Option<String> {
    let is_inside = facts
        .get("part")
        .and_then(Value::as_array)
        .is_some_and(|part| !part.is_empty());
    if is_inside {
        return None;
    }
    let range = |name| {
        let range = facts.get(name)?.as_array()?;
        Some((range.first()?.as_u64()?, range.get(1)?.as_u64()?))
    };
    let sheet = facts.get("sheet").and_then(Value::as_str);
    let sheet = sheet.map(|sheet| format!("sheet={}", escaped(sheet)));
    let place = if let Some(page) = facts.get("page").and_then(Value::as_u64) {
        Some(format!("page={page}"))
    } else if let Some((first, last)) = range("rows") {
        // Data rows are counted without the header, fragments with it.
        Some(format!(
            "row={}-{}",
            first.saturating_add(1),
            last.saturating_add(1)
        ))
    } else {
        range("lines").map(|(first, last)| format!("line={},{last}", first.saturating_sub(1)))
    };
    match (sheet, place) {
        (Some(sheet), Some(place)) => Some(format!("{sheet}&{place}")),
        (sheet, place) => sheet.or(place),
    }
}

/// A name as it may stand in a fragment (RFC 3986, section 3.5).
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_place_has_its_fragment() {
        for (facts, expected) in [
            (json!({ "page": 3, "chunk": 7 }), Some("page=3")),
            (json!({ "rows": [4, 8] }), Some("row=5-9")),
            (json!({ "lines": [10, 20] }), Some("line=9,20")),
            (
                json!({ "sheet": "Q1 & Q2", "rows": [1, 1] }),
                Some("sheet=Q1%20%26%20Q2&row=2-2"),
            ),
            (json!({ "sheet": "Über" }), Some("sheet=%C3%9Cber")),
            (json!({ "page": 1, "part": ["a.pdf"] }), None),
            (json!({ "heading_path": ["A"] }), None),
            (json!(null), None),
        ] {
            assert_eq!(fragment(&facts).as_deref(), expected, "{facts}");
        }
    }
}
