//! The Universal Scalability Law (Gunther 1993, 2007): how much is completed with n in service, and with
//! how many most is.

use super::closed::usl_rate;

/// A station that follows the law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// Contention.
    pub sigma: f64,
    /// Coherency.
    pub kappa: f64,
    /// Most that are served at full speed at once; `f64::INFINITY` for no limit.
    pub servers: f64,
}

impl Law {
    /// How many in service complete most: `√((1 − σ)/κ)`, but no more than there are servers and at least
    /// one. Infinite for infinitely many servers without coherency.
    #[must_use]
    pub fn best(&self) -> f64 {
        let free = if self.kappa > 0.0 {
            ((1.0 - self.sigma).max(0.0) / self.kappa).sqrt()
        } else if self.sigma > 1.0 {
            1.0
        } else {
            f64::INFINITY
        };
        free.max(1.0).min(self.servers)
    }

    /// Completion rate with n in service, in units of that of one alone; of more than there are servers,
    /// all share these.
    #[must_use]
    pub fn rate(&self, n: f64) -> f64 {
        if n <= 1.0 {
            return n.max(0.0);
        }
        if n == f64::INFINITY {
            return match (self.sigma > 0.0, self.kappa > 0.0) {
                (_, true) => 0.0,
                (true, false) => 1.0 / self.sigma,
                (false, false) => self.servers,
            };
        }
        usl_rate(n, 1.0, self.sigma, self.kappa) * (self.servers / n).min(1.0)
    }

    /// The largest completion rate, in units of that of one alone.
    #[must_use]
    pub fn most(&self) -> f64 {
        self.rate(self.best())
    }

    /// How much longer each takes with n in service than alone.
    #[must_use]
    pub fn stretch(&self, n: f64) -> f64 {
        if n <= 1.0 {
            return 1.0;
        }
        n / self.rate(n)
    }

    /// The fewest in service that complete so much, in units of the rate of one alone; the best number if
    /// none completes as much.
    #[must_use]
    pub fn present_at(&self, rate: f64) -> f64 {
        if rate <= 1.0 {
            return rate.max(0.0);
        }
        if rate >= self.most() {
            return self.best();
        }
        let (mut low, mut high) = (1.0, 2.0_f64);
        while self.rate(high.min(self.best())) < rate {
            high *= 2.0;
        }
        high = high.min(self.best());
        for _ in 0..100 {
            let middle = f64::midpoint(low, high);
            if self.rate(middle) < rate {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_number_completes_most() {
        let law = Law {
            sigma: 0.0277,
            kappa: 0.000_104,
            servers: 1000.0,
        };
        assert!((law.best() - 96.69).abs() < 0.01, "{}", law.best());
        assert!(law.rate(96.0) < law.most() && law.rate(98.0) < law.most());
        // Published: 1,885 a second with 96 users, each alone 11.11 ms.
        assert!((law.most() / 0.01111 - 1885.0).abs() < 5.0);
        assert!((law.rate(law.present_at(10.0)) - 10.0).abs() < 1e-9);
        assert_eq!(law.present_at(1e9), law.best());
        let few = Law {
            servers: 8.0,
            ..law
        };
        assert_eq!(few.best(), 8.0);
        assert_eq!(few.rate(16.0), usl_rate(16.0, 1.0, 0.0277, 0.000_104) / 2.0);
    }

    #[test]
    fn contention_alone_has_a_ceiling_and_no_best_number() {
        let law = Law {
            sigma: 0.05,
            kappa: 0.0,
            servers: f64::INFINITY,
        };
        assert_eq!((law.best(), law.most()), (f64::INFINITY, 20.0));
        let present = law.present_at(19.0);
        assert!((law.rate(present) - 19.0).abs() < 1e-6, "{present}");
        let none = Law { sigma: 0.0, ..law };
        assert_eq!(none.most(), f64::INFINITY);
    }
}
