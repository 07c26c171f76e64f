-- What a tenant states once, such as the rules its files are checked against.

CREATE TABLE tenant_settings (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- 1 when it is first stated, one more with every change.
    version BIGINT NOT NULL,
    value TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) WITHOUT ROWID;
