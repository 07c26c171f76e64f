-- Agents, what they measured, and the stream of what they do.

CREATE TABLE agents (
    tenant_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    role_confidence DOUBLE PRECISION NOT NULL,
    role_reasoning TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    rbac TEXT NOT NULL,
    max_tokens_per_session BIGINT NOT NULL,
    -- Money is in millionths of the currency's unit.
    max_cost_per_day BIGINT NOT NULL,
    currency TEXT NOT NULL,
    -- What was used on the day that begins at last_reset.
    tokens_used BIGINT NOT NULL,
    cost_used BIGINT NOT NULL,
    last_reset BIGINT NOT NULL,
    category TEXT NOT NULL,
    specialist BIGINT NOT NULL,
    version TEXT NOT NULL,
    tags TEXT NOT NULL,
    performance TEXT NOT NULL,
    lifecycle TEXT NOT NULL,
    owner TEXT NOT NULL,
    revision BIGINT NOT NULL,
    synthesised BIGINT NOT NULL,
    -- The file it was read from, as it was then.
    source_path TEXT,
    source_fingerprint TEXT,
    source_text TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_active_at BIGINT,
    PRIMARY KEY (tenant_id, agent_id)
);

CREATE UNIQUE INDEX agents_by_name ON agents (tenant_id, name);

CREATE TABLE agent_metrics (
    tenant_id TEXT NOT NULL,
    metric_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    metric_type TEXT NOT NULL,
    execution_time_ms DOUBLE PRECISION,
    success BIGINT,
    tokens_used BIGINT,
    api_calls BIGINT,
    cost BIGINT,
    quality_score DOUBLE PRECISION,
    code_violations BIGINT,
    tasks_completed BIGINT,
    tasks_failed BIGINT,
    context TEXT,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, metric_id)
);

CREATE INDEX agent_metrics_by_time ON agent_metrics (tenant_id, recorded_at);
CREATE INDEX agent_metrics_by_agent ON agent_metrics (tenant_id, agent_id, recorded_at);
CREATE INDEX agent_metrics_by_age ON agent_metrics (recorded_at);

INSERT INTO counters (name, value) VALUES ('agent_activity', 0);
