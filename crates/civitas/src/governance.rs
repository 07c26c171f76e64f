//! The wiring of governance: who the agents are, what they may do, what they may spend, who is asked.

use std::sync::Arc;

use civitas_governance::gate::{Gate, GateServices};
use civitas_governance::{
    Approvals, Budgets, Feed, Halts, Policies, Registry, Telemetry, Webhooks,
};
use civitas_model::Entropy;
use civitas_providers::outbound::Outbound;
use civitas_storage::Store;
use tokio_util::sync::CancellationToken;

use crate::audit::send_checkpoints;
use crate::config::Config;

/// The services of governance.
pub(crate) struct Governance {
    pub(crate) agents: Registry,
    pub(crate) approvals: Approvals,
    pub(crate) budgets: Budgets,
    pub(crate) feed: Feed,
    pub(crate) gate: Gate,
    pub(crate) halts: Halts,
    pub(crate) policies: Policies,
    pub(crate) telemetry: Telemetry,
    pub(crate) webhooks: Webhooks,
}

/// Starts them; what they do by themselves ends when the node stops.
pub(crate) fn start(
    config: &Config,
    store: &Store,
    entropy: &Arc<dyn Entropy>,
    stopping: &CancellationToken,
) -> anyhow::Result<Governance> {
    let outbound = Outbound::new(config.webhooks.rules)?;
    send_checkpoints(config, store, &outbound, entropy, stopping)?;
    let own = || (store.clone(), Arc::clone(entropy));
    let (opened, random) = own();
    let approvals = Approvals::new(opened, random);
    let (opened, random) = own();
    let halts = Halts::new(opened, random);
    let (opened, random) = own();
    let policies = Policies::new(opened, random, config.policy.resolve_links)?;
    let forgetting = policies.clone().forget_old(config.policy.retention);
    tokio::spawn(stopping.clone().run_until_cancelled_owned(forgetting));
    let services = GateServices {
        store: store.clone(),
        entropy: Arc::clone(entropy),
        policies: policies.clone(),
        approvals: approvals.clone(),
        halts: halts.clone(),
        stopping: stopping.clone(),
    };
    let gate = Gate::new(services, config.gate.clone());
    tokio::spawn(
        stopping
            .clone()
            .run_until_cancelled_owned(gate.clone().listen()),
    );
    let (kept, ending) = (approvals.clone(), stopping.clone());
    tokio::spawn(async move { ending.run_until_cancelled(kept.run()).await });
    let (opened, random) = own();
    let budgets = Budgets::new(opened, random);
    let (kept, ending) = (budgets.clone(), stopping.clone());
    tokio::spawn(async move { ending.run_until_cancelled(kept.keep()).await });
    let (opened, random) = own();
    let telemetry = Telemetry::new(opened, random);
    let (feed, webhooks) = tell(config, store, entropy, outbound, stopping);
    let (opened, random) = own();
    Ok(Governance {
        agents: Registry::new(opened, random),
        approvals,
        budgets,
        feed,
        gate,
        halts,
        policies,
        telemetry,
        webhooks,
    })
}

/// Passes on what agents do, to whoever watches and to addresses outside.
fn tell(
    config: &Config,
    store: &Store,
    entropy: &Arc<dyn Entropy>,
    outbound: Outbound,
    stopping: &CancellationToken,
) -> (Feed, Webhooks) {
    let feed = Feed::new(store.clone());
    let feeding = feed.clone().run();
    tokio::spawn(stopping.clone().run_until_cancelled_owned(feeding));
    let (entropy, schedule) = (Arc::clone(entropy), config.webhooks.schedule);
    let webhooks = Webhooks::new(store.clone(), entropy, outbound, feed.clone(), schedule);
    let sending = webhooks.clone().run();
    tokio::spawn(stopping.clone().run_until_cancelled_owned(sending));
    (feed, webhooks)
}
