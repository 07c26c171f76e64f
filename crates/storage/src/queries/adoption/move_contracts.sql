UPDATE contracts SET tenant_id = ?
WHERE tenant_id = ? AND NOT EXISTS (SELECT 1 FROM contracts AS own WHERE own.tenant_id = ? AND own.contract_id = contracts.contract_id)
