UPDATE policy_decisions SET answer = ?, approval_id = COALESCE(?, approval_id), reservation_id = COALESCE(?, reservation_id)
WHERE tenant_id = ? AND decision_id = ? AND answer = 'null'
