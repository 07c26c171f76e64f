//! Where to listen: an address, or a name that stands for some.

use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use anyhow::Context;
use tokio::net::TcpListener;

use crate::config::Config;

/// Where to listen, as it was typed and as it is meant.
#[derive(Debug, Clone)]
pub struct Listen {
    text: String,
    /// At least one.
    addresses: Vec<SocketAddr>,
}

impl FromStr for Listen {
    type Err = String;

    /// Looks a name up, which blocks: meant for the start of the program.
    fn from_str(text: &str) -> Result<Self, String> {
        let addresses: Vec<SocketAddr> = text
            .to_socket_addrs()
            .map_err(|error| {
                format!("{error}: write it like 127.0.0.1:8000, localhost:8000 or [::1]:8000")
            })?
            .collect();
        if addresses.is_empty() {
            return Err("the name stands for no address".to_owned());
        }
        Ok(Self {
            text: text.to_owned(),
            addresses,
        })
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Listen {
    /// Takes the first of the addresses that is to be had.
    pub(crate) async fn bind(&self) -> anyhow::Result<TcpListener> {
        TcpListener::bind(self.addresses.as_slice())
            .await
            .with_context(|| format!("cannot listen on {self}: choose another with --listen"))
    }

    /// Takes an address for a node, which is set up to listen there. Nothing else was touched when this fails.
    pub(crate) async fn bind_for(&self, config: &mut Config) -> anyhow::Result<TcpListener> {
        for address in &self.addresses {
            config.listen = *address;
            config.check()?;
        }
        let listener = self.bind().await?;
        config.listen = listener.local_addr()?;
        Ok(listener)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_and_an_address_is_itself() {
        let named: Listen = "localhost:8000".parse().unwrap();
        assert!(
            named
                .addresses
                .iter()
                .all(|address| address.ip().is_loopback())
        );
        let plain: Listen = "[::1]:0".parse().unwrap();
        assert_eq!(plain.addresses, ["[::1]:0".parse().unwrap()]);
        for wrong in ["localhost", "8000", "", "127.0.0.1:99999"] {
            assert!(wrong.parse::<Listen>().is_err(), "{wrong}");
        }
    }
}
