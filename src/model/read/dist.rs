//! Distributions, given the way people measure them.

use super::data_file;
pub(crate) use super::dist_tables::DISTRIBUTION;
use super::dist_tables::LAWS;
use crate::duration;
use crate::engine::dist::{Dist, DistError, FAMILIES, Family, Unit};
use crate::field::Field;
use crate::files::Files;
use crate::meant::{instead_of_law, without_family};
use crate::section::Section;
use crate::suggest::{listed, suggestion};

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
    let families = LAWS.keys.iter().map(|key| key.name);
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
        name => by_parameters(&value, family_of(name)?),
    }
}

/// Nanoseconds of a length of time.
#[allow(clippy::cast_precision_loss)]
fn time(field: &Field) -> Option<f64> {
    field.span().map(|span| span.0 as f64)
}

fn made(field: &Field, dist: Result<Dist, DistError>) -> Option<Dist> {
    dist.map_err(|error| {
        let of_time = is_time(error.parameter());
        let why = error.to_string();
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

/// Whether a parameter of any law is a length of time.
fn is_time(parameter: &str) -> bool {
    let declared = FAMILIES.iter().filter_map(|f| f.parameter(parameter));
    let plain = ["probabilities", "weights"].contains(&parameter);
    !plain && declared.map(|p| p.unit).all(|unit| unit == Unit::Time)
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

/// A family that is given by parameters with names.
fn family_of(name: &str) -> Option<&'static Family> {
    FAMILIES.into_iter().find(|family| family.name == name)
}

fn by_parameters(field: &Field, family: &'static Family) -> Option<Dist> {
    let section = field.section()?;
    let set = choose(&section, family.name)?;
    let fields = set.iter().map(|key| section.optional(key));
    let fields: Vec<Field> = fields.collect::<Option<_>>()?;
    if let [_, "p99"] = set {
        above_median(&fields[0], &fields[1])?;
    }
    let value = |(key, field): (&&str, &Field)| match family.parameter(key)?.unit {
        Unit::Time => time(field),
        Unit::Number => field.real(),
        Unit::Whole(..) => field.integer::<u32>().map(f64::from),
    };
    // All of them are read before any is missed, so that each error is told.
    let values: Vec<Option<f64>> = set.iter().zip(&fields).map(value).collect();
    let values: Vec<f64> = values.into_iter().collect::<Option<_>>()?;
    made(field, (family.make)(set, &values))
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

fn hyperexponential(field: &Field) -> Option<Dist> {
    let section = field.section()?;
    if let [mean, cv @ "cv"] = choose(&section, "hyperexponential")? {
        let (mean, cv) = (section.optional(mean)?, section.optional(cv)?);
        let (mean, cv) = (time(&mean), cv.real());
        return made(field, Dist::hyperexponential_mean_cv(mean?, cv?));
    }
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
