//! The head of a learned model: what it was made of, what of the file is not used, and what stays unknown.

use super::{comment, grouped};
use crate::learn::Learned;

pub(super) fn head(out: &mut String, learned: &Learned) {
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
