INSERT INTO agent_sessions (tenant_id, session_id, agent_id, agent_name, client, model, root, permission_mode, reported_by, facts, revision, calls, denied, first_seen_at, last_seen_at, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
