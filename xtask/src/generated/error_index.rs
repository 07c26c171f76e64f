//! `docs/errors/README.md`: the list of error pages, made from the pages themselves.

use std::path::Path;

use anyhow::{Context as _, bail};

const HEAD: &str = "\
# Errors

Every failure has a stable `code`. It is in the problem document of a refused request
([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), `application/problem+json`) or in the failure of an
execution. Each code has a page here: what it means, when it happens, what the caller does and what the operator does.

A problem document has `type` (`urn:civitas:error:` and the code), `title`, `status`, `detail`, `instance` (the path that was
asked) and `code`, and the two aliases that older clients read: `error` (the same as `code`) and `message` (the same as
`detail`). Clients decide by `code` or `status`, never by the text. Validation failures add `errors`, a list of
`pointer` (a JSON Pointer, [RFC 6901](https://www.rfc-editor.org/rfc/rfc6901), into the body) and `detail`.

| code | status | meaning |
|---|---|---|
";

/// The index of all pages, sorted by code.
pub fn make(root: &Path) -> anyhow::Result<String> {
    let folder = root.join("docs/errors");
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(&folder).context("cannot list docs/errors")? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(code) = stem.filter(|stem| *stem != "README") {
            let row = row(code, &crate::read(&path)?)?;
            pages.push((code.to_owned(), row));
        }
    }
    pages.sort();
    let rows: String = pages.into_iter().map(|(_, row)| row).collect();
    Ok(format!("{HEAD}{rows}"))
}

/// One row, from a page that starts with its title, a status line and a paragraph.
fn row(code: &str, page: &str) -> anyhow::Result<String> {
    let mut paragraphs = page
        .split("\n\n")
        .map(|text| text.trim().replace('\n', " "));
    if paragraphs.next().as_deref() != Some(&format!("# `{code}`")) {
        bail!("docs/errors/{code}.md must start with the title # `{code}`");
    }
    let status = paragraphs.next().unwrap_or_default();
    let Some(status) = status.strip_prefix("Status: ") else {
        bail!("docs/errors/{code}.md needs a line `Status: …` after its title");
    };
    let meaning = paragraphs.next().unwrap_or_default();
    let sentence = meaning
        .split_once(". ")
        .map_or(meaning.as_str(), |(first, _)| first);
    let sentence = sentence.trim_end_matches('.');
    Ok(format!(
        "| [`{code}`]({code}.md) | {} | {sentence}. |\n",
        status.trim_end_matches('.')
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_the_pages_status_and_first_sentence() {
        let page = "# `gone`\n\nStatus: 410 Gone.\n\nIt was here\nonce. Now not.\n";
        assert_eq!(
            row("gone", page).unwrap(),
            "| [`gone`](gone.md) | 410 Gone | It was here once. |\n"
        );
    }

    #[test]
    fn a_page_without_its_code_as_title_or_without_a_status_is_refused() {
        assert!(row("gone", "# Gone\n\nStatus: 410 Gone.\n\nText.\n").is_err());
        assert!(row("gone", "# `gone`\n\nText.\n").is_err());
    }
}
