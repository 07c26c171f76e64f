// The types of Civitas's API, made from its OpenAPI document: GET /api/v1/schema/typescript.
//
// `Operations` has one member for each operation, by its method and path:
//
//   type Created = Success<"POST /api/v1/agents">;
//   type Filter = Operations["GET /api/v1/agents"]["query"];

/** The invitation. */
export interface AcceptRequest {
  invitation_token: string;
}

/** The tenant that was joined. */
export interface AcceptedInvitation {
  role: string;
  tenant_id: string;
}

/** An operation of an agent, flat. */
export interface Activity {
  activity_id: string;
  agent_id: string;
  agent_name?: string | null;
  cost_usd?: number | null;
  operation_detail?: string | null;
  operation_type: string;
  rbac_decision: string;
  timestamp: string;
  tokens_used?: number | null;
}

/** Whom to take on. */
export interface Adoption {
  /** The name, as it was seen. An agent of this name that is registered already is used. */
  name: string;
  /** What it is for; chosen by its name when absent. */
  role?: string | null;
  /** A session that runs as this agent from now on. */
  session_id?: string | null;
}

/** What an agent may spend, and has spent since midnight UTC. */
export interface AgentBudget {
  cost_used_today: number;
  currency: string;
  /** The midnight from which on usage is counted. */
  last_reset: string;
  max_cost_per_day: number;
  max_tokens_per_session: number;
  tokens_used_today: number;
}

/** An agent to register. */
export interface AgentCreate {
  /** `USD` (when absent), `EUR` or `GBP`. */
  budget_currency?: string | null;
  /** Money in one day, above 0; what the active policy tables give its role, when absent. */
  budget_max_cost_per_day?: number | null;
  /** Tokens in one session; what the active policy tables give its role, when absent. */
  budget_max_tokens_per_session?: number | null;
  /** What it can do. */
  capabilities: string[];
  /** The part of the house it belongs to. */
  metadata_category: string;
  /** Whether it does one thing only. */
  metadata_specialist?: boolean;
  /** Words people put on it. */
  metadata_tags?: string[];
  /** The version of its definition; `1.0.0` when absent. */
  metadata_version?: string | null;
  /** Small letters, digits and hyphens; the only one of its kind. */
  name: string;
  /** Who answers for it; whoever registers it, when absent. */
  owner?: string | null;
  /** Tools it may use; `*` is every one. */
  rbac_allowed_tools: string[];
  /** Outside services it may call. */
  rbac_api_access?: string[];
  /** From which cost on people decide; 10 when absent. */
  rbac_approval_threshold?: number | null;
  /** Tools it may not use, whatever is allowed. */
  rbac_denied_tools?: string[];
  /** Paths it may read and write, as globs. */
  rbac_path_scopes: string[];
  /** Whether people decide what it does. */
  rbac_requires_approval?: boolean;
  /**
   * `admin`, `developer`, `reviewer`, `security`, `database`, `frontend`, `backend`, `tester`, `analyst` or
   * `coordinator`.
   */
  role: string;
  /** How sure the role is. */
  role_confidence?: number;
  /** Why it has this role. */
  role_reasoning?: string | null;
}

/** An agent's file. */
export interface AgentFile {
  /** SHA-256 of the text. */
  fingerprint: string;
  /** Where it was read from, below the folder of the import; `<name>.md` for an agent that came from no file. */
  path: string;
  /** What it held, with an `x-civitas:` block that says what the registry knows. */
  text: string;
}

/** A file. */
export interface AgentFileText {
  /** Another file of such a folder says the same id before this one, which gets its own. */
  ignore_agent_id?: boolean;
  /** The agent's name, when it was settled for a folder that is sent in several requests. */
  name?: string | null;
  /** Its path below the folder that is imported, with `/` between the parts. */
  path: string;
  /** Its text. */
  text: string;
}

/** What helps people find an agent. */
export interface AgentMetadata {
  category: string;
  specialist: boolean;
  tags: string[];
  version: string;
}

/** All that an agent measured. Without a metric the three objects are empty. */
export interface AgentMetrics {
  agent_id: string;
  cost: MeasuredCost;
  performance: MeasuredPerformance;
  quality: MeasuredQuality;
  total_metrics: number;
}

/** How an agent has done so far. */
export interface AgentPerformance {
  avg_execution_time_ms: number;
  /** 0 to 1. */
  quality_score: number;
  /** 0 to 1. */
  success_rate: number;
  total_tasks_completed: number;
}

/** What an agent may use and reach. */
export interface AgentRbac {
  /** `*` is every tool. */
  allowed_tools: string[];
  api_access: string[];
  /** From which cost on people decide. */
  approval_threshold: number;
  /** These are denied, whatever is allowed. */
  denied_tools: string[];
  /** Globs. */
  path_scopes: string[];
  requires_approval: boolean;
}

/** An agent. */
export interface AgentResponse {
  agent_id: string;
  budget: AgentBudget;
  capabilities: string[];
  metadata: AgentMetadata;
  name: string;
  performance: AgentPerformance;
  rbac: AgentRbac;
  registry: AgentStanding;
  /**
   * `admin`, `developer`, `reviewer`, `security`, `database`, `frontend`, `backend`, `tester`, `analyst` or
   * `coordinator`.
   */
  role: string;
  /** How sure the role is, 0 to 1. */
  role_confidence: number;
  timestamps: AgentTimestamps;
}

/** A session of an agent's client. */
export interface AgentSessionResponse {
  /** The registered agent that it runs as; null when there is none. */
  agent_id?: string | null;
  /** The name under which it runs; empty when the client said none. */
  agent_name: string;
  /** Tool calls that were decided. */
  calls: number;
  client: string;
  /** Those that were not let through. */
  denied: number;
  ended_at?: string | null;
  /** What is known of it for policies, such as `read_secret`. */
  facts: string[];
  first_seen_at: string;
  /** Whether it runs as a registered agent. */
  is_registered: boolean;
  last_seen_at: string;
  model: string;
  permission_mode: string;
  reported_by: string;
  /** The folder in which it began. */
  root: string;
  session_id: string;
}

/** How an agent stands in the registry. */
export interface AgentStanding {
  /** `draft`, `active`, `suspended` or `retired`. */
  lifecycle: string;
  /** Who answers for it. */
  owner: string;
  /** Counts the changes of its definition. */
  revision: number;
  /** Why it has its role. */
  role_reasoning: string;
  /** SHA-256 of that file's text. */
  source_fingerprint?: string | null;
  /** The file it was read from. */
  source_path?: string | null;
  /** Whether its identity was made by rules. */
  synthesised: boolean;
}

/** How many agents of each kind there are. */
export interface AgentStats {
  /** By category. */
  category_distribution: Record<string, number>;
  generalists: number;
  /** By role. */
  role_distribution: Record<string, number>;
  specialists: number;
  total_agents: number;
}

/** When what happened to an agent. */
export interface AgentTimestamps {
  created_at: string;
  last_active_at?: string | null;
  /** When its definition last changed. */
  updated_at: string;
}

/** What to change; what is not sent stays. */
export interface AgentUpdate {
  budget_max_cost_per_day?: number | null;
  budget_max_tokens_per_session?: number | null;
  capabilities?: string[] | null;
  metadata_category?: string | null;
  metadata_tags?: string[] | null;
  /** Who answers for it. */
  owner?: string | null;
  rbac_allowed_tools?: string[] | null;
  rbac_api_access?: string[] | null;
  rbac_approval_threshold?: number | null;
  rbac_denied_tools?: string[] | null;
  rbac_path_scopes?: string[] | null;
  rbac_requires_approval?: boolean | null;
  role?: string | null;
}

/** A page of allowances, newest first. */
export interface AllowancePage {
  allowances: AllowanceResponse[];
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: string | null;
}

/** Something that need not be asked again for a while. */
export interface AllowanceResponse {
  agent_id?: string | null;
  agent_name: string;
  allowance_id: string;
  /** The approval it was given with. */
  approval_id: string;
  created_at: string;
  expires_at: string;
  /** Who gave it. */
  granted_by: string;
  last_used_at?: string | null;
  /** The SHA-256 of the canonical form of the request that was approved. */
  request_hash: string;
  revoked_at?: string | null;
  revoked_by?: string | null;
  /** `request`: exactly what was approved; `tool`: whatever this agent does with this tool. */
  scope: string;
  tool_name: string;
  /** How often it was used. */
  uses: number;
}

/** What need not be asked again for a while. */
export interface AlwaysRequest {
  /** For how many seconds, up to 30 days. */
  expires_in: number;
  /** `request`: exactly this; `tool`: whatever this agent does with this tool. */
  scope: string;
}

/** A session to make. */
export interface AnonymousRequest {
  /** What to keep with it. */
  metadata?: Record<string, unknown>;
}

/** A page of approvals, newest first. */
export interface ApprovalPage {
  approvals: ApprovalResponse[];
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: number | null;
}

/** Something that waits for people, or waited for them. */
export interface ApprovalResponse {
  agent_id?: string | null;
  /** The agent; of an execution, its intent's type. */
  agent_name: string;
  approval_id: string;
  /** Who may decide: `human` is everyone who may decide approvals; roles; people by id. */
  approvers: string[];
  /** Executions that wait for it, the one that asked first. */
  blocked_executions: string[];
  /** What people call it: `P7`. It stands for the id everywhere, in either case. */
  code: string;
  /** Dollars that it is expected to cost. */
  cost_usd: number;
  created_at: string;
  cwd?: string | null;
  decided_at?: string | null;
  delegations: DelegationResponse[];
  /** When everyone may decide it who may decide approvals. */
  escalate_at?: string | null;
  /** When that happened. */
  escalated_at?: string | null;
  execution_id?: string | null;
  /** From then on it means no, decided or not. */
  expires_at: string;
  /** What exactly would be done. In a list it is left out when it is large: see `input_omitted`. */
  input?: unknown;
  /** The size of an input that a list leaves out, in bytes of JSON. */
  input_omitted?: number | null;
  /** `tool_call` or `execution`. */
  kind: string;
  /** How many more must. */
  missing: number;
  /** What was asked for, when somebody edited it. */
  original_input?: unknown;
  /** What became of it, in a sentence. */
  outcome?: string | null;
  /** Who answers for what asks. */
  owner?: string | null;
  /** The policies that asked for it. */
  policies: string[];
  /** How many people must agree. */
  quorum: number;
  /** Why it is asked for. */
  reason: string;
  /** The SHA-256 of the canonical form of the request with this input: what is approved, and alone may be done. */
  request_hash: string;
  session_id?: string | null;
  /** `pending`, `approved`, `denied`, `expired`, `withdrawn` or `used`. */
  state: string;
  /** What it is about, in a line. */
  summary: string;
  /** Tokens that it is expected to use. */
  tokens: number;
  /** The tool, or the name of the point in a handler. */
  tool_name: string;
  tool_use_id?: string | null;
  /** When what was approved was done. */
  used_at?: string | null;
  votes: VoteResponse[];
}

/** An approval. Everything may be left out. */
export interface ApproveRequest {
  always?: AlwaysRequest | null;
  /** Why, for whoever asked and for the record. */
  comment?: string | null;
  /** What to do instead of what was asked for. It makes another request, with a digest of its own. */
  input?: Record<string, unknown> | null;
  /** The `request_hash` that you looked at: when it is another by now, nothing is decided. */
  request_hash?: string | null;
}

/** A page of artifacts, newest first. */
export interface ArtifactPage {
  artifacts: unknown[];
  limit: number;
  offset: number;
  /** How many there are in all. */
  total: number;
}

/** One try of a delivery. */
export interface AttemptResponse {
  /** How the answer's body begins. */
  answer: string;
  /** When it began. */
  at: string;
  /** How long it took, in milliseconds. */
  duration_ms: number;
  /** What failed. */
  error?: string | null;
  /** Its number within the delivery, from 1. */
  number: number;
  /** The HTTP status of the answer, when there was one. */
  status?: number | null;
}

/** The agent that did it. */
export interface AuditAgent {
  /** Its id; `unknown` when it was not said. */
  agent_id: string;
  /** The same, for clients that read it here. */
  id: string;
  name?: string | null;
  role?: string | null;
}

/** A signed checkpoint. */
export interface AuditCheckpoint {
  /** When it was signed. */
  created_at: string;
  /** The signed note, as C2SP tlog-checkpoint has it. */
  note: string;
  /** How many entries it covers. */
  size: number;
}

/** What it cost. */
export interface AuditCost {
  /** The same, for clients that read it here. */
  tokens?: number | null;
  tokens_used?: number | null;
  usd?: number | null;
}

/** What was decided about it. */
export interface AuditDecision {
  /** The decision; `unknown` when it was not said. */
  decision: string;
  reason?: string | null;
}

/** An entry of the audit log. */
export interface AuditEntry {
  /** Its body; null when it has none, or when it was dropped. */
  body?: Record<string, unknown> | null;
  /** Whether it had a body that is gone. */
  body_dropped: boolean;
  /** The entry; its canonical form (RFC 8785) with `"v":1` is what was hashed. `body` is the hash of salt and body. */
  entry: Record<string, unknown>;
  /** Its hash in the chain and the tree: the RFC 6962 leaf hash of the canonical form. */
  hash: string;
}

/** How many entries have what in common. */
export interface AuditKind {
  action: string;
  category: string;
  outcome: string;
  total: number;
}

/** An operation of an agent. What retention has dropped is null. */
export interface AuditLog {
  agent: AuditAgent;
  /** The id of the entry in the audit log. */
  audit_id: string;
  context?: Record<string, unknown> | null;
  cost: AuditCost;
  operation: AuditOperation;
  rbac: AuditDecision;
  target: AuditTarget;
  /** When it was recorded. */
  timestamp: string;
}

/** What it did. */
export interface AuditOperation {
  detail?: string | null;
  /** Its type; `unknown` when it was not said. */
  type: string;
}

/** A page of entries, newest first. */
export interface AuditPage {
  entries: AuditEntry[];
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: number | null;
}

/** How long the log is, and what is in it. */
export interface AuditStats {
  /** Up to which entry retention has dropped bodies. */
  bodies_dropped_through: number;
  /** How many entries there are. */
  entries: number;
  /** What there is, most of it first. */
  kinds: AuditKind[];
  /** The root of the tree over all entries, in hexadecimal; absent while there are none. */
  root?: string | null;
  /** How many of them the newest checkpoint covers. */
  signed: number;
}

/** To what. */
export interface AuditTarget {
  resource?: string | null;
  type?: string | null;
}

/** The answer to signing in. Every member is there, null when it does not apply. */
export interface AuthAnswer {
  /** Send it as `Authorization: Bearer <token>`. */
  access_token?: string | null;
  error?: string | null;
  /** Seconds until the access token ends. */
  expires_in?: number | null;
  message?: string | null;
  permissions: string[];
  /** Exchange it at `/api/auth/refresh` for the next pair; it counts once. */
  refresh_token?: string | null;
  roles: string[];
  session_id?: string | null;
  success: boolean;
  tenant_id?: string | null;
  user?: UserAnswer | null;
  user_id?: string | null;
}

/** What may be used of a budget from now on, in place of what was set before. */
export interface BudgetCaps {
  /** Money; not limited when absent. */
  max_cost_usd?: number | null;
  /** Tokens; not limited when absent. One of the two must be there. */
  max_tokens?: number | null;
  /**
   * `day` (from midnight UTC), `rolling` (the last `window_hours`) or `life`. A session's is its life when absent, another's
   * the day.
   */
  period?: string | null;
  /** Whether work waits for room, rather than being refused; it does when absent. */
  waits?: boolean | null;
  /** The hours of a rolling window: 1 to 672. */
  window_hours?: number | null;
}

/** A page of budgets, in the order of their scopes as text. */
export interface BudgetPage {
  budgets: BudgetResponse[];
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: string | null;
}

/** A budget: a pool of tokens and money, what may be used of it, and what is. Money is in units of the budget's currency. */
export interface BudgetResponse {
  /** Who set the caps. */
  changed_by?: string | null;
  cost_reserved_usd: number;
  cost_used_usd: number;
  /** `organisation`, `team`, `agent` or `session`. */
  kind: string;
  /** The money that may be used; null when it is not limited. */
  max_cost_usd?: number | null;
  /** The tokens that may be used; null when they are not limited. */
  max_tokens?: number | null;
  /** The agent's name. */
  name?: string | null;
  /** `day` (from midnight UTC), `rolling` (the last `window_hours`) or `life` (all of it). */
  period: string;
  /** How many reservations that is. */
  reservations: number;
  /** When some of what is used is forgotten; null when it never is. */
  resets_at?: string | null;
  /** Whose: `organisation`, `team:NAME`, `agent:ID` or `session:ID`. */
  scope: string;
  /** The share of the caps that is used, in per cent, the larger of the two; null without caps. */
  share_used?: number | null;
  /** Where the caps come from: `set` by someone, the `registry` of agents, or `none`. */
  source: string;
  tokens_reserved: number;
  tokens_used: number;
  /** Whether work waits for room, rather than being refused. */
  waits: boolean;
  /** The highest share that was warned of in this period: 0, 75 or 95. */
  warned: number;
  window_hours?: number | null;
}

/** A budget at a time. A cap that is null does not limit. */
export interface BudgetState {
  cap_tokens?: number | null;
  cap_usd?: number | null;
  reserved_tokens: number;
  reserved_usd: number;
  /** `organisation`, `team:<name>`, `agent:<id>` or `session:<id>`. */
  scope: string;
  used_tokens: number;
  used_usd: number;
}

/** What to decide of which approvals. */
export interface BulkRequest {
  /** Why, for whoever asked and for the record. */
  comment?: string | null;
  /** `approve` or `deny`. */
  decision: string;
  /** Their ids or codes. */
  ids: string[];
}

/** What became of each, in the order of the ids. */
export interface BulkResponse {
  /** How many were counted. */
  applied: number;
  results: BulkResult[];
}

/** What became of one. */
export interface BulkResult {
  /** Whether the decision was counted. */
  applied: boolean;
  /** Its code, when it was counted. */
  code?: string | null;
  /** As it was sent. */
  id: string;
  /** Why it was not counted. */
  reason?: string | null;
  /** Where it stands, when it was counted: with a quorum, it may still be pending. */
  state?: string | null;
}

/** The catalogue. */
export interface Catalogue {
  intents: Intent[];
  total: number;
}

/** A page of checkpoints, newest first. */
export interface CheckpointPage {
  checkpoints: AuditCheckpoint[];
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: number | null;
}

/** The proof that a tree is the beginning of another (RFC 6962 section 2.1.2). */
export interface ConsistencyProof {
  /** How many entries the older tree is over. */
  first: number;
  /** The older root. */
  first_root: string;
  /** The hashes that make both roots. */
  proof: string[];
  /** How many the newer one is over. */
  second: number;
  /** The newer root. */
  second_root: string;
}

/** How often what happened. */
export interface Counts {
  /** Events beyond as many as are kept of a session. */
  dropped: number;
  errors: number;
  events: number;
  prompts: number;
  requests: number;
  tools_accepted: number;
  tools_failed: number;
  tools_rejected: number;
  tools_succeeded: number;
  /** Events of a name that is not known. */
  unknown: number;
  /** Requests whose cost nobody said. */
  unpriced: number;
}

/** Work to prepare. */
export interface CreatePending {
  /** How: ingestion profile, parse options and so on. */
  context: Record<string, unknown>;
  /** The pending intent's id; made here when absent. */
  intent_id?: string | null;
  /** Which intent. */
  intent_type: string;
  /** The session it is prepared in. */
  session_id?: string | null;
  /** The artifact it will work on. */
  target_artifact_id: string;
  /** May be left out; must be the credential's. */
  tenant_id?: string | null;
}

/** A session to make. */
export interface CreateRequest {
  credentials?: LoginRequest | null;
  /** What to keep with it. */
  metadata?: Record<string, unknown>;
  /** Its id, when the client chooses one; the id of an anonymous session is made here. */
  session_id?: string | null;
  /** May be left out; must be the credential's. */
  tenant_id?: string | null;
  /** May be left out; must be the credential's. */
  user_id?: string | null;
}

/** It is prepared. */
export interface CreatedPending {
  /** The pending intent's id. */
  intent_id: string;
  /** `pending`. */
  status: string;
}

/** A session that was made. */
export interface CreatedSession {
  /** The user's credential, when the request signed in. */
  access_token?: string | null;
  created_at: string;
  expires_at: string;
  /** For the next pair of tokens, when the request signed in; works once. */
  refresh_token?: string | null;
  /** The public handle; stays the same when someone signs in to it. */
  session_id: string;
  /** The anonymous session's credential: `Authorization: Bearer <session_token>`. Shown once. */
  session_token?: string | null;
  /** Null while anonymous. */
  tenant_id?: string | null;
  /** Null while anonymous. */
  user_id?: string | null;
}

/** A user that was made. */
export interface CreatedUser {
  email: string;
  name: string;
  role: string;
  tenant_id: string;
  user_id: string;
}

/** The sum of a day. */
export type DaySum = Sum & {
  /** Its midnight, UTC. */
  day: string;
};

/** A decision with what was asked and answered. */
export interface DecisionResponse {
  /** What the caller was answered; null while it is held. */
  answer?: Record<string, unknown> | null;
  decision: DecisionSummary;
  /** What was asked. Texts that no policy looks at are shortened. */
  request: Record<string, unknown>;
}

/** A decision without its request. */
export interface DecisionSummary {
  /** The agent, when it was registered. */
  agent_id?: string | null;
  agent_name: string;
  approval_id?: string | null;
  decided_at: string;
  decision_id: string;
  /** The event that asked, such as `PreToolUse`. */
  event: string;
  /** The policies that decided. */
  fingerprint: string;
  /** What policy said: `allow`, `ask`, `deny` or `halt`. */
  outcome: string;
  /** Whether the caller is held still. */
  pending: boolean;
  reason: string;
  reservation_id?: string | null;
  session_id: string;
  /** What policies that are only watched would have said. */
  shadow?: string | null;
  tool_name: string;
  tool_use_id: string;
}

/** A page of decisions, newest first. */
export interface DecisionsPage {
  decisions: DecisionSummary[];
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: string | null;
}

/** Something an agent has spent. Fields that are not listed are not read. */
export interface DeductRequest {
  /** The agent, by id or name. */
  agent_id: string;
  cost_usd?: number | null;
  /**
   * Its id, if it has one: the same again changes nothing, and something else under the same id is refused.
   * Reservations have ids of their own.
   */
  id?: string | null;
  /** The session it was spent in; its budget pays, too. */
  session_id?: string | null;
  tokens_used?: number | null;
  /** The tool it was spent on. */
  tool_name?: string | null;
}

/** What an agent has used today. */
export interface DeductResponse {
  agent_id: string;
  agent_name: string;
  cost_used_today: number;
  /** Whether nothing of the day's money is left. */
  exceeded: boolean;
  max_cost_per_day: number;
  tokens_used_today: number;
}

/** Who else is to decide. */
export interface DelegateRequest {
  /** Why. */
  comment?: string | null;
  /** A member of the tenant by id or e-mail address, or a role: `operator` or `admin`. */
  to: string;
}

/** That someone else was asked, too. */
export interface DelegationResponse {
  at: string;
  by: string;
  by_id: string;
  comment?: string | null;
  to: string;
}

/** A page of deliveries, newest first. */
export interface DeliveryPage {
  deliveries: DeliveryResponse[];
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: string | null;
}

/** One message to one endpoint, and what became of it. */
export interface DeliveryResponse {
  /** All tries. */
  attempts: number;
  /** When it was planned. */
  created_at: string;
  /** Its id: the `webhook-id` of every try. */
  delivery_id: string;
  /** When it was taken or given up. */
  finished_at?: string | null;
  /** The newest tries, oldest first. */
  log: AttemptResponse[];
  /** When it is tried next, while it is pending. */
  next_try_at?: string | null;
  /** What is sent; only where one delivery is asked for. */
  payload?: Record<string, unknown> | null;
  /** The event's number; 0 for a test. */
  seq: number;
  /** `pending`, `delivered` or `dead`. */
  status: string;
  /** The event's type. */
  type: string;
  /** To which webhook. */
  webhook_id: string;
}

/** A refusal. Everything may be left out. */
export interface DenyRequest {
  /** Why, for whoever asked and for the record. */
  comment?: string | null;
  /** The `request_hash` that you looked at: when it is another by now, nothing is decided. */
  request_hash?: string | null;
}

/** It is done. */
export interface Done {
  message: string;
  success: boolean;
}

/** What was erased. */
export interface Erasure {
  /** Of how many entries the bodies were dropped. */
  erased: number;
}

/** Whose content to erase. */
export interface ErasureRequest {
  /** Or the numbers of single entries, at most 500. */
  entries?: number[];
  /** The id of the person or agent: bodies of entries by or about them are dropped. */
  id?: string | null;
  /** Why; kept in the log, so it must not be personal itself. */
  reason?: string | null;
}

/** An event of a session. */
export interface EventAnswer {
  agent_name?: string | null;
  /** What else the client says. */
  attributes: Record<string, unknown>;
  prompt_id?: string | null;
  /** Its number among the session's events. */
  sequence?: number | null;
  tool_use_id?: string | null;
}

/** Something an agent did. Everything may be left out; what is not listed is not kept, except within `context`. */
export interface EventIngest {
  /**
   * The agent's id, or else its name; `unknown` when absent. At most 256 characters, as all short texts here. What is
   * recorded of an agent that the registry knows is the registry's id, name and role.
   */
  agent_id?: string | null;
  agent_name?: string | null;
  agent_role?: string | null;
  /** Whatever else is worth keeping: at most 128 KiB. */
  context?: Record<string, unknown> | null;
  cost_usd?: number | null;
  /** At most 16,384 characters, as the other long texts. */
  operation_detail?: string | null;
  /** What kind of operation, such as `tool_call`; `unknown` when absent. */
  operation_type?: string | null;
  /** What was decided, such as `allowed` or `denied`; `unknown` when absent. */
  rbac_decision?: string | null;
  rbac_reason?: string | null;
  target_resource?: string | null;
  target_type?: string | null;
  tokens_used?: number | null;
  /** The tool use it belongs to: what was attempted and what became of it name the same. */
  tool_use_id?: string | null;
}

/** A page of events, in the order in which they came. */
export interface EventPage {
  events: SessionEvent[];
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: string | null;
}

/** How many operations of which kind. */
export interface EventStats {
  agent_roles: Record<string, number>;
  operation_types: Record<string, number>;
  rbac_decisions: Record<string, number>;
  total_operations: number;
}

/** An execution with its intent and its journal. */
export type ExecutionDetail = ExecutionStatus & {
  /** The journal: what happened, in order. */
  journal: unknown[];
  /** The labels as submitted. */
  metadata: unknown;
  /** The number to ask `after` for the next page; absent on the last. */
  next_after?: number | null;
  /** The parameters as submitted. */
  parameters: unknown;
  /** The execution that started it, when it is a child. */
  parent_id?: string | null;
  /** The session it was submitted in. */
  session_id: string;
  /** The solution it belongs to. */
  solution_id: string;
  /** Who submitted it, when known. */
  user_id?: string | null;
};

/** A page of executions, newest first. */
export interface ExecutionPage {
  executions: ExecutionStatus[];
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: string | null;
}

/** Where an execution stands. */
export interface ExecutionStatus {
  /** What it made, by key, once completed: `{result_type, semantic_payload, renderings, metadata?}` each. */
  artifacts?: unknown;
  /** How often a handler was started on it. */
  attempt: number;
  created_at: string;
  /** Why it failed. */
  error?: string | null;
  /** The code of the failure; each has a page in `docs/errors`. */
  error_code?: string | null;
  /** What the handler emitted, when asked for: `{type, data, timestamp}` each. */
  events?: unknown[] | null;
  execution_id: string;
  intent_id: string;
  /** Which intent. */
  intent_type: string;
  /** The number of the last entry of its journal; ask the stream for what comes after it. */
  last_seq: number;
  /** `pending`, `running`, `waiting`, `completed`, `failed` or `cancelled`. */
  status: string;
  updated_at: string;
  /** Where the pictures are of what it made, when asked for: `{artifact, path, mime_type}` each, with the artifact's key. */
  visuals?: unknown[] | null;
  /** What it waits for, when waiting. */
  wait?: unknown;
}

/** The answer to an export: empty, or what of it was not taken. */
export interface ExportResponse {
  /** How many records were not taken, as `rejectedLogRecords`, `rejectedDataPoints` or `rejectedSpans`, and in `errorMessage` why. */
  partialSuccess?: Record<string, unknown> | null;
}

/** Why an export was not taken: `google.rpc.Status`. */
export interface ExportStatus {
  /** A code of `google.rpc.Code`: 3 for what is not valid, 8 for what is too much, 14 for try again. */
  code: number;
  /** What to do. */
  message: string;
}

/** One thing that is wrong with a body. */
export interface FieldError {
  /** What. */
  detail: string;
  /** Where, as a JSON Pointer (RFC 6901). */
  pointer: string;
}

/** What was found. */
export interface Found {
  /**
   * What all hits are like, with `facets=true`: under `type`, `tag`, `source`, `year` and `month` at most 20 values
   * each, as `{"value": "pdf", "count": 12}`.
   */
  facets?: Record<string, unknown> | null;
  /**
   * The hits of this page, best first. `url` opens one at its place, `snippet.highlights` are byte ranges of
   * `snippet.text`; with `why=true`, `why` holds the summands of `score`.
   */
  hits: unknown[];
  /** The `cursor` of the next page, when one was asked for and there is one. */
  next_cursor?: string | null;
  /** Words that were perhaps meant. */
  suggestions: string[];
  /** How long it took, in microseconds. */
  took_us: number;
  /** How many there are in all. */
  total: number;
}

/** A halt. */
export interface HaltResponse {
  halt_id: string;
  lifted_at?: string | null;
  /** Who lifted it; null while it is in force. */
  lifted_by?: string | null;
  /** Why; agents are told. */
  reason: string;
  scope: HaltScope;
  set_at: string;
  set_by: string;
}

/** What a halt stops. */
export interface HaltScope {
  /** The team's name, the agent's id or name, the session's id; left out for `all`. */
  id?: string;
  /** `all`, `team`, `agent` or `session`. */
  kind: string;
}

/** Whether the server and its stores work. */
export interface Health {
  /** `operational`. */
  api: string;
  /** Facts about the parts. */
  components: unknown;
  /** `connected` or `disconnected`. */
  database: string;
  /** How many realms are registered. */
  realms: number;
  /** `civitas`. */
  service: string;
  /** `healthy` or `unhealthy`. */
  status: string;
  /** The version. */
  version: string;
}

/** What became of the files. */
export interface ImportReport {
  /** Whether nothing was changed. */
  dry_run: boolean;
  /** One for each file, in their order. */
  files: ImportedFile[];
  /** How many files there were of each outcome and of each action. */
  summary: Record<string, number>;
}

/** Files of agents: Markdown with front matter. They are read however broken they are. */
export interface ImportRequest {
  /** Say what would be done, and change nothing. */
  dry_run?: boolean;
  /** Up to 500. */
  files: AgentFileText[];
}

/** The agent of a file. */
export interface ImportedAgent {
  agent_id: string;
  lifecycle: string;
  name: string;
  role: string;
  role_reasoning: string;
}

/** What became of a file. */
export interface ImportedFile {
  /** What was done: `created`, `updated`, `unchanged`, `kept`, `skipped` or `failed`. */
  action: string;
  agent?: ImportedAgent | null;
  /** What of the agent the file changes or, when it was kept, says otherwise. */
  changes: string[];
  /** SHA-256 of its text. */
  fingerprint: string;
  /** How it was read: `loaded`, `repaired`, `synthesised` or `skipped`. */
  outcome: string;
  path: string;
  /** Why it was skipped, kept or failed. */
  reason?: string | null;
  /** What had to be mended. */
  repairs: string[];
}

/** The proof that an entry is in the log (RFC 6962 section 2.1.1). */
export interface InclusionProof {
  /** What was hashed: the entry's canonical form. */
  canonical: string;
  /** The checkpoint of this size, signed, when there is one. */
  checkpoint?: string | null;
  /** The RFC 6962 leaf hash of the canonical form. */
  leaf_hash: string;
  /** Its place in the tree, from 0. */
  leaf_index: number;
  /** The hashes beside the way from the leaf to the root. */
  proof: string[];
  /** Its root. */
  root: string;
  /** The entry's number. */
  seq: number;
  /** How many entries the tree is over. */
  size: number;
}

/** An intent as the catalogue knows it. */
export interface Intent {
  /** Further keys under which older clients read the same artifact. */
  aliases: string[];
  /** The key its answer appears under. */
  artifact: string;
  /** What it does. */
  description: string;
  /** Events it may emit. */
  events: string[];
  /** The type to submit. */
  intent_type: string;
  /** JSON Schema of the answer's payload. */
  output: unknown;
  /** JSON Schema (draft 2020-12) of the parameters. */
  parameters: unknown;
  /** The permission a caller needs. */
  permission: string;
  /** The realm it belongs to. */
  realm: string;
  /** Further types under which it may be submitted; it is recorded under its own. */
  synonyms: string[];
}

/** An invitation. */
export interface Invitation {
  /** Shown once: send it to whom you invite. */
  invitation_token: string;
  role: string;
}

/** Whom to invite. */
export interface InviteRequest {
  /** Only this address may accept; anyone with the token when absent. */
  email?: string | null;
  /** `viewer`, `user`, `operator` or `admin`. */
  role: string;
}

/** Which artifacts. */
export interface List {
  /** Only of this type. */
  artifact_type?: string | null;
  /** Only of types this intent works on. */
  eligible_for?: string | null;
  /** Only in this state; `READY` when absent, or `ARCHIVED` when it is to be eligible for `restore_file`. */
  lifecycle_state?: string | null;
  /** At most this many, up to 500; 100 when absent. */
  limit?: number | null;
  /** After this many. */
  offset?: number;
  /** May be left out; must be the credential's. */
  tenant_id?: string | null;
}

/** Which pending intents. */
export interface ListPending {
  /** Only of this type. */
  intent_type?: string | null;
  /** Only for this artifact. */
  target_artifact_id?: string | null;
  /** May be left out; must be the credential's. */
  tenant_id?: string | null;
}

/** Who signs in. */
export interface LoginRequest {
  email: string;
  password: string;
}

/** How far to sign out. */
export interface LogoutRequest {
  /** Every session of the user, on every device. */
  everywhere?: boolean;
}

/** Who is asking. */
export interface Me {
  /** Whether they may administer the tenant. */
  administers: boolean;
  email?: string | null;
  /** `user`, `service`, `anonymous` or `local_operator`. */
  kind: string;
  /** Every tenant the user belongs to. */
  memberships: TenantRole[];
  name: string;
  permissions: string[];
  roles: string[];
  session_id?: string | null;
  tenant_id: string;
  user_id?: string | null;
}

/** What it used. */
export interface MeasuredCost {
  total_cost_usd?: number | null;
  total_tokens_used?: number | null;
}

/** How it worked. */
export interface MeasuredPerformance {
  avg_execution_time_ms?: number | null;
  /** 0 to 1. */
  success_rate?: number | null;
  total_tasks_completed?: number | null;
  total_tasks_failed?: number | null;
}

/** How good it was. */
export interface MeasuredQuality {
  /** 0 to 1. */
  avg_quality_score?: number | null;
}

/** A member of the tenant. */
export interface Member {
  email: string;
  name: string;
  role: string;
  user_id: string;
}

/** Members of the tenant. */
export interface Members {
  members: Member[];
}

/** What metrics add up to. Averages are of what was measured. */
export interface MetricAggregate {
  avg_execution_time_ms: number;
  /** 0 to 1. */
  avg_quality_score: number;
  count: number;
  /** 0 to 1. */
  success_rate: number;
  /** Absent when there is no metric. */
  time_range_days?: number | null;
  total_cost_usd: number;
  total_tokens_used: number;
}

/** A metric to record. What was not measured is left out. */
export interface MetricCreate {
  agent_id: string;
  api_calls?: number | null;
  code_violations?: number | null;
  /** Whatever else belongs to it, up to 16 KiB. */
  context?: Record<string, unknown> | null;
  cost_usd?: number | null;
  execution_time_ms?: number | null;
  /** `execution`, `cost`, `quality`, `task_completion`, or your own word. */
  metric_type: string;
  /** 0 to 1; above 1 it is of 100. */
  quality_score?: number | null;
  success?: boolean | null;
  tasks_completed?: number | null;
  tasks_failed?: number | null;
  tokens_used?: number | null;
}

/** A metric. What was not measured is null. */
export interface MetricResponse {
  agent_id: string;
  api_calls?: number | null;
  code_violations?: number | null;
  context?: Record<string, unknown> | null;
  cost_usd?: number | null;
  execution_time_ms?: number | null;
  metric_id: string;
  /** `execution`, `cost`, `quality`, `task_completion`, or the caller's own word. */
  metric_type: string;
  /** 0 to 1. */
  quality_score?: number | null;
  recorded_at: string;
  success?: boolean | null;
  tasks_completed?: number | null;
  tasks_failed?: number | null;
  tokens_used?: number | null;
}

/** What a metric of the session adds up to. */
export interface MetricTotal {
  metric: string;
  /** Empty where the metric says none. */
  model: string;
  total: number;
  /** Empty where the metric says none. */
  type: string;
}

/** Numbers of events that did not arrive: the first and the last of them. */
export interface MissingNumbers {
  first: number;
  last: number;
}

/** A request to a model. */
export interface ModelRequestAnswer {
  /** The agent it is charged to. */
  agent_id?: string | null;
  agent_name?: string | null;
  at: string;
  /** Null where the client did not say. */
  cost_usd?: number | null;
  duration_ms?: number | null;
  model: string;
  prompt_id?: string | null;
  /** What asked: `main`, `subagent`, `auxiliary`. */
  query_source?: string | null;
  request_id: string;
  /** Its number among the session's events. */
  sequence?: number | null;
  session_id: string;
  tokens: TokenSum;
}

/** The sum of a model or an agent. */
export type NamedSum = Sum & {
  /** Empty where the client said none. */
  name: string;
};

/** What to stop, and why. */
export interface NewHalt {
  /** Why, in up to 500 characters: agents are told. */
  reason?: string;
  scope: HaltScope;
}

/** A halt that was just set. */
export type NewHaltResponse = HaltResponse & {
  /** How many agents of the registry it stops; 0 of a team that nobody is in; null of a session. */
  agents?: number | null;
};

/** A new token, with its secret. */
export type NewToken = Token & {
  /** Shown once: keep it where the machine reads it. */
  token: string;
};

/** The old and the new password. */
export interface PasswordRequest {
  current_password: string;
  /** 8 to 128 characters. */
  new_password: string;
}

/** Pending intents, newest first. */
export interface PendingIntents {
  intents: PendingItem[];
  total: number;
}

/** A pending intent. */
export interface PendingItem {
  context: unknown;
  created_at: string;
  intent_id: string;
  intent_type: string;
  status: string;
  target_artifact_id: string;
  updated_at: string;
}

/** How to activate. */
export interface PolicyActivate {
  /** The version that is active as far as the caller knows; refused when it is another. */
  expected_active?: number | null;
  /** Why, for whoever reads it later. */
  note?: string;
}

/** One activation. */
export interface PolicyActivationResponse {
  activated_at: string;
  activated_by: string;
  fingerprint: string;
  note: string;
  /** The version until then. */
  previous: number;
  /** The version from then on. */
  version: number;
}

/** A call to judge. */
export interface PolicyCheck {
  /** An agent, by its id or name. One that is not registered is judged as such. */
  agent?: string | null;
  /**
   * What the ledger would say: `outcome` (`allow`, `ask`, `deny`) and `reason`. When absent, a budget that would pay
   * for the call and has no room denies.
   */
  budget?: Record<string, unknown> | null;
  /** The environment; `dev` switches the gates for protected files and branches off. */
  environment?: string;
  /** What is known of the session, such as `read_secret`. */
  facts?: string[];
  /** The MCP server, where the tool's name does not say it. */
  mcp_server?: string | null;
  /** The client's permission mode. */
  permission_mode?: string;
  /**
   * Where it happens: `root` (the project's folder, absolute), `cwd`, `home`, `ignores_case`, `windows`. The root is `/work`
   * and the home folder `/home/agent` when absent.
   */
  place?: Record<string, unknown> | null;
  /** Any agent of this role, instead. With neither it is whoever the session runs as, and without a session a system operation. */
  role?: string | null;
  /** A session, whose facts, cost, budget and halts count, too. */
  session_id?: string | null;
  /** What the session has cost before, in US dollars; with `session_id`, besides what it has. */
  session_usd?: number | null;
  /** The call comes from a sub-agent. */
  sub_agent?: boolean;
  /** Its input, such as `{"command": "ls"}`. */
  tool_input?: Record<string, unknown>;
  /** The tool, such as `Bash`. */
  tool_name: string;
  /** Another version than the active one. */
  version?: number | null;
}

/** What a call would be answered. */
export interface PolicyChecked {
  /** The registered agent that would act: `agent_id`, `name`, `role`, `lifecycle`. Only an `active` one is allowed anything. */
  agent?: Record<string, unknown> | null;
  /** What the call would be paid from, as it is now. */
  budgets: BudgetState[];
  /**
   * The whole decision: every question with its answer (`judged`), the policies that applied with their sources, facts,
   * operations, approvers, the expected use, what the session costs and what that calls for (`cost`), the budget, what watched
   * policies would have said.
   */
  decision: Record<string, unknown>;
  /** The halt in force that stops the call, whatever policy says: `halt_id`, `kind`, `id`, `reason`, `set_by`. */
  halt?: Record<string, unknown> | null;
  /** `allow`, `ask` or `deny`. */
  outcome: string;
  /** Why, as a sentence. */
  reason: string;
  /** The request as it was judged. */
  request: Record<string, unknown>;
  /** The version that was asked. */
  version: number;
}

/** A file of policies or tests. */
export interface PolicyFile {
  /** Its name, such as `payments.cedar` or `payments.test.toml`. */
  name: string;
  /** Its text. */
  text: string;
}

/** Policies to look at. */
export interface PolicyValidate {
  /** Files of policies (Cedar), whose names end in `.cedar`. */
  sources?: PolicyFile[];
  /** The tables (TOML); those that every tenant starts with when absent. */
  tables?: string | null;
  /** Files of tests (TOML), whose names end in `test.toml`. */
  tests?: PolicyFile[];
}

/** Policies that can be saved. */
export interface PolicyValidated {
  /** What decisions by them would name. */
  fingerprint: string;
  /** The policies made of the tables (Cedar). */
  generated: string;
  /** How many policies there are, those made of the tables included. */
  policies: number;
  /** How many tests passed. */
  tests: number;
}

/** Policies to save. */
export interface PolicyVersionCreate {
  /** Whether it decides from now on. */
  activate?: boolean;
  /** The version that this was made from, `base` of the list of versions; needed once there is any. */
  based_on?: number | null;
  /** Why, for whoever reads it later. */
  note?: string;
  /** Files of policies (Cedar), whose names end in `.cedar`. */
  sources?: PolicyFile[];
  /** The tables (TOML); those that every tenant starts with when absent. */
  tables?: string | null;
  /** Files of tests (TOML), whose names end in `test.toml`; all of them must pass. */
  tests?: PolicyFile[];
}

/** A version with its texts. */
export interface PolicyVersionResponse {
  /** The version that it was made from. */
  based_on: number;
  created_at: string;
  created_by: string;
  /** SHA-256 over everything it says; decisions name it. */
  fingerprint: string;
  /** Why it was made. */
  note: string;
  /** The policies (Cedar). */
  sources: PolicyFile[];
  /** The tables (TOML). */
  tables: string;
  /** Their tests (TOML). */
  tests: PolicyFile[];
  /** Its number; 0 is what every tenant starts with. */
  version: number;
}

/** A version that was saved. */
export interface PolicyVersionSaved {
  /** Whether it decides now. */
  active: boolean;
  based_on: number;
  fingerprint: string;
  /** How many policies it has, those made of the tables included. */
  policies: number;
  /** How many tests passed. */
  tests: number;
  version: number;
}

/** A version without its texts. */
export interface PolicyVersionSummary {
  /** Whether it decides now. */
  active: boolean;
  /** The version that it was made from. */
  based_on: number;
  created_at: string;
  created_by: string;
  fingerprint: string;
  note: string;
  version: number;
}

/** A page of versions, newest first, and where they stand. */
export interface PolicyVersions {
  /** The newest activations, newest first. */
  activations: PolicyActivationResponse[];
  /** The version that decides; 0 is what every tenant starts with. */
  active: number;
  /** The one that was saved or activated last: `based_on` of the next one. */
  base: number;
  /** The newest version; 0 when none was saved. */
  newest: number;
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: number | null;
  versions: PolicyVersionSummary[];
}

/** The candidate, and what to compare it with. */
export interface PolicyWhatIf {
  /** `recorded` (when absent): compare with what was decided then. `active`: with what the active policies would decide. */
  against?: string | null;
  /** How many days back; 7 when absent. */
  days?: number | null;
  /** Files of policies (Cedar). */
  sources?: PolicyFile[] | null;
  /** Files as the candidate, instead: the tables (TOML); those that every tenant starts with when absent. */
  tables?: string | null;
  /** A saved version as the candidate; 0 is what every tenant starts with. */
  version?: number | null;
}

/** What would change. */
export interface PolicyWhatIfReport {
  /** How many would come out differently. */
  changed: number;
  /** Whether all decisions since `from` were looked at; otherwise those up to `through`. */
  complete: boolean;
  elapsed_ms: number;
  /** The candidate. */
  fingerprint: string;
  from: string;
  /**
   * The changes by agent, tool and direction, the most frequent first: `agent`, `tool`, `before`, `after`, `count`,
   * `examples` (`id` of a decision, `reason`, `policies`).
   */
  groups: Array<Record<string, unknown>>;
  /** Decisions that were looked at, 100,000 at most. */
  requests: number;
  /** Of those, how many would be stricter. */
  stricter: number;
  /** The time of the last decision that was looked at. */
  through?: string | null;
  /** Records that could not be read, and were passed by. */
  unreadable: number;
}

/** The document as it is sent; for the OpenAPI document only. */
export interface Problem {
  /** A stable code; each has a page in `docs/errors`. */
  code: string;
  /** What went wrong and what to do next. */
  detail: string;
  /** The same as `code`, for older clients. */
  error: string;
  /** What is wrong with the body, place by place. */
  errors?: FieldError[] | null;
  /** The path of the request. */
  instance: string;
  /** The same as `detail`, for older clients. */
  message: string;
  /** The HTTP status. */
  status: number;
  /** The kind of problem, for people. */
  title: string;
  /** The kind of problem: `urn:civitas:error:<code>`. */
  type: string;
}

/** How good the work was. */
export interface QualityReport {
  /** Metrics that say something about quality. */
  metrics_analyzed: number;
  /** The average, 0 to 1. */
  overall_quality_score: number;
  period_days: number;
  total_code_violations: number;
}

/** A realm: a bounded context of the domain. */
export interface Realm {
  description: string;
  /** Their types. */
  intents: string[];
  /** How many intents it has. */
  intents_supported: number;
  name: string;
}

/** The realms. */
export interface Realms {
  realm_names: string[];
  realms: Realm[];
  total: number;
}

/** The refresh token. */
export interface RefreshRequest {
  refresh_token: string;
}

/** A new user. */
export interface RegisterRequest {
  /** Up to 254 characters. */
  email: string;
  /** 1 to 100 characters; `< > " '` are removed. */
  name: string;
  /** 8 to 128 characters. */
  password: string;
}

/** From when on to send again. */
export interface ReplayRequest {
  /** Deliveries that were planned at this time or later. */
  since: string;
}

/** What is sent again. */
export interface ReplayResponse {
  /** How many deliveries. */
  deliveries: number;
  /** Whether there are more: ask again, from `through` on, once these are done. */
  more: boolean;
  /** When the last of them was planned. */
  through?: string | null;
}

/** A page of requests, newest first. */
export interface RequestsPage {
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: string | null;
  requests: ModelRequestAnswer[];
}

/** A reservation. */
export interface ReservationResponse {
  /** The budgets it is of. */
  budgets: string[];
  cost_reserved_usd: number;
  cost_used_usd?: number | null;
  created_at: string;
  /** When it ends by itself. */
  expires_at: string;
  reservation_id: string;
  /** `held`, `settled`, `released` or `expired`. */
  state: string;
  tokens_reserved: number;
  /** What was used, once settled. */
  tokens_used?: number | null;
}

/** A reservation to make: from every budget that would pay, or from none. */
export interface ReserveRequest {
  /** The agent it is for, by id or name: its teams' and its own budget pay, beside the organisation's. */
  agent_id?: string | null;
  cost_usd?: number | null;
  /** How many seconds it lasts unless it is settled or released; 600 when absent. */
  lifetime_seconds?: number | null;
  /**
   * Its id; a new one when absent. The same again answers the same reservation, and
   * another agent, session or amount under the same id is refused.
   */
  reservation_id?: string | null;
  /** The session it is for: its budget pays, too. */
  session_id?: string | null;
  tokens_used?: number | null;
}

/** Which artifact. */
export interface Resolve {
  artifact_id: string;
  /** Its type; another type is not found. */
  artifact_type: string;
  /** May be left out; must be the credential's. */
  tenant_id?: string | null;
}

/** What the work used. */
export interface ResourceUsage {
  period_days: number;
  total_api_calls: number;
  total_cost_usd: number;
  total_tokens_used: number;
}

/** A member's new role. */
export interface RoleRequest {
  /** `viewer`, `user`, `operator` or `admin`. */
  role: string;
}

/** What answers here. */
export interface Root {
  /** Where to look next. */
  message: string;
  /** `civitas`. */
  service: string;
  /** `online`. */
  status: string;
  /** The version. */
  version: string;
}

/** What is known of the numbers that a client gives to its events. */
export interface Sequence {
  /** Which, as far as they are kept. A client that was started again counts anew. */
  gaps: MissingNumbers[];
  /** The highest; null while no event had a number. */
  last?: number | null;
  /** How many are missing. */
  missing: number;
}

/** A session, what its requests add up to, and what happened in it. */
export type SessionDetail = TelemetrySessionAnswer & {
  by_agent: NamedSum[];
  by_model: NamedSum[];
  /** What the client's metrics add up to. They are shown, and charge nothing. */
  metrics: MetricTotal[];
  /** The `before` of the next part; absent on the last. */
  next_before?: string | null;
  /** Newest first. Events are kept for 30 days. */
  timeline: TimelineEntry[];
};

/** An event as it came, without what was said and what files hold. */
export interface SessionEvent {
  at: string;
  /** What the client sent. Of prompts, answers and contents of files only how long they were. */
  event: Record<string, unknown>;
  /** Its name. */
  name: string;
  /** The tool use it is about. */
  tool_use_id?: string | null;
}

/** A page of sessions, newest first. */
export interface SessionPage {
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: string | null;
  sessions: AgentSessionResponse[];
}

/** A page of sessions, those with the newest events first. */
export interface SessionsPage {
  /** The `cursor` of the next page; absent on the last. */
  next_cursor?: string | null;
  sessions: TelemetrySessionAnswer[];
}

/** What a reservation was used for. */
export interface SettleRequest {
  cost_usd?: number | null;
  /** When neither is said, as much as was reserved. */
  tokens_used?: number | null;
}

/** The first administrator. */
export interface SetupRequest {
  /** The administrator. */
  administrator: RegisterRequest;
  /** The token that the first start of `civitas serve` printed. */
  setup_token: string;
}

/** Rules to state in place of those before. */
export interface StateRules {
  /** What must be true of a file; all of it. `{}` states none. */
  validation_rules: Record<string, unknown>;
  /** The version these were decided on: refused when another holds by now. Left out, they replace whatever holds. */
  version?: number | null;
}

/** The rules that a tenant states. */
export interface StatedRules {
  /** When; null while none were stated. */
  changed_at?: string | null;
  /** Who changed them last; null while none were stated. */
  changed_by?: string | null;
  /** What must be true of a file; all of it. The schema is that of `validation_rules` of `validate_file`. */
  validation_rules: Record<string, unknown>;
  /** 0 while none were stated, 1 for the first, one more with every change. */
  version: number;
}

/** What to do. */
export interface SubmitIntent {
  /**
   * The key under which a repetition is the same submission; where the `Idempotency-Key` header is
   * sent, too, it must be the same.
   */
  idempotency_key?: string | null;
  /** The intent's own id; made here when absent. */
  intent_id?: string | null;
  /** Which intent, such as `parse_content`; see `/api/intents`. */
  intent_type: string;
  /** Free-form labels. */
  metadata?: Record<string, unknown> | null;
  /** The parameters, as the intent's schema says. */
  parameters?: Record<string, unknown> | null;
  /** The session; the credential's when absent. */
  session_id?: string | null;
  /** The solution; `default` when absent. */
  solution_id?: string | null;
  /** May be left out: the credential implies it. Another tenant than the credential's is 403. */
  tenant_id?: string | null;
}

/** It is durable, and will run. */
export interface Submitted {
  /** When it was accepted. */
  created_at: string;
  /** The execution: ask `/api/execution/{execution_id}/status`. */
  execution_id: string;
  /** The intent. */
  intent_id: string;
  /** `accepted`. */
  status: string;
}

/** What requests add up to. */
export interface Sum {
  cost_usd: number;
  duration_ms: number;
  requests: number;
  tokens: TokenSum;
  /** Of these, those whose cost nobody said. */
  unpriced: number;
}

/** What telemetry says of a session. */
export interface TelemetrySessionAnswer {
  /** The registered agent; null where none is known. */
  agent_id?: string | null;
  agent_name?: string | null;
  client?: string | null;
  client_version?: string | null;
  cost_usd: number;
  counts: Counts;
  /** How long its requests took together. */
  duration_ms: number;
  first_seen_at: string;
  last_seen_at: string;
  /** Whether its requests are reported, so that what they cost is charged by telemetry. */
  metered: boolean;
  models: string[];
  organization_id?: string | null;
  received_at: string;
  sequence: Sequence;
  session_id: string;
  tokens: TokenSum;
  user_email?: string | null;
  user_id?: string | null;
}

/** What is kept of telemetry, from when it was set on. */
export interface TelemetrySettingsDocument {
  /** Whether what people and models said is kept with the events. Not, unless somebody set it so. */
  keep_texts: boolean;
}

/** What requests add up to. */
export interface TelemetrySummary {
  /** By the name that clients say; empty for those without one. */
  by_agent: NamedSum[];
  /** Newest first. */
  by_day: DaySum[];
  by_model: NamedSum[];
  period_days: number;
  total: Sum;
}

/** A standing in a tenant. */
export interface TenantRole {
  role: string;
  tenant_id: string;
}

/** A ticket. */
export interface Ticket {
  /** Seconds until it ends. */
  expires_in: number;
  /** Open the socket with `?access_token=<ticket>`. */
  ticket: string;
}

/** Something that happened: a request to a model, or another event. */
export interface TimelineEntry {
  at: string;
  event?: EventAnswer | null;
  /** What, such as `claude_code.tool_result`; `model_request` for requests. */
  name: string;
  request?: ModelRequestAnswer | null;
}

/** A token, as listed. */
export interface Token {
  created_at: string;
  created_by: string;
  expires_at: string;
  last_used_at?: string | null;
  name: string;
  revoked_at?: string | null;
  scopes: string[];
  token_id: string;
}

/** A token to make. */
export interface TokenRequest {
  /** How long it lasts; 90 when absent. */
  expires_in_days?: number | null;
  /** What it is for. */
  name: string;
  /** What it may do: `read`, `write`, `admin`, `hooks`, `metrics`. Never `approve`; `metrics` in the default tenant only. */
  scopes: string[];
}

/** Tokens by kind. */
export interface TokenSum {
  /** Put into the provider's cache. */
  cache_creation: number;
  /** Read from the provider's cache. */
  cache_read: number;
  /** What budgets of tokens are charged: all but what was read from the cache. */
  charged: number;
  input: number;
  output: number;
}

/** Tokens, newest first. */
export interface Tokens {
  tokens: Token[];
}

/** A name at work that nobody registered. */
export interface UnregisteredResponse {
  first_seen_at: string;
  last_seen_at: string;
  /** The name, as the client says it. */
  name: string;
  /** The session it was last seen in. */
  session_id: string;
  sightings: number;
}

/** Who signed in. */
export interface UpgradeRequest {
  /** The user's access token; the `Authorization` header's when absent. The user is taken from it alone. */
  access_token?: string | null;
  /** Merged into the session's. */
  metadata?: Record<string, unknown>;
  /**
   * The anonymous session's secret, the proof that the session is the caller's. It may stand in the `Authorization`
   * header instead.
   */
  session_token?: string | null;
}

/** The fields of the form; for the OpenAPI document only. */
export interface UploadForm {
  /**
   * The file; may be given several times. Its name is kept as data. Its part may have a `Content-Digest` or
   * `Repr-Digest` (RFC 9530, SHA-256): other content is refused.
   */
  file: string;
  /** The session it is brought in by; the credential's when absent. Stands before the files it is meant for. */
  session_id?: string | null;
}

/** What became of the files. */
export interface Uploaded {
  /** One for each file, in order. */
  files: UploadedFile[];
}

/** A file that is stored, and whose `ingest_file` is accepted. */
export type UploadedFile = Submitted & {
  /** SHA-256 of the bytes. */
  file_hash: string;
  /** Size in bytes. */
  file_size: number;
  /** The type by content. */
  file_type: string;
  /** The name as sent. */
  ui_name: string;
};

/**
 * How much a tenant keeps. A file counts with its size, also when another has the same content; purged files do not count. Uploads
 * count from their beginning on, with all they will bring.
 */
export interface Usage {
  /** How much that may be. */
  bytes_quota: number;
  /** The sizes of its files together, in bytes. */
  bytes_used: number;
  /** How many that may be. */
  files_quota: number;
  /** How many files. */
  files_used: number;
}

/** A user. */
export interface UserAnswer {
  email: string;
  id: string;
  name: string;
  permissions: string[];
  roles: string[];
  tenant_id: string;
  user_id: string;
}

/** A user to make. */
export interface UserRequest {
  /** `viewer`, `user`, `operator` or `admin`. */
  role: string;
  /** Who. */
  user: RegisterRequest;
}

/** What one person said. */
export interface VoteResponse {
  at: string;
  comment?: string | null;
  person: string;
  person_id: string;
  /** The request they said it of. A vote for another than the present one does not count. */
  request_hash: string;
  /** `approve` or `deny`. */
  verdict: string;
}

/** How the live feed is. */
export interface WebSocketHealth {
  /** Clients of your tenant that follow the feed on this node. */
  active_connections: number;
  /** Where to connect. */
  endpoint: string;
  /** `operational`. */
  status: string;
}

/** A webhook to set up. */
export interface WebhookCreate {
  /** Messages under way at the same time, at most; 1 when absent, so that first tries arrive in order. */
  concurrency?: number | null;
  /** What it is for. */
  description?: string;
  /** Whether events are sent at once; yes, when absent. */
  enabled?: boolean | null;
  /** The types of events it gets, such as `rbac_decision`; none means all. */
  types?: string[];
  /** Where events are sent to: an `https` URL of a public address. */
  url: string;
}

/** A tenant's webhooks. */
export interface WebhookList {
  webhooks: WebhookResponse[];
}

/** A webhook. */
export interface WebhookResponse {
  /** Messages under way at the same time, at most. With 1, first tries arrive in order. */
  concurrency: number;
  /** When. */
  created_at: string;
  /** Who made it. */
  created_by: string;
  /** What it is for. */
  description: string;
  /** Why it was disabled by itself. */
  disabled_reason?: string | null;
  /** Whether events are sent. */
  enabled: boolean;
  /** Since when every try failed. */
  failing_since?: string | null;
  /** How many tries in a row failed. */
  failures: number;
  /** When a message was last taken. */
  last_delivered_at?: string | null;
  /** Until when messages are signed with the secret before the last rotation, too. */
  previous_secret_until?: string | null;
  /** What to check messages with, `whsec_…`. Shown once: in the answer that made or rotated it. */
  secret?: string | null;
  /** `active`, `failing` (its newest try failed) or `disabled`. */
  state: string;
  /** The types of events it gets; none means all. */
  types: string[];
  /** When its definition last changed. */
  updated_at: string;
  /** Where events are sent to. */
  url: string;
  /** Its id. */
  webhook_id: string;
}

/** What to change of a webhook; what is absent stays. */
export interface WebhookUpdate {
  /** Messages under way at the same time, at most. */
  concurrency?: number | null;
  /** What it is for. */
  description?: string | null;
  /** Whether events are sent. One that is enabled again gets what is committed from then on. */
  enabled?: boolean | null;
  /** The types of events it gets; none means all. */
  types?: string[] | null;
  /** Where events are sent to. */
  url?: string | null;
}

/** What an execution is doing or waiting for. */
export interface Why {
  execution: ExecutionStatus;
  /** What someone can do about it. */
  next: string;
  /** One sentence. */
  summary: string;
}

/** Why it is taken back. */
export interface WithdrawRequest {
  /** Why. */
  comment?: string | null;
}

/** Every operation, by its method and path. */
export interface Operations {
  /** Say what this is: JSON, or a page of links where HTML is preferred. */
  "GET /": {
    method: "GET";
    path: "/";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: Root;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List artifacts, newest first. */
  "POST /api/artifact/list": {
    method: "POST";
    path: "/api/artifact/list";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: List;
    responses: {
      200: ArtifactPage;
      400: Problem;
      401: Problem;
      403: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Resolve an artifact that is ready or archived. The record is answered flat, and once more under `artifact`. */
  "POST /api/artifact/resolve": {
    method: "POST";
    path: "/api/artifact/resolve";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: Resolve;
    responses: {
      200: unknown;
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Show the picture of an artifact. A file that is a PNG picture is its own; other artifacts have none. */
  "GET /api/artifacts/visual/{path}": {
    method: "GET";
    path: "/api/artifacts/visual/{path}";
    params: {
      /** The artifact's id. */
      path: string;
    };
    query: {
      /** May be left out: the credential implies it. */
      tenant_id?: string;
    };
    headers: {
      /** Such as `bytes=0-1023`. */
      Range?: string | null;
    };
    body: never;
    responses: {
      200: Blob;
      206: Blob;
      /** The client has these bytes. */
      304: void;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      416: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Show an artifact in any state: its record, flat and once more under `artifact`, and for a file also the file's facts. */
  "GET /api/artifacts/{artifact_id}": {
    method: "GET";
    path: "/api/artifacts/{artifact_id}";
    params: {
      artifact_id: string;
    };
    query: {
      /** May be left out: the credential implies it. */
      tenant_id?: string;
      /** Whether to answer where its pictures are: `visuals`, with `path` and `mime_type` each. */
      include_visuals?: boolean;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: unknown;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Invite someone into the tenant. Needs an administrator. */
  "POST /api/auth/invitations": {
    method: "POST";
    path: "/api/auth/invitations";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: InviteRequest;
    responses: {
      200: Invitation;
      400: Problem;
      401: Problem;
      403: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Accept an invitation. It counts once. */
  "POST /api/auth/invitations/accept": {
    method: "POST";
    path: "/api/auth/invitations/accept";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: AcceptRequest;
    responses: {
      200: AcceptedInvitation;
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Sign in. Five per 60 seconds and client address. */
  "POST /api/auth/login": {
    method: "POST";
    path: "/api/auth/login";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: LoginRequest;
    responses: {
      200: AuthAnswer;
      400: Problem;
      /** Also has `success: false`. */
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      429: Problem;
      503: Problem;
    };
  };
  /** Sign out: the session's tokens end at once. */
  "POST /api/auth/logout": {
    method: "POST";
    path: "/api/auth/logout";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body?: LogoutRequest | null;
    responses: {
      200: Done;
      400: Problem;
      401: Problem;
      403: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Say who is asking, and what they may do. */
  "GET /api/auth/me": {
    method: "GET";
    path: "/api/auth/me";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: Me;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      503: Problem;
    };
  };
  /** List the tenant's members. Needs an administrator. */
  "GET /api/auth/members": {
    method: "GET";
    path: "/api/auth/members";
    params: Record<string, never>;
    query: {
      /** At most this many, up to 200; 100 when absent. */
      limit?: number;
      /** After this many. */
      offset?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: Members;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Remove a member from the tenant. Needs an administrator. */
  "DELETE /api/auth/members/{user_id}": {
    method: "DELETE";
    path: "/api/auth/members/{user_id}";
    params: {
      user_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      /** It is done. */
      204: void;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      409: Problem;
      /** A parameter is not valid. */
      422: Problem;
      503: Problem;
    };
  };
  /** Change a member's role. Needs an administrator; their sessions end, so that it counts at once. */
  "PUT /api/auth/members/{user_id}": {
    method: "PUT";
    path: "/api/auth/members/{user_id}";
    params: {
      user_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: RoleRequest;
    responses: {
      /** It is done. */
      204: void;
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Change the password. Every other session of the user ends; this one goes on with the tokens answered. */
  "POST /api/auth/password": {
    method: "POST";
    path: "/api/auth/password";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: PasswordRequest;
    responses: {
      200: AuthAnswer;
      400: Problem;
      401: Problem;
      403: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      429: Problem;
      503: Problem;
    };
  };
  /** Exchange a refresh token for the next pair. One that was used before ends everything that came from it. */
  "POST /api/auth/refresh": {
    method: "POST";
    path: "/api/auth/refresh";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: RefreshRequest;
    responses: {
      200: AuthAnswer;
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** Too many requests use it at once: nothing is revoked. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Register, and sign in. Three per 300 seconds and client address. */
  "POST /api/auth/register": {
    method: "POST";
    path: "/api/auth/register";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: RegisterRequest;
    responses: {
      200: AuthAnswer;
      400: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** Someone registered with this address. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      429: Problem;
      503: Problem;
    };
  };
  /** Become the first administrator of `default_tenant`. The token counts once. */
  "POST /api/auth/setup": {
    method: "POST";
    path: "/api/auth/setup";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: SetupRequest;
    responses: {
      200: AuthAnswer;
      400: Problem;
      403: Problem;
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** List the tenant's service tokens. Needs an administrator. */
  "GET /api/auth/tokens": {
    method: "GET";
    path: "/api/auth/tokens";
    params: Record<string, never>;
    query: {
      /** At most this many, up to 200; 100 when absent. */
      limit?: number;
      /** After this many. */
      offset?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: Tokens;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Make a service token. Needs an administrator. */
  "POST /api/auth/tokens": {
    method: "POST";
    path: "/api/auth/tokens";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: TokenRequest;
    responses: {
      200: NewToken;
      400: Problem;
      401: Problem;
      403: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Revoke a service token. It ends at once. Needs an administrator. */
  "DELETE /api/auth/tokens/{token_id}": {
    method: "DELETE";
    path: "/api/auth/tokens/{token_id}";
    params: {
      token_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      /** It is done. */
      204: void;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      503: Problem;
    };
  };
  /** Make a user in the caller's tenant. Needs the permission `admin`. */
  "POST /api/auth/users": {
    method: "POST";
    path: "/api/auth/users";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: UserRequest;
    responses: {
      200: CreatedUser;
      400: Problem;
      401: Problem;
      403: Problem;
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Issue a ticket that opens one WebSocket within 30 seconds. */
  "POST /api/auth/ws-ticket": {
    method: "POST";
    path: "/api/auth/ws-ticket";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: Ticket;
      401: Problem;
      403: Problem;
      503: Problem;
    };
  };
  /**
   * Upload files (`multipart/form-data`, field `file`). The bytes are durable when this answers; each file's
   * `ingest_file` then runs by itself.
   */
  "POST /api/content/files": {
    method: "POST";
    path: "/api/content/files";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: FormData;
    responses: {
      200: Uploaded;
      400: Problem;
      401: Problem;
      403: Problem;
      413: Problem;
      415: Problem;
      422: Problem;
      /** A file is not what its stated digest says. */
      460: Problem;
      503: Problem;
    };
  };
  /** Delete a file: its bytes, what was read of it and what search knows of it. That it was there, and what it was made into, stays on record. */
  "DELETE /api/content/files/{file_id}": {
    method: "DELETE";
    path: "/api/content/files/{file_id}";
    params: {
      file_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      /** It is gone. */
      204: void;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      503: Problem;
    };
  };
  /** Download a file, or the part of it that the `Range` header asks for. */
  "GET /api/content/files/{file_id}/content": {
    method: "GET";
    path: "/api/content/files/{file_id}/content";
    params: {
      file_id: string;
    };
    query: Record<string, never>;
    headers: {
      /** Such as `bytes=0-1023`. */
      Range?: string | null;
    };
    body: never;
    responses: {
      200: Blob;
      206: Blob;
      /** The client has these bytes. */
      304: void;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      416: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The content is lost: whoever runs the server must restore it. */
      500: Problem;
      503: Problem;
    };
  };
  /** Search. Each hit knows its file, its place in it, and why it matched. */
  "GET /api/content/search": {
    method: "GET";
    path: "/api/content/search";
    params: Record<string, never>;
    query: {
      /**
       * Words, `"phrases"`, `-without`, `begin*`, `title:word`, `type:pdf`, `tag:contract`, `source:upload`,
       * `after:2026-03`, `before:2026-04-15`. No text is an error.
       */
      q: string;
      /** Only of these types, separated by commas, such as `pdf,csv`. */
      kind?: string;
      /** Only of this file. */
      file_id?: string;
      /** Only with all of these tags, separated by commas. */
      tag?: string;
      /** Only from these sources, separated by commas: how a file came in, such as `upload`, `edi` or `api`. */
      source?: string;
      /**
       * Only from the beginning of this year, month or day on, in UTC: `2026`, `2026-03`, `2026-03-15`, or a moment as
       * in RFC 3339. The date of a file is when it came in.
       */
      after?: string;
      /** Only before the beginning of this year, month or day, or before this moment. */
      before?: string;
      /** `relevance` or `newest`. */
      sort?: string;
      /** At most this many hits, up to 100; 20 when absent. */
      limit?: number;
      /** After this many, up to 10,000. */
      offset?: number;
      /**
       * Pages without end: empty on the first page, then the `next_cursor` of the page before. What is added meanwhile
       * makes no hit come twice and none be passed over. Sorted by date, a cursor holds for good; by relevance, for five
       * minutes after the page before, or less while much is being added.
       */
      cursor?: string;
      /** `true` counts what all hits are like, by type, tag, source, year and month. */
      facets?: boolean;
      /** `true` says what each hit's score is made of. */
      why?: boolean;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: Found;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Begin an upload by the tus protocol (1.0.0). `Location` says where its bytes go; with the last of them its `ingest_file` is submitted. */
  "POST /api/content/uploads": {
    method: "POST";
    path: "/api/content/uploads";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** `1.0.0`. */
      "Tus-Resumable": string;
      /** How many bytes it will have. */
      "Upload-Length": string;
      /** Keys with texts in Base64: `filename`, `filetype`, and the parameters of `ingest_file` `ui_name`, `file_type`, `mime_type`, `source_metadata`, `ingestion_options`; `session_id`. Others are gone by. */
      "Upload-Metadata"?: string | null;
      /** The SHA-256 of all bytes (RFC 9530); others are refused at the end. */
      "Repr-Digest"?: string | null;
    };
    body: never;
    responses: {
      /** It is open. */
      201: void;
      400: Problem;
      401: Problem;
      403: Problem;
      412: Problem;
      /** The file is too large, or the tenant's quota has no room for it. */
      413: Problem;
      422: Problem;
      429: Problem;
      503: Problem;
    };
  };
  /** Cancel an upload: its bytes go, and its room is given back. A file that it became stays. */
  "DELETE /api/content/uploads/{upload_id}": {
    method: "DELETE";
    path: "/api/content/uploads/{upload_id}";
    params: {
      upload_id: string;
    };
    query: Record<string, never>;
    headers: {
      /** `1.0.0`. */
      "Tus-Resumable": string;
    };
    body: never;
    responses: {
      /** It is gone. */
      204: void;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      410: Problem;
      412: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** A request sends a piece of it. */
      423: Problem;
      503: Problem;
    };
  };
  /** Ask how much of an upload is durable, and what became of one that is whole. */
  "HEAD /api/content/uploads/{upload_id}": {
    method: "HEAD";
    path: "/api/content/uploads/{upload_id}";
    params: {
      upload_id: string;
    };
    query: Record<string, never>;
    headers: {
      /** `1.0.0`. */
      "Tus-Resumable": string;
    };
    body: never;
    responses: {
      /** It is open, or was until lately. */
      200: void;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      410: Problem;
      412: Problem;
      /** A parameter is not valid. */
      422: Problem;
      503: Problem;
    };
  };
  /** Send the next bytes of an upload. They are durable when this answers; with the last of them its `ingest_file` is accepted. */
  "PATCH /api/content/uploads/{upload_id}": {
    method: "PATCH";
    path: "/api/content/uploads/{upload_id}";
    params: {
      upload_id: string;
    };
    query: Record<string, never>;
    headers: {
      /** `1.0.0`. */
      "Tus-Resumable": string;
      /** How many bytes are durable, as `HEAD` says. */
      "Upload-Offset": string;
      /** `sha1` or `sha256` and the piece's checksum in Base64; the piece then counts whole or not at all. */
      "Upload-Checksum"?: string | null;
      /** The same as RFC 9530 has it. */
      "Content-Digest"?: string | null;
    };
    body: Blob;
    responses: {
      /** All of it is durable. */
      204: void;
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** The offset is another one. */
      409: Problem;
      410: Problem;
      412: Problem;
      413: Problem;
      415: Problem;
      /** The body is not valid. */
      422: Problem;
      /** Another request sends a piece. */
      423: Problem;
      /** The piece, or the whole, is not what its checksum says. */
      460: Problem;
      503: Problem;
    };
  };
  /** See how much your tenant keeps and how much it may. */
  "GET /api/content/usage": {
    method: "GET";
    path: "/api/content/usage";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: Usage;
      401: Problem;
      403: Problem;
      503: Problem;
    };
  };
  /** See the rules that `validate_file` applies when a call brings none. */
  "GET /api/content/validation-rules": {
    method: "GET";
    path: "/api/content/validation-rules";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: StatedRules;
      401: Problem;
      403: Problem;
      503: Problem;
    };
  };
  /** State the rules that `validate_file` applies when a call brings none, in place of those before. */
  "PUT /api/content/validation-rules": {
    method: "PUT";
    path: "/api/content/validation-rules";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: StateRules;
    responses: {
      200: StatedRules;
      400: Problem;
      401: Problem;
      403: Problem;
      /** Another version holds by now. */
      409: Problem;
      413: Problem;
      415: Problem;
      /** A rule is none; `errors` points at each. */
      422: Problem;
      503: Problem;
    };
  };
  /** Show an execution with its intent and a page of its journal. */
  "GET /api/execution/{execution_id}": {
    method: "GET";
    path: "/api/execution/{execution_id}";
    params: {
      execution_id: string;
    };
    query: {
      /** Entries after this number. */
      after?: number;
      /** At most this many, up to 1000. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: ExecutionDetail;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Stop an execution, and everything it started, for good. */
  "POST /api/execution/{execution_id}/cancel": {
    method: "POST";
    path: "/api/execution/{execution_id}/cancel";
    params: {
      execution_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: ExecutionStatus;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** It has ended already. */
      409: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Park an execution until it is resumed. */
  "POST /api/execution/{execution_id}/pause": {
    method: "POST";
    path: "/api/execution/{execution_id}/pause";
    params: {
      execution_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: ExecutionStatus;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** It has ended already. */
      409: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Let a waiting execution go on now. */
  "POST /api/execution/{execution_id}/resume": {
    method: "POST";
    path: "/api/execution/{execution_id}/resume";
    params: {
      execution_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: ExecutionStatus;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** It does not wait. */
      409: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Run a failed or cancelled execution again, from what its journal holds: steps that were done are not done again. */
  "POST /api/execution/{execution_id}/retry": {
    method: "POST";
    path: "/api/execution/{execution_id}/retry";
    params: {
      execution_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: ExecutionStatus;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** It has neither failed nor been cancelled. */
      409: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Show where an execution stands. With `wait`, answer as soon as it ends. */
  "GET /api/execution/{execution_id}/status": {
    method: "GET";
    path: "/api/execution/{execution_id}/status";
    params: {
      execution_id: string;
    };
    query: {
      /** May be left out: the credential implies it. */
      tenant_id?: string;
      /** Whether to answer what it made; it is answered unless this is `false`. */
      include_artifacts?: boolean;
      /** Whether to answer where the pictures are that it made. */
      include_visuals?: boolean;
      /** Whether to answer the events that the handler emitted. */
      include_events?: boolean;
      /** Wait up to this many seconds (at most 60) for the execution to end. */
      wait?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: ExecutionStatus;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /**
   * Follow an execution from its journal's entry `after` on, until it ends.
   * With `Upgrade: websocket`, one JSON message per entry; otherwise one line of JSON per entry
   * (`application/x-ndjson`). 30 seconds of silence bring a `ping`. It ends with the execution, with the credential (close code
   * 4001), and when the client does not read (4008).
   */
  "GET /api/execution/{execution_id}/stream": {
    method: "GET";
    path: "/api/execution/{execution_id}/stream";
    params: {
      execution_id: string;
    };
    query: {
      /** The number of the last entry that was seen; 0 for all. */
      after?: number;
      /** May be left out: the credential implies it. */
      tenant_id?: string;
      /** The credential of a client that cannot send a header: a ticket from `/api/auth/ws-ticket`, or a token. */
      access_token?: string;
      /** The same, with the secret of an anonymous session. */
      session_token?: string;
      /** The session, for older clients; the credential says whose it is. */
      session_id?: string;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      /** The WebSocket is open. */
      101: void;
      200: string;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Say what an execution is doing or waiting for, and what someone can do about it. */
  "GET /api/execution/{execution_id}/why": {
    method: "GET";
    path: "/api/execution/{execution_id}/why";
    params: {
      execution_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: Why;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List executions, newest first. Their artifacts are left out: ask for one by its id. */
  "GET /api/executions": {
    method: "GET";
    path: "/api/executions";
    params: Record<string, never>;
    query: {
      /** Only with one of these statuses, separated by commas. */
      status?: string;
      /** Only of this intent type. */
      intent_type?: string;
      /** Only of this session. */
      session_id?: string;
      /** Where the page before ended: its `next_cursor`. */
      cursor?: string;
      /** At most this many, up to 200. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: ExecutionPage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** The same under the path older clients ask. */
  "GET /api/health": {
    method: "GET";
    path: "/api/health";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      /** Everything works. */
      200: Health;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** A store is down, or took no writes when it was last asked to. */
      503: Health;
    };
  };
  /** Prepare an intent for an artifact, to be submitted later. */
  "POST /api/intent/pending/create": {
    method: "POST";
    path: "/api/intent/pending/create";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: CreatePending;
    responses: {
      200: CreatedPending;
      400: Problem;
      401: Problem;
      403: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List intents that were prepared and not completed. */
  "POST /api/intent/pending/list": {
    method: "POST";
    path: "/api/intent/pending/list";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: ListPending;
    responses: {
      200: PendingIntents;
      400: Problem;
      401: Problem;
      403: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Submit an intent. Answers once it is durable; it then runs by itself. */
  "POST /api/intent/submit": {
    method: "POST";
    path: "/api/intent/submit";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition is the same submission. */
      "Idempotency-Key"?: string | null;
    };
    body: SubmitIntent;
    responses: {
      200: Submitted;
      400: Problem;
      401: Problem;
      403: Problem;
      409: Problem;
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** List every intent with its schemas. */
  "GET /api/intents": {
    method: "GET";
    path: "/api/intents";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: Catalogue;
      401: Problem;
      403: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Show one intent with its schemas. */
  "GET /api/intents/{intent_type}": {
    method: "GET";
    path: "/api/intents/{intent_type}";
    params: {
      /** The intent's type. */
      intent_type: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: Intent;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List the realms with their intents. */
  "GET /api/realms": {
    method: "GET";
    path: "/api/realms";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: Realms;
      401: Problem;
      403: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /**
   * Open a session. Its owner is who signs in with it, else whoever the `Authorization` header says, else nobody: then it is
   * an anonymous one. Signing in and anonymous sessions are limited as at `/api/auth/login` and
   * `/api/session/create-anonymous`.
   */
  "POST /api/session/create": {
    method: "POST";
    path: "/api/session/create";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body?: CreateRequest | null;
    responses: {
      200: CreatedSession;
      400: Problem;
      401: Problem;
      403: Problem;
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      429: Problem;
      503: Problem;
    };
  };
  /** Open a session without signing in. It lasts 24 hours, in a tenant of its own. Thirty per 60 seconds and client address. */
  "POST /api/session/create-anonymous": {
    method: "POST";
    path: "/api/session/create-anonymous";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body?: AnonymousRequest | null;
    responses: {
      200: CreatedSession;
      400: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      429: Problem;
      503: Problem;
    };
  };
  /** Show a session and what is kept with it. Someone else's is not found. */
  "GET /api/session/{session_id}": {
    method: "GET";
    path: "/api/session/{session_id}";
    params: {
      session_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: unknown;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      503: Problem;
    };
  };
  /** The same, under the path of older clients. */
  "GET /api/session/{session_id}/state": {
    method: "GET";
    path: "/api/session/{session_id}/state";
    params: {
      session_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: unknown;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      503: Problem;
    };
  };
  /**
   * Give an anonymous session, with everything that was done in it, to the user who signed in. Ids stay; the session's
   * secret, which must be shown, ends. While something in the session runs, and for up to ten seconds, this waits for it.
   */
  "PATCH /api/session/{session_id}/upgrade": {
    method: "PATCH";
    path: "/api/session/{session_id}/upgrade";
    params: {
      session_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: UpgradeRequest;
    responses: {
      200: unknown;
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** Something in the session still runs. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** List what agents did of late, newest first. */
  "GET /api/v1/agent-activity": {
    method: "GET";
    path: "/api/v1/agent-activity";
    params: Record<string, never>;
    query: {
      /** At most this many; 100 when absent. */
      limit?: number;
      /** After this many. */
      offset?: number;
      /** Only of this agent. */
      agent_id?: string;
      /** Of the last hours; 24 when absent. */
      hours?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: Activity[];
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** List agents, in the order of their names. */
  "GET /api/v1/agents": {
    method: "GET";
    path: "/api/v1/agents";
    params: Record<string, never>;
    query: {
      /** After this many. */
      skip?: number;
      /** At most this many; 100 when absent. */
      limit?: number;
      /** Only in this role. */
      role?: string;
      /** Only of this category. */
      category?: string;
      /** Only specialists, or only others. */
      specialist?: boolean;
      /** Only in this state: `draft`, `active`, `suspended`, `retired`. */
      lifecycle?: string;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AgentResponse[];
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Register an agent. Needs an administrator. */
  "POST /api/v1/agents": {
    method: "POST";
    path: "/api/v1/agents";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: AgentCreate;
    responses: {
      201: AgentResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** The name is taken. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      /** The body is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /**
   * Follow what the tenant's agents do.
   * First `{type: "connection", message, timestamp, seq}` and `{type: "stats", data: {total_agents, active_connections}}`,
   * then one message `{type, data, timestamp, seq}` for each event, in order. With `Upgrade: websocket` these are messages,
   * any text is echoed, and the close code says why it ended: 4001 the credential has ended, 4008 reading too slowly, 4010 `after` is too old or not known
   * (a message `gap` before it says what is), 1001 the server stops, 1011 storage cannot be read. Otherwise they are lines of
   * JSON (`application/x-ndjson`), and the last one says `{type: "closed", code, message}`.
   */
  "GET /api/v1/agents/activity/stream": {
    method: "GET";
    path: "/api/v1/agents/activity/stream";
    params: Record<string, never>;
    query: {
      /** The `seq` of the last message that was seen; what is new when absent. Messages are kept for seven days. */
      after?: number;
      /** Only these types, with commas between, such as `rbac_decision,budget_updated`. */
      types?: string;
      /** Only about this agent, by its id or its name. */
      agent_id?: string;
      /** Only of this agent session. */
      session_id?: string;
      /** Only about agents in this role. */
      role?: string;
      /** May be left out: the credential implies it. */
      tenant_id?: string;
      /** The credential of a client that cannot send a header: a ticket from `/api/auth/ws-ticket`, or a token. */
      access_token?: string;
      /** The same, with the secret of an anonymous session. */
      session_token?: string;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      /** The WebSocket is open. */
      101: void;
      200: string;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Show the agent of a name. */
  "GET /api/v1/agents/name/{agent_name}": {
    method: "GET";
    path: "/api/v1/agents/name/{agent_name}";
    params: {
      agent_name: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AgentResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List agents under another path that clients know. */
  "GET /api/v1/agents/registry": {
    method: "GET";
    path: "/api/v1/agents/registry";
    params: Record<string, never>;
    query: {
      /** After this many. */
      skip?: number;
      /** At most this many; 100 when absent. */
      limit?: number;
      /** Only in this role. */
      role?: string;
      /** Only of this category. */
      category?: string;
      /** Only specialists, or only others. */
      specialist?: boolean;
      /** Only in this state: `draft`, `active`, `suspended`, `retired`. */
      lifecycle?: string;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AgentResponse[];
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List the sessions of agents' clients, newest first. */
  "GET /api/v1/agents/sessions": {
    method: "GET";
    path: "/api/v1/agents/sessions";
    params: Record<string, never>;
    query: {
      /** Only of this agent. */
      agent_id?: string;
      /** Only those that run as no registered agent. */
      unregistered?: boolean;
      /** Only those that have not ended. */
      open?: boolean;
      /** Where the page before ended: its `next_cursor`. */
      cursor?: string;
      /** At most this many; 50 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: SessionPage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Show a session of an agent's client. */
  "GET /api/v1/agents/sessions/{session_id}": {
    method: "GET";
    path: "/api/v1/agents/sessions/{session_id}";
    params: {
      session_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AgentSessionResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      503: Problem;
    };
  };
  /** List what a session's hooks told, in the order in which it came. Events are kept for a week. */
  "GET /api/v1/agents/sessions/{session_id}/events": {
    method: "GET";
    path: "/api/v1/agents/sessions/{session_id}/events";
    params: {
      session_id: string;
    };
    query: {
      /** Where the page before ended: its `next_cursor`. */
      cursor?: string;
      /** At most this many; 100 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: EventPage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Count the agents by role and by category. */
  "GET /api/v1/agents/stats/summary": {
    method: "GET";
    path: "/api/v1/agents/stats/summary";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AgentStats;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /**
   * List names at work that nobody registered, in their order. Sessions without a name are among
   * `/api/v1/agents/sessions?unregistered=true`.
   */
  "GET /api/v1/agents/unregistered": {
    method: "GET";
    path: "/api/v1/agents/unregistered";
    params: Record<string, never>;
    query: {
      /** Only names after this one: the last of the page before. */
      after?: string;
      /** At most this many; 100 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: UnregisteredResponse[];
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /**
   * Take an agent on that was seen at work: it is registered with what its role allows, and a session that is named runs as it
   * from now on. Needs an administrator.
   */
  "POST /api/v1/agents/unregistered/adopt": {
    method: "POST";
    path: "/api/v1/agents/unregistered/adopt";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: Adoption;
    responses: {
      201: AgentResponse;
      400: Problem;
      401: Problem;
      403: Problem;
      /** There is no such session. */
      404: Problem;
      409: Problem;
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Take an agent out of the registry; what it measured stays. Needs an administrator. To keep it for the record, retire it. */
  "DELETE /api/v1/agents/{agent_id}": {
    method: "DELETE";
    path: "/api/v1/agents/{agent_id}";
    params: {
      agent_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      /** It is done. */
      204: void;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Show an agent. */
  "GET /api/v1/agents/{agent_id}": {
    method: "GET";
    path: "/api/v1/agents/{agent_id}";
    params: {
      agent_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AgentResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Change an agent. Needs an administrator. */
  "PUT /api/v1/agents/{agent_id}": {
    method: "PUT";
    path: "/api/v1/agents/{agent_id}";
    params: {
      agent_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: AgentUpdate;
    responses: {
      200: AgentResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** It changed in the meantime. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      /** The body is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Note that an agent is at work. One that is a draft or suspended is put to work, which needs an administrator. */
  "POST /api/v1/agents/{agent_id}/activate": {
    method: "POST";
    path: "/api/v1/agents/{agent_id}/activate";
    params: {
      agent_id: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: never;
    responses: {
      200: AgentResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** It is retired. */
      409: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Write an agent as a file, with everything the file held that it was read from. */
  "GET /api/v1/agents/{agent_id}/file": {
    method: "GET";
    path: "/api/v1/agents/{agent_id}/file";
    params: {
      agent_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AgentFile;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Retire an agent for good; it stays in the registry for the record. Needs an administrator. */
  "POST /api/v1/agents/{agent_id}/retire": {
    method: "POST";
    path: "/api/v1/agents/{agent_id}/retire";
    params: {
      agent_id: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: never;
    responses: {
      200: AgentResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      409: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Set an agent aside for now. Needs an administrator. */
  "POST /api/v1/agents/{agent_id}/suspend": {
    method: "POST";
    path: "/api/v1/agents/{agent_id}/suspend";
    params: {
      agent_id: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: never;
    responses: {
      200: AgentResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** It is retired. */
      409: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List what need not be asked again for a while, newest first. */
  "GET /api/v1/allowances": {
    method: "GET";
    path: "/api/v1/allowances";
    params: Record<string, never>;
    query: {
      /** Those that ended, too; otherwise only those that count. */
      ended?: boolean;
      /** Where the page before ended: its `next_cursor`. */
      cursor?: string;
      /** At most this many; 50 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AllowancePage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Take an allowance back: what it covered is asked again from now on. For people only. */
  "DELETE /api/v1/allowances/{allowance_id}": {
    method: "DELETE";
    path: "/api/v1/allowances/{allowance_id}";
    params: {
      allowance_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      /** It is done. */
      204: void;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      503: Problem;
    };
  };
  /** List approvals, newest first: what waits for people, who asks for what and why, and what was decided. */
  "GET /api/v1/approvals": {
    method: "GET";
    path: "/api/v1/approvals";
    params: Record<string, never>;
    query: {
      /** Only in this state: `pending`, `approved`, `denied`, `expired`, `withdrawn` or `used`. */
      state?: string;
      /** Only of this agent. */
      agent_id?: string;
      /** Only of this session. */
      session_id?: string;
      /** Only of this execution. */
      execution_id?: string;
      /** Where the page before ended: its `next_cursor`. */
      cursor?: number;
      /** At most this many; 50 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: ApprovalPage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /**
   * Decide up to 100 approvals. Each is decided on its own: one that cannot be decided does not hold up the others. For people
   * only: a token's attempt is refused and recorded.
   */
  "POST /api/v1/approvals/decide": {
    method: "POST";
    path: "/api/v1/approvals/decide";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: BulkRequest;
    responses: {
      200: BulkResponse;
      400: Problem;
      401: Problem;
      403: Problem;
      /** A request with this idempotency key is under way, or its answer is not kept. */
      409: Problem;
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Show an approval, with its input whole. */
  "GET /api/v1/approvals/{approval}": {
    method: "GET";
    path: "/api/v1/approvals/{approval}";
    params: {
      /** Its id, or its code in either case. */
      approval: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: ApprovalResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      503: Problem;
    };
  };
  /**
   * Approve something that waits for people. Who asked goes on at once; with a quorum, when enough people agreed. For people
   * only: a token's attempt is refused and recorded.
   */
  "POST /api/v1/approvals/{approval}/approve": {
    method: "POST";
    path: "/api/v1/approvals/{approval}/approve";
    params: {
      /** Its id, or its code in either case. */
      approval: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body?: ApproveRequest | null;
    responses: {
      200: ApprovalResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** You are no person who may decide it. */
      403: Problem;
      404: Problem;
      /** It was decided, it expired, or it is another request by now. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Let someone else decide an approval, too: a person, or a role. For people only who may decide it themselves. */
  "POST /api/v1/approvals/{approval}/delegate": {
    method: "POST";
    path: "/api/v1/approvals/{approval}/delegate";
    params: {
      /** Its id, or its code in either case. */
      approval: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: DelegateRequest;
    responses: {
      200: ApprovalResponse;
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      409: Problem;
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Deny something that waits for people. One no is enough. For people only: a token's attempt is refused and recorded. */
  "POST /api/v1/approvals/{approval}/deny": {
    method: "POST";
    path: "/api/v1/approvals/{approval}/deny";
    params: {
      /** Its id, or its code in either case. */
      approval: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body?: DenyRequest | null;
    responses: {
      200: ApprovalResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** You are no person who may decide it. */
      403: Problem;
      404: Problem;
      /** It was decided, it expired, or it is another request by now. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Take an approval back that nobody needs any more: nothing will be done. A token may do this, since it only means no. */
  "POST /api/v1/approvals/{approval}/withdraw": {
    method: "POST";
    path: "/api/v1/approvals/{approval}/withdraw";
    params: {
      /** Its id, or its code in either case. */
      approval: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body?: WithdrawRequest | null;
    responses: {
      200: ApprovalResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** It was denied, used, or expired. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** List the tenant's audit log, newest first. Needs the permission `admin`. */
  "GET /api/v1/audit": {
    method: "GET";
    path: "/api/v1/audit";
    params: Record<string, never>;
    query: {
      /** Only of this part of the platform: `auth`, `execution`, `content`, `agent`, `audit`. */
      category?: string;
      /** Only with this action, such as `sign_in`. */
      action?: string;
      /** Only with this outcome, such as `refused`. */
      outcome?: string;
      /** Only by this kind of actor: `user`, `service`, `anonymous`, `local_operator`, `agent`, `system`. */
      actor_kind?: string;
      /** Only by this actor. */
      actor_id?: string;
      /** Only about this kind of subject, such as `session`. */
      subject_kind?: string;
      /** Only about this subject. */
      subject_id?: string;
      /** Only of this tool use. */
      tool_use_id?: string;
      /** Not before this time. */
      since?: string;
      /** Before this time. */
      until?: string;
      /** Where the page before ended: its `next_cursor`. */
      cursor?: number;
      /** At most this many; 50 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AuditPage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /**
   * List the checkpoints of the tenant's audit log, newest first. Whoever keeps one elsewhere can show any later change of
   * what it covers. Needs the permission `admin`.
   */
  "GET /api/v1/audit/checkpoints": {
    method: "GET";
    path: "/api/v1/audit/checkpoints";
    params: Record<string, never>;
    query: {
      /** Where the page before ended: its `next_cursor`. */
      cursor?: number;
      /** At most this many; 50 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: CheckpointPage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /**
   * Drop the bodies of entries by or about someone, or of single entries. The entries stay, with what proves them; the log
   * says of which entries bodies were dropped, by whom and why. This cannot be undone. For people with the permission `admin`.
   */
  "POST /api/v1/audit/erasures": {
    method: "POST";
    path: "/api/v1/audit/erasures";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: ErasureRequest;
    responses: {
      200: Erasure;
      400: Problem;
      401: Problem;
      403: Problem;
      /** A request with this idempotency key is under way, or its answer is not kept. */
      409: Problem;
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Prove that the tenant's audit log only grew. Needs the permission `admin`. */
  "GET /api/v1/audit/proof/consistency": {
    method: "GET";
    path: "/api/v1/audit/proof/consistency";
    params: Record<string, never>;
    query: {
      /** How many entries the older tree is over. */
      first: number;
      /** How many the newer one is over; all when absent. */
      second?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: ConsistencyProof;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Prove that an entry is in the tenant's audit log. Needs the permission `admin`. */
  "GET /api/v1/audit/proof/inclusion": {
    method: "GET";
    path: "/api/v1/audit/proof/inclusion";
    params: Record<string, never>;
    query: {
      /** The entry's number; or its id. */
      seq?: number;
      /** The entry's id; or its number. */
      entry_id?: string;
      /** The tree over this many entries; that of the newest checkpoint when absent, or of all entries before there is one. */
      size?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: InclusionProof;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Count what is in the tenant's audit log. Needs the permission `admin`. */
  "GET /api/v1/audit/stats": {
    method: "GET";
    path: "/api/v1/audit/stats";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AuditStats;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Charge what an agent has spent to every budget that pays for it, whether there is room or not. */
  "POST /api/v1/budget/deduct": {
    method: "POST";
    path: "/api/v1/budget/deduct";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: DeductRequest;
    responses: {
      201: DeductResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      /** There is no such agent. */
      404: Problem;
      /** Something else was deducted with this id. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Reserve before something is done that costs. It counts as used until it is settled, released, or its time has passed. */
  "POST /api/v1/budget/reservations": {
    method: "POST";
    path: "/api/v1/budget/reservations";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: ReserveRequest;
    responses: {
      201: ReservationResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** A budget has no room for it. */
      402: Problem;
      403: Problem;
      /** There is no such agent. */
      404: Problem;
      /** There is a reservation of something else with this id. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Release a reservation: nothing was used of it. One that has ended stays as it is. */
  "DELETE /api/v1/budget/reservations/{reservation_id}": {
    method: "DELETE";
    path: "/api/v1/budget/reservations/{reservation_id}";
    params: {
      reservation_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      /** It is given back. */
      204: void;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** It is reserved for a tool call. */
      409: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /**
   * Settle a reservation: what was used is charged, the rest given back. Once more it changes nothing, and with
   * another amount is refused; after its time has passed
   * what was used is charged all the same.
   */
  "POST /api/v1/budget/reservations/{reservation_id}/settle": {
    method: "POST";
    path: "/api/v1/budget/reservations/{reservation_id}/settle";
    params: {
      reservation_id: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: SettleRequest;
    responses: {
      200: ReservationResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** It is reserved for a tool call, or was settled with another amount. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List budgets with what is used and reserved of them, also those that nothing limits. */
  "GET /api/v1/budgets": {
    method: "GET";
    path: "/api/v1/budgets";
    params: Record<string, never>;
    query: {
      /** Only of this kind: `organisation`, `team`, `agent`, `session`. */
      kind?: string;
      /** Only those with caps. */
      limited?: boolean;
      /** Where the page before ended: its `next_cursor`. */
      cursor?: string;
      /** At most this many; 100 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: BudgetPage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /**
   * Take back what was set of a budget: what the registry says of an agent holds again, otherwise nothing limits it. Needs a
   * person with the permission `admin`.
   */
  "DELETE /api/v1/budgets/{scope}": {
    method: "DELETE";
    path: "/api/v1/budgets/{scope}";
    params: {
      scope: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      /** It is taken back. */
      204: void;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      /** Nobody set it. */
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Show a budget, also one from which nothing was paid yet. An agent may be named by its name. */
  "GET /api/v1/budgets/{scope}": {
    method: "GET";
    path: "/api/v1/budgets/{scope}";
    params: {
      scope: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: BudgetResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /**
   * Say what may be used of a budget. Whatever waited for room goes on when there is some now. Needs a person with the permission
   * `admin`.
   */
  "PUT /api/v1/budgets/{scope}": {
    method: "PUT";
    path: "/api/v1/budgets/{scope}";
    params: {
      scope: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: BudgetCaps;
    responses: {
      200: BudgetResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List what was decided, newest first. Decisions are kept for 30 days, unless the server was told otherwise. */
  "GET /api/v1/decisions": {
    method: "GET";
    path: "/api/v1/decisions";
    params: Record<string, never>;
    query: {
      /** Only of this registered agent. */
      agent_id?: string;
      /** Only of agents with this name. */
      agent_name?: string;
      /** Only of this session. */
      session_id?: string;
      /** Only of this tool use. */
      tool_use_id?: string;
      /** Only about this tool. */
      tool_name?: string;
      /** Only with this outcome: `allow`, `ask`, `deny`, `halt`. */
      outcome?: string;
      /** Only by the policies of this fingerprint. */
      fingerprint?: string;
      /** Not before this time. */
      since?: string;
      /** Before this time. */
      until?: string;
      /** Where the page before ended: its `next_cursor`. */
      cursor?: string;
      /** At most this many; 50 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: DecisionsPage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Show a decision with what was asked and answered. */
  "GET /api/v1/decisions/{decision_id}": {
    method: "GET";
    path: "/api/v1/decisions/{decision_id}";
    params: {
      decision_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: DecisionResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List what agents did, newest first. */
  "GET /api/v1/events": {
    method: "GET";
    path: "/api/v1/events";
    params: Record<string, never>;
    query: {
      /** At most this many; 50 when absent. */
      limit?: number;
      /** After this many. */
      offset?: number;
      /** Only of this agent. */
      agent_id?: string;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AuditLog[];
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** List what agents did, newest first. Entries are never changed or deleted. */
  "GET /api/v1/events/audit": {
    method: "GET";
    path: "/api/v1/events/audit";
    params: Record<string, never>;
    query: {
      /** After this many. */
      skip?: number;
      /** At most this many; 100 when absent. */
      limit?: number;
      /** Only of this agent. */
      agent_id?: string;
      /** Only of this type. */
      operation_type?: string;
      /** Only with this decision. */
      rbac_decision?: string;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AuditLog[];
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Count what agents did, by decision, type and role. */
  "GET /api/v1/events/audit/stats": {
    method: "GET";
    path: "/api/v1/events/audit/stats";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: EventStats;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /**
   * Record what an agent did. It is in the tenant's audit log once this is answered; what it cost is charged to the agent's
   * budgets, when the agent is known by its id or name, and whoever follows the agents hears of it.
   */
  "POST /api/v1/events/ingest": {
    method: "POST";
    path: "/api/v1/events/ingest";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: EventIngest;
    responses: {
      201: AuditLog;
      400: Problem;
      401: Problem;
      403: Problem;
      /** A request with this idempotency key is under way, or its answer is not kept. */
      409: Problem;
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** List the halts in force, oldest first. There are at most 1,000. */
  "GET /api/v1/halts": {
    method: "GET";
    path: "/api/v1/halts";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: HaltResponse[];
      401: Problem;
      403: Problem;
      503: Problem;
    };
  };
  /**
   * Stop agents: all of them, a team, one, or one session. Whoever is stopped is told so at its next event, and nothing that it
   * asks for runs until the halt is lifted. Needs the permission `approve` or `admin`.
   */
  "POST /api/v1/halts": {
    method: "POST";
    path: "/api/v1/halts";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: NewHalt;
    responses: {
      201: NewHaltResponse;
      400: Problem;
      401: Problem;
      403: Problem;
      /** There is no such agent. */
      404: Problem;
      /** Too many halts are in force. */
      409: Problem;
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Lift a halt. Only a person may, with the permission `approve` or `admin`. */
  "DELETE /api/v1/halts/{halt_id}": {
    method: "DELETE";
    path: "/api/v1/halts/{halt_id}";
    params: {
      halt_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: HaltResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      /** There is none, or it was lifted. */
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      503: Problem;
    };
  };
  /**
   * Take an event of Claude Code's hooks, and answer it.
   * `PreToolUse` is decided by policy and budgets, and answered once the decision is durable; a call that needs a person is held open
   * until it was decided, or for the time that the server waits. Every other event is noted; its answer is `{}`, or tells a
   * halted session to stop. The same event again gets the same answer. Unknown events and fields are accepted.
   * Needs the permission `hooks` or `write`.
   */
  "POST /api/v1/hooks/claude-code": {
    method: "POST";
    path: "/api/v1/hooks/claude-code";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: Record<string, unknown>;
    responses: {
      /** The answer in the form that the event takes. */
      200: Record<string, unknown>;
      400: Problem;
      401: Problem;
      403: Problem;
      413: Problem;
      415: Problem;
      422: Problem;
      /** Nothing was decided: the call must not run. */
      503: Problem;
    };
  };
  /** List metrics, newest first. */
  "GET /api/v1/metrics": {
    method: "GET";
    path: "/api/v1/metrics";
    params: Record<string, never>;
    query: {
      /** After this many. */
      skip?: number;
      /** At most this many; 100 when absent. */
      limit?: number;
      /** Only of this agent. */
      agent_id?: string;
      /** Only of this type. */
      metric_type?: string;
      /** Only recorded at this time or later: a date or, in UTC unless it says otherwise, a date with a time. */
      start_date?: string;
      /** Only recorded at this time or earlier. */
      end_date?: string;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: MetricResponse[];
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Record a metric. The agent's usage of today, its performance and when it was last seen change with it. */
  "POST /api/v1/metrics": {
    method: "POST";
    path: "/api/v1/metrics";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: MetricCreate;
    responses: {
      201: MetricResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** There is no such agent. */
      404: Problem;
      /** A request with this idempotency key is under way, or its answer is not kept. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      /** The body is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Add up everything an agent measured. */
  "GET /api/v1/metrics/agent/{agent_id}/summary": {
    method: "GET";
    path: "/api/v1/metrics/agent/{agent_id}/summary";
    params: {
      agent_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AgentMetrics;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Add up the metrics of the last days. */
  "GET /api/v1/metrics/aggregate": {
    method: "GET";
    path: "/api/v1/metrics/aggregate";
    params: Record<string, never>;
    query: {
      /** Only of this agent. */
      agent_id?: string;
      /** Only of this type. */
      metric_type?: string;
      /** Of the last so many days; 7 when absent. */
      days?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: MetricAggregate;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Say how good the work of the last days was. */
  "GET /api/v1/metrics/quality": {
    method: "GET";
    path: "/api/v1/metrics/quality";
    params: Record<string, never>;
    query: {
      /** Only of this agent. */
      agent_id?: string;
      /** Of the last so many days; 7 when absent. */
      days?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: QualityReport;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Say what the work of the last days used. */
  "GET /api/v1/metrics/resources/usage": {
    method: "GET";
    path: "/api/v1/metrics/resources/usage";
    params: Record<string, never>;
    query: {
      /** Only of this agent. */
      agent_id?: string;
      /** Of the last so many days; 7 when absent. */
      days?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: ResourceUsage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /**
   * Say what a call would be answered, with everything that explains it: policy, the agent's state, budgets, halts. Nothing is
   * recorded or reserved, and nobody is asked; what people allowed before is not looked at.
   */
  "POST /api/v1/policy/check": {
    method: "POST";
    path: "/api/v1/policy/check";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: PolicyCheck;
    responses: {
      200: PolicyChecked;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** There is no such session or version. */
      404: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Compile and test policies without saving them. */
  "POST /api/v1/policy/validate": {
    method: "POST";
    path: "/api/v1/policy/validate";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: PolicyValidate;
    responses: {
      200: PolicyValidated;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      /** It does not compile, or a test fails; `problems` names file, line and column of each. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List the versions of the policies, newest first, with the history of activations. The newest 200 are kept, and the active one. */
  "GET /api/v1/policy/versions": {
    method: "GET";
    path: "/api/v1/policy/versions";
    params: Record<string, never>;
    query: {
      /** Where the page before ended: its `next_cursor`. */
      cursor?: number;
      /** At most this many; 50 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: PolicyVersions;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Save policies as a version, if they compile and all their tests pass. Needs a person who administers. */
  "POST /api/v1/policy/versions": {
    method: "POST";
    path: "/api/v1/policy/versions";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: PolicyVersionCreate;
    responses: {
      201: PolicyVersionSaved;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** Another version was saved or activated since the one it was made from. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      /** It does not compile, or a test fails; `problems` names file, line and column of each. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Show a version of the policies with its texts: its number, `active`, or 0 for what every tenant starts with. */
  "GET /api/v1/policy/versions/{version}": {
    method: "GET";
    path: "/api/v1/policy/versions/{version}";
    params: {
      /** A number, or `active`. */
      version: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: PolicyVersionResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Let a version decide from the next call on; 0 is what every tenant starts with. Needs a person who administers. */
  "POST /api/v1/policy/versions/{version}/activate": {
    method: "POST";
    path: "/api/v1/policy/versions/{version}/activate";
    params: {
      /** A number. */
      version: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body?: PolicyActivate | null;
    responses: {
      200: PolicyVersionResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** Another version is active than was expected. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      /** This release no longer compiles it, or a test fails now. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Decide again what was asked in the last days, with a candidate, and say what would change. Needs the permission `admin`. */
  "POST /api/v1/policy/what-if": {
    method: "POST";
    path: "/api/v1/policy/what-if";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: PolicyWhatIf;
    responses: {
      200: PolicyWhatIfReport;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** There is no such version. */
      404: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      /** The candidate does not compile; `problems` names file, line and column of each. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List agents under a third path that clients know. */
  "GET /api/v1/registry/agents": {
    method: "GET";
    path: "/api/v1/registry/agents";
    params: Record<string, never>;
    query: {
      /** After this many. */
      skip?: number;
      /** At most this many; 100 when absent. */
      limit?: number;
      /** Only in this role. */
      role?: string;
      /** Only of this category. */
      category?: string;
      /** Only specialists, or only others. */
      specialist?: boolean;
      /** Only in this state: `draft`, `active`, `suspended`, `retired`. */
      lifecycle?: string;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: AgentResponse[];
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Take in files of agents, and say of each what became of it. Needs an administrator. */
  "POST /api/v1/registry/import": {
    method: "POST";
    path: "/api/v1/registry/import";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: ImportRequest;
    responses: {
      200: ImportReport;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** A request with this idempotency key is under way, or its answer is not kept. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      /** The body is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /**
   * Get the types of this API for TypeScript: every schema, and a map of every operation with its parameters, body and
   * answers. They come from the same document as `/openapi.json`.
   */
  "GET /api/v1/schema/typescript": {
    method: "GET";
    path: "/api/v1/schema/typescript";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: string;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List requests to models, newest first. */
  "GET /api/v1/telemetry/requests": {
    method: "GET";
    path: "/api/v1/telemetry/requests";
    params: Record<string, never>;
    query: {
      /** Only of this session. */
      session_id?: string;
      /** Only charged to this agent. */
      agent_id?: string;
      /** Only of this model. */
      model?: string;
      /** Only at this time or later. */
      since?: string;
      /** Only before this time. */
      until?: string;
      /** Where the page before ended: its `next_cursor`. */
      cursor?: string;
      /** At most this many; 50 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: RequestsPage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** List the sessions that telemetry speaks of, those with the newest events first. */
  "GET /api/v1/telemetry/sessions": {
    method: "GET";
    path: "/api/v1/telemetry/sessions";
    params: Record<string, never>;
    query: {
      /** Only of this registered agent. */
      agent_id?: string;
      /** Only of the agent with this name. */
      agent?: string;
      /** Only of the user with this id or address. */
      user?: string;
      /** Only those of which events are missing, or of which none are. */
      gaps?: boolean;
      /** Only those with an event at this time or later. */
      since?: string;
      /** Only those whose last event was before this time. */
      until?: string;
      /** Where the page before ended: its `next_cursor`. */
      cursor?: string;
      /** At most this many; 50 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: SessionsPage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Show what telemetry says of a session: totals, missing events, requests by model, and what happened, newest first. */
  "GET /api/v1/telemetry/sessions/{session_id}": {
    method: "GET";
    path: "/api/v1/telemetry/sessions/{session_id}";
    params: {
      session_id: string;
    };
    query: {
      /** Where the part before ended: its `next_before`. */
      before?: string;
      /** At most this many entries; 100 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: SessionDetail;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      404: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** See what is kept of telemetry. */
  "GET /api/v1/telemetry/settings": {
    method: "GET";
    path: "/api/v1/telemetry/settings";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: TelemetrySettingsDocument;
      401: Problem;
      403: Problem;
      503: Problem;
    };
  };
  /** Set what is kept of telemetry from now on. For people with the permission `admin`. */
  "PUT /api/v1/telemetry/settings": {
    method: "PUT";
    path: "/api/v1/telemetry/settings";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: TelemetrySettingsDocument;
    responses: {
      200: TelemetrySettingsDocument;
      400: Problem;
      401: Problem;
      403: Problem;
      413: Problem;
      415: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** Add up what agents asked of models: tokens and cost by model, agent and day. */
  "GET /api/v1/telemetry/summary": {
    method: "GET";
    path: "/api/v1/telemetry/summary";
    params: Record<string, never>;
    query: {
      /** Of the last so many days; 7 when absent. */
      days?: number;
      /** Only charged to this agent. */
      agent_id?: string;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: TelemetrySummary;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      403: Problem;
      422: Problem;
      503: Problem;
    };
  };
  /** List the tenant's webhooks, oldest first. Needs the permission `admin`. */
  "GET /api/v1/webhooks": {
    method: "GET";
    path: "/api/v1/webhooks";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: WebhookList;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /**
   * Set a webhook up. It gets what is committed from then on; the answer shows its secret, this once. For people with the permission
   * `admin`.
   */
  "POST /api/v1/webhooks": {
    method: "POST";
    path: "/api/v1/webhooks";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: WebhookCreate;
    responses: {
      201: WebhookResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** There are too many. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      /** The body is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Remove a webhook, with what was still to be sent. For people with the permission `admin`. */
  "DELETE /api/v1/webhooks/{webhook_id}": {
    method: "DELETE";
    path: "/api/v1/webhooks/{webhook_id}";
    params: {
      webhook_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      /** It is done. */
      204: void;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Show a webhook. Needs the permission `admin`. */
  "GET /api/v1/webhooks/{webhook_id}": {
    method: "GET";
    path: "/api/v1/webhooks/{webhook_id}";
    params: {
      webhook_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: WebhookResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Change a webhook. For people with the permission `admin`. */
  "PATCH /api/v1/webhooks/{webhook_id}": {
    method: "PATCH";
    path: "/api/v1/webhooks/{webhook_id}";
    params: {
      webhook_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: WebhookUpdate;
    responses: {
      200: WebhookResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** It changed in the meantime. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      /** The body is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** List a webhook's deliveries, newest first. What is finished is kept for 14 days. Needs the permission `admin`. */
  "GET /api/v1/webhooks/{webhook_id}/deliveries": {
    method: "GET";
    path: "/api/v1/webhooks/{webhook_id}/deliveries";
    params: {
      webhook_id: string;
    };
    query: {
      /** Only those that are `pending`, `delivered` or `dead`. */
      status?: string;
      /** Only events of this type. */
      type?: string;
      /** Where the page before ended: its `next_cursor`. */
      cursor?: string;
      /** At most this many; 50 when absent. */
      limit?: number;
    };
    headers: Record<string, never>;
    body: never;
    responses: {
      200: DeliveryPage;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Show a delivery with what is sent. Needs the permission `admin`. */
  "GET /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}": {
    method: "GET";
    path: "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}";
    params: {
      webhook_id: string;
      delivery_id: string;
    };
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: DeliveryResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Send one delivery again, under the same id. Needs the permission `admin`. */
  "POST /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": {
    method: "POST";
    path: "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay";
    params: {
      webhook_id: string;
      delivery_id: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: never;
    responses: {
      202: DeliveryResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** The webhook is disabled. */
      409: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /**
   * Send again what was planned since a time and is not pending, delivered or not, oldest first and under the same ids; up to
   * 1000 at once. Needs the permission `admin`.
   */
  "POST /api/v1/webhooks/{webhook_id}/replay": {
    method: "POST";
    path: "/api/v1/webhooks/{webhook_id}/replay";
    params: {
      webhook_id: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: ReplayRequest;
    responses: {
      202: ReplayResponse;
      /** The body is not JSON, or could not be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** It is disabled. */
      409: Problem;
      /** The body is over its limit. */
      413: Problem;
      /** The body is of another content type. */
      415: Problem;
      /** The body is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /**
   * Give a webhook a new secret, which the answer shows this once. Messages are signed with the one before, too, for a day.
   * For people with the permission `admin`.
   */
  "POST /api/v1/webhooks/{webhook_id}/rotate": {
    method: "POST";
    path: "/api/v1/webhooks/{webhook_id}/rotate";
    params: {
      webhook_id: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: never;
    responses: {
      200: WebhookResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A request with this idempotency key is under way, or its answer is not kept. */
      409: Problem;
      /** A parameter is not valid. */
      422: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /**
   * Send a test message (`webhook_test`) at once, and answer what came of it. It is not tried again. Needs the permission
   * `admin`.
   */
  "POST /api/v1/webhooks/{webhook_id}/test": {
    method: "POST";
    path: "/api/v1/webhooks/{webhook_id}/test";
    params: {
      webhook_id: string;
    };
    query: Record<string, never>;
    headers: {
      /** The key under which a repetition within 24 hours is answered as before and done once. */
      "Idempotency-Key"?: string;
    };
    body: never;
    responses: {
      200: DeliveryResponse;
      /** The path cannot be read. */
      400: Problem;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      404: Problem;
      /** A request with this idempotency key is under way, or its answer is not kept. */
      409: Problem;
      /** A parameter is not valid. */
      422: Problem;
      503: Problem;
    };
  };
  /** Say how the live feed is. */
  "GET /api/v1/websocket/health": {
    method: "GET";
    path: "/api/v1/websocket/health";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: WebSocketHealth;
      401: Problem;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Say whether the server and its stores work. */
  "GET /health": {
    method: "GET";
    path: "/health";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      /** Everything works. */
      200: Health;
      /** The host or the origin of the request is refused, or a permission is missing. */
      403: Problem;
      /** A store is down, or took no writes when it was last asked to. */
      503: Health;
    };
  };
  /**
   * Show counters and gauges in the Prometheus text format. Needs an administrator or operator of the default tenant, or a
   * service token with the scope `metrics`.
   */
  "GET /metrics": {
    method: "GET";
    path: "/metrics";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: never;
    responses: {
      200: string;
      401: Problem;
      403: Problem;
      /** The server cannot answer now: try again. */
      503: Problem;
    };
  };
  /** Take log records in: the events of agents' clients. In protobuf or JSON, plain or packed with gzip. */
  "POST /otlp/v1/logs": {
    method: "POST";
    path: "/otlp/v1/logs";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: unknown;
    responses: {
      200: ExportResponse;
      400: ExportStatus;
      401: Problem;
      403: Problem;
      /** The tenant has as many sessions as it may. */
      409: ExportStatus;
      413: ExportStatus;
      415: ExportStatus;
      /** The body is not valid. */
      422: Problem;
      503: ExportStatus;
    };
  };
  /** Take metrics in. In protobuf or JSON, plain or packed with gzip. */
  "POST /otlp/v1/metrics": {
    method: "POST";
    path: "/otlp/v1/metrics";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: unknown;
    responses: {
      200: ExportResponse;
      400: ExportStatus;
      401: Problem;
      403: Problem;
      /** The tenant has as many sessions as it may. */
      409: ExportStatus;
      413: ExportStatus;
      415: ExportStatus;
      /** The body is not valid. */
      422: Problem;
      503: ExportStatus;
    };
  };
  /**
   * Take spans in: requests to models by the conventions for generative AI, and what stands around them. In protobuf or JSON,
   * plain or packed with gzip.
   */
  "POST /otlp/v1/traces": {
    method: "POST";
    path: "/otlp/v1/traces";
    params: Record<string, never>;
    query: Record<string, never>;
    headers: Record<string, never>;
    body: unknown;
    responses: {
      200: ExportResponse;
      400: ExportStatus;
      401: Problem;
      403: Problem;
      /** The tenant has as many sessions as it may. */
      409: ExportStatus;
      413: ExportStatus;
      415: ExportStatus;
      /** The body is not valid. */
      422: Problem;
      503: ExportStatus;
    };
  };
}

/** The name of an operation: its method and path. */
export type Operation = keyof Operations;

/** What an operation answers with one of these statuses. */
export type Answer<O extends Operation, S extends keyof Operations[O]["responses"]> = Operations[O]["responses"][S];

/** What an operation answers when it worked. */
export type Success<O extends Operation> = Answer<O, Extract<keyof Operations[O]["responses"], 200 | 201 | 202 | 204>>;
