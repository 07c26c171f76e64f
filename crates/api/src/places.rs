//! Places of open streams: a node has so many, and one tenant may take so many of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use civitas_model::{ErrorCode, TenantId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// The places of a node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Places {
    node: Arc<Semaphore>,
    of_tenants: Arc<Mutex<HashMap<TenantId, usize>>>,
    of_tenant_max: usize,
}

/// A place of a tenant, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    tenant: TenantId,
    of_tenants: Arc<Mutex<HashMap<TenantId, usize>>>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// So many places, and so many of them for one tenant.
    pub fn new(node: usize, of_tenant_max: usize) -> Self {
        Self {
            node: Arc::new(Semaphore::new(node)),
            of_tenants: Arc::default(),
            of_tenant_max,
        }
    }

    /// The places of the whole node.
    pub fn node(&self) -> &Semaphore {
        &self.node
    }

    /// Takes a place.
    pub(crate) fn take(&self, tenant: &TenantId) -> Result<Place, Problem> {
        let mut taken = self
            .of_tenants
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let of_tenant = taken.get(tenant).copied().unwrap_or(0);
        if of_tenant >= self.of_tenant_max {
            let max = self.of_tenant_max;
            return Err(too_many(format!(
                "{max} streams of your tenant are open: close some"
            )));
        }
        let permit = Arc::clone(&self.node).try_acquire_owned().map_err(|_| {
            too_many("too many streams are open on this server: close one, or try again".to_owned())
        })?;
        taken.insert(tenant.clone(), of_tenant + 1);
        Ok(Place {
            tenant: tenant.clone(),
            of_tenants: Arc::clone(&self.of_tenants),
            _permit: permit,
        })
    }
}

/// Why one more stream is not opened.
fn too_many(detail: String) -> Problem {
    Problem::new(ErrorCode::ServiceUnavailable, detail).retry_after(5)
}

impl Drop for Place {
    fn drop(&mut self) {
        let taken = self.of_tenants.lock();
        let mut taken = taken.unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tenant_does_not_take_every_place() {
        let places = Places::new(3, 2);
        let (a, b) = (TenantId::trusted("a"), TenantId::trusted("b"));
        let first = places.take(&a).unwrap();
        let _second = places.take(&a).unwrap();
        assert!(places.take(&a).is_err());
        let third = places.take(&b).unwrap();
        assert!(places.take(&b).is_err(), "the node has no more");
        drop(first);
        drop(third);
        assert_eq!(places.node().available_permits(), 2);
        let again = places.take(&a).unwrap();
        assert!(places.take(&a).is_err());
        drop(again);
        assert_eq!(places.of_tenants.lock().unwrap().len(), 1);
    }
}
