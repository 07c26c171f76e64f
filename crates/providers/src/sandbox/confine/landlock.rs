//! Landlock: no file below any path, no TCP port, no signal to and no abstract socket of another process.

use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetError, RulesetStatus, Scope,
};

use super::Layer;

/// The newest version the library knows: an older kernel takes what it knows of it.
const NEWEST: ABI = ABI::V9;

/// Gives up every right the kernel can take away. A kernel without Landlock leaves that to the other layers.
pub(super) fn restrict() -> Layer {
    match apply() {
        Ok(status) => describe(&status),
        Err(error) => Layer::Missing(error.to_string()),
    }
}

/// All rights are handled and no rule grants one back.
fn apply() -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .restrict_self()
}

fn describe(status: &RestrictionStatus) -> Layer {
    match (&status.landlock, &status.ruleset) {
        (LandlockStatus::NotImplemented, _) => Layer::Missing("this kernel has none".to_owned()),
        (LandlockStatus::NotEnabled, _) => {
            Layer::Missing("this kernel has it switched off".to_owned())
        }
        (_, RulesetStatus::NotEnforced) => Layer::Missing("this kernel did not take it".to_owned()),
        (LandlockStatus::Available { effective_abi, .. }, _) => {
            Layer::Active(format!("ABI {}", *effective_abi as i32))
        }
    }
}
