//! Whether a pattern that a shell will expand can name a file of a scope.

/// `path` is absolute and may hold shell wildcards, `scope` is an absolute pattern. Answers `true` when in doubt.
pub(crate) fn may_match(path: &str, scope: &str) -> bool {
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let scope: Vec<&str> = scope.split('/').filter(|part| !part.is_empty()).collect();
    // `reachable[at]`: the first `at` parts of the scope can match the parts of the path so far.
    let mut reachable = vec![false; scope.len() + 1];
    reachable[0] = true;
    skip_stars(&scope, &mut reachable);
    for part in path {
        let mut next = vec![false; scope.len() + 1];
        for (at, pattern) in scope.iter().enumerate().filter(|(at, _)| reachable[*at]) {
            if *pattern == "**" {
                next[at] = true;
            } else if parts_may_match(part, pattern) {
                next[at + 1] = true;
            }
        }
        skip_stars(&scope, &mut next);
        reachable = next;
    }
    reachable[scope.len()]
}

fn skip_stars(scope: &[&str], reachable: &mut [bool]) {
    for (at, pattern) in scope.iter().enumerate() {
        if reachable[at] && *pattern == "**" {
            reachable[at + 1] = true;
        }
    }
}

fn is_wild(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

fn parts_may_match(part: &str, pattern: &str) -> bool {
    if pattern.starts_with('.') && part.starts_with(['*', '?', '[']) {
        // A shell's wildcard does not match a dot at the beginning.
        return false;
    }
    match (is_wild(part), is_wild(pattern)) {
        (false, false) => part == pattern,
        _ => {
            let ends = |text: &str, other: &str| text.starts_with(other) || other.starts_with(text);
            let (head, tail) = literal_ends(part);
            let (pattern_head, pattern_tail) = literal_ends(pattern);
            let reversed = |text: &str| text.chars().rev().collect::<String>();
            ends(head, pattern_head) && ends(&reversed(tail), &reversed(pattern_tail))
        }
    }
}

/// What stands before the first and after the last wildcard.
fn literal_ends(text: &str) -> (&str, &str) {
    if !is_wild(text) {
        return (text, text);
    }
    let head = text
        .find(['*', '?', '[', '{'])
        .map_or(text, |at| &text[..at]);
    let tail = text
        .rfind(['*', '?', ']', '}'])
        .map_or("", |at| &text[at + 1..]);
    (head, tail)
}

#[cfg(test)]
mod tests {
    use super::may_match;

    #[test]
    fn doubt_is_a_match() {
        for (path, scope, expected) in [
            ("/w/*", "/**/credentials.json", true),
            ("/w/*.json", "/**/credentials.json", true),
            ("/w/*.log", "/**/credentials.json", false),
            ("/w/*", "/**/.env", false),
            ("/w/.e*", "/**/.env", true),
            ("/w/*.log", "/**/.env.*.local", false),
            ("/w/sec*/x", "/w/secrets/**", true),
            ("/w/src/*.rs", "/w/secrets/**", false),
            ("/w/?/x", "/w/ab/x", true),
            ("/etc/p*wd", "/etc/passwd", true),
            ("/a/b", "/**", true),
        ] {
            assert_eq!(may_match(path, scope), expected, "{path} {scope}");
        }
    }
}
