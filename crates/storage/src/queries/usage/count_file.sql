UPDATE tenant_usage SET bytes = tenant_usage.bytes + change.files * CAST(? AS BIGINT), files = tenant_usage.files + change.files
FROM (SELECT CAST(? AS BIGINT) - COUNT(*) AS files FROM files WHERE tenant_id = ? AND file_id = ? AND status <> 'purged') AS change
WHERE tenant_usage.tenant_id = ? AND (change.files <= 0 OR (tenant_usage.bytes <= ? AND tenant_usage.files < ?))
