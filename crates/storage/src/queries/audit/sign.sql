UPDATE audit_heads SET signed = ? WHERE tenant_id = ? AND signed < ? AND size >= ?
