//! The connections of a pool: made when they are needed, closed when they are old or have been idle too long.

use std::collections::VecDeque;

use super::Job;
use crate::engine::{Span, Time};
use crate::model::system::Connecting;

/// A connection that nobody uses.
#[derive(Clone, Copy, Debug)]
struct Idle {
    /// When its life is over.
    ends: Time,
    since: Time,
}

/// The connections of one pool. There are never more of them than tokens: who has a token has one of them, or has
/// one made.
#[derive(Clone, Debug)]
pub struct Connections {
    idle_timeout: Option<Span>,
    /// Those that nobody uses, the last one used last. It is used again first, as in most pools, unless all are used in
    /// turn.
    idle: VecDeque<Idle>,
    in_turn: bool,
    /// By the job that uses it: when its life is over.
    used: Vec<(Job, Time)>,
    /// When each of those that make connections is free; none without a limit.
    makers: Vec<Time>,
    /// What it measured.
    pub probe: ConnectionsProbe,
}

/// What the connections of a pool measure.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectionsProbe {
    /// Connections made in the run.
    pub made: u64,
    /// Connections closed because their life was over.
    pub old: u64,
    /// Connections closed because nobody had used them.
    pub unused: u64,
    /// Nanoseconds that the making of all connections took, waiting for others to be made apart.
    pub making: u128,
}

impl Connections {
    /// A pool without connections.
    #[must_use]
    pub fn new(spec: &Connecting) -> Connections {
        let makers = spec.at_once.map_or(0, |n| n as usize);
        Connections {
            idle_timeout: spec.idle_timeout,
            idle: VecDeque::new(),
            in_turn: spec.in_turn,
            used: Vec::new(),
            makers: vec![Time::ZERO; makers],
            probe: ConnectionsProbe::default(),
        }
    }

    /// A connection is there from the start.
    pub fn open(&mut self, ends: Time) {
        let since = Time::ZERO;
        self.idle.push_back(Idle { ends, since });
    }

    /// A job uses the connection whose turn it is, if there is one that is still open. Returns whether it does.
    pub fn take(&mut self, now: Time, job: Job) -> bool {
        while let Some(Idle { ends, since }) = self.next_idle() {
            let unused = self.idle_timeout.is_some_and(|most| since + most < now);
            if ends >= now && !unused {
                self.used.push((job, ends));
                return true;
            }
            self.probe.old += u64::from(ends < now);
            self.probe.unused += u64::from(ends >= now);
        }
        false
    }

    fn next_idle(&mut self) -> Option<Idle> {
        if self.in_turn {
            self.idle.pop_front()
        } else {
            self.idle.pop_back()
        }
    }

    /// A connection is made that takes so long, as soon as there is somebody to make it. Returns when it is there.
    pub fn make(&mut self, now: Time, takes: Span) -> Time {
        self.probe.made += 1;
        self.probe.making += u128::from(takes.0);
        let Some(maker) = self.makers.iter_mut().min() else {
            return now + takes;
        };
        *maker = now.max(*maker) + takes;
        *maker
    }

    /// A job has the connection that was made for it.
    pub fn made(&mut self, job: Job, ends: Time) {
        self.used.push((job, ends));
    }

    /// A job gives its connection back, if it has one. If its life is over it is closed.
    pub fn give_back(&mut self, now: Time, job: Job) {
        let Some(at) = self.used.iter().rposition(|(user, _)| *user == job) else {
            return;
        };
        let (_, ends) = self.used.swap_remove(at);
        if ends >= now {
            self.idle.push_back(Idle { ends, since: now });
        } else {
            self.probe.old += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::system::DistId;

    fn pool(at_once: Option<u32>, idle_timeout: Option<Span>) -> Connections {
        Connections::new(&Connecting {
            connect: DistId(0),
            lifetime: None,
            idle_timeout,
            at_once,
            opened: 0,
            in_turn: false,
        })
    }

    #[test]
    fn one_that_is_old_or_unused_is_closed() {
        let mut all = pool(None, Some(Span(10)));
        all.open(Time(100));
        all.open(Time(7));
        // A life is over after its last instant; the one used last goes first.
        assert!(all.take(Time(7), 1));
        all.give_back(Time(8), 1);
        assert!(all.take(Time(8), 2));
        all.give_back(Time(9), 2);
        // It was idle from 9 to 19.
        assert!(all.take(Time(19), 3));
        all.give_back(Time(19), 3);
        assert!(!all.take(Time(30), 4));
        assert_eq!((all.probe.old, all.probe.unused), (1, 1));
    }

    #[test]
    fn those_that_are_made_one_at_a_time_wait_for_one_another() {
        let mut one = pool(Some(1), None);
        let there: Vec<Time> = (0..3).map(|_| one.make(Time(5), Span(10))).collect();
        assert_eq!(there, [Time(15), Time(25), Time(35)]);
        assert_eq!(one.make(Time(50), Span(10)), Time(60));
        let mut two = pool(Some(2), None);
        let there: Vec<Time> = (0..3).map(|_| two.make(Time(5), Span(10))).collect();
        assert_eq!(there, [Time(15), Time(15), Time(25)]);
        let mut all = pool(None, None);
        assert_eq!(
            (
                all.make(Time(5), Span(10)),
                all.make(Time(5), Span(10)),
                all.probe.made
            ),
            (Time(15), Time(15), 2)
        );
    }
}
