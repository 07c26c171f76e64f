INSERT INTO contracts (tenant_id, contract_id, user_id, intent_id, external_source_type, external_source_identifier, external_source_metadata, contract_status, contract_terms, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, contract_id) DO UPDATE
SET contract_status = excluded.contract_status, contract_terms = excluded.contract_terms, updated_at = excluded.updated_at
