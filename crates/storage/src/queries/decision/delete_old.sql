DELETE FROM policy_decisions
WHERE tenant_id = ? AND decision_id IN (
    SELECT decision_id FROM policy_decisions WHERE tenant_id = ? AND decided_at < ? ORDER BY decided_at, decision_id LIMIT ?
)
