WITH RECURSIVE tenants (tenant_id) AS (
    SELECT MIN(tenant_id) FROM policy_decisions
    UNION ALL
    SELECT (SELECT MIN(d.tenant_id) FROM policy_decisions d WHERE d.tenant_id > tenants.tenant_id) FROM tenants WHERE tenants.tenant_id IS NOT NULL
)
SELECT tenant_id FROM tenants
WHERE tenant_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM policy_decisions d WHERE d.tenant_id = tenants.tenant_id AND d.decided_at < ?)
LIMIT ?
