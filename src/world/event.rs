//! Everything that can happen at an instant. The one `match` over it, in [`World`](super::World), is
//! the simulator's table of contents.

/// What is pending in the event queue. A wake-up carries the generation it was made for and is
/// ignored when that is no longer current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A VU's think time is over.
    Wake {
        /// Which VU.
        vu: u32,
        /// Its generation when it fell asleep.
        generation: u32,
    },
    /// A job at a station is due.
    Completion {
        /// Which station.
        station: u16,
    },
    /// A delay of a request is over.
    DelayOver {
        /// Which request.
        request: u32,
        /// Its ticket when the delay began.
        ticket: u32,
    },
    /// A request has waited long enough in a line.
    PatienceOver {
        /// Which request.
        request: u32,
        /// Its ticket when it began to wait.
        ticket: u32,
    },
    /// Requests that share a client timeout may have reached it.
    ClientTimeout {
        /// Which timeout.
        watch: u16,
    },
    /// A scenario starts or stops VUs, or iterations arrive.
    Load {
        /// Which scenario.
        scenario: u16,
    },
    /// Running iterations of a scenario are interrupted: its graceful stop is over.
    HardStop {
        /// Which scenario.
        scenario: u16,
    },
    /// Setup or teardown has taken too long.
    PhaseTimeout,
    /// k6's one-second sample of its VUs.
    Second,
    /// A slowdown of a station begins.
    SlowdownBegins {
        /// Index into the world's list.
        slowdown: u16,
    },
    /// A slowdown of a station is over.
    SlowdownEnds {
        /// Index into the world's list.
        slowdown: u16,
    },
    /// A hold on a seat is over.
    HoldExpires {
        /// Which hold.
        hold: u32,
    },
    /// The waiting room may let somebody through.
    Admission,
    /// An admitted user's session is over.
    SessionEnds {
        /// Whose token.
        token: u32,
    },
    /// A request reaches the system.
    Arrival {
        /// Which request.
        request: u32,
        /// Its ticket when it set out.
        ticket: u32,
    },
    /// An answer reaches its VU.
    Answer {
        /// Which VU.
        vu: u32,
        /// Its generation when the answer set out.
        generation: u32,
    },
    /// Thresholds are evaluated, for one of them may abort the run.
    Evaluate,
}

impl Event {
    /// A number that tells events apart, for the run's fingerprint.
    #[inline]
    pub(super) fn code(self) -> u64 {
        let (tag, who) = match self {
            Event::Wake { vu, .. } => (1, vu),
            Event::Completion { station } => (2, u32::from(station)),
            Event::DelayOver { request, .. } => (3, request),
            Event::PatienceOver { request, .. } => (4, request),
            Event::ClientTimeout { watch } => (5, u32::from(watch)),
            Event::Load { scenario } => (6, u32::from(scenario)),
            Event::HardStop { scenario } => (7, u32::from(scenario)),
            Event::PhaseTimeout => (8, 0),
            Event::Second => (9, 0),
            Event::SlowdownBegins { slowdown } => (10, u32::from(slowdown)),
            Event::SlowdownEnds { slowdown } => (11, u32::from(slowdown)),
            Event::HoldExpires { hold } => (12, hold),
            Event::Admission => (13, 0),
            Event::SessionEnds { token } => (14, token),
            Event::Arrival { request, .. } => (15, request),
            Event::Answer { vu, .. } => (16, vu),
            Event::Evaluate => (17, 0),
        };
        (u64::from(who) << 8) | tag
    }
}
