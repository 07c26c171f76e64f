//! The one door to durable state.
//!
//! All writes go through [`Store::commit`]: a [`Changeset`] is a list of typed changes with their preconditions, applied
//! atomically or refused with a typed [`Refusal`]. One committer per node takes everything that is queued, applies it in
//! one database transaction, commits once, then answers all waiters and publishes (group commit). Readings are methods of
//! small per-noun handles: `store.executions().find(&tenant, &id)`.
//!
//! Invariants:
//! - No transaction is open outside this crate, and SQL lives only in `queries/<noun>/<verb>.sql`.
//! - Every reading names the tenant, except the engine's own (what to run next, what to index next).
//! - What is published after a commit is exactly what was committed.
//! - An execution moves only from the journal entry that its mover knows of, so that changes may be queued one after
//!   the other without waiting: when one is not applied, those that rely on it are refused.
//! - What is in an anonymous session's tenant moves with the session's upgrade, all of it in that changeset, and nothing can be
//!   put there afterwards.
//! - An audit entry is committed with what it is about. Its number, its link to the one before it and its place in the tree are
//!   settled in the transaction, so there is no gap, and none is changed afterwards.
//! - What a request with a client's key changes is committed together with the key ([`Claim`]), or not at all.
//! - A backup holds every table, because it reads which there are from the database.
//!
//! A new table needs: a migration per database, its queries, a module with its changes and readings, a line in
//! [`Change`], what becomes of its rows when their tenant is adopted (`adoption`), and cases in the conformance suite
//! (`tests/conformance`), those of tenant isolation and adoption among them.

mod activity;
mod adoption;
mod agent;
mod agent_session;
mod answer;
mod approval;
pub mod artifact;
mod audit;
pub mod backup;
mod budget;
mod changeset;
mod committer;
mod content;
mod contract;
mod decision;
pub mod execution;
mod file;
mod halt;
mod hook_event;
mod idempotency;
mod invitation;
mod json;
mod lease;
mod membership;
mod metric;
mod migrate;
mod notice;
mod open_upload;
mod outbox;
mod pending_intent;
mod policy;
mod rate_limit;
mod record;
mod refresh_token;
mod service_token;
mod session;
mod setting;
mod store;
mod telemetry;
mod tenant;
mod tenant_setting;
mod ticket;
mod transaction;
mod upload;
mod usage;
mod user;
mod webhook;
mod write;

pub use activity::{ACTIVITY_KINDS, Activity, Announce, Published};
pub use agent::{AGENTS_MAX, AgentChange, AgentCount, AgentFilter, Agents, RoleChange, RoleLimits};
pub use agent_session::{Acting, AgentSessionChange, AgentSessionFilter, AgentSessions, Sighting};
pub use answer::{AnswerChange, Claim, KeptAnswer};
pub use approval::{
    APPROVAL_LIFETIME_MAX, AllowanceFilter, ApprovalChange, ApprovalFilter, Approvals, NewApproval,
    OPEN_APPROVALS_MAX,
};
pub use audit::{
    AUDIT_LEVELS, Audit, AuditChange, AuditFilter, AuditHead, AuditLog, AuditNode, AuditStats,
    AuditStrays, DROP_MAX, SignedCheckpoint,
};
pub use budget::{
    BudgetChange, Budgets, POOLS_MAX, PoolFilter, RESERVATIONS_MAX, Reservation, ReservationState,
    SetCap, Spend,
};
pub use changeset::{Change, Changeset, CommitError, Receipt, Refusal};
pub use civitas_model::budget::Reserve;
pub use civitas_sql::{Backend, Error as SqlError};
pub use content::{Need, Released};
pub use decision::{
    DECISION_BYTES_MAX, DECISIONS_FORGOTTEN_MAX, Decision, DecisionChange, DecisionCursor,
    DecisionFilter, Decisions,
};
pub use file::{FileFilter, Files};
pub use halt::{HALTS_MAX, HaltChange};
pub use hook_event::{HookEvent, KeepHookEvent};
pub use invitation::{Invitation, InvitationChange};
pub use lease::{Holder, Lease, LeaseChange};
pub use membership::{Member, MembershipChange, Memberships};
pub use metric::{MetricFilter, MetricSummary, Metrics, RecordMetric};
pub use notice::Notice;
pub use open_upload::{OPEN_UPLOAD_LIFETIME, OPEN_UPLOADS_MAX, OpenUpload, OpenUploadChange};
pub use pending_intent::PendingIntentFilter;
pub use policy::{
    POLICY_ACTIVATIONS_KEPT, POLICY_BYTES_MAX, POLICY_VERSIONS_KEPT, Policies, PolicyActivation,
    PolicyChange, PolicyHead, PolicyText, PolicyVersion, PolicyVersionInfo,
};
pub use rate_limit::Try;
pub use record::{RecordChange, Records};
pub use refresh_token::{RefreshToken, RefreshTokenChange, RefreshTokens, Successors};
pub use service_token::{ServiceToken, ServiceTokenChange, ServiceTokens};
pub use session::{NewSession, SessionEnd, Upgrade};
pub use setting::SettingChange;
pub use store::{Commit, Notices, OpenError, Store, StoreOptions, schema_version};
pub use telemetry::{
    IngestTelemetry, RequestFilter, SESSION_EVENTS_MAX, SessionFilter, SessionReport,
    TELEMETRY_SESSIONS_MAX, Telemetry, TelemetrySum, TelemetryTotal,
};
pub use tenant::{Tenant, TenantChange};
pub use tenant_setting::{PutTenantSetting, TenantSetting};
pub use ticket::{Ticket, TicketChange};
pub use upload::{UPLOAD_LIFETIME, Upload};
pub use usage::{Quota, Quotas, Usage};
pub use user::{Account, PasswordHash, UserChange, Users, email_key};
pub use webhook::{
    ATTEMPTS_KEPT, Attempt, Attempted, Delivery, DeliveryFilter, DeliveryStatus, Plan,
    SigningSecret, Verdict, WEBHOOKS_MAX, Webhook, WebhookChange, Webhooks,
};
