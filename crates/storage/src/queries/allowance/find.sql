SELECT tenant_id, allowance_id, approval_id, scope, tool_name, agent_id, agent_name, request_hash, granted_by_id, granted_by, created_at, expires_at, revoked_at, revoked_by, uses, last_used_at
FROM allowances
WHERE tenant_id = ? AND allowance_id = ?
