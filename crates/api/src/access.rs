//! Which hosts this server answers to and which origins may call it: the guard against DNS rebinding and cross-site
//! requests.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use civitas_model::ErrorCode;
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};

use crate::problem::Problem;
use crate::state::{Access, AppState, Settings};
use crate::{digest, once, tus};

/// Middleware: refuses hosts and origins that are not ours.
pub(crate) async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match check(&state.settings, request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(settings: &Settings, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    // A value that cannot be read is none of ours.
    let text = |name| {
        let value: Option<&HeaderValue> = headers.get(name);
        value.map(|value| value.to_str().unwrap_or_default())
    };
    // HTTP/2 names the host in the address instead.
    let host = text(header::HOST).or(uri.authority().map(axum::http::uri::Authority::as_str));
    let origin = text(header::ORIGIN);
    match settings.access {
        // Without a credential whoever reaches the port is the operator, so a page of another site must not: neither
        // under a name that resolves to loopback (the Host header), nor by a cross-site request (the Origin header).
        Access::Development => {
            let host = host.unwrap_or("localhost");
            if !is_loopback(host) {
                return Err(refused(&format!(
                    "the host `{host}` is not this machine's loopback"
                )));
            }
            match origin.map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host)) {
                Some(host) if !is_loopback(host) => Err(refused(
                    "pages of other sites may not call a development server",
                )),
                _ => Ok(()),
            }
        }
        // Credentials are never sent by a browser on its own here (no cookies), so other origins are refused only where
        // a browser would not ask first: sockets.
        Access::Credentials => {
            let is_socket =
                text(header::UPGRADE).is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
            match origin {
                Some(origin)
                    if is_socket
                        && !settings.origins.iter().any(|known| known == origin)
                        && !same_host(origin, host) =>
                {
                    Err(refused("this origin is not in the configured list"))
                }
                _ => Ok(()),
            }
        }
    }
}

fn refused(detail: &str) -> Problem {
    Problem::new(ErrorCode::OriginNotAllowed, detail)
}

fn same_host(origin: &str, host: Option<&str>) -> bool {
    origin.split_once("://").map(|(_, origin)| origin) == host
}

/// Whether `host[:port]` names this machine's loopback.
fn is_loopback(authority: &str) -> bool {
    let host = if authority.starts_with('[') {
        authority
            .split_once(']')
            .map_or(authority, |(host, _)| host)
            .trim_start_matches('[')
    } else {
        authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host)
    };
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// What browsers are told about other origins (the Fetch standard's CORS protocol).
pub(crate) fn cors(settings: &Settings) -> CorsLayer {
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    let exposed = [
        header::HeaderName::from_static("x-request-id"),
        header::HeaderName::from_static("x-ratelimit-limit"),
        header::HeaderName::from_static("x-ratelimit-window"),
        header::RETRY_AFTER,
        header::CONTENT_DISPOSITION,
        header::CONTENT_RANGE,
        header::ETAG,
        digest::REPR_DIGEST,
        once::REPLAYED,
    ];
    let exposed: Vec<_> = exposed.into_iter().chain(tus::ANSWERED).collect();
    let layer = CorsLayer::new()
        .allow_methods(methods)
        .expose_headers(exposed);
    match settings.access {
        Access::Development => layer
            .allow_origin(Any)
            // A star would leave out `Authorization` (the Fetch standard, section 3.3.3).
            .allow_headers(AllowHeaders::mirror_request()),
        Access::Credentials => {
            let origins = settings
                .origins
                .iter()
                .filter_map(|origin| HeaderValue::from_str(origin).ok());
            let allowed = [
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::HeaderName::from_static("idempotency-key"),
                header::HeaderName::from_static("x-requested-with"),
                header::HeaderName::from_static("x-request-id"),
                digest::CONTENT_DIGEST,
            ];
            let allowed: Vec<_> = allowed.into_iter().chain(tus::SENT).collect();
            layer
                .allow_origin(AllowOrigin::list(origins))
                .allow_headers(allowed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_in_all_its_forms() {
        for host in [
            "localhost",
            "localhost:8000",
            "127.0.0.1:1",
            "[::1]:8000",
            "app.localhost",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1:8000",
            "localhost.evil",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
