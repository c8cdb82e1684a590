//! The order in which k6 lists metrics.
//!
//! k6 sorts with JavaScript's `localeCompare`, that is by the Unicode collation algorithm (Unicode
//! Technical Standard 10) with the root table of CLDR. Metric names are ASCII; the tags of a
//! sub-metric may hold any text. ASCII is ordered here exactly as in that table; other letters
//! come after ASCII by code point, their accents deciding only between otherwise equal texts.

use std::cmp::Ordering;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Blanks, punctuation, symbols and digits in the order of CLDR's root collation; letters follow.
const BEFORE_LETTERS: &str = "\t\n\u{b}\u{c}\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789";

/// Compares two metric names: by the metric, then by the tags in braces, so that a sub-metric
/// follows its parent.
#[must_use]
pub fn metrics(a: &str, b: &str) -> Ordering {
    let (parent_a, tags_a) = split(a);
    let (parent_b, tags_b) = split(b);
    collate(parent_a, parent_b).then_with(|| collate(tags_a, tags_b))
}

/// Compares two texts by collation: letters without regard to case, then accents, then lower
/// case before upper case; the code points keep the order total.
#[must_use]
pub fn collate(a: &str, b: &str) -> Ordering {
    primary(a)
        .cmp(primary(b))
        .then_with(|| accents(a).cmp(accents(b)))
        .then_with(|| upper_case(a).cmp(upper_case(b)))
        .then_with(|| a.cmp(b))
}

/// A metric's name and its tags, braces included; no tags for a metric that is not a sub-metric.
pub(crate) fn split(name: &str) -> (&str, &str) {
    name.split_at(name.find('{').unwrap_or(name.len()))
}

/// The weight of each character that is not an accent, without regard to case.
fn primary(text: &str) -> impl Iterator<Item = (bool, usize)> + '_ {
    text.nfd()
        .filter(|&c| !is_combining_mark(c))
        .flat_map(char::to_lowercase)
        .map(
            |c| match BEFORE_LETTERS.chars().position(|known| known == c) {
                Some(place) => (false, place),
                None => (true, c as usize),
            },
        )
}

/// For each character that is not an accent 0, for each accent its code point.
fn accents(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.nfd()
        .map(|c| if is_combining_mark(c) { c as u32 } else { 0 })
}

/// Whether each character is in upper case.
fn upper_case(text: &str) -> impl Iterator<Item = bool> + '_ {
    text.nfd().map(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The order that k6 v0.53.0 and v2.2.0 printed for these names.
    const OBSERVED: [&str; 18] = [
        "_x1",
        "a_c",
        "aa_1",
        "aa1",
        "aab",
        "aaB",
        "aC",
        "checks",
        "http_req_duration",
        "http_req_duration{expected_response:true}",
        "http_req_duration{name:a}",
        "http_req_duration{name:b}",
        "http_req_waiting",
        "http_req2",
        "http_reqs",
        "http_reqz",
        "zz_a",
        "Zz_b",
    ];

    #[test]
    fn metrics_come_in_the_order_k6_prints() {
        let mut names = OBSERVED;
        names.sort_unstable();
        assert_ne!(names, OBSERVED);
        names.sort_by(|a, b| metrics(a, b));
        assert_eq!(names, OBSERVED);
    }

    #[test]
    fn a_sub_metric_follows_its_parent_not_a_longer_name() {
        assert_eq!(metrics("http_reqs{a:b}", "http_reqs2"), Ordering::Less);
        assert_eq!(metrics("http_reqs", "http_reqs{a:b}"), Ordering::Less);
    }

    #[test]
    fn accents_decide_only_between_equals() {
        assert_eq!(collate("café", "cafz"), Ordering::Less);
        assert_eq!(collate("cafe", "café"), Ordering::Less);
        assert_eq!(collate("zoo", "écart"), Ordering::Greater);
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in ".{0,8}", b in ".{0,8}", c in ".{0,8}") {
            prop_assert_eq!(metrics(&a, &b), metrics(&b, &a).reverse());
            prop_assert_eq!(metrics(&a, &b) == Ordering::Equal, a == b);
            let mut texts = [a, b, c];
            texts.sort_by(|x, y| metrics(x, y));
            prop_assert!(metrics(&texts[0], &texts[2]) != Ordering::Greater);
        }
    }
}
