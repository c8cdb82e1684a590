//! What theory says, as text.

use std::fmt::Write;

use super::{counted, seconds};
use crate::report::resources::aligned;
use crate::study::account::Kind;
use crate::study::answers::bounds::{Analysis, Demand};
use crate::study::answers::excess::Excess;
use crate::study::fit::free::four_digits;

/// What theory says of each scenario.
#[must_use]
pub fn bounds(analyses: &[Analysis]) -> String {
    let mut out =
        String::from("bounds without simulating (operational analysis, if all requests succeed)\n");
    for a in analyses {
        let _ = writeln!(
            out,
            "  scenario {}: {} and {} of think time per iteration",
            a.scenario,
            counted(a.requests, "request"),
            seconds(a.think)
        );
        out.push_str(&table(a));
        limits(&mut out, a);
        if let Some(exact) = &a.exact {
            let _ = writeln!(
                out,
                "    exact in the steady state at the peak: {} iterations/s, mean response {} ({})",
                four_digits(exact.throughput),
                seconds(exact.response),
                exact.formula
            );
        }
    }
    out
}

/// One line for each resource: what an iteration needs of it, how much it can do, and at which load that is
/// used up.
fn table(a: &Analysis) -> String {
    let mut rows = vec![
        [
            "resource",
            "demand/iteration",
            "size",
            "ceiling",
            "binds at",
        ]
        .map(str::to_owned),
    ];
    for demand in a.demands.iter().chain(&a.vus) {
        let size = match (demand.kind, demand.servers) {
            (Kind::Host(_), _) => four_digits(demand.ceiling * demand.demand).to_string(),
            (_, u32::MAX) => "no limit".to_owned(),
            (_, size) => size.to_string(),
        };
        let least = if demand.least { "≥ " } else { "" };
        rows.push([
            demand.in_words(),
            format!("{least}{}", seconds(demand.demand)),
            size,
            format!("{}/s", four_digits(demand.ceiling)),
            binds(a, demand),
        ]);
    }
    if rows.len() == 1 {
        return "    nothing that it needs has a limit\n".to_owned();
    }
    let mut out = aligned(&rows);
    if a.demands.iter().chain(&a.vus).any(|d| d.least) {
        out += "      ≥: held for so long at least; fewer iterations when holders wait for something else\n";
    }
    out
}

/// The load at which a resource is used up, and how many times the model's own that is.
fn binds(a: &Analysis, demand: &Demand) -> String {
    let of = |load: f64, peak: f64| {
        if peak > 0.0 {
            format!(" (load × {})", four_digits(load / peak))
        } else {
            String::new()
        }
    };
    match (a.users, a.arrivals) {
        (Some(users), _) => {
            let knee = demand.knee;
            format!("{} users{}", four_digits(knee), of(knee, users))
        }
        (_, rate) => {
            let ceiling = demand.ceiling;
            let times = of(ceiling, rate.unwrap_or(0.0));
            format!("{} arrivals/s{times}", four_digits(ceiling))
        }
    }
}

/// What an arrival rate needs of VUs, if there are too few.
fn too_few(a: &Analysis) -> Option<String> {
    let (vus, rate) = (a.vus.as_ref()?, a.arrivals?);
    let needed = rate * vus.demand;
    let there = f64::from(vus.servers);
    (needed > there).then(|| {
        format!(
            "    too few VUs: {}/s × {} need {} at least, and there are {there}: about {:.0} of 100 starts \
             will be dropped at the peak\n",
            four_digits(rate),
            seconds(vus.demand),
            four_digits(needed),
            100.0 * (1.0 - there / needed)
        )
    })
}

/// What the numbers leave out, in brackets; nothing if they leave out nothing.
#[must_use]
pub fn left_out(notes: &[String]) -> String {
    if notes.is_empty() {
        String::new()
    } else {
        format!(" ({})", notes.join("; "))
    }
}

fn limits(out: &mut String, a: &Analysis) {
    out.push_str(&too_few(a).unwrap_or_default());
    let notes = left_out(&a.notes);
    let Some(bounds) = &a.bounds else {
        if !a.notes.is_empty() {
            let _ = writeln!(out, "    no bound{notes}");
        }
        return;
    };
    let _ = writeln!(
        out,
        "    bottleneck {}: X_max = {} iterations/s = {} requests/s{notes}",
        a.bottleneck(),
        four_digits(bounds.max_throughput),
        four_digits(bounds.max_throughput * a.requests)
    );
    match (a.users, a.arrivals) {
        (Some(users), _) => {
            let side = if users > bounds.knee {
                "beyond it: queues must form"
            } else {
                "below it"
            };
            let _ = writeln!(
                out,
                "    knee N* = {:.0} users; the peak of {users} is {side}",
                bounds.knee
            );
        }
        (_, Some(rate)) => {
            let share = 100.0 * rate / bounds.max_throughput;
            let end = match a.excess {
                _ if share < 100.0 => "",
                Excess::Waits => ": the queue grows without end",
                Excess::IsTurnedAway => ": who comes beyond that is refused or gives up",
                Excess::IsDropped => ": VUs run out, and iterations are dropped",
            };
            let rate = four_digits(rate);
            let _ = writeln!(
                out,
                "    the peak of {rate} arrivals/s is {share:.1} % of X_max{end}"
            );
        }
        _ => {}
    }
}
