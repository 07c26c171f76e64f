-- The audit log: its entries, what may be dropped of them, the tree over them, and its signed checkpoints.

CREATE TABLE audit_entries (
    tenant_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    entry_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_role TEXT,
    category TEXT NOT NULL,
    action TEXT NOT NULL,
    subject_kind TEXT,
    subject_id TEXT,
    outcome TEXT NOT NULL,
    tool_use_id TEXT,
    body_hash TEXT,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (tenant_id, seq)
) WITHOUT ROWID;

CREATE UNIQUE INDEX audit_entries_by_id ON audit_entries (tenant_id, entry_id);
CREATE INDEX audit_entries_by_time ON audit_entries (tenant_id, created_at);
CREATE INDEX audit_entries_by_actor ON audit_entries (tenant_id, actor_id, seq);
CREATE INDEX audit_entries_by_action ON audit_entries (tenant_id, category, action, seq);
CREATE INDEX audit_entries_by_subject ON audit_entries (tenant_id, subject_id, seq) WHERE subject_id IS NOT NULL;
CREATE INDEX audit_entries_by_tool_use ON audit_entries (tenant_id, tool_use_id) WHERE tool_use_id IS NOT NULL;

-- What is personal or large about an entry, with the salt of its hash. Goes by retention or on request.
CREATE TABLE audit_bodies (
    tenant_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    salt TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant_id, seq)
) WITHOUT ROWID;

-- How long each log is, the hash of its last entry, and the hashes that its tree grows from.
CREATE TABLE audit_heads (
    tenant_id TEXT PRIMARY KEY,
    size BIGINT NOT NULL,
    hash TEXT NOT NULL,
    frontier TEXT NOT NULL,
    -- How many entries the newest checkpoint covers, and up to which entry retention has dropped bodies.
    signed BIGINT NOT NULL,
    dropped BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX audit_heads_unsigned ON audit_heads (tenant_id) WHERE size > signed;

-- The hashes of complete subtrees over 2^8, 2^16, … entries: what a proof needs beyond a few hundred neighbours.
CREATE TABLE audit_nodes (
    tenant_id TEXT NOT NULL,
    level BIGINT NOT NULL,
    position BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (tenant_id, level, position)
) WITHOUT ROWID;

CREATE TABLE audit_checkpoints (
    tenant_id TEXT NOT NULL,
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (tenant_id, size)
) WITHOUT ROWID;
