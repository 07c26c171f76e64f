-- The largest of a group of equals is each of them; it also lets the statement be prepared before its groups are added.
SELECT CAST(MAX(at) / 86400000000 AS BIGINT) AS name, COUNT(*) AS requests, COUNT(cost) AS priced,
    CAST(SUM(input_tokens) AS BIGINT) AS input_tokens, CAST(SUM(output_tokens) AS BIGINT) AS output_tokens,
    CAST(SUM(cache_read_tokens) AS BIGINT) AS cache_read_tokens, CAST(SUM(cache_creation_tokens) AS BIGINT) AS cache_creation_tokens,
    CAST(COALESCE(SUM(cost), 0) AS BIGINT) AS cost, CAST(COALESCE(SUM(duration_ms), 0) AS BIGINT) AS duration_ms
FROM telemetry_requests
