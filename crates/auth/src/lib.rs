//! Who asks, and what they may do: passwords, tokens, sessions, roles, invitations and rate limits.
//!
//! [`Auth`] turns a credential into a [`Caller`](civitas_model::Caller), once, at the edge; everything behind it trusts
//! the caller and never sees a credential. It knows no HTTP: every [`Error`] names the
//! [`ErrorCode`](civitas_model::ErrorCode) it stands for.
//!
//! # Credentials
//!
//! | credential | lives | stored as | ended by |
//! |---|---|---|---|
//! | access token (JWT) | 15 minutes | not at all | logout, password change, change of role |
//! | refresh token | 30 days, used once | digest | use, logout, password change, reuse of an older one |
//! | service token `civitas_…` | up to a year | digest | revocation |
//! | session secret `session_…` | 24 hours | digest | upgrade of its session |
//! | WebSocket ticket | 30 seconds, used once | digest | use |
//! | invitation | 7 days, used once | digest | use |
//! | setup token | until the next start, used once | digest | use, or the first administrator |
//!
//! # Invariants
//!
//! - A secret leaves this crate once, as a [`Secret`], which neither `Debug` nor a log shows; what is stored is SHA-256
//!   of 256 random bits (or argon2id of a password), which is of no use to who reads the database.
//! - A valid access token costs no database read. What ended before its time is held in memory: per user the lowest
//!   version of token that still counts, per session whether it was logged out. Both only matter for the lifetime of an
//!   access token, so entries are forgotten after it, and both are read back from storage at start. A process that
//!   shares the database with another does not hear of the other's revocations until it starts again.
//! - Whatever ends credentials is decided on the version of the account that was read, and refused with
//!   [`Error::Conflict`] when it changed meanwhile: a login that races a password change cannot outlive it.
//! - A registration is one changeset: tenant, user, membership, session and refresh token, or nothing.
//!
//! - What changes who may do what is written into the tenant's audit log in the same changeset, under the category `auth`:
//!   who signs in and out, registers, is refused, invites, joins, gets another role or leaves; tokens for machines; new passwords.
//!
//! # Roles and owners
//!
//! A registration makes a personal tenant in which the user has role `user`, and so the contract's default permissions
//! `read` and `write`. They are also the tenant's *owner*: an owner may always invite, change roles and make service
//! tokens, whatever their role, but decides approvals or uses the administration views only after giving themselves the
//! role for it ([`Auth::set_role`]). So a token never carries more than was asked for, and no tenant is left without
//! someone who may administer it.
//!
//! # Refreshing
//!
//! A refresh token is used once, for its successor. Using it again revokes the whole family and ends its session,
//! because one of its two users is not the owner. Two tabs that refresh at the same moment are no theft: for 10 seconds
//! after its use a token gives *another* successor (never the same one: only its digest is known), as long as no
//! successor was used yet and there are fewer than five. Whoever asks for a sixth is refused, and nothing is revoked.

mod access_token;
mod account;
mod audit;
mod auth;
mod error;
mod key_ring;
mod member;
mod options;
mod password;
mod rate_limit;
mod refresh;
mod registration;
mod revocation;
mod secret;
mod service_token;
mod session;
mod setup;
mod sign_in;
mod standing;
mod ticket;

pub use account::Profile;
pub use auth::{Auth, PAGE_MAX};
pub use civitas_storage::{Member, ServiceToken};
pub use error::{Error, FieldError, OpenError};
pub use member::AcceptedInvitation;
pub use options::{AuthOptions, Hashing, Lifetimes};
pub use rate_limit::{RateLimit, RateLimits};
pub use registration::{Credentials, Registration};
pub use secret::Secret;
pub use setup::NewUser;
pub use sign_in::{Opening, SignedIn};
pub use standing::{Standing, Ticketed};
