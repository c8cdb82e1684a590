//! What a system costs, as meant.

/// Prices, in one currency.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// What they are in, such as `EUR`.
    pub currency: String,
    /// Of an hour of a replica, by index of the service.
    pub replicas: Vec<(usize, f64)>,
    /// Of an hour of a server, by name of the station.
    pub servers: Vec<(String, f64)>,
    /// Of an hour of a core, by index of the host.
    pub cores: Vec<(usize, f64)>,
    /// Of a call, by index of the endpoint.
    pub calls: Vec<(usize, f64)>,
}
