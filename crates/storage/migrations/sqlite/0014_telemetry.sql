-- What agents' clients report: sessions, requests to models, other events, and totals of metrics.

CREATE TABLE telemetry_sessions (
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    agent_id TEXT,
    agent_name TEXT,
    user_id TEXT,
    user_email TEXT,
    organization_id TEXT,
    client TEXT,
    client_version TEXT,
    models TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    -- The numbers of events that were seen, as runs with gaps: a client that is started again counts anew.
    last_sequence BIGINT,
    missing BIGINT NOT NULL,
    runs TEXT NOT NULL,
    counts TEXT NOT NULL,
    requests BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cache_read_tokens BIGINT NOT NULL,
    cache_creation_tokens BIGINT NOT NULL,
    -- In millionths of a dollar.
    cost BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, session_id)
) WITHOUT ROWID;

CREATE INDEX telemetry_sessions_by_time ON telemetry_sessions (tenant_id, last_seen_at, session_id);
CREATE INDEX telemetry_sessions_by_age ON telemetry_sessions (received_at);

CREATE TABLE telemetry_requests (
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    sequence BIGINT,
    model TEXT NOT NULL,
    query_source TEXT,
    agent_id TEXT,
    agent_name TEXT,
    prompt_id TEXT,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cache_read_tokens BIGINT NOT NULL,
    cache_creation_tokens BIGINT NOT NULL,
    cost BIGINT,
    duration_ms BIGINT,
    PRIMARY KEY (tenant_id, session_id, request_id)
) WITHOUT ROWID;

CREATE INDEX telemetry_requests_by_time ON telemetry_requests (tenant_id, at, session_id, request_id);
CREATE INDEX telemetry_requests_by_age ON telemetry_requests (received_at);

-- The key begins with the time, so that a session's events are in its order.
CREATE TABLE telemetry_events (
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    event_key TEXT NOT NULL,
    name TEXT NOT NULL,
    at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    sequence BIGINT,
    prompt_id TEXT,
    tool_use_id TEXT,
    agent_name TEXT,
    attributes TEXT NOT NULL,
    PRIMARY KEY (tenant_id, session_id, event_key)
) WITHOUT ROWID;

CREATE INDEX telemetry_events_by_age ON telemetry_events (received_at);

CREATE TABLE telemetry_metrics (
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    metric TEXT NOT NULL,
    series TEXT NOT NULL,
    model TEXT NOT NULL,
    kind TEXT NOT NULL,
    total DOUBLE PRECISION NOT NULL,
    last_value DOUBLE PRECISION NOT NULL,
    -- In nanoseconds, as the client says them.
    started_ns BIGINT NOT NULL,
    time_ns BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, session_id, metric, series)
) WITHOUT ROWID;

CREATE INDEX telemetry_metrics_by_age ON telemetry_metrics (received_at);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('telemetry_sessions', 'telemetry_sessions', '1000000 10000 1'),
    ('telemetry_sessions', 'telemetry_sessions_by_time', '1000000 10000 1 1'),
    ('telemetry_requests', 'telemetry_requests', '1000000 10000 100 1'),
    ('telemetry_requests', 'telemetry_requests_by_time', '1000000 10000 1 1 1'),
    ('telemetry_events', 'telemetry_events', '1000000 10000 100 1'),
    ('telemetry_metrics', 'telemetry_metrics', '1000000 10000 10 5 1');
ANALYZE sqlite_schema; -- Has this connection read them.
