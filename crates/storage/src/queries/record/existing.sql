SELECT record_id FROM records
