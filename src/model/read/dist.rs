//! Distributions, given the way people measure them.

use super::data_file;
pub(crate) use super::dist_tables::DISTRIBUTION;
use super::dist_tables::FAMILIES;
use crate::duration;
use crate::engine::dist::{Dist, DistError};
use crate::field::Field;
use crate::files::Files;
use crate::meant::{instead_of_law, without_family};
use crate::section::Section;
use crate::suggest::{listed, suggestion};
use std::fmt::Display;

/// Reads a distribution of times, in nanoseconds: a text is a constant, a table names a family.
pub(super) fn read(field: &Field, files: &Files) -> Option<Dist> {
    if field.node.entries().is_none() {
        if let Some(text) = field.text_if_any()
            && duration::parse(text).is_err()
            && let Some(fix) = instead_of_law(text)
        {
            field.error(format!("`{}` is not a time: {text:?}", field.name()), fix);
            return None;
        }
        return made(field, Dist::constant(time(field)?));
    }
    let section = field.section()?;
    let families = FAMILIES.keys.iter().map(|key| key.name);
    let given: Vec<&'static str> = families
        .clone()
        .filter(|family| section.has(family))
        .collect();
    let [family] = given.as_slice() else {
        section.tolerate();
        let key = field
            .node
            .entries()
            .and_then(|e| e.first())
            .map_or("", |e| e.key.as_str());
        match given.as_slice() {
            [] => section.error(
                format!("`{}` names no distribution", field.name()),
                without_family(field.node)
                    .unwrap_or_else(|| suggestion(key, "distributions", families)),
            ),
            several => section.error(
                format!("`{}` names several distributions", field.name()),
                format!("keep one of {}", listed(several.iter().copied())),
            ),
        }
        return None;
    };
    let value = section.optional(family)?;
    match *family {
        "constant" => made(&value, Dist::constant(time(&value)?)),
        "exponential" => made(&value, Dist::exponential(time(&value)?)),
        "uniform" => uniform(&value),
        "hyperexponential" => hyperexponential(&value),
        "mixture" => mixture(&value, files),
        "empirical" => empirical(&value, files),
        family => by_parameters(&value, family),
    }
}

/// Nanoseconds of a length of time.
#[allow(clippy::cast_precision_loss)]
fn time(field: &Field) -> Option<f64> {
    field.span().map(|span| span.0 as f64)
}

fn made<E: Display>(field: &Field, dist: Result<Dist, E>) -> Option<Dist> {
    let plain = ["cv", "shape", "sigma", "stages", "probabilities", "weights"];
    dist.map_err(|why| {
        let why = why.to_string();
        let of_time = !plain.iter().any(|parameter| why.starts_with(parameter));
        let fix = if why.ends_with("and is 0") {
            "write a time above zero"
        } else if of_time {
            "times here are in nanoseconds"
        } else {
            ""
        };
        field.error(format!("{}: {why}", field.name()), fix);
    })
    .ok()
}

fn uniform(field: &Field) -> Option<Dist> {
    if let Some(fix) = without_family(field.node) {
        field.error("`uniform` needs a list of two times", fix);
        return None;
    }
    let bounds = field.items()?;
    let [low, high] = bounds.as_slice() else {
        field.error(
            "`uniform` needs two times",
            "write uniform = [\"5s\", \"10s\"]",
        );
        return None;
    };
    let (low_ns, high_ns) = (time(low), time(high));
    let (low_ns, high_ns) = (low_ns?, high_ns?);
    if high_ns < low_ns {
        field.error(
            "the upper end of `uniform` is below the lower one",
            "swap the two times",
        );
        return None;
    }
    made(field, Dist::uniform(low_ns, high_ns))
}

/// The set of parameters that a table gives; otherwise an error that lists the sets.
fn choose(section: &Section, family: &str) -> Option<&'static [&'static str]> {
    let sets = section.sets();
    let mut given: Vec<&str> = section.given().collect();
    given.sort_unstable();
    let fits = |set: &&&[&str]| set.len() == given.len() && set.iter().all(|k| given.contains(k));
    if let Some(set) = sets.iter().find(fits) {
        return Some(set);
    }
    let accepted: Vec<String> = sets
        .iter()
        .map(|set| format!("{{ {} }}", set.join(", ")))
        .collect();
    let has = if given.is_empty() {
        "none".to_string()
    } else {
        listed(given)
    };
    section.error(
        format!("these parameters do not make a distribution: `{family}` is given {has}"),
        format!("write {family} with one of {}", accepted.join(" or ")),
    );
    None
}

fn by_parameters(field: &Field, family: &str) -> Option<Dist> {
    let section = field.section()?;
    let set = choose(&section, family)?;
    let [first, second] = [set.first()?, set.get(1)?].map(|key| section.optional(key));
    let (first, second) = (first?, second?);
    let plain = Field::real;
    if let [_, "p99"] = set {
        above_median(&first, &second)?;
    }
    let dist = match (family, set) {
        ("erlang", _) => {
            let (mean, stages) = (time(&first), second.integer());
            Dist::erlang(mean?, stages?)
        }
        ("gamma", ["mean", _]) => pair(time(&first), plain(&second), Dist::gamma_mean_cv)?,
        ("gamma", _) => pair(plain(&first), time(&second), Dist::gamma)?,
        ("lognormal", ["mean", _]) => pair(time(&first), plain(&second), Dist::lognormal_mean_cv)?,
        ("lognormal", [_, "p99"]) => pair(time(&first), time(&second), Dist::lognormal_median_p99)?,
        ("lognormal", _) => {
            let (median, sigma) = (time(&first), plain(&second));
            return made(field, median_sigma(median?, sigma?));
        }
        ("weibull", ["mean", _]) => pair(time(&first), plain(&second), Dist::weibull_mean_cv)?,
        ("weibull", ["median", _]) => pair(time(&first), time(&second), Dist::weibull_median_p99)?,
        ("weibull", _) => pair(plain(&first), time(&second), Dist::weibull)?,
        ("pareto", ["mean", _]) => pair(time(&first), plain(&second), Dist::pareto_mean_cv)?,
        ("pareto", [_, _, maximum]) => {
            let maximum = section.optional(maximum).and_then(|field| time(&field));
            let (minimum, shape) = (time(&first), plain(&second));
            Dist::truncated_pareto(shape?, minimum?, maximum?)
        }
        ("pareto", _) => pair(plain(&second), time(&first), Dist::pareto)?,
        ("hyperexponential", _) => {
            pair(time(&first), plain(&second), Dist::hyperexponential_mean_cv)?
        }
        _ => return None,
    };
    made(field, dist)
}

/// A 99th percentile is above the median.
fn above_median(median: &Field, p99: &Field) -> Option<()> {
    let (low, high) = (median.span(), p99.span());
    let (low, high) = (low?, high?);
    let shown = |field: &Field| field.text_if_any().unwrap_or_default().to_string();
    if high > low {
        return Some(());
    }
    let message = format!(
        "p99 must be above the median, {}, and is {}",
        shown(median),
        shown(p99)
    );
    p99.error(message, "if all values are the same, write a constant");
    None
}

/// Makes a distribution of two parameters that were both read well.
fn pair(
    first: Option<f64>,
    second: Option<f64>,
    make: fn(f64, f64) -> Result<Dist, DistError>,
) -> Option<Result<Dist, DistError>> {
    Some(make(first?, second?))
}

/// The median of a lognormal law is exp(mu).
fn median_sigma(median: f64, sigma: f64) -> Result<Dist, String> {
    if median <= 0.0 {
        return Err(format!(
            "median must be a number above zero, and is {median}"
        ));
    }
    Dist::lognormal(libm::log(median), sigma).map_err(|why| why.to_string())
}

fn hyperexponential(field: &Field) -> Option<Dist> {
    if !field.has("probabilities") && !field.has("means") {
        return by_parameters(field, "hyperexponential");
    }
    let section = field.section()?;
    choose(&section, "hyperexponential")?;
    let probabilities = section.optional("probabilities")?.items()?;
    let means = section.optional("means")?.items()?;
    if probabilities.len() != means.len() {
        let (some, others) = (probabilities.len(), means.len());
        let fix = "give each phase a probability and a mean";
        section.error(
            format!("{some} `probabilities` do not go with {others} `means`"),
            fix,
        );
        return None;
    }
    let phase = |(p, mean): (&Field, &Field)| {
        let (p, mean) = (p.real(), time(mean));
        Some((p?, mean?))
    };
    let phases: Vec<Option<_>> = probabilities.iter().zip(&means).map(phase).collect();
    let phases: Vec<_> = phases.into_iter().collect::<Option<_>>()?;
    made(field, Dist::hyperexponential(&phases))
}

fn mixture(field: &Field, files: &Files) -> Option<Dist> {
    let example = "mixture = [{ weight = 0.9, of = \"2ms\" }, { weight = 0.1, of = \"50ms\" }]";
    let parts = field.some_items(&format!("write {example}"))?;
    let part = |field: &Field| {
        let section = field.section()?;
        let weight = section.real("weight");
        let of = section.optional("of").and_then(|f| read(&f, files));
        Some((weight?, of?))
    };
    let parts: Vec<Option<_>> = parts.iter().map(part).collect();
    let parts: Vec<_> = parts.into_iter().collect::<Option<_>>()?;
    made(field, Dist::mixture(&parts))
}

fn empirical(field: &Field, files: &Files) -> Option<Dist> {
    if field.node.entries().is_some() {
        let values = data_file::times(&field.section()?, files)?;
        return made(field, Dist::empirical(&values));
    }
    let items = field.some_items("write the measured times, such as [\"1ms\", \"2ms\"]")?;
    let values: Vec<Option<f64>> = items.iter().map(time).collect();
    made(
        field,
        Dist::empirical(&values.into_iter().collect::<Option<Vec<_>>>()?),
    )
}
