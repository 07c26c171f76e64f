INSERT INTO approval_numbers (tenant_id, last_number) VALUES (?, 1)
ON CONFLICT (tenant_id) DO UPDATE SET last_number = approval_numbers.last_number + 1
RETURNING last_number
