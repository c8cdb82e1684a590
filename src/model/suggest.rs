//! "Did you mean …?"

use strsim::damerau_levenshtein;

/// What other tools and books call what is known here by the second word.
const OTHER_WORDS: [(&str, &str); 32] = [
    ("ps", "processor-sharing"),
    ("fcfs", "fifo"),
    ("lcfs", "lifo"),
    ("siro", "random"),
    ("normal", "lognormal"),
    ("gauss", "lognormal"),
    ("gaussian", "lognormal"),
    ("fixed", "constant"),
    ("deterministic", "constant"),
    ("get", "request"),
    ("post", "request"),
    ("put", "request"),
    ("http", "request"),
    ("url", "request"),
    ("think", "sleep"),
    ("pause", "sleep"),
    ("if", "with_probability"),
    ("chance", "with_probability"),
    ("probability", "with_probability"),
    ("random", "with_probability"),
    ("loop", "repeat"),
    ("for", "repeat"),
    ("while", "repeat"),
    ("wait", "sleep"),
    ("delay", "sleep"),
    ("max", "size"),
    ("max_connections", "size"),
    ("connections", "size"),
    ("threads", "servers"),
    ("workers", "servers"),
    ("cores", "servers"),
    ("capacity", "servers"),
];

/// The candidate that a slip of the pen would turn into `given`, if one is near enough.
pub fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A long text is not a spelling mistake, and the distance is quadratic.
    if given.len() > 200 {
        return None;
    }
    let candidates: Vec<&str> = candidates.into_iter().take(5000).collect();
    let lower = given.to_lowercase();
    let meant = OTHER_WORDS.iter().filter(|(other, _)| *other == lower);
    let meant = meant.map(|(_, known)| *known);
    if let Some(known) = candidates.iter().find(|c| meant.clone().any(|m| m == **c)) {
        return Some(known);
    }
    let distance = |candidate: &str| damerau_levenshtein(&lower, &candidate.to_lowercase());
    // `service_time` for `time`: a word that is known, and more than is needed.
    let ends = |candidate: &str| {
        lower
            .strip_suffix(candidate)
            .is_some_and(|l| l.ends_with('_'))
    };
    if let Some(known) = candidates.iter().find(|c| ends(c)) {
        return Some(known);
    }
    let scored = candidates.into_iter().filter(|c| c.len() <= 200);
    scored
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A list of names for a sentence, cut when long: `a, b, c and 7 more`.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown = names.iter().take(24).map(|name| format!("`{name}`"));
    let text = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(24) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// The fix for an unknown name: the nearest known one, or all of them.
pub fn suggestion<'a>(
    given: &str,
    what: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(near) = nearest(given, known.clone()) {
        return format!("did you mean `{near}`?");
    }
    all_of(what, known)
}

/// The fix for an unknown name that no known one is near to: all of them.
pub fn all_of<'a>(what: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match listed(known).as_str() {
        "" => format!("there are no {what}"),
        names => format!("{what}: {names}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_finds_none() {
        let keys = ["servers", "queue", "discipline"];
        assert_eq!(nearest("sevrers", keys), Some("servers"));
        assert_eq!(nearest("Queue", keys), Some("queue"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest("threads", keys), Some("servers"));
        assert_eq!(nearest("threads", ["pools"]), None);
        assert_eq!(nearest("service_time", ["station", "time"]), Some("time"));
        assert_eq!(nearest("overtime", ["station", "time"]), None);
        assert_eq!(
            suggestion("colour", "keys", keys),
            "keys: `servers`, `queue`, `discipline`"
        );
        assert_eq!(suggestion("colour", "pools", []), "there are no pools");
    }
}
