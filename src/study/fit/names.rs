//! Free parameters by names: `auto`, `times`, `capacity`, `warm_up`, `endpoints.buy.db`, with ranges made of the
//! model's own values.

use super::crossing::is_valid_at;
use super::free::{Free, Unit, matching, parts, standing};
use crate::model::{Document, Override};

/// Parameters that names stand for.
#[derive(Debug, Default)]
pub struct Named {
    /// Those that are free now.
    pub free: Vec<Free>,
    /// Paths without a range within which the model is valid.
    pub left: Vec<String>,
}

/// What `auto` stands for.
const AUTO: [&str; 3] = ["times", "capacity", "warm_up"];

/// How many times smaller or larger than the model's own value a parameter may be, the widest first: on either side
/// the first with which the model is valid is taken.
const RATIOS: [f64; 5] = [4.0, 2.0, 1.5, 1.2, 1.05];

/// Keys of shares, which end at 1.
const SHARES: [&str; 2] = ["from", "leaves"];

/// Keys of a distribution that say where it lies.
const PLACES: [&str; 3] = ["mean", "median", "exponential"];

/// The parameters that a text without a range stands for, but those that are free already. Several places that a
/// pattern matches are parameters of their own.
///
/// # Errors
/// If the text names nothing in the model that could be free.
pub fn named(
    text: &str,
    document: &Document,
    base: &[Override],
    already: &[Free],
) -> Result<Named, String> {
    let mut paths = Vec::new();
    for name in text.split(',').map(str::trim) {
        let words: &[&str] = if name == "auto" { &AUTO } else { &[name] };
        for word in words {
            let found = places(word, document, base);
            if found.is_empty() && name != "auto" {
                return Err(unknown(text, name, document));
            }
            paths.extend(found);
        }
    }
    let mut named = Named::default();
    for path in paths {
        let taken = |free: &Free| free.paths.iter().any(|p| parts(p) == parts(&path));
        if already.iter().chain(&named.free).any(taken) {
            continue;
        }
        let others = [already, &named.free].concat();
        match ranged(&path, document, base, &others) {
            Some(free) => named.free.push(free),
            None => named.left.push(path),
        }
    }
    if named.free.is_empty() {
        return Err(format!(
            "--free {text}: nothing that it names has a value above zero that could vary"
        ));
    }
    Ok(named)
}

fn unknown(text: &str, name: &str, document: &Document) -> String {
    let why = matching(name, document).err();
    let why = why.unwrap_or_else(|| format!("`{name}` is not a number or time"));
    format!(
        "--free {text}: {why}; write PATH=a..b, a path, a table such as endpoints.buy, endpoints.buy.db for the \
         times there, or auto, times, capacity, warm_up"
    )
}

/// The places in a model that a name stands for.
fn places(name: &str, document: &Document, base: &[Override]) -> Vec<String> {
    let all = document.paths();
    let varies =
        |path: &&String| standing(document, base, path).is_some_and(|(_, value, _)| value > 0.0);
    let known: Vec<&String> = all.iter().filter(varies).collect();
    let pick = |is: &dyn Fn(&[&str]) -> bool| -> Vec<String> {
        let fits = known.iter().filter(|path| is(&parts(path)));
        fits.map(|path| (*path).clone()).collect()
    };
    match name {
        "times" => return pick(&|path| is_time(path)),
        "capacity" => return pick(&|path| is_capacity(path)),
        "warm_up" => return pick(&|path| path.iter().rev().nth(1) == Some(&"warm_up")),
        _ => {}
    }
    if let Ok(found) = matching(name, document) {
        let of_values = |path: &String| known.contains(&path);
        return found.into_iter().filter(of_values).collect();
    }
    let wanted = parts(name);
    let under =
        pick(&|path| path.len() > wanted.len() && path.starts_with(&wanted) && is_quantity(path));
    match (under.is_empty(), wanted.as_slice()) {
        (true, ["endpoints", endpoint, place]) => pick(&|path| {
            path.starts_with(&["endpoints", *endpoint])
                && is_quantity(path)
                && at_place(document, path, place)
        }),
        _ => under,
    }
}

/// Where a service or a delay lies: its time, or the mean or median of its distribution; also what the load generator
/// takes.
fn is_time(path: &[&str]) -> bool {
    let key = path.last().copied().unwrap_or("");
    let whole = ["time", "delay", "load_generator"].contains(&key);
    let holds = ["stations", "pools"].contains(&path[0]);
    is_quantity(path) && !holds && (whole || PLACES.contains(&key))
}

fn is_capacity(path: &[&str]) -> bool {
    matches!(path, ["stations", _, "servers"] | ["pools", _, "size"])
}

/// Whether a place holds a quantity of the system that measurements can tell: times, their spread, weights, sizes.
fn is_quantity(path: &[&str]) -> bool {
    match path {
        ["endpoints", _, "visits", rest @ ..] => {
            rest.iter().any(|key| ["time", "delay"].contains(key))
        }
        ["hosts", _, "load_generator", ..] | ["hosts", _, "cores"] => true,
        ["stations" | "pools", _, "warm_up", ..] | ["stations" | "hosts", _, "setup", ..] => true,
        ["pools", _, "keep_alive", ..] => true,
        other => is_capacity(other),
    }
}

/// Whether a value in an endpoint belongs to a visit to a station, or is held under a pool, of this name.
fn at_place(document: &Document, path: &[&str], name: &str) -> bool {
    (2..path.len()).any(|end| {
        let table = path[..end].join(".");
        ["station", "hold"].iter().any(|key| {
            let value = document.value_text(&format!("{table}.{key}"));
            value.is_some_and(|text| text.trim_matches('"') == name)
        })
    })
}

/// A parameter with the widest range in which the model is valid beside the others; `None` without any.
fn ranged(path: &str, document: &Document, base: &[Override], others: &[Free]) -> Option<Free> {
    let (unit, value, _) = standing(document, base, path)?;
    let share = parts(path).last().is_some_and(|key| SHARES.contains(key));
    let mut free = Free {
        name: path.to_owned(),
        paths: vec![path.to_owned()],
        unit,
        low: value,
        high: value,
        start: value,
    };
    let whole = unit == Unit::Whole;
    let lower = |ratio: &f64| match whole {
        true => (value / ratio).floor().max(1.0),
        false => value / ratio,
    };
    let higher = |ratio: &f64| match (whole, share) {
        (true, _) => (value * ratio).ceil(),
        (false, true) => (value * ratio).min(1.0),
        (false, false) => value * ratio,
    };
    let valid = |end: &f64| is_valid_at((&free, *end), others, document, base);
    let low = RATIOS.iter().map(lower).find(valid);
    let high = RATIOS.iter().map(higher).find(valid);
    (free.low, free.high) = (low.unwrap_or(value), high.unwrap_or(value));
    (free.low < free.high).then_some(free)
}
