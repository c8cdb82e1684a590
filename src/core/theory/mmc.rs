//! M/M/c, first come first served: Poisson arrivals, exponential service, c servers.
//!
//! Kleinrock (1975, vol. 1, chapter 3); the response time law in Gross & Harris (1998,
//! Fundamentals of Queueing Theory, section 2.3).

use super::erlang::erlang_c;
use super::numeric::{decay_integral, quantile};
use super::positive;

/// A stable M/M/c queue. With one server it is M/M/1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mmc {
    arrival_rate: f64,
    service_rate: f64,
    servers: u32,
    waiting: f64,
}

impl Mmc {
    /// Returns `None` if a rate is not positive or the load is not below the servers' capacity.
    #[must_use]
    pub fn new(arrival_rate: f64, service_rate: f64, servers: u32) -> Option<Mmc> {
        if !positive(arrival_rate) || !positive(service_rate) {
            return None;
        }
        let waiting = erlang_c(servers, arrival_rate / service_rate)?;
        let queue = Mmc {
            arrival_rate,
            service_rate,
            servers,
            waiting,
        };
        positive(queue.spare()).then_some(queue)
    }

    /// Capacity not used: `c mu - lambda`, the rate at which a wait ends once begun.
    fn spare(&self) -> f64 {
        f64::from(self.servers) * self.service_rate - self.arrival_rate
    }

    /// Share of time that a server is busy.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        self.arrival_rate / (f64::from(self.servers) * self.service_rate)
    }

    /// Probability that an arrival has to wait (Erlang C).
    #[must_use]
    pub fn probability_of_waiting(&self) -> f64 {
        self.waiting
    }

    /// Mean time from arrival to the start of service.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        self.waiting / self.spare()
    }

    /// Mean time from arrival to departure.
    #[must_use]
    pub fn mean_response(&self) -> f64 {
        self.mean_wait() + 1.0 / self.service_rate
    }

    /// Mean number of requests in the system (Little 1961).
    #[must_use]
    pub fn mean_in_system(&self) -> f64 {
        self.arrival_rate * self.mean_response()
    }

    /// Probability that the wait exceeds `t`.
    #[must_use]
    pub fn wait_exceeds(&self, t: f64) -> f64 {
        if t < 0.0 {
            return 1.0;
        }
        self.waiting * libm::exp(-self.spare() * t)
    }

    /// Probability that the response time exceeds `t`.
    ///
    /// The service is exponential and the wait zero or exponential, so the tail is
    /// `exp(-mu t) + C mu (exp(-mu t) - exp(-(c mu - lambda) t)) / ((c mu - lambda) - mu)`.
    #[must_use]
    pub fn response_exceeds(&self, t: f64) -> f64 {
        if t < 0.0 {
            return 1.0;
        }
        let (mu, spare) = (self.service_rate, self.spare());
        // The difference quotient is symmetric in the two rates and smooth where they meet.
        let slower = libm::exp(-mu.min(spare) * t);
        let quotient = slower * decay_integral((spare - mu).abs(), t);
        libm::exp(-mu * t) + self.waiting * mu * quotient
    }

    /// Wait that a share `p` of the requests does not exceed; `None` unless `0 <= p < 1`.
    #[must_use]
    pub fn wait_quantile(&self, p: f64) -> Option<f64> {
        quantile(|t| self.wait_exceeds(t), p, 1.0 / self.spare())
    }

    /// Response time that a share `p` of the requests does not exceed; `None` unless `0 <= p < 1`.
    #[must_use]
    pub fn response_quantile(&self, p: f64) -> Option<f64> {
        quantile(|t| self.response_exceeds(t), p, 1.0 / self.service_rate)
    }
}

/// One of `stations` M/M/1 stations among which a balancer splits a Poisson stream at random.
///
/// Each sees a Poisson stream of its share (Kleinrock 1975, vol. 1, section 2.4). Returns `None`
/// without stations and where [`Mmc::new`] does.
#[must_use]
pub fn random_split(arrival_rate: f64, service_rate: f64, stations: u32) -> Option<Mmc> {
    Mmc::new(arrival_rate / f64::from(stations), service_rate, 1)
}
