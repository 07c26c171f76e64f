//! `/api/v1/hooks`: what coding agents' clients ask before, and tell after, every step.

pub(in crate::routes) mod claude_code;
