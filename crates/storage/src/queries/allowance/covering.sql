SELECT tenant_id, allowance_id, approval_id, scope, tool_name, agent_id, agent_name, request_hash, granted_by_id, granted_by, created_at, expires_at, revoked_at, revoked_by, uses, last_used_at
FROM allowances
WHERE tenant_id = ? AND tool_name = ? AND expires_at > ? AND revoked_at IS NULL
    AND (request_hash = ? OR scope = 'tool' AND COALESCE(agent_id, '') = ? AND (agent_id IS NOT NULL OR agent_name = ?))
ORDER BY expires_at DESC
LIMIT 50
