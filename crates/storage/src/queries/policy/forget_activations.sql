DELETE FROM policy_activations WHERE tenant_id = ? AND seq <= ?
