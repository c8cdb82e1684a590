//! Closed forms of queueing theory: Erlang, Pollaczek-Khinchine, mean-value analysis, bounds.
