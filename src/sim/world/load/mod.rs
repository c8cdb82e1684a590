//! The load at work: scenarios, their VUs, and what these measure.
//!
//! What lives here: the [`Load`], the interpreter of journeys, and how scenarios start VUs. It may use the kernel, the plans
//! of executors (`load` at the root of the crate) and, to send and to read answers, what a request is. It must not know the
//! `World`, or any resource of the system.

pub(crate) mod build;
pub mod client_timeout;
pub(crate) mod interpreter;
pub(crate) mod laws;
pub mod scenario;
pub mod vu;

use crate::engine::queue::AlarmId;
use crate::engine::table::Table;
use crate::engine::{Span, Time};
use crate::measure::recorder::{Recorder, ResponseCode};
use crate::model::Model;
use crate::model::network::Reuse;

use crate::world::concurrent::Concurrent;
use crate::world::kernel::{Kernel, Work};
use crate::world::notice::Notice;
use crate::world::system::request::Request;
use crate::world::users::UserSource;
use client_timeout::TimeoutWatch;
use interpreter::JourneyInterpreter;
use scenario::ScenarioRun;
use vu::{Reply, Vu, VuState};

/// The load: scenarios, their VUs, and what these measure.
pub struct Load<'m> {
    pub(crate) model: &'m Model,
    pub(crate) vus: Table<Vu>,
    pub(crate) interpreter: JourneyInterpreter,
    /// What decides for VUs that run no journey of the model.
    pub(crate) users: Option<Box<dyn UserSource + 'm>>,
    /// Requests that VUs have under way at once, if any ever had.
    pub(crate) concurrent: Option<Box<Concurrent>>,
    pub(crate) scenarios: Table<ScenarioRun>,
    pub(crate) active_vus: u64,
    pub(crate) initialised_vus: u64,
    pub(crate) second: AlarmId,
    pub(crate) phase_timeout: AlarmId,
    /// The next look at thresholds that may abort the run.
    pub(crate) evaluate: AlarmId,
    /// Metrics that had crossed a threshold when the run was aborted.
    pub(crate) crossed: Vec<String>,
    pub(crate) sites: Table<SitePlan>,
    pub(crate) watches: Vec<TimeoutWatch>,
    /// Watches that are not armed.
    pub(crate) idle_watches: usize,
    /// Requests that VUs have sent.
    pub(crate) sent: u64,
    /// Requests that an interrupted VU has left in flight.
    pub(crate) left_in_flight: u64,
    pub(crate) recorder: Recorder,
    /// An iteration's end is when bytes sent and received are told, or connections closed.
    pub(crate) counts_bytes: bool,
}

/// What sending a request from a site needs.
#[derive(Clone, Copy, Debug)]
pub struct SitePlan {
    /// Index of the endpoint.
    pub(crate) endpoint: u16,
    /// Which client timeout its requests have.
    pub(crate) watch: u16,
    /// First operation of the endpoint.
    pub(crate) entry: u32,
}

impl Load<'_> {
    /// The run begins.
    pub(crate) fn start(&mut self, kernel: &mut Kernel) {
        self.make_vus();
        let network = self.model.network.is_some();
        let closes = self.model.reuse == Reuse::WithinIteration;
        self.counts_bytes = network || closes || self.recorder.log.is_some();
        kernel
            .queue
            .set_alarm(self.second, Time::ZERO + Span::secs(1));
    }

    /// A VU begins an iteration now, when its turn comes.
    pub(crate) fn begin_iteration(&mut self, kernel: &mut Kernel, id: u32) {
        self.begin(kernel, id);
        kernel.ready.push_back(Work::Vu(id));
    }

    /// A VU is at the begin of an iteration.
    #[inline]
    pub(crate) fn begin(&mut self, kernel: &mut Kernel, id: u32) {
        let vu = &mut self.vus[id as usize];
        self.interpreter.begin(id, vu, kernel.queue.now());
        // Anything but idle: it runs.
        vu.state = VuState::Sleeping;
    }

    /// From now on requests with this client timeout are watched.
    #[inline(never)]
    pub(crate) fn arm(&mut self, kernel: &mut Kernel, now: Time, watch: u16) {
        let watch = &mut self.watches[watch as usize];
        if !watch.armed {
            watch.armed = true;
            self.idle_watches -= 1;
            kernel.queue.set_alarm(watch.alarm, now + watch.timeout);
        }
    }

    /// Tells a VU what the system left for it.
    pub(crate) fn notify(&mut self, now: Time, notice: &Notice) {
        match notice {
            Notice::Answered(request) => self.answered(now, request.client, request),
            Notice::AnswerSetsOut(vu) => self.vus[*vu as usize].state = VuState::Sleeping,
            Notice::Admission(vu, admitted) => {
                let vu = &mut self.vus[*vu as usize];
                vu.reply.admitted = *admitted;
                vu.state = VuState::Sleeping;
            }
        }
    }

    /// A client has the answer to its request, which is recorded.
    #[inline(always)]
    pub(crate) fn answered(&mut self, now: Time, client: u32, request: &Request) {
        let vu = &mut self.vus[client as usize];
        let mut duration = now.since_past(request.sent);
        if request.code == ResponseCode::REFUSED {
            duration = Span::ZERO;
        }
        let (origin, site, code) = (request.origin, request.site, request.code);
        self.recorder.request(now, origin, site, code, duration);
        vu.reply = Reply {
            code,
            admitted: request.admitted,
            nothing_free: request.nothing_free,
        };
        vu.context = request.context;
        vu.state = VuState::Sleeping;
        self.interpreter.answered(client, duration);
    }
}
