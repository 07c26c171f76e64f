SELECT MIN(e.category) AS category, MIN(e.action) AS action, MIN(e.outcome) AS outcome, MIN(e.actor_role) AS actor_role,
    COUNT(*) AS total
FROM audit_entries e
