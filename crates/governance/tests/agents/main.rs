//! Agents: their files, and the registry on a real store.

#[cfg(test)]
mod files;
#[cfg(test)]
mod generator;
#[cfg(test)]
mod registry;
