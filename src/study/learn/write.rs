//! What was learned, as a model whose every line says what it rests on.

mod arrivals;
mod head;

use std::fmt::Write;

pub(super) use arrivals::open_arrivals;

use super::busy::Level;
use super::laws::time;
use super::{Endpoint, Learned, replay, sessions};

/// The model; with a directory its arrivals are those of the files in it.
pub(super) fn toml(learned: &Learned, replay: Option<&str>) -> String {
    let mut out = String::new();
    head::head(&mut out, learned);
    if let Some(directory) = replay {
        replay::scenarios(&mut out, learned, directory);
    } else if let Some((found, chain)) = chain_of(learned) {
        sessions::scenario(&mut out, learned, found, chain);
    } else {
        arrivals::scenario(&mut out, learned);
        journey(&mut out, learned);
    }
    station(&mut out, learned);
    for endpoint in &learned.endpoints {
        write_endpoint(&mut out, learned, endpoint);
    }
    out
}

/// The chain of its sessions, if the data carries one.
fn chain_of(learned: &Learned) -> Option<(&sessions::Found, &sessions::Chain)> {
    let found = learned.sessions.as_ref()?;
    Some((found, found.chain.as_ref().ok()?))
}

/// A line of comment. What comes from a file is kept to one line.
pub(super) fn comment(out: &mut String, text: &str) {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let _ = writeln!(out, "# {text}");
}

/// One request of the mix, each with the probability that is left to it.
fn journey(out: &mut String, learned: &Learned) {
    comment(
        out,
        "The mix: one request an arrival. Each share is of what the lines before it leave.",
    );
    out.push_str("[journeys]\nmix = [\n");
    let mut left: u64 = learned.endpoints.iter().map(|e| e.requests).sum();
    let all = left as f64;
    let last = learned.endpoints.len().saturating_sub(1);
    for (k, endpoint) in learned.endpoints.iter().enumerate() {
        let share = 100.0 * endpoint.requests as f64 / all;
        let evidence = format!(
            "{share:.2} %: {} of {}",
            grouped(endpoint.requests),
            endpoint.template
        );
        let evidence: String = evidence.chars().filter(|c| !c.is_control()).collect();
        if k == last {
            let _ = writeln!(out, "  {{ request = \"{}\" }}, # {evidence}", endpoint.name);
        } else {
            let p = endpoint.requests as f64 / left as f64;
            let _ = writeln!(
                out,
                "  {{ with_probability = {p:.6}, steps = [{{ request = \"{}\" }}], else = [ # {evidence}",
                endpoint.name
            );
        }
        left -= endpoint.requests;
    }
    if last > 0 {
        let _ = writeln!(out, "  {}", "] }, ".repeat(last).trim_end());
    }
    if let Some(users) = learned.users {
        let rate = learned.requests as f64 / learned.span.max(1e-9);
        let pause = f64::from(users) / rate * 1e3 - learned.mean_ms;
        if pause > 0.02 * learned.mean_ms {
            let _ = writeln!(out, "  {{ sleep = \"{}\" }},", time(pause));
        }
    }
    out.push_str("]\n\n");
}

fn station(out: &mut String, learned: &Learned) {
    let Some(growth) = learned.growth else {
        let text = match learned.spread {
            true => {
                "No station: from whole seconds it cannot be told how many requests were under way. By Little's law:"
            }
            false => "No station: times do not grow with the number of requests under way.",
        };
        comment(out, text);
        levels(out, &learned.levels);
        out.push('\n');
        return;
    };
    comment(
        out,
        &format!(
            "Times grow from {} requests under way on, as at a station with {:.2} servers.",
            growth.from, growth.servers
        ),
    );
    levels(out, &learned.levels);
    let _ = writeln!(
        out,
        "[stations.system]\nservers = {}\n",
        growth.servers.round().max(1.0)
    );
}

pub(super) fn levels(out: &mut String, levels: &[Level]) {
    for level in levels {
        comment(
            out,
            &format!(
                "  from {:>4} under way: {:>7.3} times as long as the service ({} requests)",
                level.from,
                level.ratio,
                grouped(level.requests)
            ),
        );
    }
}

fn write_endpoint(out: &mut String, learned: &Learned, endpoint: &Endpoint) {
    comment(
        out,
        &format!(
            "{}: {} requests{}",
            endpoint.template,
            grouped(endpoint.requests),
            folded(endpoint)
        ),
    );
    let law = match &endpoint.law {
        Some((law, from, under_way)) => {
            comment(
                out,
                &format!(
                    "Time: mean {} of {} requests at {under_way} under way at most; {}.",
                    time(law.mean_ms),
                    grouped(*from as u64),
                    law.words
                ),
            );
            law.text.clone()
        }
        None => {
            comment(
                out,
                "Time: unknown, the file has none; 1ms stands in its place.",
            );
            "\"1ms\"".to_string()
        }
    };
    let _ = writeln!(out, "[endpoints.{}]\nvisits = [", endpoint.name);
    if learned.growth.is_some() {
        let _ = writeln!(out, "  {{ station = \"system\", time = {law} }},");
    } else {
        let _ = writeln!(out, "  {{ delay = {law} }},");
    }
    let mut left = endpoint.requests;
    for (status, count) in &endpoint.failures {
        // Without a status there was no answer: a server error stands for it.
        let shown = if (400..600).contains(status) {
            *status
        } else {
            500
        };
        let p = *count as f64 / left.max(1) as f64;
        let words = match *status {
            0 => "without an answer".to_string(),
            499 => "with status 499: the client did not wait".to_string(),
            status => format!("with status {status}"),
        };
        let _ = writeln!(
            out,
            "  {{ fail = {:.6}, status = {shown} }}, # {} {words}",
            p.min(1.0),
            grouped(*count)
        );
        left -= count;
    }
    out.push_str("]\n\n");
}

/// What one endpoint stands for.
fn folded(endpoint: &Endpoint) -> String {
    if !endpoint.template.contains(['{', '(']) || endpoint.examples.is_empty() {
        return String::new();
    }
    let of = match endpoint.folded {
        0 | 1 => String::new(),
        n => format!("of {} kinds of paths, ", grouped(n as u64)),
    };
    let such = endpoint.examples.join(", ");
    format!(", {of}such as {such} (--route tells them apart)")
}

/// A count with commas between thousands.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (k, digit) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
