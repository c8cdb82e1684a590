//! The network between users and system, as meant. Optional: without it no time passes on the way.

use super::system::{DistId, EndpointId};

/// How long a VU keeps its connection, by k6's options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// Across iterations, as is k6's default.
    #[default]
    Always,
    /// Within an iteration: `noVUConnectionReuse`.
    WithinIteration,
    /// For one request: `noConnectionReuse`.
    Never,
}

/// What a request and its answer pass through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// Time on the way, each way.
    pub latency: Option<DistId>,
    /// Connection to the host, once for each VU.
    pub connecting: Option<DistId>,
    /// TLS handshake, once for each VU.
    pub tls: Option<DistId>,
    /// Bytes per second from a user to the system; `None`: sending takes no time.
    pub upload: Option<f64>,
    /// Bytes per second from the system to a user; `None`: receiving takes no time.
    pub download: Option<f64>,
    /// Sizes of requests and answers, endpoint by endpoint.
    pub sizes: Vec<Sizes>,
}

/// Sizes in bytes, headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Of a request.
    pub request: u64,
    /// Of an answer.
    pub response: u64,
}

impl Network {
    /// The sizes of an endpoint's requests and answers.
    #[must_use]
    pub fn sizes_of(&self, endpoint: EndpointId) -> Sizes {
        self.sizes
            .get(endpoint.index())
            .copied()
            .unwrap_or_default()
    }
}
