//! An address as programs read it from an argument: `HTTP:/user@LocalHost:8000//x/../api/%76%31` is `/api/v1` of `localhost`.

use crate::intersect::may_match;
use crate::shell::Word;
use std::net::IpAddr;

/// How many times an address may be encoded.
const DECODINGS_MAX: usize = 4;

/// What an argument asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// In lower case; empty when the argument names none.
    pub scheme: String,
    /// The host, in lower case.
    host: String,
    port: Option<u16>,
    /// Decoded, in lower case, without `.`, `..` and empty parts; not what follows `?` or `#`.
    pub path: String,
    /// The host or the path holds what only running the command tells.
    unclear: bool,
}

impl Address {
    /// Reads an argument as a program does that takes it for an address. `braces` says that `{}` and `[]` stand for several.
    pub fn of(word: &Word, braces: bool) -> Self {
        let text = word.text.trim().replace('\\', "/");
        let (scheme, rest) = scheme(&text);
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let path = &tail[..tail.find(['?', '#']).unwrap_or(tail.len())];
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let (host, port) = host_and_port(host);
        let is_address = host.starts_with('[') && !host.contains(['-', ',', '$']);
        let marks: &[char] = match (word.dynamic, braces) {
            (true, _) => &['$', '`', '{', '[', '*'],
            (false, true) => &['{', '['],
            (false, false) => &[],
        };
        let unknown = |part: &str| part.contains(marks);
        let expands = word.glob && may_expand_to_own(tail);
        Self {
            scheme: scheme.to_ascii_lowercase(),
            unclear: expands || unknown(path) || !is_address && unknown(authority),
            host: host
                .trim_matches(['[', ']'])
                .trim_end_matches('.')
                .to_ascii_lowercase(),
            port,
            path: normal(path),
        }
    }

    /// What it asks for cannot be known, and it may be of a server on this machine or nearby.
    pub fn may_be_own(&self) -> bool {
        self.unclear && self.is_near()
    }

    /// Whether the host may be this machine or one of its network: by its name, its number, or a port that public sites do
    /// not have.
    pub fn is_near(&self) -> bool {
        let host = self.host.as_str();
        if self.port.is_some_and(|port| !matches!(port, 80 | 443)) || !host.contains('.') {
            return true;
        }
        if let Ok(number) = host.parse::<IpAddr>() {
            return !is_public(number);
        }
        let odd = host.contains(['$', '`', '{', '[', '*', '?', '%']);
        // `127.1`, `0x7f.1` and the like are numbers, too.
        let last = host.rsplit('.').next().unwrap_or_default();
        let numeric = last.starts_with(|letter: char| letter.is_ascii_digit());
        let local = [
            "local",
            "localhost",
            "localdomain",
            "internal",
            "lan",
            "home",
            "test",
            "arpa",
        ];
        odd || numeric || local.contains(&last)
    }
}

fn is_public(number: IpAddr) -> bool {
    match number {
        IpAddr::V4(number) => {
            !(number.is_loopback()
                || number.is_private()
                || number.is_unspecified()
                || number.is_link_local())
        }
        IpAddr::V6(_) => false,
    }
}

/// `http`, and what follows the slashes, of which curl takes one to three.
fn scheme(text: &str) -> (&str, &str) {
    let Some((scheme, rest)) = text.split_once(":/") else {
        return ("", text.strip_prefix("//").unwrap_or(text));
    };
    let valid = |letter: char| letter.is_ascii_alphanumeric() || "+.-".contains(letter);
    if scheme.is_empty() || !scheme.chars().all(valid) {
        return ("", text);
    }
    if scheme.eq_ignore_ascii_case("file") {
        return (scheme, rest.strip_prefix('/').unwrap_or(rest));
    }
    (scheme, rest.trim_start_matches('/'))
}

fn host_and_port(text: &str) -> (&str, Option<u16>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            // A port that is no number is not the one of a public site.
            let port = if port.is_empty() {
                None
            } else {
                Some(port.parse().unwrap_or(0))
            };
            (if host.is_empty() { "localhost" } else { host }, port)
        }
        _ => (text, None),
    }
}

/// A path as a server sees it.
pub(crate) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let decoded = decoded(path).replace('\\', "/").to_ascii_lowercase();
    for part in decoded.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Without percent-encoding, however often it was encoded.
pub(crate) fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..DECODINGS_MAX {
        if !text.contains('%') {
            break;
        }
        text = decoded_once(&text);
    }
    text
}

fn decoded_once(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| {
        let digit = bytes
            .get(at)
            .and_then(|byte| char::from(*byte).to_digit(16))?;
        u8::try_from(digit).ok()
    };
    let mut found = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                found.push(high * 16 + low);
                at += 3;
            }
            _ => {
                found.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&found).into_owned()
}

/// Whether the files that a pattern of the shell names may be called like an address of the API.
fn may_expand_to_own(tail: &str) -> bool {
    let climbs = [".?", ".*", ".["].iter().any(|part| tail.contains(part));
    climbs
        || ["/api/**", "/otlp/**"]
            .iter()
            .any(|own| may_match(tail, own))
}

/// The paths of addresses in the text of a program.
pub(crate) fn paths_in(text: &str) -> Vec<String> {
    let ends = |letter: char| letter.is_whitespace() || "'\"`(),;<>|".contains(letter);
    let mut found = Vec::new();
    for token in text.split(ends) {
        let Some(at) = ["/api/", "/otlp/"]
            .iter()
            .filter_map(|own| token.find(own))
            .min()
        else {
            continue;
        };
        let before = &token[..at];
        let is_host = before.ends_with(|letter: char| letter.is_ascii_digit() || letter == '}')
            || before.contains("://")
            || before.rsplit(['@', '=']).next() == Some("localhost");
        if before.is_empty() || is_host {
            found.push(normal(
                token[at..].split(['?', '#']).next().unwrap_or_default(),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Address {
        Address::of(&Word::literal(text), true)
    }

    #[test]
    fn an_address_is_read_as_programs_read_it() {
        for (text, path) in [
            (
                "http://127.0.0.1:8000/api/v1/approvals/P2",
                "/api/v1/approvals/p2",
            ),
            ("http://h/api/v1/x/../approvals", "/api/v1/approvals"),
            ("http://h/api/v1/./approvals//x", "/api/v1/approvals/x"),
            ("http://h//api/v1/approvals", "/api/v1/approvals"),
            ("http://h/%61pi/v1/%2e%2e/v1/approvals", "/api/v1/approvals"),
            ("http://h/%2561pi", "/api"),
            ("HTTP://User:pw@H/API/V1", "/api/v1"),
            ("h:8000/api?x#y", "/api"),
            ("http:/h/api", "/api"),
            ("http:///h/api", "/api"),
            ("http:\\\\h\\api", "/api"),
            (":8000/api", "/api"),
            ("//h/api", "/api"),
            ("http://[::1]:8000/api", "/api"),
            ("http://h", "/"),
        ] {
            assert_eq!(of(text).path, path, "{text}");
        }
    }

    #[test]
    fn a_server_that_may_be_this_one_is_told_from_the_public() {
        for (text, near) in [
            ("http://localhost/x", true),
            ("http://127.0.0.1", true),
            ("http://127.1/x", true),
            ("http://2130706433/x", true),
            ("http://[::1]/x", true),
            ("http://192.168.0.4/x", true),
            ("http://example.com:8000/x", true),
            ("http://box.local/x", true),
            ("http://$HOST/x", true),
            ("https://example.com/x", false),
            ("https://example.com:443/x", false),
            ("example.com/x", false),
            ("https://93.184.216.34/x", false),
        ] {
            assert_eq!(of(text).is_near(), near, "{text}");
        }
    }

    #[test]
    fn what_stands_for_several_addresses_is_unclear() {
        assert!(of("http://localhost/api/{a,b}").may_be_own());
        assert!(of("http://localhost/api/v[1-1]").may_be_own());
        assert!(!of("https://example.com/{a,b}").may_be_own());
        assert!(!of("http://localhost/x?{}").may_be_own());
        assert!(!Address::of(&Word::literal("http://localhost/{a}"), false).may_be_own());
        let glob = |text: &str| {
            let word = Word {
                glob: true,
                ..Word::literal(text)
            };
            Address::of(&word, false).may_be_own()
        };
        assert!(glob("http://localhost/api/v1/approval?/P7"));
        assert!(!glob("http://localhost/users?page=1"));
    }

    #[test]
    fn addresses_are_found_in_code() {
        assert_eq!(
            paths_in(
                "post('http://h:8/api/v1/x/../agents?a', base + \"/otlp/v1\"); open('src/api/v1/agents')"
            ),
            ["/api/v1/agents", "/otlp/v1"]
        );
    }
}
