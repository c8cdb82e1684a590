//! How models are read, and wrong ones refused.

mod hostile;
mod loading;
