-- The words people put on files, in lower case, each between line ends; empty without any.
ALTER TABLE files ADD COLUMN tag_key TEXT NOT NULL DEFAULT '';
