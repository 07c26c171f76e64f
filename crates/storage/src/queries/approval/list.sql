SELECT tenant_id, approval_id, number, kind, summary, tool_name, input, original_input, request_hash, original_hash, agent_id, agent_name, session_id, tool_use_id, cwd, execution_id, owner, reason, policies, approvers, tokens, cost, quorum, expires_at, escalate_at, escalated_at, state, votes, delegations, created_at, decided_at, outcome, used_at, revision
FROM approvals
