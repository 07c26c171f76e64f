//! Names are the field's: older and empty words do not come back.

use super::{Finding, Tree};

/// Words that may not be part of an identifier, with what to say instead. Their CamelCase form is meant too.
const WORDS: &[(&str, &str)] = &[
    ("city_manager", "`lifecycle` or `configuration`"),
    ("civic_system", "`service`"),
    ("control_tower", "`admin`"),
    ("data_steward", "`retention` or `provenance`"),
    ("experience_plane", "`api`"),
    ("post_office", "`bus`, `outbox` or `live`"),
    ("public_works", "`storage`, `bus` or `providers`"),
    ("security_guard", "`auth`"),
    ("smart_city", "the service's own name"),
    (
        "state_surface",
        "`storage`, or `state` for what an answer holds",
    ),
    ("traffic_cop", "`session` or `rate_limit`"),
];

/// Names of files, folders and modules that say nothing, with what to do instead.
const EMPTY_NAMES: &[&str] = &[
    "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils",
];

/// Whole identifiers of the contract, which clients read.
const CONTRACT: &[&str] = &[
    "public_works",
    "public_works_pattern",
    "registered_in_state_surface",
    "smart_city_sdk",
    "state_surface_health",
];

/// Where the words are explained.
const ALLOWED_FILES: &[&str] = &["docs/glossary.md", "xtask/src/tidy/banned_words.rs"];

/// Files whose text is searched.
const EXTENSIONS: &[&str] = &[
    "css", "html", "js", "json", "md", "rs", "sh", "sql", "toml", "ts", "tsx", "yaml", "yml",
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        if ALLOWED_FILES.contains(&file.path.as_str()) || file.is_data() {
            continue;
        }
        check_path(&file.path, &mut findings);
        if file.has_extension(EXTENSIONS) {
            for (number, line) in file.lines() {
                check_line(&file.path, number, line, &mut findings);
            }
        }
    }
    findings
}

fn check_path(path: &str, findings: &mut Vec<Finding>) {
    for part in path.split('/') {
        let stem = part.split('.').next().unwrap_or(part);
        if EMPTY_NAMES.contains(&stem) {
            let message =
                format!("`{stem}` says nothing: name it for the noun or verb it is about");
            findings.push(Finding::new(path, 1, message));
        }
        if let Some(message) = older_word(&stem.replace('-', "_")) {
            findings.push(Finding::new(path, 1, message));
        }
    }
}

fn check_line(path: &str, number: usize, line: &str, findings: &mut Vec<Finding>) {
    let words = line
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty());
    for word in words.filter(|word| !CONTRACT.contains(word)) {
        if let Some(message) = older_word(word) {
            findings.push(Finding::new(path, number, message));
        }
    }
    let name = line
        .trim()
        .trim_start_matches("pub ")
        .trim_start_matches("pub(crate) ")
        .strip_prefix("mod ");
    if let Some(name) = name
        .map(|name| name.trim_end_matches([';', '{', ' ']))
        .filter(|name| EMPTY_NAMES.contains(name))
    {
        let message =
            format!("`{name}` says nothing: name the module for the noun or verb it is about");
        findings.push(Finding::new(path, number, message));
    }
}

/// What is wrong with an identifier that holds an older word.
fn older_word(identifier: &str) -> Option<String> {
    let flat = identifier.to_lowercase().replace('_', "");
    // `publicworks` in one lower-case run is prose or chance; a boundary must show in the spelling.
    let spelled = |word: &str| {
        identifier.to_lowercase().contains(word)
            || (flat.contains(&word.replace('_', "")) && identifier.contains(&camel(word)))
    };
    let (word, instead) = WORDS.iter().find(|(word, _)| spelled(word))?;
    Some(format!(
        "`{word}` is an older word: say {instead} (see docs/glossary.md)"
    ))
}

fn camel(word: &str) -> String {
    let capital = |part: &str| {
        let (first, rest) = part.split_at_checked(1).unwrap_or((part, ""));
        format!("{}{rest}", first.to_uppercase())
    };
    word.split('_').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn older_words_are_found_in_every_spelling() {
        for text in [
            "let security_guard = 1;",
            "struct SecurityGuard;",
            "const TRAFFIC_COP_MAX: u8 = 1;",
            "\"smart_city.events\"",
        ] {
            assert_eq!(count("crates/a/src/a.rs", text), 1, "{text}");
        }
        assert_eq!(count("crates/public-works/src/a.rs", ""), 1);
    }

    #[test]
    fn empty_names_are_found_in_paths_and_modules_but_not_in_prose() {
        assert_eq!(count("crates/a/src/utils.rs", ""), 1);
        assert_eq!(count("crates/a/src/lib.rs", "pub mod helpers;"), 1);
        assert_eq!(
            count(
                "crates/a/src/lib.rs",
                "// In common with the manager's helpers."
            ),
            0
        );
    }

    #[test]
    fn contract_fields_prose_and_the_glossary_are_left_alone() {
        assert_eq!(
            count(
                "crates/a/src/a.rs",
                "\"registered_in_state_surface\": true // The state surface."
            ),
            0
        );
        assert_eq!(count("docs/glossary.md", "`security_guard`"), 0);
    }
}
