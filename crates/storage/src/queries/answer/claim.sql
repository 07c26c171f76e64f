INSERT INTO kept_answers (tenant_id, answer_key, body_digest, attempt, status, body, created_at)
VALUES (?, ?, ?, ?, NULL, NULL, ?)
ON CONFLICT (tenant_id, answer_key) DO UPDATE SET attempt = excluded.attempt WHERE kept_answers.attempt = excluded.attempt
