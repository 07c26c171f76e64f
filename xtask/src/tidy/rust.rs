//! Reading Rust as tokens, so that rules are not fooled by comments and strings.

use std::ops::RangeInclusive;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The file's tokens; none when it is no Rust, which the compiler reports better than we could.
pub fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap_or_default()
}

/// Calls `each` for every token with those that follow it in its group, outermost first.
///
/// What is within `#[cfg(test)] mod …` is left out unless `with_tests`; doc comments are always left out.
pub fn walk(tokens: TokenStream, with_tests: bool, each: &mut dyn FnMut(&TokenTree, &[TokenTree])) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let rest = tokens.get(at + 1..).unwrap_or_default();
        at += 1;
        if is_punct(token, '#') {
            // An inner attribute has a `!` between the hash and the brackets.
            let skip = usize::from(rest.first().is_some_and(|next| is_punct(next, '!')));
            if let Some(TokenTree::Group(attribute)) = rest.get(skip)
                && is_doc(attribute)
            {
                at += skip + 1;
                continue;
            }
        }
        if !with_tests && let Some((_, length)) = test_module(token, rest) {
            at += length;
            continue;
        }
        each(token, rest);
        if let TokenTree::Group(group) = token {
            walk(group.stream(), with_tests, each);
        }
    }
}

/// The line ranges of `#[cfg(test)] mod name { … }`.
pub fn test_modules(text: &str) -> Vec<RangeInclusive<usize>> {
    let mut ranges = Vec::new();
    walk(tokens(text), true, &mut |token, rest| {
        if let Some((end, _)) = test_module(token, rest) {
            ranges.push(token.span().start().line..=end);
        }
    });
    ranges
}

/// Whether this is the punctuation `wanted`.
pub fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// Whether this is the identifier or keyword `wanted`.
pub fn is_ident(token: &TokenTree, wanted: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == wanted)
}

/// For the `#` that starts a test module: its last line and how many of `rest` belong to it.
fn test_module(hash: &TokenTree, rest: &[TokenTree]) -> Option<(usize, usize)> {
    if !is_punct(hash, '#') {
        return None;
    }
    let TokenTree::Group(attribute) = rest.first()? else {
        return None;
    };
    let condition = attribute.stream().to_string().replace(' ', "");
    if attribute.delimiter() != Delimiter::Bracket || condition != "cfg(test)" {
        return None;
    }
    let mut at = 1;
    while rest.get(at).is_some_and(|token| is_punct(token, '#')) {
        at += 2;
    }
    if !is_ident(rest.get(at)?, "mod") {
        return None;
    }
    match rest.get(at + 2)? {
        TokenTree::Group(body) => Some((body.span_close().end().line, at + 3)),
        semicolon => Some((semicolon.span().end().line, at + 3)),
    }
}

fn is_doc(attribute: &Group) -> bool {
    attribute
        .stream()
        .into_iter()
        .next()
        .is_some_and(|first| is_ident(&first, "doc"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "//! Doc with todo!().\nfn a() {}\n\n#[cfg(test)]\n#[path = \"x\"]\nmod tests {\n    fn b() {}\n}\n";

    fn idents(with_tests: bool) -> Vec<String> {
        let mut found = Vec::new();
        walk(tokens(SAMPLE), with_tests, &mut |token, _| {
            if let TokenTree::Ident(ident) = token {
                found.push(ident.to_string());
            }
        });
        found
    }

    #[test]
    fn comments_are_never_seen_and_tests_only_on_request() {
        assert_eq!(idents(false), ["fn", "a"]);
        let all = idents(true);
        assert!(all.contains(&"b".to_owned()));
        assert!(!all.contains(&"todo".to_owned()));
    }

    #[test]
    fn a_test_module_spans_from_its_attribute_to_its_brace() {
        assert_eq!(test_modules(SAMPLE), [4..=8]);
        assert_eq!(test_modules("#[cfg(test)]\nmod tests;\n"), [1..=2]);
        assert!(test_modules("mod tests {}\n").is_empty());
    }
}
