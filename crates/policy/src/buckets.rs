//! Policies by what their heads say, because Cedar looks at every policy that it is given.
//!
//! A policy is kept under its action, principal and resource (each an entity, or any). A question is put only to the
//! policies under its own action, its principal with the groups it is in, and its resource with the groups it is in.
//! Permits and forbids are kept apart, so that all that apply are known, not only those that decide.

use crate::decision::{Action, Effect};
use crate::source::Known;
use cedar_policy::{
    ActionConstraint, Authorizer, Entities, EntityUid, PolicyId, PolicySet, PrincipalConstraint,
    Request, ResourceConstraint,
};
use std::collections::HashMap;

type Key = Option<EntityUid>;

#[derive(Debug, Default)]
struct Lanes {
    permits: PolicySet,
    forbids: PolicySet,
}

/// Policies, ready to be asked.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    /// By the action's place in [`Action::ALL`], then by principal, then by resource.
    actions: [HashMap<Key, HashMap<Key, Lanes>>; Action::ALL.len()],
}

/// What applied.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub ids: Vec<PolicyId>,
    /// Forbids that could not be evaluated, which count as applying.
    pub failed: Vec<PolicyId>,
}

impl Buckets {
    /// Sorts policies in.
    ///
    /// # Errors
    ///
    /// An id is used twice.
    pub fn new<'a>(policies: impl IntoIterator<Item = &'a Known>) -> Result<Self, String> {
        let mut buckets = Self::default();
        for known in policies {
            let policy = &known.policy;
            let principal = match policy.principal_constraint() {
                PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
                PrincipalConstraint::Eq(uid)
                | PrincipalConstraint::In(uid)
                | PrincipalConstraint::IsIn(_, uid) => Some(uid),
            };
            let resource = match policy.resource_constraint() {
                ResourceConstraint::Any | ResourceConstraint::Is(_) => None,
                ResourceConstraint::Eq(uid)
                | ResourceConstraint::In(uid)
                | ResourceConstraint::IsIn(_, uid) => Some(uid),
            };
            let named = |action: &Action, uids: &[EntityUid]| {
                uids.iter().any(|uid| uid.id().unescaped() == action.name())
            };
            let constraint = policy.action_constraint();
            for (place, action) in Action::ALL.iter().enumerate() {
                let applies = match &constraint {
                    ActionConstraint::Any => true,
                    ActionConstraint::In(uids) => named(action, uids),
                    ActionConstraint::Eq(uid) => named(action, std::slice::from_ref(uid)),
                };
                if applies {
                    let lanes = buckets.actions[place]
                        .entry(principal.clone())
                        .or_default()
                        .entry(resource.clone())
                        .or_default();
                    let lane = match known.effect {
                        Effect::Permit => &mut lanes.permits,
                        Effect::Forbid => &mut lanes.forbids,
                    };
                    lane.add(policy.clone())
                        .map_err(|error| error.to_string())?;
                }
            }
        }
        Ok(buckets)
    }

    /// Whether nothing can ever apply.
    pub fn is_empty(&self) -> bool {
        self.actions.iter().all(HashMap::is_empty)
    }

    /// Everything that applies to a question. `principals` and `resources` are the entity and the groups it is in.
    pub fn ask(
        &self,
        action: Action,
        principals: &[EntityUid],
        resources: &[EntityUid],
        request: &Request,
        entities: &Entities,
    ) -> Applied {
        let mut applied = Applied::default();
        let place = Action::ALL
            .iter()
            .position(|other| *other == action)
            .unwrap_or_default();
        let by_principal = &self.actions[place];
        let authorizer = Authorizer::new();
        for principal in keys(principals) {
            let Some(by_resource) = by_principal.get(&principal) else {
                continue;
            };
            for resource in keys(resources) {
                let Some(lanes) = by_resource.get(&resource) else {
                    continue;
                };
                for (set, forbids) in [(&lanes.permits, false), (&lanes.forbids, true)] {
                    if set.is_empty() {
                        continue;
                    }
                    let response = authorizer.is_authorized(request, set, entities);
                    let diagnostics = response.diagnostics();
                    applied.ids.extend(diagnostics.reason().cloned());
                    if forbids {
                        // Cedar skips what fails; a refusal that is skipped would be an opening.
                        applied
                            .failed
                            .extend(diagnostics.errors().map(|error| match error {
                                cedar_policy::AuthorizationError::PolicyEvaluationError(error) => {
                                    error.policy_id().clone()
                                }
                            }));
                    }
                }
            }
        }
        applied
    }
}

fn keys(uids: &[EntityUid]) -> impl Iterator<Item = Key> {
    std::iter::once(None).chain(uids.iter().cloned().map(Some))
}
