//! The replicas of a service: what the balancer knows of each, and what each has done.

use super::balancer::{Backend, Balancer};
use super::slow_start::SlowStarts;
use crate::engine::Time;
use crate::engine::stream::Stream;
use crate::measure::time_weighted::TimeWeighted;
use crate::model::service::Service;

/// All replicas of one service.
#[derive(Clone, Debug)]
pub struct Replicas {
    balancer: Balancer,
    backends: Vec<Backend>,
    slow_starts: Option<Box<SlowStarts>>,
    /// What it measured.
    pub probe: ServiceProbe,
}

/// What a service measures.
#[derive(Clone, Debug, Default)]
pub struct ServiceProbe {
    /// Of each replica.
    pub replicas: Vec<ReplicaProbe>,
    /// Requests for which there was no replica.
    pub unserved: u64,
    /// Replicas that are there.
    pub up: TimeWeighted,
    /// How often a replica went, by a fault or for a restart.
    pub lost: u64,
    /// How often one was ejected because of its answers.
    pub ejected: u64,
    /// Replicas that cost: those that boot, are there, or drain.
    pub paid: TimeWeighted,
    /// Replicas that an autoscaler or a schedule has added.
    pub grown: u64,
    /// Those that it has dismissed.
    pub shrunk: u64,
}

/// What a replica measures.
#[derive(Clone, Debug, Default)]
pub struct ReplicaProbe {
    /// Whether it is part of the service: 0 or 1.
    pub there: TimeWeighted,
    /// Requests on which it works.
    pub present: TimeWeighted,
    /// Requests sent to it.
    pub picked: u64,
    /// Requests that it has finished.
    pub finished: u64,
    /// Of these, those that did not succeed.
    pub failed: u64,
}

impl Replicas {
    /// The replicas of the start of a run, idle.
    #[must_use]
    pub fn new(spec: &Service, stream: Stream) -> Replicas {
        Replicas {
            balancer: Balancer::new(spec, stream),
            backends: spec.weights.iter().map(|w| Backend::new(*w)).collect(),
            slow_starts: SlowStarts::of(spec),
            probe: ServiceProbe {
                replicas: vec![ReplicaProbe::default(); spec.most as usize],
                ..ServiceProbe::default()
            },
        }
    }

    /// Picks the replica of a request: `home` if the balancer may use that. `key` is the number of the request's
    /// entity where the balancer looks at one. `None` if there is no replica.
    pub fn pick(&mut self, now: Time, key: Option<u32>, home: Option<u16>) -> Option<u16> {
        if let Some(slow) = &mut self.slow_starts
            && slow.is_rising()
            && slow.rise(now, &mut self.backends)
        {
            self.balancer.weights_changed(&self.backends);
        }
        let home = home.filter(|at| self.balancer.uses(*at));
        let picked = home.or_else(|| self.balancer.pick(&mut self.backends, key));
        if picked.is_none() {
            self.probe.unserved += 1;
        }
        picked
    }

    /// The balancer may use these from now on, ascending.
    pub fn may_use(&mut self, now: Time, replicas: Vec<u16>) {
        if let Some(slow) = &mut self.slow_starts {
            let before = |at| self.balancer.uses(at);
            slow.may_use(now, &replicas, before, &mut self.backends);
            self.balancer.weights_changed(&self.backends);
        }
        self.balancer.may_use(replicas);
    }

    /// Requests on which a replica works.
    #[must_use]
    pub fn present(&self, at: u16) -> u32 {
        self.backends[usize::from(at)].present
    }

    /// A request comes to a replica; `awaited` if somebody waits for its answer.
    pub fn enter(&mut self, now: Time, at: u16, awaited: bool) {
        let backend = &mut self.backends[usize::from(at)];
        backend.present += 1;
        backend.connections += u32::from(awaited);
        let probe = &mut self.probe.replicas[usize::from(at)];
        probe.present.add(now);
        probe.picked += 1;
    }

    /// Nobody waits for the answer of a request at a replica any more: it has been given, or the client has gone.
    pub fn disconnect(&mut self, at: u16) {
        let open = &mut self.backends[usize::from(at)].connections;
        debug_assert!(*open > 0, "a connection is closed twice");
        *open = open.saturating_sub(1);
    }

    /// A replica has finished a request.
    pub fn leave(&mut self, now: Time, at: u16, succeeded: bool) {
        let present = &mut self.backends[usize::from(at)].present;
        debug_assert!(*present > 0, "a request leaves twice");
        *present = present.saturating_sub(1);
        let probe = &mut self.probe.replicas[usize::from(at)];
        probe.present.subtract(now);
        probe.finished += 1;
        probe.failed += u64::from(!succeeded);
    }
}
