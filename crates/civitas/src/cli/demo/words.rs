//! What to ask about someone's own files: words that stand in several of them, or stand out in one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cli::intake::{Reading, Understood};

const QUESTIONS_MAX: usize = 4;
const LETTERS_MIN: usize = 5;
/// Words that say nothing about a document.
const EMPTY_WORDS: [&str; 32] = [
    "about", "above", "after", "again", "against", "before", "being", "below", "between", "cannot",
    "could", "during", "every", "first", "further", "other", "shall", "should", "their", "there",
    "these", "those", "through", "under", "until", "where", "which", "while", "within", "without",
    "would", "https",
];

/// Up to four questions, those that most documents can answer first.
pub(super) fn questions(understood: &[Understood]) -> Vec<String> {
    let readings = understood
        .iter()
        .filter_map(|one| one.outcome.as_ref().ok());
    let texts: Vec<String> = readings.map(text).collect();
    choose(&texts)
}

fn text(reading: &Reading) -> String {
    let mut all = String::new();
    let mut add = |value: &Value| {
        if let Some(text) = value.as_str() {
            all.push_str(text);
            all.push('\n');
        }
    };
    add(&reading.renderings["text_preview"]["text"]);
    let outline = reading.renderings["outline"].as_array();
    outline
        .into_iter()
        .flatten()
        .for_each(|heading| add(&heading["text"]));
    let tables = reading.renderings["table_previews"].as_array();
    for row in tables
        .into_iter()
        .flatten()
        .filter_map(|table| table["rows"].as_array())
        .flatten()
    {
        row.as_array().into_iter().flatten().for_each(&mut add);
    }
    all
}

fn choose(texts: &[String]) -> Vec<String> {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for text in texts {
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower
            .split(|letter: char| !letter.is_alphabetic())
            .filter(|word| word.chars().count() >= LETTERS_MIN && !EMPTY_WORDS.contains(word))
            .collect();
        for word in &words {
            counts.entry((*word).to_owned()).or_default().1 += 1;
        }
        for word in words.into_iter().collect::<BTreeSet<_>>() {
            counts.entry(word.to_owned()).or_default().0 += 1;
        }
    }
    let mut ranked: Vec<_> = counts.into_iter().collect();
    // Long words tell more than short ones that stand as often.
    let weight = |(word, (documents, count)): &(String, (usize, usize))| {
        (*documents, count * word.chars().count())
    };
    ranked.sort_by(|one, other| weight(other).cmp(&weight(one)).then(one.0.cmp(&other.0)));
    let ranked = ranked.into_iter().map(|(word, _)| word);
    ranked.take(QUESTIONS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_several_documents_share_come_first() {
        let texts = [
            "Invoice: harbour harbour harbour".to_owned(),
            "the invoice, which is paid".to_owned(),
        ];
        assert_eq!(choose(&texts), ["invoice", "harbour"]);
        assert!(choose(&[]).is_empty());
    }
}
