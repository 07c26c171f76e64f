//! Calls of addresses that users chose: a client that cannot be turned against the network it runs in.
//!
//! A user's URL may name anything, and its name may resolve to anything, differently each time (DNS rebinding). So every
//! address is checked when the connection is made, by the resolver itself, and the connection goes to an address that was
//! checked and to no other. Redirects are answers, not orders. Proxies of the environment are not used: they would
//! resolve names out of our sight. Answers are read for an excerpt only.

pub mod address;

use std::error::Error as StdError;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

pub use self::address::{Reach, reach};

/// How long a connection may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// How long the rest of a short answer is waited for, once its status is known.
const BODY_PATIENCE: Duration = Duration::from_secs(2);
/// How much of an answer is read, in bytes.
const EXCERPT_BYTES: usize = 1024;
/// The longest URL.
const URL_BYTES_MAX: usize = 2048;
/// How long an idle connection is kept. Short: its address was checked when it was made.
const IDLE_LIFETIME: Duration = Duration::from_secs(20);
/// Ports of the web. Others might be services that mistake a request for a command.
const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// Which URLs may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// `http` beside `https`.
    pub plain_http: bool,
    /// This machine and private networks, on any port, and over `http`: for laptops and tests.
    pub private: bool,
    /// How long a call may take.
    pub patience: Duration,
}

impl Rules {
    /// Public addresses over `https` alone.
    pub const PUBLIC: Self = Self {
        plain_http: false,
        private: false,
        patience: Duration::from_secs(15),
    };
}

/// How names are resolved: the system's way, or a stand-in for it.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// A call that got an answer, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How the body begins, as text without control characters.
    pub excerpt: String,
    /// How long it took to the status.
    pub duration: Duration,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The URL is none that may be called; whoever set it up must change it.
    #[error("{0}")]
    Refused(String),
    /// Nobody answered in time.
    #[error("no answer within {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The call failed.
    #[error("{0}")]
    Failed(String),
}

/// What calls out. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbound {
    http: reqwest::Client,
    rules: Rules,
}

impl Outbound {
    /// A client that keeps to rules and resolves names as the system does.
    pub fn new(rules: Rules) -> Result<Self, CallError> {
        let lookup: Lookup = Arc::new(|host| {
            Box::pin(async move {
                let found = tokio::net::lookup_host((host, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        });
        Self::resolving(rules, lookup)
    }

    /// The same with another way of resolving names.
    pub fn resolving(rules: Rules, lookup: Lookup) -> Result<Self, CallError> {
        // One provider for the whole process; whoever was first has installed the same.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .dns_resolver(Checked { rules, lookup })
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("civitas/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_PATIENCE.min(rules.patience))
            .timeout(rules.patience)
            .pool_idle_timeout(IDLE_LIFETIME)
            .pool_max_idle_per_host(4)
            .http2_max_header_list_size(16 * 1024)
            .build()
            .map_err(|error| CallError::Failed(chain(&error)))?;
        Ok(Self { http, rules })
    }

    /// The rules it keeps to.
    pub const fn rules(&self) -> Rules {
        self.rules
    }

    /// Whether a URL may be called as far as can be said without resolving its name.
    pub fn check(&self, url: &str) -> Result<Url, CallError> {
        check(self.rules, url)
    }

    /// Posts a body of JSON, with headers of the caller's.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Bytes,
    ) -> Result<Answer, CallError> {
        let url = self.check(url)?;
        let mut request = self
            .http
            .post(url)
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let started = Instant::now();
        let mut response = request.send().await.map_err(|error| self.explain(&error))?;
        let duration = started.elapsed();
        let mut excerpt = Vec::new();
        let reading = async {
            while excerpt.len() < EXCERPT_BYTES {
                match response.chunk().await {
                    Ok(Some(chunk)) => {
                        let room = EXCERPT_BYTES - excerpt.len();
                        excerpt.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                    }
                    // What is missing of an excerpt is no reason to send it again.
                    Ok(None) | Err(_) => break,
                }
            }
        };
        let _ = tokio::time::timeout(BODY_PATIENCE, reading).await;
        Ok(Answer {
            status: response.status().as_u16(),
            excerpt: printable(&excerpt),
            duration,
        })
    }

    fn explain(&self, error: &reqwest::Error) -> CallError {
        if let Some(forbidden) = find::<Forbidden>(error) {
            return CallError::Refused(forbidden.to_string());
        }
        if error.is_timeout() {
            return CallError::TimedOut(self.rules.patience);
        }
        CallError::Failed(chain(error))
    }
}

/// Checks what a URL says by itself. The URL standard's parser has read every spelling of an address by then: decimal,
/// octal, hexadecimal, shortened, percent-encoded or in full-width digits.
fn check(rules: Rules, text: &str) -> Result<Url, CallError> {
    let refused = |why: &str| Err(CallError::Refused(why.to_owned()));
    if text.len() > URL_BYTES_MAX {
        return refused("the URL is too long");
    }
    let url = Url::parse(text).map_err(|error| CallError::Refused(format!("no URL: {error}")))?;
    match url.scheme() {
        "https" => {}
        "http" if rules.plain_http || rules.private => {}
        "http" => return refused("the URL must begin with https://"),
        _ => return refused("the URL must begin with https:// (or http://, where it is allowed)"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("the URL must not hold a user name or password");
    }
    if url.fragment().is_some() {
        return refused("the URL must not have a fragment");
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if !rules.private && !PORTS.contains(&port) {
        return Err(CallError::Refused(format!(
            "the port {port} may not be called, only 80, 443, 8080 and 8443"
        )));
    }
    let address = match url.host() {
        Some(Host::Domain(_)) => return Ok(url),
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        None => return refused("the URL names no host"),
    };
    match allow(rules, address) {
        Ok(()) => Ok(url),
        Err(forbidden) => Err(CallError::Refused(forbidden.to_string())),
    }
}

fn allow(rules: Rules, address: IpAddr) -> Result<(), Forbidden> {
    match reach(address) {
        Reach::Public => Ok(()),
        Reach::Private if rules.private => Ok(()),
        Reach::Private | Reach::Never => Err(Forbidden(address)),
    }
}

/// An address that may not be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address {0} is not public, and may not be called")]
struct Forbidden(IpAddr);

/// A name without addresses.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to no address")]
struct Nowhere;

/// Resolves names and checks every address. One that may not be called spoils the name: which of them would be called is
/// otherwise up to chance.
struct Checked {
    rules: Rules,
    lookup: Lookup,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.lookup)(name.as_str().to_owned());
        let rules = self.rules;
        Box::pin(async move {
            let found = found.await?;
            if found.is_empty() {
                return Err(Nowhere.into());
            }
            for address in &found {
                allow(rules, *address)?;
            }
            let sockets = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets) as Addrs)
        })
    }
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut error = Some(error);
    while let Some(found) = error {
        if let Some(wanted) = found.downcast_ref() {
            return Some(wanted);
        }
        error = found.source();
    }
    None
}

/// An error with its causes. The URL is left out: whoever reads this knows it, and it may hold a token.
fn chain(error: &reqwest::Error) -> String {
    let mut text = if error.is_connect() {
        "cannot connect".to_owned()
    } else {
        "the call failed".to_owned()
    };
    let mut cause = error.source();
    while let Some(found) = cause {
        let found_text = found.to_string();
        if !text.contains(&found_text) {
            text = format!("{text}: {found_text}");
        }
        cause = found.source();
    }
    text
}

fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests;
