-- Outgoing webhooks: where events are sent to, and what became of each.

CREATE TABLE webhooks (
    tenant_id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    url TEXT NOT NULL,
    types TEXT NOT NULL,
    description TEXT NOT NULL,
    secret TEXT NOT NULL,
    -- The secret before the last rotation signs beside the new one until then.
    previous_secret TEXT,
    previous_until BIGINT,
    enabled BIGINT NOT NULL,
    concurrency BIGINT NOT NULL,
    -- The number of the last event that was looked at.
    position BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    failing_since BIGINT,
    failures BIGINT NOT NULL,
    last_delivered_at BIGINT,
    disabled_reason TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, webhook_id)
) WITHOUT ROWID;

CREATE TABLE webhook_deliveries (
    tenant_id TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    -- Tries since it was planned or replayed, and all of them.
    tries BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    log TEXT NOT NULL,
    next_try_at BIGINT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (tenant_id, delivery_id)
) WITHOUT ROWID;

CREATE INDEX webhook_deliveries_first ON webhook_deliveries (tenant_id, webhook_id, seq) WHERE status = 'pending' AND tries = 0;
CREATE INDEX webhook_deliveries_again ON webhook_deliveries (tenant_id, webhook_id, next_try_at) WHERE status = 'pending' AND tries > 0;
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (tenant_id, webhook_id, created_at, delivery_id);
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;

-- Signed checkpoints in the order in which they were signed, for whoever sends them on.
CREATE INDEX audit_checkpoints_by_time ON audit_checkpoints (created_at, tenant_id, size);

-- As in migration 8: the planner must not walk all of a tenant's rows.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('webhooks', 'webhooks', '10000 10 1'),
    ('webhook_deliveries', 'webhook_deliveries', '1000000 10000 1'),
    ('webhook_deliveries', 'webhook_deliveries_by_age', '1000000 10000 1000 1 1'),
    ('webhook_deliveries', 'webhook_deliveries_first', '1000 100 10 1'),
    ('webhook_deliveries', 'webhook_deliveries_again', '1000 100 10 1');
ANALYZE sqlite_schema;
