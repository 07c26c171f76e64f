UPDATE tenant_usage SET bytes = tenant_usage.bytes - gone.size, files = tenant_usage.files - 1
FROM (SELECT size FROM uploads WHERE tenant_id = ? AND upload_id = ? AND created_at > 0) AS gone
WHERE tenant_usage.tenant_id = ?
