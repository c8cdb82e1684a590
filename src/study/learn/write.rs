//! What was learned, as a model whose every line says what it rests on.

use std::fmt::Write;

use super::busy::Level;
use super::laws::time;
use super::load::{Arrivals, Dispersion};
use super::{Endpoint, Learned, replay, sessions};

/// The model; with a directory its arrivals are those of the files in it.
pub(super) fn toml(learned: &Learned, replay: Option<&str>) -> String {
    let mut out = String::new();
    head(&mut out, learned);
    if let Some(directory) = replay {
        replay::scenarios(&mut out, learned, directory);
    } else if let Some((found, chain)) = chain_of(learned) {
        sessions::scenario(&mut out, learned, found, chain);
    } else {
        scenario(&mut out, learned);
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

fn head(out: &mut String, learned: &Learned) {
    comment(
        out,
        &format!("A first model, learned from {}.", learned.origin),
    );
    comment(
        out,
        &format!(
            "{} requests in {:.1} s, {} of them with their time; {} endpoints; at most {} under way at once.",
            grouped(learned.requests),
            learned.span,
            grouped(learned.timed),
            learned.endpoints.len(),
            learned.most_under_way
        ),
    );
    left_out(out, learned);
    out.push_str("#\n# Unknown, and what would tell:\n");
    for text in unknown(learned) {
        comment(out, &format!("- {text}"));
    }
    for doubt in &learned.doubts {
        comment(out, &format!("- not to be trusted in the file: {doubt}"));
    }
    out.push('\n');
}

/// What of the file is not used, or not as it stands there.
fn left_out(out: &mut String, learned: &Learned) {
    if learned.timeless > 0 {
        comment(
            out,
            &format!(
                "{} requests without a time of their begin are left out.",
                grouped(learned.timeless)
            ),
        );
    }
    if learned.left_out > 0 {
        comment(
            out,
            &format!(
                "{} requests beyond the first {} are left out.",
                grouped(learned.left_out),
                grouped(learned.requests)
            ),
        );
    }
    if learned.upgraded > 0 {
        comment(
            out,
            &format!(
                "Upgraded connections (status 101, such as WebSockets): {}, left out, as their time is no answer's.",
                grouped(learned.upgraded)
            ),
        );
    }
    if learned.unanswered > 0 {
        comment(
            out,
            &format!(
                "Requests without an answer, or whose clients did not wait for it (499): {}; their times are not used.",
                grouped(learned.unanswered)
            ),
        );
    }
    if learned.spread {
        comment(
            out,
            "The file's times are whole seconds: the requests of each are spread evenly over it.",
        );
    }
    if learned.cut {
        comment(
            out,
            "The file's durations are whole milliseconds, cut off: service times have half a millisecond more.",
        );
    }
}

fn unknown(learned: &Learned) -> Vec<String> {
    let mut all = Vec::new();
    match learned.growth {
        Some(_) => all.push("what the limit is made of (processor, threads, connections): it stands here as one station; `capsim fit` with runs at two loads tells more".to_string()),
        None if learned.spread => all.push("where the system's limit is: times of whole seconds do not tell who waited for whom, so this model has none; $msec (nginx), %{begin:usec}t (Apache) or %t with milliseconds in the log would tell".to_string()),
        None => all.push(format!(
            "where the system's limit is: times did not grow up to {} requests under way, so this model has none and never slows down; a run at a higher load would tell",
            learned.most_under_way
        )),
    }
    if learned.users.is_some() {
        all.push(
            "how users behave: this is a load tool's file, whose users waited for each answer"
                .to_string(),
        );
    } else if let Some(found) = &learned.sessions {
        match &found.chain {
            Err(why) => all.push(format!(
                "what users do one after the other: {} sessions by {} carry no chain, for {why}",
                grouped(found.sessions as u64),
                found.column
            )),
            Ok(_) => all.push("who leaves because an answer is late: a session goes on here however long it waits".to_string()),
        }
    } else {
        all.push("which requests belong to one user: each request comes on its own here; a column with a session, given as --session, would tell".to_string());
    }
    if learned.unanswered > 0 {
        all.push("after how long clients give up, and when the answers that nobody waited for would have come: such requests are a fixed share here".to_string());
    }
    if learned.endpoints.iter().any(|e| !e.failures.is_empty()) {
        all.push(
            "why requests fail, and whether more do under load: failures are a fixed share here"
                .to_string(),
        );
    }
    all
}

fn scenario(out: &mut String, learned: &Learned) {
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
pub(super) fn open_arrivals(out: &mut String, arrivals: &Arrivals, rate: f64, most_under_way: u32) {
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

/// `1 stage`, `2 stages`.
fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(count))
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
