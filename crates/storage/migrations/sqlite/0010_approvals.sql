-- What waits for a person's decision, and what need not be asked again for a while.

CREATE TABLE approvals (
    tenant_id TEXT NOT NULL,
    approval_id TEXT NOT NULL,
    -- 7 is the approval that people call P7.
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    summary TEXT NOT NULL,
    tool_name TEXT NOT NULL,
    -- What would be done, and what was asked for when it was edited.
    input TEXT NOT NULL,
    original_input TEXT,
    request_hash TEXT NOT NULL,
    original_hash TEXT NOT NULL,
    agent_id TEXT,
    agent_name TEXT NOT NULL,
    session_id TEXT,
    tool_use_id TEXT,
    cwd TEXT,
    execution_id TEXT,
    owner TEXT,
    reason TEXT NOT NULL,
    policies TEXT NOT NULL,
    approvers TEXT NOT NULL,
    tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    quorum BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    escalate_at BIGINT,
    escalated_at BIGINT,
    state TEXT NOT NULL,
    votes TEXT NOT NULL,
    delegations TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    decided_at BIGINT,
    outcome TEXT,
    used_at BIGINT,
    revision BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, approval_id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX approvals_by_number ON approvals (tenant_id, number);
CREATE INDEX approvals_by_state ON approvals (tenant_id, state, number);
CREATE INDEX approvals_by_execution ON approvals (tenant_id, execution_id) WHERE execution_id IS NOT NULL;
CREATE INDEX approvals_by_end ON approvals (state, expires_at);

-- The last number that each tenant has given to an approval: none is given twice.
CREATE TABLE approval_numbers (
    tenant_id TEXT PRIMARY KEY,
    last_number BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE allowances (
    tenant_id TEXT NOT NULL,
    allowance_id TEXT NOT NULL,
    approval_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    tool_name TEXT NOT NULL,
    agent_id TEXT,
    agent_name TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    granted_by_id TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    revoked_by TEXT,
    uses BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (tenant_id, allowance_id)
) WITHOUT ROWID;

CREATE INDEX allowances_by_tool ON allowances (tenant_id, tool_name, expires_at);
CREATE INDEX allowances_by_end ON allowances (expires_at);

-- See migration 8.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('approvals', 'approvals', '1000000 10000 1'),
    ('approvals', 'approvals_by_end', '1000000 200000 1'),
    ('approvals', 'approvals_by_execution', '1000000 10000 2'),
    ('approvals', 'approvals_by_number', '1000000 10000 1'),
    ('approvals', 'approvals_by_state', '1000000 10000 2000 1'),
    ('allowances', 'allowances', '1000000 10000 1'),
    ('allowances', 'allowances_by_end', '1000000 1'),
    ('allowances', 'allowances_by_tool', '1000000 10000 100 1');
ANALYZE sqlite_schema;
