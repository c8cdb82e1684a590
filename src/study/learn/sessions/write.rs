//! The chain of sessions as a journey, with the evidence of each line.

use std::fmt::Write;

use super::super::laws::time;
use super::super::write::{comment, grouped, open_arrivals};
use super::super::{Endpoint, Learned};
use super::Found;
use super::chain::{Chain, Pause, Ratio};

/// Whole sessions arrive, and each walks the chain.
pub(in super::super) fn scenario(
    out: &mut String,
    learned: &Learned,
    found: &Found,
    chain: &Chain,
) {
    comment(
        out,
        &format!(
            "Sessions by {}: {} of {} users, {} of them seen from begin to end, {:.2} requests each in the mean.",
            found.column,
            grouped(found.sessions as u64),
            grouped(found.users as u64),
            grouped(chain.whole as u64),
            chain.length
        ),
    );
    if found.nameless > 0 {
        comment(
            out,
            &format!(
                "{} requests name no user and are in no session.",
                grouped(found.nameless)
            ),
        );
    }
    if chain.at_once > 0.0 {
        comment(
            out,
            &format!(
                "{:.1} % of requests begin before the one before them is over: here they come right behind it.",
                100.0 * chain.at_once
            ),
        );
    }
    comment(out, "An arrival is the begin of a session.");
    let pause_ms = chain.pause.as_ref().map_or(0.0, |(law, _)| law.mean_ms);
    let at_once = chain.rate * chain.length * (pause_ms + learned.mean_ms) / 1e3;
    open_arrivals(out, &chain.arrivals, chain.rate, 2 * at_once as u32);
    comment(
        out,
        &format!(
            "Does the next request depend on the last? {}.",
            words(&chain.depends)
        ),
    );
    comment(
        out,
        &format!(
            "And on the one before that, which a chain forgets? {}.",
            words(&chain.remembers)
        ),
    );
    if chain.depends.is_significant() {
        states(out, learned, chain);
    } else {
        memoryless(out, learned, chain);
    }
}

fn words(ratio: &Ratio) -> String {
    let answer = match ratio.is_significant() {
        true => "Yes",
        false => "Chance alone explains what there is",
    };
    format!(
        "{answer}: likelihood ratio {:.1} with {} degrees of freedom, p {}",
        ratio.g,
        ratio.freedom,
        if ratio.p < 1e-4 {
            "below 0.0001".to_string()
        } else {
            format!("{:.4}", ratio.p)
        }
    )
}

/// Probabilities of the endpoints that have any, by name; what is left leaves the chain.
fn probabilities(endpoints: &[Endpoint], counts: &[u64], all: u64) -> String {
    let some = endpoints.iter().zip(counts).filter(|(_, n)| **n > 0);
    let share = |n: u64| floor6(n as f64 / all.max(1) as f64);
    let each = some.map(|(e, n)| format!("{} = {:.6}", e.name, share(*n)));
    format!("{{ {} }}", each.collect::<Vec<_>>().join(", "))
}

/// Six digits, cut, so that no sum is above one.
fn floor6(p: f64) -> f64 {
    (p * 1e6 + 1e-6).floor() / 1e6
}

fn states(out: &mut String, learned: &Learned, chain: &Chain) {
    let endpoints = &learned.endpoints;
    comment(
        out,
        "A chain of first order: after each endpoint the probabilities of the next; with what is left the session ends.",
    );
    let begun = chain.starts.iter().sum();
    let start = probabilities(endpoints, &chain.starts, begun);
    let _ = writeln!(
        out,
        "[[journeys.mix]]\nstart = {start} # of {} sessions",
        grouped(begun)
    );
    let all = endpoints.iter().zip(&chain.counts).zip(&chain.pauses);
    for ((endpoint, counts), own) in all {
        let known = counts.iter().sum::<u64>();
        let ends = counts.last().copied().unwrap_or(0);
        out.push('\n');
        comment(
            out,
            &format!(
                "{}: {} times known what followed, {} times nothing",
                endpoint.template,
                grouped(known),
                grouped(ends)
            ),
        );
        let name = &endpoint.name;
        let _ = writeln!(
            out,
            "[journeys.mix.chain.{name}]\nsteps = [{{ request = \"{name}\" }}]"
        );
        let next = &counts[..counts.len() - 1];
        if next.iter().any(|n| *n > 0) {
            let _ = writeln!(out, "next = {}", probabilities(endpoints, next, known));
            pause(out, own.as_ref().or(chain.pause.as_ref()), own.is_none());
        }
    }
    out.push('\n');
}

/// One state: requests of the mix, as many as a session has.
fn memoryless(out: &mut String, learned: &Learned, chain: &Chain) {
    comment(
        out,
        "So each request of a session is one of the mix, whatever came before it.",
    );
    let ends: u64 = chain.counts.iter().filter_map(|row| row.last()).sum();
    let all: u64 = chain.counts.iter().flatten().sum();
    let going_on = 1.0 - ends as f64 / (all as f64).max(1.0);
    let _ = writeln!(
        out,
        "[[journeys.mix]]\nstart = \"request\"\n[journeys.mix.chain.request]\nnext = {{ request = {:.6} }} # {} of {}",
        floor6(going_on),
        grouped(all - ends),
        grouped(all)
    );
    pause(out, chain.pause.as_ref(), false);
    out.push_str("steps = [{ choose = [\n");
    for endpoint in &learned.endpoints {
        let _ = writeln!(
            out,
            "  {{ weight = {}, steps = [{{ request = \"{}\" }}] }},",
            endpoint.requests, endpoint.name
        );
    }
    out.push_str("] }]\n\n");
}

fn pause(out: &mut String, pause: Option<&Pause>, of_all: bool) {
    let Some((law, from)) = pause else {
        return;
    };
    let _ = writeln!(
        out,
        "pause = {} # mean {} of {} pauses{}; {}",
        law.text,
        time(law.mean_ms),
        grouped(*from as u64),
        if of_all {
            " of all endpoints, for it has too few"
        } else {
            ""
        },
        law.words.replace('\n', " ")
    );
}
