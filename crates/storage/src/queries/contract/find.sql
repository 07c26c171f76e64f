SELECT tenant_id, contract_id, user_id, intent_id, external_source_type, external_source_identifier, external_source_metadata, contract_status, contract_terms, created_at, updated_at
FROM contracts WHERE tenant_id = ? AND contract_id = ?
