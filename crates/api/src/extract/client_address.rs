//! The address a request comes from, for rate limits.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

use crate::problem::Problem;
use crate::state::AppState;

/// The client's IP address. Headers are believed only when a proxy of ours sets them.
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        if state.settings.trust_proxy {
            let forwarded = ["x-forwarded-for", "x-real-ip"].into_iter().find_map(|name| {
                let value = parts.headers.get(name)?.to_str().ok()?;
                value.split(',').next()?.trim().parse::<IpAddr>().ok()
            });
            if let Some(address) = forwarded {
                return Ok(Self(address));
            }
        }
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())))
    }
}
