//! The width of a text on a terminal, as k6 counts it.

use unicode_normalization::UnicodeNormalization;

/// Number of code points after compatibility normalisation (k6 v2.2.0, `strWidth`): a ligature
/// counts as its letters, a wide character as one.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.nfkc().count()
    }
}

/// The text, followed by as many blanks as it takes to reach a width.
#[must_use]
pub fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_counts_code_points_after_nfkc() {
        assert_eq!(width("http_reqs"), 9);
        assert_eq!(width("12.5µs"), 6);
        assert_eq!(width("ﬁle"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("座席"), 2);
    }

    #[test]
    fn padding_never_cuts() {
        assert_eq!(pad("µs", 4), "µs  ");
        assert_eq!(pad("abc", 2), "abc");
    }
}
