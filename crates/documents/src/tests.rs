//! What holds for all formats.
