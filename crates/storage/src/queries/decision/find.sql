SELECT tenant_id, decided_at, decision_id, session_id, tool_use_id, event, agent_id, agent_name, tool_name, outcome, reason, request, answer, fingerprint, approval_id, reservation_id, shadow
FROM policy_decisions
WHERE tenant_id = ? AND session_id = ? AND tool_use_id = ? AND event = ?
