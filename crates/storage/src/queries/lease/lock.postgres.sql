-- PostgreSQL has several writers at a time: the row is locked so that a takeover waits for this transaction.
SELECT epoch FROM leases WHERE name = ? FOR SHARE
