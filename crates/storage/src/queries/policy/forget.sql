DELETE FROM policy_versions WHERE tenant_id = ? AND number <= ? AND number <> ?
