-- The planner guesses that a tenant has ten rows in a table and so walks all of a tenant's rows along the primary key,
-- where an index would find the one that is wanted. These numbers say of each index: a million rows, ten thousand of them
-- a tenant's, and how few are left with each further column.
ANALYZE pending_intents; -- Makes the table of statistics; what it finds is replaced.
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('agent_metrics', 'agent_metrics', '1000000 10000 1'),
    ('agent_metrics', 'agent_metrics_by_agent', '1000000 10000 100 1'),
    ('agent_metrics', 'agent_metrics_by_time', '1000000 10000 1'),
    ('agents', 'agents', '1000000 10000 1'),
    ('agents', 'agents_by_name', '1000000 10000 1'),
    ('artifacts', 'artifacts', '1000000 10000 1'),
    ('artifacts', 'artifacts_by_age', '1000000 10000 2500 1'),
    ('audit_entries', 'audit_entries', '1000000 10000 1'),
    ('audit_entries', 'audit_entries_by_action', '1000000 10000 1000 100 1'),
    ('audit_entries', 'audit_entries_by_actor', '1000000 10000 100 1'),
    ('audit_entries', 'audit_entries_by_id', '1000000 10000 1'),
    ('audit_entries', 'audit_entries_by_subject', '1000000 10000 10 1'),
    ('audit_entries', 'audit_entries_by_time', '1000000 10000 1'),
    ('audit_entries', 'audit_entries_by_tool_use', '1000000 10000 2'),
    ('files', 'files', '1000000 10000 1'),
    ('files', 'files_by_age', '1000000 10000 1'),
    ('files', 'files_by_digest', '1000000 10000 2'),
    ('idempotency_keys', 'idempotency_keys', '1000000 10000 1'),
    ('memberships', 'memberships', '1000000 10000 1'),
    ('open_uploads', 'open_uploads', '1000000 10000 1'),
    ('pending_intents', 'pending_intents', '1000000 10000 1'),
    ('pending_intents', 'pending_intents_by_target', '1000000 10000 2'),
    ('uploads', 'uploads', '1000000 10000 1');
ANALYZE sqlite_schema; -- Has this connection read them.
