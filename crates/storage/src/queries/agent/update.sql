UPDATE agents
SET name = ?, role = ?, role_confidence = ?, role_reasoning = ?, capabilities = ?, rbac = ?, max_tokens_per_session = ?, max_cost_per_day = ?, currency = ?,
    category = ?, specialist = ?, version = ?, tags = ?, lifecycle = ?, owner = ?, synthesised = ?, updated_at = ?, revision = revision + 1,
    source_path = COALESCE(?, source_path), source_fingerprint = COALESCE(?, source_fingerprint), source_text = COALESCE(?, source_text)
WHERE tenant_id = ? AND agent_id = ? AND revision = ?
