//! Files of load tools, access logs and traces: read, learnt from, replayed.

mod formats;
mod learn;
mod learn_traces;
mod replay;
