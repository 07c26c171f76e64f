-- Text compares by bytes (COLLATE "C"), as it does in SQLite, so that cursors mean the same on both.
-- The spine: leases, intents and their executions, the outbox, artifacts, files, search records, sessions.

CREATE TABLE counters (
    name TEXT COLLATE "C" PRIMARY KEY,
    value BIGINT NOT NULL
);

INSERT INTO counters (name, value) VALUES ('records', 0);

CREATE TABLE leases (
    name TEXT COLLATE "C" PRIMARY KEY,
    holder TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE intents (
    execution_id TEXT COLLATE "C" PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL,
    intent_id TEXT COLLATE "C" NOT NULL,
    intent_type TEXT COLLATE "C" NOT NULL,
    session_id TEXT COLLATE "C" NOT NULL,
    solution_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C",
    parameters TEXT COLLATE "C" NOT NULL,
    metadata TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE executions (
    execution_id TEXT COLLATE "C" PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL,
    intent_type TEXT COLLATE "C" NOT NULL,
    session_id TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    attempt BIGINT NOT NULL,
    retries BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    parent_id TEXT COLLATE "C",
    wait TEXT COLLATE "C",
    wait_on TEXT COLLATE "C",
    wake_at BIGINT,
    result TEXT COLLATE "C",
    failure TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT
);

CREATE INDEX executions_by_tenant ON executions (tenant_id, execution_id);
CREATE INDEX executions_open ON executions (execution_id) WHERE status IN ('pending', 'running');
CREATE INDEX executions_waking ON executions (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX executions_waiting_on ON executions (wait_on) WHERE wait_on IS NOT NULL;
CREATE INDEX executions_by_parent ON executions (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX executions_finished ON executions (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE idempotency_keys (
    tenant_id TEXT COLLATE "C" NOT NULL,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    body_digest TEXT COLLATE "C" NOT NULL,
    execution_id TEXT COLLATE "C" NOT NULL,
    intent_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, idempotency_key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Everything that is published, numbered per stream without gaps in the order of commits. An execution's journal is
-- the stream of its id; search records are the stream `records`.
CREATE TABLE outbox (
    tenant_id TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    data TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (stream, seq)
);

CREATE TABLE artifacts (
    tenant_id TEXT COLLATE "C" NOT NULL,
    artifact_id TEXT COLLATE "C" NOT NULL,
    artifact_type TEXT COLLATE "C" NOT NULL,
    intent_type TEXT COLLATE "C" NOT NULL,
    execution_id TEXT COLLATE "C" NOT NULL,
    lifecycle_state TEXT COLLATE "C" NOT NULL,
    semantic_descriptor TEXT COLLATE "C" NOT NULL,
    parent_artifacts TEXT COLLATE "C" NOT NULL,
    materializations TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, artifact_id)
);

CREATE INDEX artifacts_by_age ON artifacts (tenant_id, lifecycle_state, created_at);

CREATE TABLE files (
    tenant_id TEXT COLLATE "C" NOT NULL,
    file_id TEXT COLLATE "C" NOT NULL,
    session_id TEXT COLLATE "C" NOT NULL,
    ui_name TEXT COLLATE "C" NOT NULL,
    -- The name in lower case: the databases do not agree on the lower case of letters beyond ASCII.
    name_key TEXT COLLATE "C" NOT NULL,
    file_type TEXT COLLATE "C" NOT NULL,
    mime_type TEXT COLLATE "C" NOT NULL,
    ingestion_type TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    contract_id TEXT COLLATE "C" NOT NULL,
    metadata TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, file_id)
);

CREATE INDEX files_by_age ON files (tenant_id, created_at);
CREATE INDEX files_by_digest ON files (tenant_id, digest);

CREATE TABLE uploads (
    tenant_id TEXT COLLATE "C" NOT NULL,
    upload_id TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    file_type TEXT COLLATE "C" NOT NULL,
    mime_type TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, upload_id)
);

CREATE INDEX uploads_by_age ON uploads (created_at);

CREATE TABLE contracts (
    tenant_id TEXT COLLATE "C" NOT NULL,
    contract_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C",
    intent_id TEXT COLLATE "C" NOT NULL,
    external_source_type TEXT COLLATE "C" NOT NULL,
    external_source_identifier TEXT COLLATE "C" NOT NULL,
    external_source_metadata TEXT COLLATE "C" NOT NULL,
    contract_status TEXT COLLATE "C" NOT NULL,
    contract_terms TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, contract_id)
);

CREATE TABLE pending_intents (
    tenant_id TEXT COLLATE "C" NOT NULL,
    intent_id TEXT COLLATE "C" NOT NULL,
    intent_type TEXT COLLATE "C" NOT NULL,
    target_artifact_id TEXT COLLATE "C" NOT NULL,
    context TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C",
    session_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, intent_id)
);

CREATE INDEX pending_intents_by_target ON pending_intents (tenant_id, target_artifact_id);

CREATE TABLE records (
    tenant_id TEXT COLLATE "C" NOT NULL,
    record_id TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    parent_id TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    heading TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    date BIGINT NOT NULL,
    metadata TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, record_id)
);

CREATE INDEX records_by_parent ON records (tenant_id, parent_id);

CREATE TABLE sessions (
    session_id TEXT COLLATE "C" PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C",
    secret_digest TEXT COLLATE "C",
    metadata TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    upgraded_at BIGINT,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_expiry ON sessions (expires_at);
