//! The policies of every tenant: which set decides now, and the decisions that were made.
//!
//! A set is compiled once, kept, and swapped for another one the moment an activation was committed: notices are said before
//! their commit is answered, and every look at the cache hears those that were said before it.

mod cache;
mod check;
mod draft;
mod links;
mod locate;
mod principal;
mod recorded;
mod retention;
mod role_budgets;
mod versions;
mod what_if;

use std::sync::Arc;

use civitas_model::{Entropy, TenantId};
use civitas_policy::{Decision, NoLinks, PolicySet, PolicySource, Request, Tables};
use civitas_storage::{PolicyText, PolicyVersion, Store};
use tokio::sync::Semaphore;

pub use check::{Answer, Question, Who};
pub use draft::{Compiled, Draft, TABLES_FILE, TEST_FILES_MAX, TESTS_MAX};
pub use links::Links;
pub use principal::principal;
pub use recorded::{EventKey, recordable, recorded};
pub use versions::{Save, Saved, VERSIONS_PAGE_MAX};
pub use what_if::{Baseline, Candidate, WHAT_IF_DAYS_MAX, WHAT_IF_DECISIONS_MAX, WhatIf};

use crate::error::Error;
use cache::{Cache, Known};

/// Sets compiled at the same time: one takes a core for a while.
const COMPILING_MAX: usize = 2;
/// A request with a longer input is decided on a thread of its own, since its command line takes a while to read.
const INLINE_BYTES_MAX: usize = 8 * 1024;
/// Tenants whose sets are loaded at the same time, each once however many ask for it.
const LOADING_MAX: usize = 16;

/// The policies of every tenant. Cheap to clone.
#[derive(Clone)]
pub struct Policies {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    entropy: Arc<dyn Entropy>,
    defaults: Arc<Active>,
    cache: Cache,
    loading: [tokio::sync::Mutex<()>; LOADING_MAX],
    compiling: Semaphore,
    comparing: Semaphore,
    resolve_links: bool,
}

/// The set that decides for a tenant.
#[derive(Debug)]
pub struct Active {
    /// The version; 0 is what every tenant starts with.
    pub number: u64,
    /// The compiled set.
    pub set: Arc<PolicySet>,
}

impl Policies {
    /// The policies in a store. `resolve_links` says that agents work on this machine, so that links on its disk are
    /// followed when a path is judged.
    ///
    /// # Errors
    ///
    /// Never for a released version: what every tenant starts with compiles.
    pub fn new(
        store: Store,
        entropy: Arc<dyn Entropy>,
        resolve_links: bool,
    ) -> Result<Self, civitas_policy::Error> {
        let set = PolicySet::compile(Tables::defaults()?, &[])?;
        let defaults = Arc::new(Active {
            number: 0,
            set: Arc::new(set),
        });
        let cache = Cache::new(store.subscribe());
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                entropy,
                defaults,
                cache,
                loading: Default::default(),
                compiling: Semaphore::new(COMPILING_MAX),
                comparing: Semaphore::new(1),
                resolve_links,
            }),
        })
    }

    /// The set that decides for a tenant.
    ///
    /// # Errors
    ///
    /// Storage cannot be read, or the active version can no longer be used: then nothing may be allowed.
    pub async fn current(&self, tenant: &TenantId) -> Result<Arc<PolicySet>, Error> {
        Ok(Arc::clone(&self.active(tenant).await?.set))
    }

    /// The same with the number of its version.
    ///
    /// # Errors
    ///
    /// As of [`Policies::current`].
    pub async fn active(&self, tenant: &TenantId) -> Result<Arc<Active>, Error> {
        if let Known::Sure(known) = self.inner.cache.find(tenant).0 {
            return known.map_err(Error::Unusable);
        }
        let _loading = self.inner.loading(tenant).lock().await;
        let (known, seen) = self.inner.cache.find(tenant);
        let before = match known {
            Known::Sure(known) => return known.map_err(Error::Unusable),
            Known::Perhaps(known) => Some(known),
            Known::Nothing => None,
        };
        if let Some((number, known)) = before {
            // Notices were missed; a version never changes, so its number says whether it is the same.
            let head = self.inner.store.policies().head(tenant).await?;
            if head.active == number {
                self.inner.cache.put(tenant, number, known.clone(), seen);
                return known.map_err(Error::Unusable);
            }
        }
        let version = self.inner.store.policies().active(tenant).await?;
        let (number, loaded) = match version {
            None => (0, Ok(Arc::clone(&self.inner.defaults))),
            Some(version) => (version.number, self.load(version).await?),
        };
        self.inner.cache.put(tenant, number, loaded.clone(), seen);
        loaded.map_err(Error::Unusable)
    }

    /// Compiles what was saved. It did compile then, but perhaps with another release.
    async fn load(&self, version: PolicyVersion) -> Result<Result<Arc<Active>, Arc<str>>, Error> {
        let (number, tenant) = (version.number, version.tenant_id.clone());
        let compiled = self.compile(version.tables, version.sources).await?;
        Ok(match compiled {
            Ok(set) => Ok(Arc::new(Active {
                number,
                set: Arc::new(set),
            })),
            Err(error) => {
                tracing::error!(%tenant, number, %error, "the active policies cannot be used");
                let detail = format!(
                    "version {number} of the policies can no longer be used, so everything is denied: {error}; activate another version"
                );
                Err(detail.into())
            }
        })
    }

    /// Compiles texts on a thread for that.
    async fn compile(
        &self,
        tables: String,
        sources: Vec<PolicyText>,
    ) -> Result<Result<PolicySet, civitas_policy::Error>, Error> {
        let _permit = self.inner.compiling.acquire().await.map_err(stopped)?;
        tokio::task::spawn_blocking(move || compile(&tables, sources))
            .await
            .map_err(stopped)
    }

    /// Decides a request by a set. Long inputs, and links on the disk, are looked at on a thread for that; the request is
    /// given back.
    ///
    /// # Errors
    ///
    /// The node is stopping.
    pub async fn decide(
        &self,
        set: &Arc<PolicySet>,
        request: Request,
    ) -> Result<(Request, Decision), Error> {
        let is_short = recorded::weight(&request.call.tool_input) <= INLINE_BYTES_MAX;
        if is_short && !self.inner.resolve_links {
            let decision = set.decide(&request, &NoLinks);
            return Ok((request, decision));
        }
        let set = Arc::clone(set);
        let resolve_links = self.inner.resolve_links;
        tokio::task::spawn_blocking(move || {
            let decision = if resolve_links {
                set.decide(&request, &Links)
            } else {
                set.decide(&request, &NoLinks)
            };
            (request, decision)
        })
        .await
        .map_err(stopped)
    }
}

impl Inner {
    fn loading(&self, tenant: &TenantId) -> &tokio::sync::Mutex<()> {
        let sum = tenant.as_str().bytes().map(usize::from).sum::<usize>();
        &self.loading[sum % LOADING_MAX]
    }
}

/// Compiles texts, on this thread.
pub(crate) fn compile(
    tables: &str,
    sources: Vec<PolicyText>,
) -> Result<PolicySet, civitas_policy::Error> {
    let sources: Vec<PolicySource> = sources
        .into_iter()
        .map(|source| PolicySource {
            name: source.name,
            // An editor's mark is no part of the text.
            text: source.text.trim_start_matches('\u{feff}').to_owned(),
        })
        .collect();
    PolicySet::compile(Tables::from_toml(tables)?, &sources)
}

fn stopped(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("policies cannot be worked on: {error}"))
}
