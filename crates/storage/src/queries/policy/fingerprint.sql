SELECT fingerprint FROM policy_versions WHERE tenant_id = ? AND number = ?
