//! Versions of a tenant's policies: saved when they compile and their tests pass, activated, and gone back to.

use std::sync::Arc;

use civitas_audit::NewEntry;
use civitas_model::{Caller, CallerKind, Permission, TenantId, Timestamp};
use civitas_policy::DEFAULTS;
use civitas_storage::{
    Changeset, CommitError, PolicyActivation, PolicyChange, PolicyHead, PolicyVersion,
    PolicyVersionInfo, Refusal,
};
use serde_json::json;

use super::draft::{Compiled, Draft};
use super::{Active, Policies, stopped};
use crate::error::{Error, Invalid};

/// The category of these entries.
const CATEGORY: &str = "policy";
/// The longest note, in characters.
const NOTE_LENGTH_MAX: usize = 1_000;
/// Versions, or activations, of a page, at most.
pub const VERSIONS_PAGE_MAX: u32 = 200;

/// What to save.
#[derive(Debug, Clone, Default)]
pub struct Save {
    /// The texts.
    pub draft: Draft,
    /// Why, in the words of who saves it.
    pub note: String,
    /// The version that it was made from; needed once there is any.
    pub based_on: Option<u64>,
    /// Whether it decides from now on.
    pub activate: bool,
}

/// What was saved.
#[derive(Debug)]
pub struct Saved {
    /// The version.
    pub version: PolicyVersion,
    /// How many policies it has, those of the tables included.
    pub policies: usize,
    /// How many tests passed.
    pub tests: usize,
}

impl Policies {
    /// Compiles and tests a draft.
    ///
    /// # Errors
    ///
    /// [`Error::Policies`] with everything that is wrong.
    pub async fn validate(&self, draft: Draft) -> Result<Compiled, Error> {
        let _permit = self.inner.compiling.acquire().await.map_err(stopped)?;
        tokio::task::spawn_blocking(move || draft.compile())
            .await
            .map_err(stopped)?
            .map_err(Error::Policies)
    }

    /// Saves a version, and activates it if that is asked.
    ///
    /// # Errors
    ///
    /// The caller is no person who administers; the draft does not compile or a test fails; it was made from another
    /// version than the one that was saved or activated last.
    pub async fn save(&self, caller: &Caller, save: Save) -> Result<Saved, Error> {
        administers(caller)?;
        check_note(&save.note)?;
        let store = &self.inner.store;
        let tenant = &caller.tenant_id;
        let head = store.policies().head(tenant).await?;
        let based_on = save.based_on.unwrap_or(0);
        if based_on != head.base {
            return Err(superseded(save.based_on, head));
        }
        let (tables, sources, tests) = (
            save.draft.tables().to_owned(),
            save.draft.sources.clone(),
            save.draft.tests.clone(),
        );
        let compiled = self.validate(save.draft).await?;
        let version = PolicyVersion {
            tenant_id: tenant.clone(),
            number: head.newest + 1,
            tables,
            sources,
            tests,
            fingerprint: compiled.set.fingerprint().to_owned(),
            note: save.note,
            based_on,
            created_by: caller.name.clone(),
            created_at: store.clock().now(),
        };
        let entry = self.entry(caller, "save_policies", version.number);
        let body = json!({
            "fingerprint": version.fingerprint,
            "based_on": based_on,
            "note": version.note,
            "policies": compiled.set.len(),
            "tests": compiled.tests,
        });
        let mut changes = Changeset::new()
            .with(PolicyChange::Save(Box::new(version.clone())))
            .with(entry.with_body(&body, self.inner.entropy.as_ref()));
        if save.activate {
            let was = self.fingerprint_of(tenant, head.active).await?;
            changes = changes.with_all(self.activation(caller, &version, head.active, &was));
            let tables = compiled.set.tables();
            let following = self.follow_roles(caller, tables, version.number);
            changes = changes.with_all(following.await?);
        }
        match store.commit(changes).await {
            Err(CommitError::Refused(Refusal::Changed { .. })) => {
                let head = store.policies().head(tenant).await?;
                return Err(superseded(save.based_on, head));
            }
            outcome => outcome?,
        };
        let saved = Saved {
            policies: compiled.set.len(),
            tests: compiled.tests,
            version,
        };
        if save.activate {
            self.keep(tenant, saved.version.number, compiled).await?;
        }
        Ok(saved)
    }

    /// Makes a version the one that decides; 0 is what every tenant starts with. Whoever says which one is `expected` to be
    /// active is refused when it is another.
    ///
    /// # Errors
    ///
    /// The caller is no person who administers; there is no such version, or it can no longer be used.
    pub async fn activate(
        &self,
        caller: &Caller,
        number: u64,
        expected: Option<u64>,
        note: String,
    ) -> Result<PolicyVersion, Error> {
        administers(caller)?;
        check_note(&note)?;
        let store = &self.inner.store;
        let tenant = &caller.tenant_id;
        let mut version = self.version(tenant, number).await?;
        let compiled = match number {
            0 => None,
            // Its tests passed when it was saved. This release may judge differently, and then it is said now.
            _ => Some(self.validate(draft_of(version.clone())).await?),
        };
        if let Some(compiled) = &compiled {
            compiled
                .set
                .fingerprint()
                .clone_into(&mut version.fingerprint);
        }
        let head = store.policies().head(tenant).await?;
        let expected = expected.unwrap_or(head.active);
        let other = |active| {
            Error::Conflict(format!(
                "version {active} is active by now, not {expected}: look at it, and decide again"
            ))
        };
        if expected != head.active {
            return Err(other(head.active));
        }
        let was = self.fingerprint_of(tenant, expected).await?;
        version.note = note;
        let tables = match &compiled {
            Some(compiled) => compiled.set.tables(),
            None => self.inner.defaults.set.tables(),
        };
        let following = self.follow_roles(caller, tables, number).await?;
        let changes = self.activation(caller, &version, expected, &was);
        let changes = changes.with_all(following);
        match store.commit(changes).await {
            Err(CommitError::Refused(Refusal::Changed { .. })) => {
                return Err(other(store.policies().head(tenant).await?.active));
            }
            Err(CommitError::Refused(Refusal::NotFound { .. })) => return Err(no_version(number)),
            outcome => outcome?,
        };
        if let Some(compiled) = compiled {
            self.keep(tenant, number, compiled).await?;
        }
        self.version(tenant, number).await
    }

    /// The change of an activation with its entry; the version's note says why.
    fn activation(
        &self,
        caller: &Caller,
        version: &PolicyVersion,
        previous: u64,
        previous_fingerprint: &str,
    ) -> Changeset {
        let entry = self.entry(caller, "activate_policies", version.number);
        let body = json!({
            "fingerprint": version.fingerprint,
            "previous": previous,
            "previous_fingerprint": previous_fingerprint,
            "note": version.note,
        });
        Changeset::new()
            .with(PolicyChange::Activate {
                tenant_id: caller.tenant_id.clone(),
                number: version.number,
                fingerprint: version.fingerprint.clone(),
                expected: Some(previous),
                note: version.note.clone(),
                by: caller.name.clone(),
            })
            .with(entry.with_body(&body, self.inner.entropy.as_ref()))
    }

    fn entry(&self, caller: &Caller, action: &str, number: u64) -> NewEntry {
        let clock = self.inner.store.clock().as_ref();
        let entropy = self.inner.entropy.as_ref();
        let tenant = &caller.tenant_id;
        let entry = NewEntry::new(clock, entropy, tenant, caller.into(), CATEGORY, action);
        entry.on("policy_version", number.to_string())
    }

    /// Keeps what was compiled before its activation, unless another version was activated since.
    async fn keep(&self, tenant: &TenantId, number: u64, compiled: Compiled) -> Result<(), Error> {
        let (_, heard) = self.inner.cache.find(tenant);
        if self.inner.store.policies().head(tenant).await?.active == number {
            let set = Arc::new(compiled.set);
            let active = Ok(Arc::new(Active { number, set }));
            self.inner.cache.put(tenant, number, active, heard);
        }
        Ok(())
    }

    /// One version; 0 is what every tenant starts with.
    ///
    /// # Errors
    ///
    /// There is none with this number.
    pub async fn version(&self, tenant: &TenantId, number: u64) -> Result<PolicyVersion, Error> {
        if number == 0 {
            return Ok(self.defaults(tenant));
        }
        let found = self.inner.store.policies().find(tenant, number).await?;
        found.ok_or_else(|| no_version(number))
    }

    /// The version that decides now.
    ///
    /// # Errors
    ///
    /// Storage cannot be read.
    pub async fn active_version(&self, tenant: &TenantId) -> Result<PolicyVersion, Error> {
        let found = self.inner.store.policies().active(tenant).await?;
        Ok(found.unwrap_or_else(|| self.defaults(tenant)))
    }

    /// A page of versions, newest first, and where they stand.
    ///
    /// # Errors
    ///
    /// Storage cannot be read.
    pub async fn versions(
        &self,
        tenant: &TenantId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<(PolicyHead, Vec<PolicyVersionInfo>), Error> {
        let policies = self.inner.store.policies();
        let limit = limit.min(VERSIONS_PAGE_MAX);
        let listed = policies.list(tenant, before, limit).await?;
        Ok((policies.head(tenant).await?, listed))
    }

    /// The newest activations, newest first.
    ///
    /// # Errors
    ///
    /// Storage cannot be read.
    pub async fn activations(
        &self,
        tenant: &TenantId,
        limit: u32,
    ) -> Result<Vec<PolicyActivation>, Error> {
        let policies = self.inner.store.policies();
        let limit = limit.min(VERSIONS_PAGE_MAX);
        Ok(policies.activations(tenant, limit).await?)
    }

    async fn fingerprint_of(&self, tenant: &TenantId, number: u64) -> Result<String, Error> {
        let found = self.version(tenant, number).await;
        found.map(|version| version.fingerprint)
    }

    fn defaults(&self, tenant: &TenantId) -> PolicyVersion {
        PolicyVersion {
            tenant_id: tenant.clone(),
            number: 0,
            tables: DEFAULTS.to_owned(),
            sources: Vec::new(),
            tests: Vec::new(),
            fingerprint: self.inner.defaults.set.fingerprint().to_owned(),
            note: "what every tenant starts with".to_owned(),
            based_on: 0,
            created_by: "civitas".to_owned(),
            created_at: Timestamp::from_micros(0),
        }
    }
}

pub(super) fn draft_of(version: PolicyVersion) -> Draft {
    Draft {
        tables: Some(version.tables),
        sources: version.sources,
        tests: version.tests,
    }
}

/// Policies are changed by people who administer. A machine's token may read them, whatever its scopes.
fn administers(caller: &Caller) -> Result<(), Error> {
    let is_person = matches!(caller.kind, CallerKind::User | CallerKind::LocalOperator);
    if !is_person {
        let detail = "policies are changed by people: sign in as an administrator of your tenant";
        return Err(Error::Forbidden(detail.to_owned()));
    }
    if !caller.may(Permission::Admin) {
        let detail = "this needs the permission `admin`: ask an administrator of your tenant";
        return Err(Error::Forbidden(detail.to_owned()));
    }
    Ok(())
}

fn check_note(note: &str) -> Result<(), Error> {
    let is_odd = |letter: char| letter.is_control() && letter != '\n';
    if note.chars().count() > NOTE_LENGTH_MAX || note.contains(is_odd) {
        let detail = format!("must have up to {NOTE_LENGTH_MAX} characters, no control characters");
        return Err(Error::Invalid(vec![Invalid {
            pointer: "/note".to_owned(),
            detail,
        }]));
    }
    Ok(())
}

fn no_version(number: u64) -> Error {
    Error::NotFound(format!("there is no version {number} of your policies"))
}

fn superseded(based_on: Option<u64>, head: PolicyHead) -> Error {
    let base = head.base;
    let detail = match based_on {
        Some(based_on) => format!(
            "this was made from version {based_on}, and version {base} was saved or activated since: look at what it changes, and save with `based_on` {base}"
        ),
        None => format!(
            "there are policies already: say which version this was made from, `based_on` {base} if it was made from the newest"
        ),
    };
    Error::Conflict(detail)
}
