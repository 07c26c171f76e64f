INSERT INTO tenant_usage (tenant_id, bytes, files)
SELECT tenant_id, CAST(SUM(size) AS BIGINT), COUNT(*)
FROM (
    SELECT tenant_id, size FROM files WHERE tenant_id IN (?, ?) AND status <> 'purged'
    UNION ALL SELECT tenant_id, size FROM uploads WHERE tenant_id IN (?, ?) AND created_at > 0
    UNION ALL SELECT tenant_id, length AS size FROM open_uploads WHERE tenant_id IN (?, ?) AND completed_at IS NULL
) AS kept
GROUP BY tenant_id
