//! The arrivals of a learned model: its scenario, with stages of rates or with users who wait for their answers.

use std::fmt::Write;

use super::{comment, grouped};
use crate::learn::Learned;
use crate::learn::load::{Arrivals, Dispersion};

pub(super) fn scenario(out: &mut String, learned: &Learned) {
    let rate = learned.requests as f64 / learned.span.max(1e-9);
    if let Some(users) = learned.users {
        let cycle = f64::from(users) / rate * 1e3;
        let evidence = match learned.told_users {
            true => "users at most are in the file (allThreads)",
            false => "users at most were waiting at once",
        };
        comment(
            out,
            &format!(
                "{users} {evidence}; {rate:.3} requests/s of {:.3} ms each: by Little's law {:.3} ms of pause between them.",
                learned.mean_ms,
                (cycle - learned.mean_ms).max(0.0)
            ),
        );
        let _ = writeln!(
            out,
            "[scenarios.load]\nexecutor = \"constant-vus\"\nvus = {users}"
        );
        let _ = writeln!(
            out,
            "duration = \"{}\"\njourney = \"mix\"\n",
            seconds(learned.span.max(1.0))
        );
        return;
    }
    open_arrivals(out, &learned.arrivals, rate, learned.most_under_way);
}

/// Arrivals that wait for nobody, at this mean rate.
pub(in crate::learn) fn open_arrivals(
    out: &mut String,
    arrivals: &Arrivals,
    rate: f64,
    most_under_way: u32,
) {
    comment(
        out,
        &format!(
            "Arrivals: {rate:.3}/s in the mean, in {} of rates that chance alone does not explain{}.",
            counted(arrivals.stages.len() as u64, "stage"),
            if arrivals.coarse {
                "; inside them the rate moves, too"
            } else {
                ""
            }
        ),
    );
    if let Some((second, minute)) = arrivals.busiest {
        comment(
            out,
            &format!(
                "The busiest minute had {:.3}/s, the busiest second {}.",
                minute as f64 / 60.0,
                grouped(second)
            ),
        );
    }
    if let Some(dispersion) = arrivals.dispersion {
        comment(
            out,
            &format!(
                "Counts of a second vary {:.2} times as much within a minute as Poisson's (1 ± {:.2} by chance, {} s): {}.",
                dispersion.index,
                dispersion.noise,
                dispersion.seconds,
                dispersion.words()
            ),
        );
    }
    stages(out, arrivals, most_under_way);
    out.push_str("]\njourney = \"mix\"\n\n");
}

/// The head of the scenario and its stages, up to the bracket that ends them.
fn stages(out: &mut String, arrivals: &Arrivals, most_under_way: u32) {
    let paced = arrivals.dispersion.is_some_and(Dispersion::is_paced);
    let rate_of: fn(f64) -> String = if paced { whole_rate_of } else { rate_of };
    let first = arrivals.stages.first().map_or(0.0, |s| s.rate);
    if paced {
        let vus = u64::from(most_under_way);
        let _ = writeln!(
            out,
            "[scenarios.load]\nexecutor = \"ramping-arrival-rate\" # evenly paced, as the log is\n\
             time_unit = \"{PACED_SECONDS}s\" # so that rates are whole numbers\n\
             pre_allocated_vus = {}\nmax_vus = {MOST_VUS}",
            (4 * vus).max(10)
        );
    } else {
        out.push_str("[scenarios.load]\nexecutor = \"open-arrivals\"\ntime_unit = \"1s\"\n");
    }
    let _ = writeln!(out, "start_rate = {}", rate_of(first));
    out.push_str("stages = [\n");
    for (k, stage) in arrivals.stages.iter().enumerate() {
        let target = rate_of(stage.rate);
        if k > 0 {
            let _ = writeln!(out, "  {{ duration = \"0s\", target = {target} }},");
        }
        let duration = seconds(stage.seconds);
        let _ = writeln!(out, "  {{ duration = \"{duration}\", target = {target} }},");
    }
}

/// k6 takes whole rates alone: of paced arrivals they are per a number of seconds.
const PACED_SECONDS: u32 = 1000;

/// An arrival of a log waits for no user, so that there are as many as it takes.
const MOST_VUS: u32 = 100_000;

fn whole_rate_of(rate: f64) -> String {
    format!("{:.0}", rate * f64::from(PACED_SECONDS))
}

fn rate_of(rate: f64) -> String {
    // Four significant digits at least.
    let decimals = 3 - libm::log10(rate.abs().max(1e-300)).floor().min(-1.0) as i32;
    format!("{rate:.*}", decimals as usize)
}

fn seconds(seconds: f64) -> String {
    format!("{}ms", (seconds * 1e3).round())
}

/// `1 stage`, `2 stages`.
fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(count))
}
