//! What was read of each tenant, until it changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use civitas_model::TenantId;

/// Tenants remembered at most; then all are forgotten and read again.
const TENANTS_MAX: usize = 1024;

/// One value per tenant. Cheap to ask, and never older than the last [`Cache::forget`].
#[derive(Debug)]
pub(crate) struct Cache<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    /// Raised by every change: what was read before one is not remembered after it.
    epoch: u64,
    values: HashMap<TenantId, Arc<T>>,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(Mutex::new(State {
            epoch: 0,
            values: HashMap::new(),
        }))
    }
}

impl<T> Cache<T> {
    /// The value of a tenant, read when it is not known.
    pub(crate) async fn get<E>(
        &self,
        tenant: &TenantId,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let epoch = {
            let state = self.lock();
            if let Some(value) = state.values.get(tenant) {
                return Ok(Arc::clone(value));
            }
            state.epoch
        };
        let value = Arc::new(read.await?);
        let mut state = self.lock();
        if state.epoch == epoch {
            if state.values.len() >= TENANTS_MAX {
                state.values.clear();
            }
            state.values.insert(tenant.clone(), Arc::clone(&value));
        }
        Ok(value)
    }

    /// Forgets a tenant's value, because it changed.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        let mut state = self.lock();
        state.epoch += 1;
        state.values.remove(tenant);
    }

    /// Forgets everything, because some changes were missed.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        state.epoch += 1;
        state.values.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    async fn get(cache: &Cache<u32>, value: u32) -> u32 {
        let tenant = TenantId::trusted("t");
        let read = async { Ok::<_, Infallible>(value) };
        match cache.get(&tenant, read).await {
            Ok(value) => *value,
            Err(never) => match never {},
        }
    }

    #[tokio::test]
    async fn a_value_is_read_once_until_it_is_forgotten() {
        let cache = Cache::default();
        assert_eq!(get(&cache, 1).await, 1);
        assert_eq!(get(&cache, 2).await, 1);
        cache.forget(&TenantId::trusted("t"));
        assert_eq!(get(&cache, 3).await, 3);
        cache.clear();
        assert_eq!(get(&cache, 4).await, 4);
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let cache = Cache::default();
        let tenant = TenantId::trusted("t");
        let read = async {
            cache.forget(&tenant);
            Ok::<_, Infallible>(1)
        };
        let Ok(old) = cache.get(&tenant, read).await;
        assert_eq!(*old, 1);
        assert_eq!(get(&cache, 2).await, 2);
    }
}
