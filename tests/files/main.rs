//! Files of load tools, access logs and traces: read, learnt from, replayed.

mod formats;
mod learn;
mod learn_traces;
mod locust_rows;
mod log_threads;
mod replay;
mod server_logs;
