UPDATE approvals
SET input = ?, original_input = ?, request_hash = ?, approvers = ?, state = ?, votes = ?, delegations = ?, escalated_at = ?, decided_at = ?, outcome = ?, used_at = ?, revision = revision + 1
WHERE tenant_id = ? AND approval_id = ? AND revision = ?
