-- Uploads that go on after a break, and how much every tenant keeps.

CREATE TABLE open_uploads (
    tenant_id TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    session_id TEXT,
    parameters TEXT NOT NULL,
    length BIGINT NOT NULL,
    received BIGINT NOT NULL,
    -- What the client says the digest is, and what it is once everything was received.
    stated_digest TEXT,
    digest TEXT,
    execution_id TEXT,
    completed_at BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, upload_id)
);

CREATE INDEX open_uploads_by_expiry ON open_uploads (expires_at);

-- The sizes and the number of a tenant's files, of uploads that wait to be taken in, and of what open uploads will bring.
CREATE TABLE tenant_usage (
    tenant_id TEXT PRIMARY KEY,
    bytes BIGINT NOT NULL,
    files BIGINT NOT NULL
);

INSERT INTO tenant_usage (tenant_id, bytes, files)
SELECT tenant_id, CAST(SUM(size) AS BIGINT), COUNT(*)
FROM (
    SELECT tenant_id, size FROM files WHERE status <> 'purged'
    UNION ALL SELECT tenant_id, size FROM uploads WHERE created_at > 0
) AS kept
GROUP BY tenant_id;
