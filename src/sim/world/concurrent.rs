//! Requests that a VU has under way at once: a k6 script's `http.batch` and `http.asyncRequest`.
//!
//! The engine knows one request of a VU. Each further one is sent by a *line*: an entry among the VUs that runs no
//! iteration and counts nowhere, and has a connection of its own as in k6. Its answer waits for the VU to take it.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::{Span, Time};
use crate::measure::recorder::Timings;
use crate::model::journey::SiteId;
use crate::model::network::Reuse;

use super::World;
use super::event::{Event, Kind};
use super::kernel::{Kernel, Work};
use super::load::Load;
use super::load::vu::{Context, Reply, VuState};

/// An answer to one of several requests under way.
#[derive(Clone, Copy, Debug)]
pub struct Arrived {
    /// What its sender calls it.
    pub tag: u64,
    /// When it came.
    pub at: Time,
    /// The parts of its time, where a network is modelled.
    pub timings: Option<Timings>,
}

/// The lines of all VUs that ever sent a request beside another.
#[derive(Clone, Debug, Default)]
pub struct Concurrent {
    /// Whose a line is, and what its sender calls its request.
    lines: BTreeMap<u32, (u32, u64)>,
    vus: BTreeMap<u32, Lines>,
}

/// The lines of one VU.
#[derive(Clone, Debug, Default)]
struct Lines {
    /// Those that wait for an answer.
    under_way: Vec<u32>,
    free: Vec<u32>,
    /// With each answer, how long it asks to wait before another attempt.
    arrived: VecDeque<(Arrived, Reply, Context, Option<Span>)>,
    /// The VU wants an answer.
    asks: bool,
    /// It waits for it: there was none yet.
    waits: bool,
}

impl World<'_> {
    /// Sends a request of a VU that does not wait for it.
    pub(super) fn send_beside(&mut self, now: Time, id: u32, site: SiteId, tag: u64) {
        let concurrent = self.load.concurrent.get_or_insert_default();
        let lines = concurrent.vus.entry(id).or_default();
        let (origin, journey, context) = {
            let vu = &self.load.vus[id as usize];
            (vu.origin, vu.journey, vu.context)
        };
        let line = lines.free.pop().unwrap_or(self.load.vus.len() as u32);
        lines.under_way.push(line);
        concurrent.lines.insert(line, (id, tag));
        if line as usize == self.load.vus.len() {
            let vu = self.load.interpreter.vu(line as usize, origin, journey, 0);
            self.load.vus.push(vu);
            self.system.clients = self.load.vus.len();
        }
        let vu = &mut self.load.vus[line as usize];
        vu.origin = origin;
        vu.context = context;
        vu.reply = Reply::default();
        self.load.interpreter.assign_journey(vu, journey);
        self.send(now, line, site);
    }

    /// A line has its answer, or has given up: its VU goes on if it waits for that.
    pub(super) fn line_is_answered(&mut self, now: Time, line: u32) {
        let vu = &mut self.load.vus[line as usize];
        vu.state = VuState::Idle;
        let (reply, context) = (vu.reply, vu.context);
        let timings = self.system.last_timings(line);
        let asked = self.system.retries.asked.remove(&line);
        let Some(concurrent) = &mut self.load.concurrent else {
            return;
        };
        let Some(&(id, tag)) = concurrent.lines.get(&line) else {
            return;
        };
        let lines = concurrent.vus.entry(id).or_default();
        lines.under_way.retain(|other| *other != line);
        lines.free.push(line);
        lines.arrived.push_back((
            Arrived {
                tag,
                at: now,
                timings,
            },
            reply,
            context,
            asked,
        ));
        if std::mem::take(&mut lines.waits) {
            let vu = &mut self.load.vus[id as usize];
            // A time that it waits until is stale.
            vu.generation = vu.generation.wrapping_add(1);
            self.kernel.ready.push_back(Work::Vu(id));
        }
    }

    /// The answer that came first of those that the VU has not taken. It is its last reply then.
    pub(super) fn take_arrived(&mut self, id: u32) -> Option<Arrived> {
        let lines = self.load.concurrent.as_deref_mut()?.vus.get_mut(&id)?;
        lines.waits = false;
        if !std::mem::take(&mut lines.asks) {
            return None;
        }
        let (arrived, reply, context, asked) = lines.arrived.pop_front()?;
        self.system.retries.asked.remove(&id);
        self.system
            .retries
            .asked
            .extend(asked.map(|wait| (id, wait)));
        let vu = &mut self.load.vus[id as usize];
        vu.reply = reply;
        vu.context = context;
        Some(arrived)
    }

    /// The iteration of a VU is over: what it has under way is left to the system, and counts nowhere.
    pub(super) fn give_up_lines(&mut self, id: u32) {
        let lines = self.load.concurrent.as_deref_mut();
        let Some(lines) = lines.and_then(|c| c.vus.get_mut(&id)) else {
            return;
        };
        lines.arrived.clear();
        (lines.asks, lines.waits) = (false, false);
        let under_way = std::mem::take(&mut lines.under_way);
        lines.free.extend(&under_way);
        for line in under_way {
            self.interrupt(line);
        }
    }

    /// Bytes that the lines of a VU have sent and received in its iteration. Their connections close with its own.
    pub(super) fn bytes_of_lines(&mut self, id: u32) -> (u64, u64) {
        let lines = self.load.concurrent.as_deref();
        let lines = lines.and_then(|c| c.vus.get(&id));
        let mut sum = (0, 0);
        for line in lines.map_or_else(Vec::new, |l| l.free.clone()) {
            let (sent, received) = self.system.take_bytes(line);
            sum = (sum.0 + sent, sum.1 + received);
            if self.model.reuse == Reuse::WithinIteration {
                self.system.close_connection(&mut self.kernel, line);
            }
        }
        sum
    }
}

impl Load<'_> {
    /// Whether it is a line, not a VU that runs iterations.
    pub(super) fn is_line(&self, id: u32) -> bool {
        let concurrent = self.concurrent.as_deref();
        concurrent.is_some_and(|c| c.lines.contains_key(&id))
    }

    /// A VU waits for the answer to any request that it has under way, or so long. Returns whether it goes on now.
    pub(super) fn wait_for_any(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        at_most: Option<Span>,
    ) -> bool {
        let lines = self.concurrent.as_deref_mut();
        let lines = lines.and_then(|c| c.vus.get_mut(&id));
        if let Some(lines) = lines {
            lines.asks = true;
            if !lines.arrived.is_empty() {
                return true;
            }
            lines.waits = true;
        }
        let vu = &mut self.vus[id as usize];
        vu.state = VuState::Sleeping;
        if let Some(time) = at_most {
            let event = Event::stale_after(Kind::Wake, id, vu.generation);
            kernel.queue.at(now + time, event);
        }
        false
    }
}
