SELECT COUNT(*) AS count FROM artifacts
