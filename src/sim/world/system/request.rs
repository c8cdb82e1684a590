//! Requests in the system: a slab of them. Each holds its position in its endpoint's program.

use crate::engine::Time;
use crate::engine::table::Table;
use crate::measure::recorder::{ResponseCode, SampleSource};
use crate::model::cache::CacheId;
use crate::model::journey::SiteId;
use crate::model::limit::LimitId;
use crate::model::system::{EndpointId, Entity, PoolId};
use crate::parts::Job;
use crate::parts::waiting::Tickets;

/// No entity.
pub const NONE: u32 = u32::MAX;

/// The entities that a request is about.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// User number.
    pub user: u32,
    /// Token number.
    pub token: u32,
    /// Event number.
    pub event: u32,
    /// Seat number among all seats.
    pub seat: u32,
    /// The hold on that seat; 0 for none.
    pub hold: u32,
}

impl Default for Context {
    fn default() -> Self {
        Context {
            user: NONE,
            token: NONE,
            event: NONE,
            seat: NONE,
            hold: 0,
        }
    }
}

/// One call of an endpoint. A request whose client has gone is worked on all the same.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Next operation, as an index into the system's list of all operations.
    pub at: u32,
    /// Changes whenever the request leaves a wait: what was scheduled for that wait is stale then.
    pub ticket: u32,
    /// Changes when the slot is used for another request.
    pub generation: u32,
    /// The VU that waits for the answer; `NONE` if nobody does.
    pub client: u32,
    /// The request that called this one, and its generation.
    pub parent: (u32, u32),
    /// Branches of a fan-out that have not ended.
    pub branches: u16,
    /// Index of its endpoint.
    pub endpoint: u16,
    /// Where in a journey it was sent.
    pub site: SiteId,
    /// Who sent it.
    pub origin: SampleSource,
    /// How it ends, as far as that is known.
    pub code: ResponseCode,
    /// What it is doing.
    pub state: RequestState,
    /// Its client has gone without an answer, or that of the request that called it.
    pub abandoned: bool,
    /// It is dropped instead of going on.
    pub cancelled: bool,
    /// The waiting room has let the user through.
    pub admitted: bool,
    /// The listing offered no seat.
    pub nothing_free: bool,
    /// It is over, and its answer is on the way to the service that called it.
    pub returning: bool,
    /// How many resources it holds.
    pub held: u8,
    /// When it was sent.
    pub sent: Time,
    /// When its present wait or service began.
    pub since: Time,
    /// What it is about.
    pub context: Context,
}

impl Request {
    /// A request of an endpoint that nobody waits for and that is about no entity.
    #[inline]
    pub(crate) fn new(endpoint: EndpointId, entry: u32) -> Request {
        Request {
            at: entry,
            ticket: 0,
            generation: 0,
            client: NONE,
            parent: (NONE, 0),
            branches: 0,
            endpoint: endpoint.0,
            site: SiteId(0),
            origin: SampleSource::SETUP,
            code: ResponseCode::OK,
            state: RequestState::Ready,
            abandoned: false,
            cancelled: false,
            admitted: false,
            nothing_free: false,
            returning: false,
            held: 0,
            sent: Time::ZERO,
            since: Time::ZERO,
            context: Context::default(),
        }
    }

    /// Whether it has nothing to give back and no other request to tell of its end.
    #[inline(always)]
    pub(crate) fn ends_by_answer(&self) -> bool {
        self.held == 0 && self.parent.0 == NONE
    }

    /// It is over. Returns its client.
    #[inline(always)]
    pub(crate) fn end(&mut self) -> u32 {
        debug_assert_eq!(self.held, 0, "a request ends with empty hands");
        self.state = RequestState::Free;
        self.ticket = self.ticket.wrapping_add(1);
        self.generation = self.generation.wrapping_add(1);
        std::mem::replace(&mut self.client, NONE)
    }
}

/// Who sends a request, and what it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    /// Number of the VU.
    pub id: u32,
    /// Where in a journey it sends it.
    pub site: SiteId,
    /// Who it is to the record.
    pub origin: SampleSource,
    /// What the request is about.
    pub context: Context,
}

/// What is to be done with a request that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Nothing: it waits or is served.
    Waits,
    /// It may be over, and its answer among the notices.
    MayBeOver,
    /// It enters the system.
    Enters,
}

/// What a request is doing between two events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// It goes on at once.
    Ready,
    /// In a line: of a station, a pool or a lock.
    Waiting,
    /// In service at a station.
    InService,
    /// Time passes.
    Delayed,
    /// On its way to the system.
    Travelling,
    /// It has no connection yet.
    Dialling,
    /// It waits for a request that it has called.
    Calling,
    /// It makes a guarded call: it waits for an attempt, or before the next one.
    Attempting,
    /// It waits for all branches of a fan-out.
    Joining,
    /// The slot is free.
    Free,
}

/// Something a request holds and gives back at the end of a scope or of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// A token of a pool.
    Token(PoolId),
    /// Several tokens of a pool.
    Tokens(PoolId, u16),
    /// A token of a pool and the connection that it is the right to.
    Connected(PoolId),
    /// The lock of an entity of this kind, with its number.
    Lock(Entity, u32),
    /// A place inside a limit on requests at once.
    Permit(LimitId),
    /// The version that was read of an entity's row.
    Version(Entity, u32),
    /// The fetch of an object for a cache; `NONE` if it is not to be stored.
    Fetch(CacheId, u32),
    /// Who was woken for a token of a pool asks for it.
    Wake(PoolId),
    /// A place at a replica of a service, both by index.
    Replica(u16, u16),
}

/// All requests, live and free slots.
#[derive(Clone, Debug)]
pub struct Requests {
    slots: Table<Request>,
    free: Vec<u32>,
    held: Table<Held>,
    stride: usize,
}

impl Requests {
    /// No request yet; each may hold up to `max_held` things at once.
    #[must_use]
    pub fn new(max_held: usize) -> Requests {
        Requests {
            slots: Table::default(),
            free: Vec::new(),
            held: Table::default(),
            stride: max_held,
        }
    }

    /// The number of the next new request, and the ticket and generation that it must have.
    #[inline]
    pub fn next_free(&mut self) -> (u32, u32, u32) {
        let id = self.open();
        let slot = &self.slots[id as usize];
        (id, slot.ticket, slot.generation)
    }

    /// The number of the next new request, whose ticket and generation stay those of its slot.
    #[inline(always)]
    pub fn open(&mut self) -> u32 {
        match self.free.pop() {
            Some(id) => id,
            None => self.make_room(),
        }
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self) -> u32 {
        let id = self.slots.len() as u32;
        self.slots.push(Request::new(EndpointId(0), 0));
        self.held
            .resize(self.slots.len() * self.stride, Held::Token(PoolId(0)));
        id
    }

    /// The request is over; its number may be used again. Returns the request as it ended, without its
    /// client.
    #[inline(always)]
    pub fn close(&mut self, id: u32) -> &Request {
        let slot = &mut self.slots[id as usize];
        slot.end();
        self.free.push(id);
        slot
    }

    /// The slot of a request and the list of those that are free, where its number belongs once it has ended.
    #[inline(always)]
    pub(crate) fn slot_and_free(&mut self, id: u32) -> (&mut Request, &mut Vec<u32>) {
        (&mut self.slots[id as usize], &mut self.free)
    }

    /// The slot of a request and the place of what it holds next.
    #[inline(always)]
    pub(crate) fn slot_and_held(&mut self, id: u32) -> (&mut Request, &mut Table<Held>, usize) {
        let first = id as usize * self.stride;
        (&mut self.slots[id as usize], &mut self.held, first)
    }

    /// Notes that the request holds something.
    #[inline]
    pub fn hold(&mut self, id: u32, what: Held) {
        let n = &mut self.slots[id as usize].held;
        self.held[id as usize * self.stride + usize::from(*n)] = what;
        *n += 1;
    }

    /// Takes back what the request took last.
    #[inline]
    pub fn let_go(&mut self, id: u32) -> Option<Held> {
        let n = &mut self.slots[id as usize].held;
        *n = n.checked_sub(1)?;
        Some(self.held[id as usize * self.stride + usize::from(*n)])
    }

    /// Takes back the version of such an entity's row that was read last. What was taken after it stays:
    /// a transaction may take tokens and locks after its first read, and give them back after its commit.
    #[inline]
    pub fn take_version(&mut self, id: u32, of: Entity) -> Option<u32> {
        let n = &mut self.slots[id as usize].held;
        let first = id as usize * self.stride;
        let held = &mut self.held[first..first + usize::from(*n)];
        for at in (0..held.len()).rev() {
            if let Held::Version(entity, version) = held[at]
                && entity == of
            {
                held.copy_within(at + 1.., at);
                *n -= 1;
                return Some(version);
            }
        }
        None
    }

    /// The service and the replica that work on a request, if any do.
    #[must_use]
    pub fn replica(&self, id: u32) -> Option<(u16, u16)> {
        self.holdings(id).iter().find_map(|held| match *held {
            Held::Replica(service, replica) => Some((service, replica)),
            _ => None,
        })
    }

    /// Everything that a request holds.
    #[must_use]
    pub fn holdings(&self, id: u32) -> &[Held] {
        let first = id as usize * self.stride;
        &self.held[first..first + usize::from(self.slots[id as usize].held)]
    }

    /// Whether `generation` is still the one in this slot and it is not over.
    #[inline]
    #[must_use]
    pub fn is_live(&self, id: u32, generation: u32) -> bool {
        let slot = &self.slots[id as usize];
        slot.generation == generation && slot.state != RequestState::Free
    }

    /// The request that called this one, as long as it is there.
    #[inline]
    #[must_use]
    pub fn caller(&self, id: u32) -> Option<u32> {
        let (caller, generation) = self[id].parent;
        let is_there = caller != NONE && self.is_live(caller, generation);
        is_there.then_some(caller)
    }

    /// Number of resources that each may hold at once.
    #[must_use]
    pub fn most_held(&self) -> usize {
        self.stride
    }

    /// Number of requests in the system.
    #[must_use]
    pub fn live(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The numbers of all slots, live or free.
    pub fn numbers(&self) -> std::ops::Range<u32> {
        0..self.slots.len() as u32
    }

    /// All live requests by number.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Request)> {
        self.slots
            .iter()
            .enumerate()
            .filter(|(_, r)| r.state != RequestState::Free)
            .map(|(i, r)| (i as u32, r))
    }
}

impl std::ops::Index<u32> for Requests {
    type Output = Request;
    #[inline]
    fn index(&self, id: u32) -> &Request {
        &self.slots[id as usize]
    }
}

impl std::ops::IndexMut<u32> for Requests {
    #[inline]
    fn index_mut(&mut self, id: u32) -> &mut Request {
        &mut self.slots[id as usize]
    }
}

impl Tickets for Requests {
    #[inline]
    fn is_current(&self, job: Job, ticket: u32) -> bool {
        self.slots[job as usize].ticket == ticket
    }
}
