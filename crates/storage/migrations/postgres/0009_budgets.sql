-- Budgets: pools, what is reserved of them, and for rolling windows what was used when.

CREATE TABLE budget_pools (
    tenant_id TEXT NOT NULL,
    -- organisation, team:NAME, agent:ID or session:ID.
    scope TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- The agent whose definition limits a session.
    agent_id TEXT,
    -- Money is in millionths of the currency's unit.
    cap_tokens BIGINT,
    cap_cost BIGINT,
    period TEXT NOT NULL,
    window_hours BIGINT NOT NULL,
    source TEXT NOT NULL,
    waits BIGINT NOT NULL,
    period_start BIGINT NOT NULL,
    used_tokens BIGINT NOT NULL,
    used_cost BIGINT NOT NULL,
    reserved_tokens BIGINT NOT NULL,
    reserved_cost BIGINT NOT NULL,
    reservations BIGINT NOT NULL,
    -- In the organisation's row: how many teams and sessions have one.
    members BIGINT NOT NULL,
    -- Whether executions may wait for room in it.
    awaited BIGINT NOT NULL,
    warned BIGINT NOT NULL,
    changed_by TEXT,
    touched_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, scope)
);

CREATE INDEX budget_pools_by_agent ON budget_pools (tenant_id, agent_id) WHERE agent_id IS NOT NULL;

CREATE TABLE budget_reservations (
    tenant_id TEXT NOT NULL,
    reservation_id TEXT NOT NULL,
    -- The pools, as JSON.
    scopes TEXT NOT NULL,
    tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    -- held, settled, released, expired, or spent: a charge without a reservation, kept so that it counts once.
    status TEXT NOT NULL,
    actual_tokens BIGINT,
    actual_cost BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (tenant_id, reservation_id)
);

CREATE INDEX budget_reservations_held ON budget_reservations (expires_at) WHERE status = 'held';
CREATE INDEX budget_reservations_ended ON budget_reservations (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE budget_buckets (
    tenant_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    -- When what was used leaves the window.
    ends_at BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, scope, ends_at)
);

INSERT INTO budget_pools (tenant_id, scope, kind, agent_id, cap_tokens, cap_cost, period, window_hours, source, waits, period_start, used_tokens, used_cost, reserved_tokens, reserved_cost, reservations, members, awaited, warned, changed_by, touched_at)
SELECT tenant_id, 'agent:' || agent_id, 'agent', NULL, NULL, max_cost_per_day, 'day', 0, 'registry', 0, last_reset, tokens_used, cost_used, 0, 0, 0, 0, 0, 0, NULL, updated_at
FROM agents;
