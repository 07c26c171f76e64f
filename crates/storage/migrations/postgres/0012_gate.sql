-- Sessions of agents, names that nobody registered, halts, and the hooks' events as they came.

CREATE TABLE agent_sessions (
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    agent_id TEXT,
    agent_name TEXT NOT NULL,
    client TEXT NOT NULL,
    model TEXT NOT NULL,
    root TEXT NOT NULL,
    permission_mode TEXT NOT NULL,
    reported_by TEXT NOT NULL,
    facts TEXT NOT NULL,
    revision BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    denied BIGINT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (tenant_id, session_id)
);

CREATE INDEX agent_sessions_by_start ON agent_sessions (tenant_id, first_seen_at, session_id);

CREATE INDEX agent_sessions_by_age ON agent_sessions (first_seen_at);

CREATE TABLE seen_agents (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    session_id TEXT NOT NULL,
    sightings BIGINT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE halts (
    tenant_id TEXT NOT NULL,
    halt_id TEXT NOT NULL,
    scope_kind TEXT NOT NULL,
    scope_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    lifted_by TEXT,
    lifted_at BIGINT,
    PRIMARY KEY (tenant_id, halt_id)
);

CREATE INDEX halts_in_force ON halts (tenant_id, set_at) WHERE lifted_at IS NULL;

-- event_key is the event's name and tool use, so that the same event is kept once; others have a key of their own.
CREATE TABLE hook_events (
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    event_key TEXT NOT NULL,
    name TEXT NOT NULL,
    tool_use_id TEXT,
    raw TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, session_id, event_key)
);

CREATE INDEX hook_events_by_age ON hook_events (created_at);
