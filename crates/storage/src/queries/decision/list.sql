SELECT tenant_id, decided_at, decision_id, session_id, tool_use_id, event, agent_id, agent_name, tool_name, outcome, reason, request, answer, fingerprint, approval_id, reservation_id, shadow
FROM policy_decisions
