//! How a node is set up.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use civitas_api::{Access, Limits};
use civitas_governance::gate::GateOptions;
use civitas_governance::webhooks::Schedule;
use civitas_providers::outbound::Rules;
use civitas_storage::{Quota, Quotas};

use crate::origin::{self, OriginError};

/// How the audit log is kept.
#[derive(Debug, Clone, Copy)]
pub struct AuditConfig {
    /// How often what is new in a log is signed.
    pub interval: Duration,
    /// How many new entries are signed without waiting for that.
    pub entries: u64,
    /// How long the bodies of entries are kept.
    pub retention: Duration,
}

/// How calls of agents are decided.
#[derive(Debug, Clone, Copy)]
pub struct PolicyConfig {
    /// Whether agents work on this machine, so that links on its disk are followed when a path is judged.
    pub resolve_links: bool,
    /// How long recorded decisions are kept.
    pub retention: Duration,
}

/// How webhooks are sent.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// Which URLs may be called.
    pub rules: Rules,
    /// How often what failed is tried again.
    pub schedule: Schedule,
    /// Where signed checkpoints of the audit logs are sent to as well.
    pub audit: Option<String>,
}

/// How a node is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where everything that must survive lies.
    pub data_dir: PathBuf,
    /// PostgreSQL instead of the embedded SQLite.
    pub database_url: Option<String>,
    /// Whether callers need a credential.
    pub access: Access,
    /// Origins that browsers may call from.
    pub origins: Vec<String>,
    /// Whether a long-lived token may stand in a WebSocket's URL.
    pub query_tokens: bool,
    /// Whether a proxy of ours sets `X-Forwarded-For`.
    pub trust_proxy: bool,
    /// Limits of what is taken in.
    pub limits: Limits,
    /// How much each tenant may keep.
    pub quotas: Quotas,
    /// Executions that run at the same time.
    pub concurrency: usize,
    /// How long finished executions are kept.
    pub retention: Duration,
    /// How the audit log is kept.
    pub audit: AuditConfig,
    /// How tool calls of agents are held and paid for.
    pub gate: GateOptions,
    /// How calls of agents are decided.
    pub policy: PolicyConfig,
    /// How webhooks are sent.
    pub webhooks: WebhookConfig,
    /// How long open requests and running handlers may take to end when the node stops.
    pub grace: Duration,
}

/// Why a configuration cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Without credentials, whoever reaches the port could do everything.
    #[error(
        "`civitas dev` needs no credentials, so it listens on loopback only, not on {0}: use `civitas serve`"
    )]
    OpenDevelopment(SocketAddr),
    /// An origin is none, or is not written as browsers write it.
    #[error(transparent)]
    Origin(#[from] OriginError),
}

impl Config {
    /// For a laptop: loopback, embedded stores, no credentials needed.
    pub fn development(data_dir: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            data_dir,
            database_url: None,
            access: Access::Development,
            origins: Vec::new(),
            query_tokens: true,
            trust_proxy: false,
            limits: Limits::default(),
            quotas: Quotas {
                default: Quota {
                    bytes: 100 << 30,
                    files: 1_000_000,
                },
                ..Quotas::unlimited()
            },
            concurrency: 512,
            retention: Duration::from_hours(30 * 24),
            audit: AuditConfig {
                interval: Duration::from_mins(1),
                entries: 1000,
                retention: Duration::from_hours(90 * 24),
            },
            gate: GateOptions::default(),
            policy: PolicyConfig {
                resolve_links: true,
                retention: Duration::from_hours(30 * 24),
            },
            webhooks: WebhookConfig {
                rules: Rules {
                    plain_http: true,
                    private: true,
                    ..Rules::PUBLIC
                },
                schedule: Schedule::default(),
                audit: None,
            },
            grace: Duration::from_secs(10),
        }
    }

    /// Refuses insecure combinations.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.access == Access::Development && !self.listen.ip().is_loopback() {
            return Err(ConfigError::OpenDevelopment(self.listen));
        }
        for origin in &self.origins {
            if origin::parse(origin)? != *origin {
                return Err(OriginError::Invalid(origin.clone()).into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn development_is_refused_beyond_loopback() {
        let mut config = Config::development(PathBuf::from("data"));
        assert_eq!(config.check(), Ok(()));
        config.listen = SocketAddr::from(([0, 0, 0, 0], 8000));
        assert!(matches!(
            config.check(),
            Err(ConfigError::OpenDevelopment(_))
        ));
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_refused() {
        let mut config = Config::development(PathBuf::from("data"));
        config.origins = vec!["https://app.example.com".into()];
        assert_eq!(config.check(), Ok(()));
        for origin in ["*", "nonsense", "https://app.example.com/"] {
            config.origins = vec![origin.into()];
            assert!(matches!(config.check(), Err(ConfigError::Origin(_))));
        }
    }
}
