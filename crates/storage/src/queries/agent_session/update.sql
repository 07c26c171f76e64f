UPDATE agent_sessions
SET root = CASE root WHEN '' THEN ? ELSE root END, agent_id = ?, agent_name = ?, model = ?, permission_mode = ?, facts = ?, revision = ?, calls = calls + ?, denied = denied + ?, last_seen_at = ?, ended_at = ?
WHERE tenant_id = ? AND session_id = ? AND revision = ?
