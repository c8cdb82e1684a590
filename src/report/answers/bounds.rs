//! What theory says, as text.

use std::fmt::Write;

use super::{counted, seconds};
use crate::study::answers::bounds::{Analysis, Demand};
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
        for demand in &a.demands {
            let _ = writeln!(out, "    {}", of(demand));
        }
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
        for note in &a.notes {
            let _ = writeln!(out, "    ({note})");
        }
    }
    out
}

/// A station's demand, or the least time for which a pool is held.
fn of(demand: &Demand) -> String {
    let most = four_digits(f64::from(demand.servers) / demand.demand);
    let (name, time) = (&demand.name, seconds(demand.demand));
    let size = f64::from(demand.servers);
    match demand.pool {
        None => format!(
            "{name}: {time} of service per iteration on {} → at most {most} iterations/s",
            counted(size, "server")
        ),
        Some(_) => format!(
            "{name}: {} held for {time} per iteration at least → at most {most} iterations/s,\n      \
             fewer when its holders wait for something else",
            counted(size, "token")
        ),
    }
}

fn limits(out: &mut String, a: &Analysis) {
    let (Some(bounds), Some(first)) = (&a.bounds, a.demands.first()) else {
        return;
    };
    let _ = writeln!(
        out,
        "    bottleneck {}: X_max = {} iterations/s = {} requests/s",
        first.name,
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
            let end = if share >= 100.0 {
                ": the queue grows without end"
            } else {
                ""
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
