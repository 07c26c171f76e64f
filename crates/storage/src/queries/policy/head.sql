SELECT newest, active, base, activations FROM policy_heads WHERE tenant_id = ?
