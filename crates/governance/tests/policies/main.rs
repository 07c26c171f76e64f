//! Policies on a real store: saved, activated, and deciding from the next call on.

#[cfg(test)]
mod life;
