-- PostgreSQL counts for itself what SQLite has to be told (see the other file of this number).
SELECT 1;
