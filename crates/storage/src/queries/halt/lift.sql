UPDATE halts SET lifted_by = ?, lifted_at = ? WHERE tenant_id = ? AND halt_id = ? AND lifted_at IS NULL
