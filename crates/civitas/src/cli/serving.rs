//! `civitas dev` and `civitas serve`: a server until someone stops it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context;
use civitas_api::{Access, Limits};
use civitas_governance::gate::GateOptions;
use civitas_providers::outbound::Rules;
use civitas_storage::{Quota, Quotas};
use tokio::signal::unix::{SignalKind, signal};

use super::arguments::{Bounds, Dev, Serve};
use super::listen::Listen;
use crate::config::{AuditConfig, Config, PolicyConfig, WebhookConfig};
use crate::node::Node;
use crate::telemetry;

/// A server for whoever sits at the machine.
pub(crate) async fn dev(arguments: Dev) -> anyhow::Result<()> {
    let config = Config {
        database_url: arguments.data.database_url,
        ..Config::development(arguments.data.data_dir)
    };
    run(bounded(config, &arguments.bounds)?, &arguments.listen).await
}

/// A server for others.
pub(crate) async fn serve(arguments: Serve) -> anyhow::Result<()> {
    let mut config = Config {
        database_url: arguments.data.database_url,
        access: Access::Credentials,
        origins: arguments.origins,
        trust_proxy: arguments.trust_proxy,
        query_tokens: !arguments.tickets_only,
        ..Config::development(arguments.data.data_dir)
    };
    config.policy.resolve_links = arguments.resolve_links;
    config.webhooks.rules = Rules {
        plain_http: arguments.webhooks.webhooks_allow_http,
        private: arguments.webhooks.webhooks_allow_private,
        ..Rules::PUBLIC
    };
    run(bounded(config, &arguments.bounds)?, &arguments.listen).await
}

fn bounded(config: Config, bounds: &Bounds) -> anyhow::Result<Config> {
    let limits = Limits {
        body_bytes: usize::try_from(bounds.body_limit)?,
        submission_bytes: usize::try_from(bounds.submission_limit)?,
        upload_bytes: bounds.upload_limit,
        ..config.limits
    };
    let quotas = Quotas {
        default: Quota {
            bytes: bounds.tenant_storage,
            files: bounds.tenant_files,
        },
        tenants: bounds.quotas.iter().cloned().collect(),
        open_uploads: bounds.open_uploads,
    };
    Ok(Config {
        limits,
        quotas,
        concurrency: usize::try_from(bounds.concurrency)?,
        retention: bounds.retention,
        audit: AuditConfig {
            interval: bounds.audit_interval,
            entries: bounds.audit_entries,
            retention: bounds.audit_retention,
        },
        gate: GateOptions {
            hold: bounds.hold,
            approval: bounds.approval_lifetime,
            escalation: bounds.approval_escalation,
            environment: bounds.environment.clone(),
            ..config.gate
        },
        policy: PolicyConfig {
            retention: bounds.decision_retention,
            ..config.policy
        },
        webhooks: WebhookConfig {
            audit: bounds.audit_webhook.clone(),
            ..config.webhooks
        },
        grace: bounds.shutdown_grace,
        ..config
    })
}

async fn run(config: Config, listen: &Listen) -> anyhow::Result<()> {
    let telemetry = telemetry::start();
    let result = serve_until_stopped(config, listen).await;
    // Sending the last traces blocks.
    tokio::task::spawn_blocking(move || telemetry.stop()).await?;
    result
}

async fn serve_until_stopped(mut config: Config, listen: &Listen) -> anyhow::Result<()> {
    let access = config.access;
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    // First of all: when another server has the port, neither folder nor database is touched.
    let listener = listen.bind_for(&mut config).await?;
    let address = config.listen;
    let node = Node::start(config, &program).await?;
    if access == Access::Credentials
        && let Some(token) = node.state().auth.setup_token().await?
    {
        anstream::eprintln!(
            "There is no administrator yet. Become it with this token, which counts once:"
        );
        anstream::eprintln!(
            "  civitas setup --server http://{} --email YOU@EXAMPLE.COM --name 'YOUR NAME' --setup-token {}",
            reachable(address),
            token.reveal()
        );
    }
    anstream::println!("listening on http://{address}");
    node.serve(listener, stop_requested()).await
}

/// Where this machine reaches a server that listens on all of its addresses.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// Resolves when the process is asked to stop: Ctrl-C, or a supervisor's SIGTERM.
pub(crate) async fn stop_requested() {
    let interrupted = tokio::signal::ctrl_c();
    let mut terminated = signal(SignalKind::terminate()).ok();
    let terminated = async {
        match &mut terminated {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupted => {}
        _ = terminated => {}
    }
}
