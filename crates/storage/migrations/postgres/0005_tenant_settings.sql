-- What a tenant states once, such as the rules its files are checked against.

CREATE TABLE tenant_settings (
    tenant_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- 1 when it is first stated, one more with every change.
    version BIGINT NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    changed_by TEXT COLLATE "C" NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
