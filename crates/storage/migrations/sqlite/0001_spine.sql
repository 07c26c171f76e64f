-- The spine: leases, intents and their executions, the outbox, artifacts, files, search records, sessions.

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
) WITHOUT ROWID;

INSERT INTO counters (name, value) VALUES ('records', 0);

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE intents (
    execution_id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    intent_id TEXT NOT NULL,
    intent_type TEXT NOT NULL,
    session_id TEXT NOT NULL,
    solution_id TEXT NOT NULL,
    user_id TEXT,
    parameters TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE executions (
    execution_id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    intent_type TEXT NOT NULL,
    session_id TEXT NOT NULL,
    status TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    retries BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    parent_id TEXT,
    wait TEXT,
    wait_on TEXT,
    wake_at BIGINT,
    result TEXT,
    failure TEXT,
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
    tenant_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    body_digest TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    intent_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, idempotency_key)
) WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Everything that is published, numbered per stream without gaps in the order of commits. An execution's journal is
-- the stream of its id; search records are the stream `records`.
CREATE TABLE outbox (
    tenant_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (stream, seq)
) WITHOUT ROWID;

CREATE TABLE artifacts (
    tenant_id TEXT NOT NULL,
    artifact_id TEXT NOT NULL,
    artifact_type TEXT NOT NULL,
    intent_type TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    lifecycle_state TEXT NOT NULL,
    semantic_descriptor TEXT NOT NULL,
    parent_artifacts TEXT NOT NULL,
    materializations TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, artifact_id)
) WITHOUT ROWID;

CREATE INDEX artifacts_by_age ON artifacts (tenant_id, lifecycle_state, created_at);

CREATE TABLE files (
    tenant_id TEXT NOT NULL,
    file_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    ui_name TEXT NOT NULL,
    -- The name in lower case: the databases do not agree on the lower case of letters beyond ASCII.
    name_key TEXT NOT NULL,
    file_type TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    ingestion_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    digest TEXT NOT NULL,
    status TEXT NOT NULL,
    contract_id TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, file_id)
) WITHOUT ROWID;

CREATE INDEX files_by_age ON files (tenant_id, created_at);
CREATE INDEX files_by_digest ON files (tenant_id, digest);

CREATE TABLE uploads (
    tenant_id TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    size BIGINT NOT NULL,
    file_type TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, upload_id)
) WITHOUT ROWID;

CREATE INDEX uploads_by_age ON uploads (created_at);

CREATE TABLE contracts (
    tenant_id TEXT NOT NULL,
    contract_id TEXT NOT NULL,
    user_id TEXT,
    intent_id TEXT NOT NULL,
    external_source_type TEXT NOT NULL,
    external_source_identifier TEXT NOT NULL,
    external_source_metadata TEXT NOT NULL,
    contract_status TEXT NOT NULL,
    contract_terms TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, contract_id)
) WITHOUT ROWID;

CREATE TABLE pending_intents (
    tenant_id TEXT NOT NULL,
    intent_id TEXT NOT NULL,
    intent_type TEXT NOT NULL,
    target_artifact_id TEXT NOT NULL,
    context TEXT NOT NULL,
    status TEXT NOT NULL,
    user_id TEXT,
    session_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, intent_id)
) WITHOUT ROWID;

CREATE INDEX pending_intents_by_target ON pending_intents (tenant_id, target_artifact_id);

CREATE TABLE records (
    tenant_id TEXT NOT NULL,
    record_id TEXT NOT NULL,
    source TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    title TEXT NOT NULL,
    heading TEXT NOT NULL,
    body TEXT NOT NULL,
    kind TEXT NOT NULL,
    date BIGINT NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (tenant_id, record_id)
);

CREATE INDEX records_by_parent ON records (tenant_id, parent_id);

CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    user_id TEXT,
    secret_digest TEXT,
    metadata TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    upgraded_at BIGINT,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX sessions_by_expiry ON sessions (expires_at);
