//! Calls of endpoints by other endpoints, and what the caller learns of their ends.

use crate::engine::Time;
use crate::measure::recorder::ResponseCode;
use crate::model::system::EndpointId;

use super::System;
use super::ending::BAD_GATEWAY;
use super::request::{NONE, Request, RequestState};
use crate::world::kernel::{Kernel, Work};
use crate::world::termination::Termination;

impl System<'_> {
    /// A request calls an endpoint and waits for it.
    pub(crate) fn call(&mut self, kernel: &mut Kernel, now: Time, id: u32, endpoint: EndpointId) {
        self.requests[id].state = RequestState::Calling;
        self.requests[id].at += 1;
        let _ = self.start_child(kernel, now, id, endpoint, true);
    }

    /// All branches must have ended. Returns whether the request goes on.
    pub(crate) fn join(&mut self, kernel: &mut Kernel, now: Time, id: u32) -> bool {
        let request = &mut self.requests[id];
        if request.branches > 0 {
            request.state = RequestState::Joining;
            return false;
        }
        let failed = request.code != ResponseCode::OK;
        if failed {
            self.finish(kernel, now, id);
        }
        !failed
    }

    /// A request calls an endpoint. Returns the number of the new request, if there can be one: calls that call
    /// others may be more than any machine can hold, and then the run ends.
    pub(crate) fn start_child(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        endpoint: EndpointId,
        attached: bool,
    ) -> Option<u32> {
        if self.calls_too_many(kernel, endpoint) {
            return None;
        }
        let caller = self.requests[id];
        let (child, ticket, generation) = self.requests.next_free();
        self.requests[child] = Request {
            parent: if attached {
                (id, caller.generation)
            } else {
                (NONE, 0)
            },
            site: caller.site,
            origin: caller.origin,
            abandoned: caller.abandoned,
            sent: now,
            context: caller.context,
            ticket,
            generation,
            ..Request::new(endpoint, self.entry[endpoint.index()])
        };
        if attached && self.deadlines.is_some() {
            self.pass_deadline_on(id, child);
        }
        if self.links.is_none() || !self.call_sets_out(kernel, now, id, child) {
            kernel.ready.push_back(Work::Request(child));
        }
        Some(child)
    }

    /// One more request that no client makes. Returns whether there are too many: then the run ends.
    pub(crate) fn calls_too_many(&mut self, kernel: &mut Kernel, endpoint: EndpointId) -> bool {
        if self.requests.live() >= self.called_at_once + self.clients {
            kernel.ready.clear();
            kernel.stop(Termination::TooManyRequests(endpoint));
            return true;
        }
        self.endpoint_states[endpoint.index()].called += 1;
        false
    }

    /// The system itself makes a request of an endpoint, about no entity. Returns its number, if there can be one.
    pub(crate) fn start_alone(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        endpoint: EndpointId,
    ) -> Option<u32> {
        if self.calls_too_many(kernel, endpoint) {
            return None;
        }
        let (id, ticket, generation) = self.requests.next_free();
        self.requests[id] = Request {
            sent: now,
            ticket,
            generation,
            ..Request::new(endpoint, self.entry[endpoint.index()])
        };
        kernel.ready.push_back(Work::Request(id));
        Some(id)
    }

    /// The request that called this one, which has answered or is over, is notified.
    pub(crate) fn notify_caller(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        (id, over): (u32, &Request),
    ) {
        let (parent, generation) = over.parent;
        if !self.requests.is_live(parent, generation) {
            return;
        }
        if self.requests[parent].state == RequestState::Attempting {
            return self.attempt_over(kernel, now, parent, (id, over));
        }
        let &Request {
            code,
            context,
            admitted,
            nothing_free,
            ..
        } = over;
        let caller = &mut self.requests[parent];
        if code != ResponseCode::OK {
            caller.code = if code.status() == 0 && code != ResponseCode::TIMEOUT {
                BAD_GATEWAY
            } else {
                code
            };
        }
        if caller.state == RequestState::Calling {
            caller.context = context;
            caller.admitted |= admitted;
            caller.nothing_free |= nothing_free;
            caller.state = RequestState::Ready;
            if code == ResponseCode::OK {
                kernel.ready.push_back(Work::Request(parent));
            } else {
                self.finish(kernel, now, parent);
            }
        } else {
            caller.branches = caller.branches.saturating_sub(1);
            if caller.branches == 0 && caller.state == RequestState::Joining {
                caller.state = RequestState::Ready;
                kernel.ready.push_back(Work::Request(parent));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::world::World;

    /// Each call makes two of the next.
    fn calls(visits: &str, levels: usize) -> Model {
        let mut text = String::from(
            "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = 1\njourney = \"j\"\n\
             [journeys]\nj = [{ request = \"e0\" }, { sleep = \"9s\" }]\n",
        );
        for level in 0..levels {
            let next = format!("e{}", level + 1);
            let visits = visits.replace("NEXT", &next);
            text += &format!("[endpoints.e{level}]\nvisits = [{visits}]\n");
        }
        text += &format!("[endpoints.e{levels}]\nvisits = [{{ delay = \"1s\" }}]\n");
        Model::from_text("test.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn calls_that_multiply_end_the_run() {
        let spawned = "{ delay = \"1ms\" }, { spawn = \"NEXT\" }, { spawn = \"NEXT\" }";
        let called = "{ parallel = [\"NEXT\", \"NEXT\"] }";
        for visits in [spawned, called] {
            let model = calls(visits, 40);
            let mut world = World::new(&model, 1, 0);
            world.system.called_at_once = 1000;
            let outcome = world.run();
            let Termination::TooManyRequests(endpoint) = outcome.end else {
                panic!("{:?}", outcome.end);
            };
            assert_eq!(outcome.in_system, 1002);
            let complaint = outcome.end.complaint(&model).unwrap_or_default();
            let name = &model.endpoints[endpoint.index()].name;
            assert!(complaint.contains(&format!("`{name}` is called")));
            // As many as there may be do no harm.
            let model = calls(visits, 8);
            let mut world = World::new(&model, 1, 0);
            world.system.called_at_once = 1000;
            assert_eq!(world.run().end, Termination::Finished);
        }
    }
}
