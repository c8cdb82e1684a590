//! The mechanisms of the system under test, one file each.
