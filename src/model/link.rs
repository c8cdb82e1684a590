//! The network between services, as meant. Optional: without it a call takes no time on the way.

use super::system::DistId;
use crate::engine::Span;

/// What calls from one service to another pass through, each way.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Name: the key in the model.
    pub name: String,
    /// The service that calls, by index; `None`: whoever calls from outside of `to`.
    pub from: Option<u16>,
    /// The service that is called, by index.
    pub to: u16,
    /// Time of one way.
    pub latency: Option<DistId>,
    /// Bytes a second, each way, for each call; `None`: sending takes no time.
    pub bandwidth: Option<f64>,
    /// Size of a call in bytes.
    pub request_bytes: u64,
    /// Size of an answer in bytes.
    pub response_bytes: u64,
    /// The probability that a message is lost, each time that it is sent.
    pub loss: f64,
    /// When a message that was lost is sent again for the first time.
    pub retransmission: Span,
    /// Bytes of a segment, which are lost by themselves; `None`: a message is lost as a whole.
    pub segment: Option<u64>,
}
