-- The versions of each tenant's policies, which of them is active, and what was decided by them.

CREATE TABLE policy_versions (
    tenant_id TEXT NOT NULL,
    -- From 1. Version 0 is what every tenant starts with, and is no row.
    number BIGINT NOT NULL,
    -- The text of the tables; JSON lists of texts with names.
    tables TEXT NOT NULL,
    sources TEXT NOT NULL,
    tests TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    note TEXT NOT NULL,
    -- The version that it was made from.
    based_on BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, number)
);

CREATE TABLE policy_activations (
    tenant_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    number BIGINT NOT NULL,
    previous BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    note TEXT NOT NULL,
    activated_by TEXT NOT NULL,
    activated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);

CREATE TABLE policy_heads (
    tenant_id TEXT PRIMARY KEY,
    -- The newest version, the active one, the one that was saved or activated last, and how often one was activated.
    newest BIGINT NOT NULL,
    active BIGINT NOT NULL,
    base BIGINT NOT NULL,
    activations BIGINT NOT NULL
);

-- In the order of time, because a what-if reads weeks of them from one end to the other.
CREATE TABLE policy_decisions (
    tenant_id TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    decision_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    tool_use_id TEXT NOT NULL,
    event TEXT NOT NULL,
    agent_id TEXT,
    agent_name TEXT NOT NULL,
    tool_name TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    request TEXT NOT NULL,
    -- null while it is held.
    answer TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    approval_id TEXT,
    reservation_id TEXT,
    shadow TEXT,
    PRIMARY KEY (tenant_id, decided_at, decision_id)
);

CREATE UNIQUE INDEX policy_decisions_by_id ON policy_decisions (tenant_id, decision_id);
CREATE UNIQUE INDEX policy_decisions_by_use ON policy_decisions (tenant_id, session_id, tool_use_id, event);
CREATE INDEX policy_decisions_by_agent ON policy_decisions (tenant_id, agent_id, decided_at, decision_id);
