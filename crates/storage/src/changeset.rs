//! Changesets: what is written together, and why it may be refused.

use civitas_model::approval::ApprovalRefusal;
use civitas_model::budget::Scope;
use civitas_model::execution::Status;
use civitas_model::{ExecutionId, IntentId, Timestamp, Write};

use crate::activity::Announce;
use crate::agent::AgentChange;
use crate::agent_session::AgentSessionChange;
use crate::answer::AnswerChange;
use crate::approval::ApprovalChange;
use crate::audit::AuditChange;
use crate::budget::BudgetChange;
use crate::decision::DecisionChange;
use crate::execution::{
    Append, Cancel, Expire, Finish, Pause, Resume, Retry, Start, Submit, Suspend, Sweep,
};
use crate::halt::HaltChange;
use crate::hook_event::KeepHookEvent;
use crate::invitation::InvitationChange;
use crate::lease::{Lease, LeaseChange};
use crate::membership::MembershipChange;
use crate::metric::RecordMetric;
use crate::open_upload::OpenUploadChange;
use crate::policy::PolicyChange;
use crate::rate_limit::Try;
use crate::refresh_token::RefreshTokenChange;
use crate::service_token::ServiceTokenChange;
use crate::session::{NewSession, SessionEnd, Upgrade};
use crate::setting::SettingChange;
use crate::telemetry::IngestTelemetry;
use crate::tenant::TenantChange;
use crate::tenant_setting::PutTenantSetting;
use crate::ticket::TicketChange;
use crate::upload::Upload;
use crate::user::UserChange;
use crate::webhook::WebhookChange;

/// Changes that are applied together or not at all.
#[derive(Debug, Default)]
pub struct Changeset {
    pub(crate) lease: Option<Lease>,
    pub(crate) changes: Vec<Change>,
}

impl Changeset {
    /// An empty changeset.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses the whole changeset unless the lease is still held at its epoch.
    #[must_use]
    pub fn under(mut self, lease: &Lease) -> Self {
        self.lease = Some(lease.clone());
        self
    }

    /// Adds a change; changes are applied in order.
    #[must_use]
    pub fn with(mut self, change: impl Into<Change>) -> Self {
        self.changes.push(change.into());
        self
    }

    /// Puts a change before all others.
    pub(crate) fn after(mut self, change: impl Into<Change>) -> Self {
        self.changes.insert(0, change.into());
        self
    }

    /// Adds all changes of another changeset, after those that are here; its lease, if any, is not taken over.
    #[must_use]
    pub fn with_all(mut self, other: Self) -> Self {
        self.changes.extend(other.changes);
        self
    }

    /// Adds changes of domain state.
    #[must_use]
    pub fn with_writes(mut self, writes: Vec<Write>) -> Self {
        self.changes.extend(writes.into_iter().map(Change::Write));
        self
    }
}

/// One change. The list of everything that can be written.
#[derive(Debug)]
pub enum Change {
    /// Accepts an intent.
    Submit(Box<Submit>),
    /// Starts a handler on an execution.
    Start(Start),
    /// Appends entries to a running execution's journal.
    Append(Append),
    /// Parks a running execution.
    Suspend(Suspend),
    /// Finishes a running execution.
    Finish(Box<Finish>),
    /// Stops an execution by request.
    Cancel(Cancel),
    /// Parks an execution by request.
    Pause(Pause),
    /// Lets a parked execution go on by request.
    Resume(Resume),
    /// Runs a finished execution again by request.
    Retry(Retry),
    /// Forgets old finished executions.
    Expire(Expire),
    /// Changes domain state.
    Write(Write),
    /// Notes an upload whose bytes are stored.
    Upload(Upload),
    /// Begins, moves or ends an upload that goes on after a break.
    OpenUpload(OpenUploadChange),
    /// Opens a session.
    OpenSession(Box<NewSession>),
    /// Gives an anonymous session to a user.
    UpgradeSession(Box<Upgrade>),
    /// Ends a session, or lets it last longer.
    EndSession(SessionEnd),
    /// Makes a tenant.
    Tenant(TenantChange),
    /// Adds a user, or ends what their credentials allow.
    User(Box<UserChange>),
    /// Adds, changes or ends a user's standing in a tenant.
    Membership(MembershipChange),
    /// Makes or uses an invitation.
    Invitation(Box<InvitationChange>),
    /// Gives, uses or revokes refresh tokens.
    RefreshToken(Box<RefreshTokenChange>),
    /// Makes, uses or revokes a service token.
    ServiceToken(Box<ServiceTokenChange>),
    /// Makes or uses a WebSocket ticket.
    Ticket(TicketChange),
    /// Counts a try at something limited.
    Try(Try),
    /// Sets or takes a setting.
    Setting(SettingChange),
    /// States something on behalf of a tenant.
    TenantSetting(PutTenantSetting),
    /// Removes what has outlived its use: ended sessions, old idempotency keys.
    Sweep(Sweep),
    /// Registers an agent, or changes what is known of it.
    Agent(AgentChange),
    /// Notes what is known of an agent's session, or of an agent that nobody registered.
    AgentSession(AgentSessionChange),
    /// Sets or lifts a halt.
    Halt(HaltChange),
    /// Keeps an event of a hook as it came.
    KeepHookEvent(KeepHookEvent),
    /// Records what an agent measured.
    RecordMetric(RecordMetric),
    /// Asks for an approval, decides or uses one, or changes what need not be asked.
    Approval(ApprovalChange),
    /// Keeps what agents' clients report.
    IngestTelemetry(IngestTelemetry),
    /// Takes, renews or gives back a lease.
    Lease(LeaseChange),
    /// Appends to an audit log, keeps a checkpoint of it, or drops bodies.
    Audit(Box<AuditChange>),
    /// Saves or activates a version of a tenant's policies.
    Policy(PolicyChange),
    /// Records a decision, or what became of it.
    Decision(DecisionChange),
    /// Reserves from budgets, settles, charges, or sets what may be used.
    Budget(Box<BudgetChange>),
    /// Takes the key of a request, or keeps its answer.
    Answer(Box<AnswerChange>),
    /// Tells whoever follows what agents do.
    Announce(Box<Announce>),
    /// Sets a webhook up, or records what became of its messages.
    Webhook(WebhookChange),
}

impl From<Submit> for Change {
    fn from(change: Submit) -> Self {
        Self::Submit(Box::new(change))
    }
}

impl From<Start> for Change {
    fn from(change: Start) -> Self {
        Self::Start(change)
    }
}

impl From<Append> for Change {
    fn from(change: Append) -> Self {
        Self::Append(change)
    }
}

impl From<Suspend> for Change {
    fn from(change: Suspend) -> Self {
        Self::Suspend(change)
    }
}

impl From<Finish> for Change {
    fn from(change: Finish) -> Self {
        Self::Finish(Box::new(change))
    }
}

impl From<Write> for Change {
    fn from(change: Write) -> Self {
        Self::Write(change)
    }
}

/// What a commit answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// When it was committed.
    pub committed_at: Timestamp,
}

/// Why a changeset was refused. Nothing of it was applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another holder took the lease over; whoever wrote this must stop.
    #[error("the lease is held by someone else now")]
    LeaseLost,
    /// The execution is not in a state, or not at the attempt, that allows the change.
    #[error("the execution does not allow this in its present state")]
    WrongState {
        /// Its status, when there is such an execution.
        status: Option<Status>,
    },
    /// The idempotency key was used before with the same body.
    #[error("this idempotency key was used before")]
    AlreadySubmitted {
        /// The execution it started.
        execution_id: ExecutionId,
        /// The intent it submitted.
        intent_id: IntentId,
        /// When.
        created_at: Timestamp,
    },
    /// The idempotency key was used before with another body.
    #[error("this idempotency key was used before with another body")]
    KeyReused,
    /// Another request came with the same key, and its answer is, or will be, this one's.
    #[error("another request came with this idempotency key")]
    KeyTaken,
    /// Something with this id exists already.
    #[error("{what} exists already")]
    AlreadyExists {
        /// What exists.
        what: &'static str,
    },
    /// The engine has work in hand that the change would pull away from under it.
    #[error("some of it is still running")]
    StillRunning,
    /// What the change needs is not there.
    #[error("there is no such {what}")]
    NotFound {
        /// What is missing.
        what: &'static str,
    },
    /// What the change was decided on is no longer so: read again, decide again.
    #[error("{what} changed in the meantime")]
    Changed {
        /// What changed.
        what: &'static str,
    },
    /// The tries within the window are used up.
    #[error("too many tries: the next one is allowed at {retry_at}")]
    RateLimited {
        /// When the next try is allowed.
        retry_at: Timestamp,
    },
    /// The tenant would keep more than it may.
    #[error("the tenant's quota has no room for it")]
    OverQuota,
    /// A budget has no room for it. Costs are in millionths of the currency's unit.
    #[error(
        "the budget of {scope} has no room for it: {used} of {cap} {what} are used and {reserved} reserved, {asked} are asked for"
    )]
    OverBudget {
        /// Whose budget; of several that have no room, one for which nothing waits.
        scope: Scope,
        /// Of what: `tokens` or `cost`.
        what: &'static str,
        /// What may be used.
        cap: u64,
        /// What is used.
        used: u64,
        /// What is reserved.
        reserved: u64,
        /// What was asked for.
        asked: u64,
        /// Whether to wait for room, rather than give up.
        waits: bool,
        /// When some of what is used is forgotten, if it ever is.
        retry_at: Option<Timestamp>,
    },
    /// The tenant has as many open uploads as it may.
    #[error("too many uploads are open: finish some, or cancel them")]
    TooManyOpenUploads,
    /// The tenant has as many of something as it may.
    #[error("{max} {what}")]
    TooMany {
        /// Of what, and what to do.
        what: &'static str,
        /// How many there may be.
        max: u64,
    },
    /// A text is longer than it may be.
    #[error("{what} may have up to {max} bytes")]
    TooLarge {
        /// Which.
        what: &'static str,
        /// How many bytes it may have.
        max: u64,
    },
    /// An approval does not allow it.
    #[error(transparent)]
    Approval(#[from] ApprovalRefusal),
    /// A write reaches into another tenant than the execution's.
    #[error("a write reaches into another tenant")]
    ForeignTenant,
}

/// Why a commit did not happen.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// A precondition does not hold: the caller must change something.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database cannot be written now: try again later. Whether a lost connection took the change is unknown.
    #[error("storage is not available: {0}")]
    Unavailable(String),
}
