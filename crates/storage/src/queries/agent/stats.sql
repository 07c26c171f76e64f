SELECT role, category, specialist, COUNT(*) AS count
FROM agents WHERE tenant_id = ?
GROUP BY role, category, specialist
