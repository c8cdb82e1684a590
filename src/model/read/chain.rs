//! The step `chain`: states that follow one another at random, each by its own probabilities, until the chain is left.

use super::program::{Jump, Program};
use super::steps::body;
use crate::field::Field;
use crate::journey::Step;
use crate::section::Section;
use crate::suggest::suggestion;

/// Probabilities are written with some digits: their sum may be this far above one.
const ROUNDING: f64 = 1e-6;

/// Where a transition leads: to a state by its place, with a probability.
type Transition = (usize, f64);

/// Writes the states one after another, and behind each the choice of what follows.
pub(super) fn chain<'a>(program: &mut Program<'_, 'a>, section: &Section<'a>, states: &Field<'a>) {
    let named = states.named();
    let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
    let start = section.required(
        "start",
        "start = \"home\", or start = { home = 0.8, search = 0.2 }",
    );
    let start = start
        .map(|field| beginning(&field, &names))
        .unwrap_or_default();
    let read: Vec<(Section, Vec<Transition>)> = (named.iter())
        .filter_map(|(_, field)| {
            let section = field.section()?;
            let next = section.optional("next");
            let next = next.map(|f| transitions(&f, &names)).unwrap_or_default();
            Some((section, next))
        })
        .collect();
    if names.is_empty() {
        return states.error("a chain without states", "write home = { steps = [ … ] }");
    }
    if read.len() < names.len() {
        return;
    }
    for_ever(states, &names, &read);
    // Jumps to each state, and those that leave the chain.
    let mut jumps: Vec<Vec<Jump>> = names.iter().map(|_| Vec::new()).collect();
    let mut leaving = Vec::new();
    choice(program, &start, &mut jumps, &mut leaving);
    let mut begins = Vec::new();
    for (section, next) in &read {
        begins.push(program.here());
        if let Some(steps) = section.optional("steps") {
            body(program, &steps, 1);
        }
        let pause = section.optional("pause").map(|f| program.build.dist(&f));
        let goes_on: f64 = next.iter().map(|(_, p)| p).sum();
        let mut next = next.clone();
        if let (Some(pause), true) = (pause, goes_on > 0.0) {
            if goes_on < 1.0 - ROUNDING {
                leaving.push(program.jump_with(1.0 - goes_on));
            }
            program.push(Step::Sleep(pause));
            next.iter_mut().for_each(|(_, p)| *p /= goes_on);
        }
        choice(program, &next, &mut jumps, &mut leaving);
    }
    for (begin, jumps) in begins.into_iter().zip(jumps) {
        jumps.into_iter().for_each(|jump| program.lead(jump, begin));
    }
    leaving.into_iter().for_each(|jump| program.land(jump));
}

/// Goes on at one of some states; with what is left of the probability the chain is left.
fn choice(
    program: &mut Program,
    to: &[Transition],
    jumps: &mut [Vec<Jump>],
    leaving: &mut Vec<Jump>,
) {
    let mut left = 1.0;
    for (state, p) in to.iter().filter(|(_, p)| *p > 0.0) {
        let share = if *p >= left - ROUNDING { 1.0 } else { p / left };
        let jump = match share {
            1.0 => program.jump(),
            share => program.jump_with(share),
        };
        if let Some(own) = jumps.get_mut(*state) {
            own.push(jump);
        }
        left -= p;
        if share >= 1.0 {
            return;
        }
    }
    leaving.push(program.jump());
}

/// The first state: its name, or probabilities.
fn beginning(field: &Field, names: &[&str]) -> Vec<Transition> {
    match field.text_if_any() {
        Some(name) => found(field, name, names)
            .map(|state| (state, 1.0))
            .into_iter()
            .collect(),
        None => transitions(field, names),
    }
}

/// States and their probabilities, one at most in sum.
fn transitions(field: &Field, names: &[&str]) -> Vec<Transition> {
    let transition = |(name, p): &(&str, Field)| Some((found(p, name, names)?, p.real()?));
    let all: Vec<Transition> = field.named().iter().filter_map(transition).collect();
    let sum: f64 = all.iter().map(|(_, p)| p).sum();
    if sum > 1.0 + ROUNDING {
        field.error(
            format!("the probabilities of `{}` add up to {sum}", field.name()),
            "let them add up to 1 at most: with what is left the chain is left",
        );
    }
    all
}

fn found(field: &Field, name: &str, names: &[&str]) -> Option<usize> {
    let place = names.iter().position(|own| *own == name);
    if place.is_none() {
        let fix = suggestion(name, "states", names.iter().copied());
        field.error(format!("the chain has no state `{name}`"), fix);
    }
    place
}

/// Complains about states from which the chain is never left: an iteration would not end.
fn for_ever(field: &Field, names: &[&str], states: &[(Section, Vec<Transition>)]) {
    let sum = |next: &[Transition]| next.iter().map(|(_, p)| p).sum::<f64>();
    let mut ends: Vec<bool> = states
        .iter()
        .map(|(_, next)| sum(next) < 1.0 - ROUNDING)
        .collect();
    loop {
        let leads = |next: &[Transition]| {
            next.iter()
                .any(|(to, p)| *p > 0.0 && ends.get(*to) == Some(&true))
        };
        let found = (0..states.len()).find(|k| !ends[*k] && leads(&states[*k].1));
        match found {
            Some(k) => ends[k] = true,
            None => break,
        }
    }
    if let Some(k) = ends.iter().position(|ends| !ends) {
        field.error(
            format!("from the state `{}` the chain is never left", names[k]),
            "let the probabilities of `next` of some state add up to less than 1",
        );
    }
}
