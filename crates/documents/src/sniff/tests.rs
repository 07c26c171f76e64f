//! What is recognised as what.
