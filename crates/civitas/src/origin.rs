//! Origins that browsers may call from: what an operator types, as a browser writes it.

use url::Url;

/// Why a text is no origin to trust.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Any page could use a signed-in user's browser.
    #[error("the origin `*` would let any page call the API: list the origins you trust")]
    Any,
    /// It is no web origin.
    #[error(
        "`{0}` is not an origin: write scheme and host, and the port unless it is the usual one, such as `https://app.example.com`"
    )]
    Invalid(String),
}

/// The origin as browsers send it (the URL standard's serialisation): in small letters, without a slash at the end and
/// without the scheme's usual port. Anything that has more than an origin is refused.
pub fn parse(text: &str) -> Result<String, OriginError> {
    if text == "*" {
        return Err(OriginError::Any);
    }
    let invalid = || OriginError::Invalid(text.to_owned());
    let url = Url::parse(text).map_err(|_| invalid())?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && !url.host_str().unwrap_or_default().contains('*');
    if is_web && is_bare {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(invalid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (typed, sent) in [
            ("https://app.example.com", "https://app.example.com"),
            ("https://App.Example.com/", "https://app.example.com"),
            ("https://app.example.com:443", "https://app.example.com"),
            ("http://localhost:3000/", "http://localhost:3000"),
            ("http://[::1]:80", "http://[::1]"),
            (
                "https://b\u{fc}cher.example",
                "https://xn--bcher-kva.example",
            ),
        ] {
            assert_eq!(parse(typed).as_deref(), Ok(sent), "{typed}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for typed in [
            "",
            "nonsense",
            "app.example.com",
            "localhost:3000",
            "https://",
            "https://app.example.com/page",
            "https://app.example.com?x=1",
            "https://ada@app.example.com",
            "https://*.example.com",
            "ftp://files.example.com",
            "file:///home",
            "null",
        ] {
            assert_eq!(
                parse(typed),
                Err(OriginError::Invalid(typed.to_owned())),
                "{typed}"
            );
        }
        assert_eq!(parse("*"), Err(OriginError::Any));
    }
}
