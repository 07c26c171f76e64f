//! Nothing is left for later in silence: no `todo!`, no `unimplemented!`, no ignored test without its reason.

use proc_macro2::{TokenStream, TokenTree};

use super::{Finding, Tree, rust};

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        rust::walk(rust::tokens(&file.text), true, &mut |token, rest| {
            let line = token.span().start().line;
            for name in ["todo", "unimplemented"] {
                if rust::is_ident(token, name)
                    && rest.first().is_some_and(|next| rust::is_punct(next, '!'))
                {
                    let message =
                        format!("`{name}!` may not be committed: finish it or leave it out");
                    findings.push(Finding::new(&file.path, line, message));
                }
            }
            if rust::is_punct(token, '#')
                && let Some(TokenTree::Group(attribute)) = rest.first()
                && ignores_in_silence(attribute.stream())
            {
                findings.push(Finding::new(
                    &file.path,
                    line,
                    "say why: `#[ignore = \"…\"]`",
                ));
            }
        });
    }
    findings
}

/// Whether an attribute is `ignore`, or a `cfg_attr` that makes it, without a reason.
fn ignores_in_silence(attribute: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = attribute.into_iter().collect();
    match tokens.as_slice() {
        [only] => rust::is_ident(only, "ignore"),
        [first, TokenTree::Group(inner)] if rust::is_ident(first, "cfg_attr") => {
            let inner: Vec<TokenTree> = inner.stream().into_iter().collect();
            inner
                .windows(2)
                .any(|pair| rust::is_punct(&pair[0], ',') && rust::is_ident(&pair[1], "ignore"))
                && inner
                    .last()
                    .is_some_and(|last| rust::is_ident(last, "ignore"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check(&Tree::of(&[("a.rs", text)])).len()
    }

    #[test]
    fn unfinished_code_is_found_in_tests_too() {
        assert_eq!(count("fn a() { todo!() }"), 1);
        assert_eq!(
            count("#[cfg(test)]\nmod tests { fn a() { unimplemented!(\"b\") } }"),
            1
        );
    }

    #[test]
    fn an_ignored_test_needs_its_reason() {
        assert_eq!(count("#[test]\n#[ignore]\nfn a() {}"), 1);
        assert_eq!(count("#[cfg_attr(windows, ignore)]\nfn a() {}"), 1);
        assert_eq!(count("#[ignore = \"needs an hour\"]\nfn a() {}"), 0);
        assert_eq!(
            count("#[cfg_attr(windows, ignore = \"no signals\")]\nfn a() {}"),
            0
        );
    }

    #[test]
    fn words_in_comments_and_strings_are_left_alone() {
        assert_eq!(
            count("/// todo!()\nfn a() { b(\"todo!()\") } // unimplemented!()"),
            0
        );
    }
}
