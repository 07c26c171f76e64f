UPDATE artifacts SET tenant_id = ?
WHERE tenant_id = ? AND NOT EXISTS (SELECT 1 FROM artifacts AS own WHERE own.tenant_id = ? AND own.artifact_id = artifacts.artifact_id)
