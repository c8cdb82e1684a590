//! The answer of a search for the cheapest design, as text and as rows.

use std::fmt::Write;

use crate::study::answers::capacity::{Cut, Verdict};
use crate::study::answers::cheapest::{Answer, CONFIRMED, Judged, Question};
use crate::study::fit::free::four_digits;

/// Runs that a design needs to be the answer.
const MIN_RUNS: usize = CONFIRMED as usize;
/// Cheaper designs that are named.
const CHEAPER: usize = 3;

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passes => "passes",
        Verdict::Fails => "fails",
        Verdict::Unsure => "unsure",
    }
}

fn named(question: &Question, design: &Judged) -> String {
    let values = question.axes.iter().zip(&design.values);
    let all: Vec<String> = values.map(|(a, v)| format!("{} = {v}", a.path)).collect();
    all.join(", ")
}

/// Mean and half the width of its 95 % interval.
fn money(design: &Judged) -> String {
    let mean = four_digits(design.mean_cost());
    match design.interval() {
        Some(interval) => format!("{mean} ± {}", four_digits(interval.half_width)),
        None => mean.to_string(),
    }
}

/// The answer of a search for the cheapest design.
#[must_use]
pub fn cheapest(question: &Question, answer: &Answer, verbose: bool) -> String {
    let mut out = String::new();
    let best = answer.cheapest.map(|at| (at, &answer.judged[at]));
    match best {
        Some((_, best)) => {
            let so_far = match answer.cut_short {
                Some(_) => "cheapest design so far",
                None => "cheapest design",
            };
            let _ = writeln!(out, "{so_far}: {}", named(question, best));
            let (money, currency) = (money(best), &answer.currency);
            let runs = best.tried.samples.len();
            let _ = writeln!(
                out,
                "costs {money} {currency} a run (95 %, {runs} runs), at least {} {currency} an hour without calls",
                four_digits(best.tried.value)
            );
            let (tightest, margin) = best.tried.worst();
            let _ = writeln!(
                out,
                "tightest: {}, by {:+.1} % of its limit",
                answer.thresholds[tightest],
                100.0 * margin
            );
        }
        None => out.push_str("no design passes for sure\n"),
    }
    if verbose {
        out.push_str(&below(question, answer, best.map(|(_, best)| best)));
        let _ = writeln!(out, "\nno design tried is cheaper with a larger margin:\n");
        let pareto = answer.pareto();
        out.push_str(&table(question, answer, &pareto));
        out.push('\n');
    }
    out.push_str(&assumption(question, answer));
    out + &effort(question, answer)
}

/// The next cheaper ones.
fn below(question: &Question, answer: &Answer, best: Option<&Judged>) -> String {
    let mut out = String::new();
    for (verdict, what) in [
        (Verdict::Fails, "as cheap or cheaper, and fail"),
        (
            Verdict::Unsure,
            "as cheap or cheaper, and these runs do not tell",
        ),
    ] {
        let cheap = |j: &Judged| {
            best.is_none_or(|b| j.at != b.at && (j.cost < b.cost || j.tried.value <= b.tried.value))
        };
        let of = |at: &usize| answer.judged[*at].verdict == verdict && cheap(&answer.judged[*at]);
        let mut rows: Vec<usize> = (0..answer.judged.len())
            .rev()
            .filter(of)
            .take(CHEAPER)
            .collect();
        rows.reverse();
        if !rows.is_empty() {
            let _ = writeln!(out, "\n{what}:\n");
            out.push_str(&table(question, answer, &rows));
        }
    }
    out
}

fn table(question: &Question, answer: &Answer, rows: &[usize]) -> String {
    let short = |path: &str| {
        let parts: Vec<&str> = path.split('.').collect();
        parts[parts.len().saturating_sub(2)..].join(".")
    };
    let mut lines: Vec<Vec<String>> = vec![question.axes.iter().map(|a| short(&a.path)).collect()];
    let head = [
        &*answer.currency,
        "margin",
        "runs",
        "verdict",
        "tightest threshold",
    ];
    lines[0].extend(head.map(str::to_owned));
    for row in rows {
        let design = &answer.judged[*row];
        let (tightest, margin) = design.tried.worst();
        let mut line = design.values.clone();
        let star = if answer.cheapest == Some(*row) {
            " *"
        } else {
            ""
        };
        line.extend([
            four_digits(design.cost).to_string(),
            format!("{:+.1} %", 100.0 * margin),
            design.tried.samples.len().to_string(),
            word(design.verdict).to_owned() + star,
            answer.thresholds[tightest].clone(),
        ]);
        lines.push(line);
    }
    aligned(&lines)
}

/// Numbers to the right, the last two columns to the left.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |c: usize| {
        let widths = lines.iter().map(|line| line[c].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for line in lines {
        let mut text = String::new();
        for (c, (cell, w)) in line.iter().zip(&widths).enumerate() {
            let _ = match c + 2 >= columns {
                true => write!(text, "  {cell:<w$}"),
                false => write!(text, "  {cell:>w$}"),
            };
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

/// What was taken for granted.
fn assumption(question: &Question, answer: &Answer) -> String {
    if let Some((passes, fails)) = answer.contradiction {
        let (passes, fails) = (&answer.judged[passes], &answer.judged[fails]);
        return format!(
            "more is not always better: {} passes, and {} fails;\nso no design was skipped because a stronger one fails\n",
            named(question, passes),
            named(question, fails)
        );
    }
    if !answer.strongest_passes {
        return "the strongest design does not pass for sure: none was skipped because a stronger one fails\n"
            .to_owned();
    }
    let neighbours = match (answer.cheapest, answer.cut_short) {
        (Some(_), None) => ", the neighbours of the answer included",
        _ => "",
    };
    format!(
        "skipped were designs weaker than one that fails: more of a parameter is taken to break no threshold.\n\
         Nothing tried says otherwise{neighbours}\n"
    )
}

fn effort(question: &Question, answer: &Answer) -> String {
    let (runs, tried, designs) = (answer.runs, answer.judged.len(), answer.designs);
    let each = answer
        .cheapest
        .map_or(MIN_RUNS, |at| answer.judged[at].tried.samples.len());
    let mut out = format!(
        "{runs} runs of {tried} of {designs} designs (the whole grid with {each} runs each: {}), seed {}\n",
        designs * each,
        question.seed
    );
    match answer.cut_short {
        Some(Cut::Runs) => out.push_str(
            "the budget of runs ended the search: a cheaper design may pass; give it a larger one\n",
        ),
        Some(Cut::Time) => {
            let _ = writeln!(
                out,
                "the budget of time ended the search: a cheaper design may pass; `--budget runs={runs}` gives this \
                 answer everywhere"
            );
        }
        None => {}
    }
    out
}

/// All designs that were simulated, one a row, cheapest first.
///
/// # Errors
/// If the rows cannot be written.
pub fn rows(question: &Question, answer: &Answer) -> csv::Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let mut head: Vec<String> = question.axes.iter().map(|a| a.path.clone()).collect();
    let names = [
        "runs",
        "verdict",
        "cost",
        "cost_low",
        "cost_high",
        "margin",
        "pareto",
        "cheapest",
    ];
    head.extend(names.map(str::to_owned));
    head.extend(answer.thresholds.iter().map(|t| format!("margin of {t}")));
    out.write_record(&head)?;
    let pareto = answer.pareto();
    for (at, design) in answer.judged.iter().enumerate() {
        let (mean, interval) = (design.mean_cost(), design.interval());
        let end = |half: f64| {
            interval
                .as_ref()
                .map_or(String::new(), |i| (mean + half * i.half_width).to_string())
        };
        let mut row = design.values.clone();
        row.extend([
            design.tried.samples.len().to_string(),
            word(design.verdict).to_owned(),
            mean.to_string(),
            end(-1.0),
            end(1.0),
            design.tried.worst().1.to_string(),
            u8::from(pareto.contains(&at)).to_string(),
            u8::from(answer.cheapest == Some(at)).to_string(),
        ]);
        row.extend((0..answer.thresholds.len()).map(|t| design.tried.mean_margin(t).to_string()));
        out.write_record(&row)?;
    }
    out.into_inner().map_err(|why| why.into_error().into())
}
