//! Retries of journeys' requests: between the answer of an attempt and the next one its VU sleeps.

use std::collections::BTreeMap;

use crate::engine::{Span, Time};
use crate::model::retry::RetryId;
use crate::parts::retry::{RetryPolicy, RetryProbe, Tries};

use super::System;
use super::guard::GuardedCall;

/// All retry policies at work, and the requests that have attempts under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Retries {
    /// In the order of `Model::retries`.
    pub policies: Vec<RetryPolicy>,
    /// The request of each VU that has a policy, while it lasts; grows with the largest number seen.
    pub of_vus: Vec<Option<(RetryId, Tries)>>,
    /// The guarded call that each request makes, by its number.
    pub calls: Vec<GuardedCall>,
    /// A program drives the VUs, and may want to know what they were asked.
    pub is_told: bool,
    /// How long these VUs were asked to wait before they try again, from then until they send again.
    pub asked: BTreeMap<u32, Span>,
}

impl Retries {
    /// No request is under way.
    pub fn new(policies: Vec<RetryPolicy>) -> Retries {
        Retries {
            policies,
            ..Retries::default()
        }
    }

    /// What the policies measured, in the order of `Model::retries`.
    pub fn probes(&self) -> Vec<RetryProbe> {
        self.policies.iter().map(|policy| policy.probe).collect()
    }

    /// The server asks this VU to wait so long before it tries again.
    pub fn vu_is_asked(&mut self, vu: u32, wait: Span) {
        if let Some(Some((_, tries))) = self.of_vus.get_mut(vu as usize) {
            tries.retry_after = wait;
        }
        if self.is_told {
            self.asked.insert(vu, wait);
        }
    }

    /// As [`Retries::vu_is_asked`], of a request that makes a guarded call.
    pub fn caller_is_asked(&mut self, id: u32, wait: Span) {
        self.calls[id as usize].is_asked(wait);
    }

    /// Requests of VUs and calls that are under way with this policy.
    pub fn open(&self, policy: usize) -> u64 {
        let of_vus = self.of_vus.iter().flatten().map(|(id, _)| *id);
        let calls = self.calls.iter().filter_map(GuardedCall::policy);
        let own = of_vus.chain(calls).filter(|id| id.index() == policy);
        own.count() as u64
    }
}

impl System<'_> {
    /// A VU is about to send a request that has a retry policy.
    #[inline(never)]
    pub(crate) fn begin_retries(&mut self, now: Time, vu: u32, policy: RetryId) {
        let tries = self.retries.policies[policy.index()].begin(now);
        let at = vu as usize;
        if self.retries.of_vus.len() <= at {
            self.retries.of_vus.resize(at + 1, None);
        }
        self.retries.of_vus[at] = Some((policy, tries));
    }

    /// A VU is interrupted: it tries no more.
    #[inline(never)]
    pub(crate) fn break_off_retries(&mut self, vu: u32) {
        let own = self.retries.of_vus.get_mut(vu as usize);
        if let Some((policy, tries)) = own.and_then(Option::take) {
            self.retries.policies[policy.index()].broken_off(&tries);
        }
    }
}
