//! Who calls whom in the model: calls that would never end are cut, the shapes that are left get the names of endpoints, and how
//! often each operation is called is counted.

use std::collections::BTreeSet;

use super::LearnedTraces;
use super::tree::Part;
use crate::formats::path;

impl LearnedTraces {
    /// The operations that a shape calls, each as often as it does.
    fn called(&self, operation: usize, shape: usize) -> impl Iterator<Item = usize> + '_ {
        let parts = &self.served[operation].shapes[shape].parts;
        let all = parts.iter().flat_map(|part| match part {
            Part::Calls(list) => list.clone(),
            Part::Spawn(one) => vec![*one],
        });
        all.filter(move |inner| !self.cut.contains(&(operation, *inner)))
    }

    /// Leaves out calls by which an operation would call itself.
    pub(super) fn cut_cycles(&mut self) {
        let operations = self.served.len();
        // Of each operation: not seen, on the way, done.
        let mut state = vec![0_u8; operations];
        for first in 0..operations {
            let mut way: Vec<(usize, Vec<usize>)> = Vec::new();
            if state[first] == 0 {
                state[first] = 1;
                way.push((first, self.calls_of_all_shapes(first)));
            }
            while let Some((operation, rest)) = way.last_mut() {
                let operation = *operation;
                match rest.pop() {
                    Some(inner) if state[inner] == 1 => {
                        self.cut.insert((operation, inner));
                    }
                    Some(inner) if state[inner] == 0 => {
                        state[inner] = 1;
                        way.push((inner, self.calls_of_all_shapes(inner)));
                    }
                    Some(_) => {}
                    None => {
                        state[operation] = 2;
                        way.pop();
                    }
                }
            }
        }
    }

    fn calls_of_all_shapes(&self, operation: usize) -> Vec<usize> {
        let shapes = 0..self.served[operation].shapes.len();
        let mut all: Vec<usize> = shapes.flat_map(|k| self.called(operation, k)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Names the endpoints of all shapes that the model uses.
    pub(super) fn name(&mut self, services: &[String]) {
        let mut used: BTreeSet<(usize, usize)> = self
            .roots
            .iter()
            .map(|root| (root.operation, root.shape))
            .collect();
        let mut waiting: Vec<(usize, usize)> = used.iter().copied().collect();
        while let Some((operation, shape)) = waiting.pop() {
            for inner in self.called(operation, shape) {
                if used.insert((inner, 0)) {
                    waiting.push((inner, 0));
                }
            }
        }
        let mut taken = BTreeSet::new();
        for (operation, shape) in used {
            let served = &mut self.served[operation];
            let service = &services[served.operation.service as usize];
            let side = if served.operation.client { " call" } else { "" };
            let name = path::name(&format!("{service} {}{side}", served.operation.name));
            let free = (1..).map(|k: u32| match k {
                1 => name.clone(),
                k => format!("{name}_{k}"),
            });
            let name = { free }.find(|name| taken.insert(name.clone()));
            served.endpoints.resize(served.shapes.len(), String::new());
            served.endpoints[shape] = name.unwrap_or_default();
        }
    }

    /// How often the model calls each operation, as a multiple of how often the traces do.
    pub(super) fn shares(&self) -> Vec<f64> {
        let mut calls = vec![0.0; self.served.len()];
        let mut waiting: Vec<(usize, usize, f64)> = self
            .roots
            .iter()
            .map(|root| (root.operation, root.shape, root.requests as f64))
            .collect();
        // No operation calls itself, so this ends; a request makes a million calls at most.
        let mut steps = 0;
        while let (Some((operation, shape, times)), true) = (waiting.pop(), steps < 1_000_000) {
            steps += 1;
            calls[operation] += times;
            waiting.extend(self.called(operation, shape).map(|inner| (inner, 0, times)));
        }
        let own = self.served.iter().zip(calls);
        own.map(|(served, calls)| calls / served.calls.max(1) as f64)
            .collect()
    }
}
