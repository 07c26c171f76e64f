SELECT a.tenant_id, a.approval_id, a.number, a.kind, a.summary, a.tool_name, a.input, a.original_input, a.request_hash, a.original_hash, a.agent_id, a.agent_name, a.session_id, a.tool_use_id, a.cwd, a.execution_id, a.owner, a.reason, a.policies, a.approvers, a.tokens, a.cost, a.quorum, a.expires_at, a.escalate_at, a.escalated_at, a.state, a.votes, a.delegations, a.created_at, a.decided_at, a.outcome, a.used_at, a.revision
FROM approvals AS a JOIN executions AS e ON e.tenant_id = a.tenant_id AND e.execution_id = a.execution_id
WHERE a.state = 'pending' AND a.expires_at > ? AND e.status IN ('completed', 'failed', 'cancelled')
ORDER BY a.expires_at
LIMIT ?
