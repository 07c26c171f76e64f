DELETE FROM agent_metrics WHERE metric_id IN (SELECT metric_id FROM agent_metrics WHERE recorded_at < ? ORDER BY recorded_at LIMIT ?) AND recorded_at < ?
