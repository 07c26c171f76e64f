SELECT 1 AS found FROM policy_decisions WHERE tenant_id = ? AND decision_id = ?
