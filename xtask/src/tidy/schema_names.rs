//! A type of the API's document has a name of its own: of two with the same name, the document would hold only one.

use std::collections::BTreeMap;

use proc_macro2::TokenTree;

use super::rust::{is_ident, is_punct, tokens, walk};
use super::{Finding, Tree};

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut first: BTreeMap<String, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for file in tree.rust() {
        walk(tokens(&file.text), false, &mut |token, rest| {
            let Some((name, line)) = described(token, rest) else {
                return;
            };
            if let Some(other) = first.get(&name) {
                let message =
                    format!("{other} describes a `{name}` too: name one of them otherwise");
                findings.push(Finding::new(&file.path, line, message));
            } else {
                first.insert(name, &file.path);
            }
        });
    }
    findings
}

/// For the `#` of a derived `ToSchema`: the name of the type that follows, and its line.
fn described(hash: &TokenTree, rest: &[TokenTree]) -> Option<(String, usize)> {
    let TokenTree::Group(attribute) = rest.first()? else {
        return None;
    };
    let attribute: Vec<TokenTree> = attribute.stream().into_iter().collect();
    let [derive, TokenTree::Group(derived)] = attribute.as_slice() else {
        return None;
    };
    let schema = derived
        .stream()
        .into_iter()
        .any(|one| is_ident(&one, "ToSchema"));
    if !is_punct(hash, '#') || !is_ident(derive, "derive") || !schema {
        return None;
    }
    let keyword = rest
        .iter()
        .position(|token| is_ident(token, "struct") || is_ident(token, "enum"))?;
    let name = rest.get(keyword + 1)?;
    Some((name.to_string(), name.span().start().line))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "#[derive(Serialize, ToSchema)]\n#[serde(rename_all = \"lowercase\")]\npub struct Page {}\n";

    #[test]
    fn two_types_of_one_name_are_found_and_others_are_not() {
        let twice = Tree::of(&[("a.rs", ONE), ("b.rs", ONE)]);
        assert_eq!(check(&twice).len(), 1);
        let other = "#[derive(Debug)]\nstruct Page {}\n#[derive(ToSchema)]\nenum Pages {}";
        assert!(check(&Tree::of(&[("a.rs", ONE), ("b.rs", other)])).is_empty());
    }
}
