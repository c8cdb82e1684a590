//! Numbers in what tools print for people.

/// A finite number, zero or more.
pub fn number(text: &str) -> Option<f64> {
    let value: f64 = text.trim().parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value)
}

/// The whole number at the begin of a text.
pub fn whole(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

/// What follows a label at the begin of some line.
pub fn after<'t>(text: &'t str, label: &str) -> Option<&'t str> {
    let line = text
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(label))?;
    Some(line.trim())
}

/// The number that follows a label at the begin of some line.
pub fn number_after(text: &str, label: &str) -> Option<f64> {
    number(after(text, label)?.split_whitespace().next()?)
}

/// A time such as `1.02ms`, `340us`, `2s` or `1.5m`, in milliseconds.
pub fn time(text: &str) -> Option<f64> {
    let text = text.trim();
    let unit = text.find(|c: char| c.is_ascii_alphabetic() || c == 'µ')?;
    let value = number(&text[..unit])?;
    Some(match &text[unit..] {
        "ns" => value / 1e6,
        "us" | "µs" => value / 1e3,
        "ms" => value,
        "s" => value * 1e3,
        "m" => value * 60e3,
        "h" => value * 3_600e3,
        _ => return None,
    })
}

/// A number of milliseconds as nanoseconds, if it is a possible time.
pub fn ns_of_ms(ms: f64) -> Result<u64, String> {
    const YEAR_MS: f64 = 366.0 * 86_400e3;
    if (0.0..=YEAR_MS).contains(&ms) {
        return Ok((ms * 1e6).round() as u64);
    }
    Err(format!("{ms} ms is not a time that a request takes"))
}

/// A JSON number of an object, by its path of keys.
pub fn json_number(value: &serde_json::Value, path: &[&str]) -> Option<f64> {
    let found = path.iter().try_fold(value, |at, key| at.get(key))?;
    found.as_f64().filter(|x| x.is_finite() && *x >= 0.0)
}

/// Reads a whole JSON file.
pub fn json(source: &mut super::Source) -> Result<serde_json::Value, super::Problem> {
    let text = source.rest()?;
    serde_json::from_str(&text).map_err(|why| {
        let at = format!("line {}", why.line());
        let message = format!("the JSON ends or breaks here: {why}");
        source.problem(&at, message, "give the file as the tool wrote it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        for (text, ms) in [
            ("141us", 0.141),
            ("1.00s", 1e3),
            ("0us", 0.0),
            ("2m", 120e3),
        ] {
            assert_eq!(time(text), Some(ms));
        }
        for text in ["", "12", "ms", "-1ms", "nanms", "1.2.3s", "1x"] {
            assert_eq!(time(text), None, "{text}");
        }
        assert_eq!(whole("  27 (x"), Some(27));
        assert_eq!(whole("x"), None);
        assert_eq!(number("inf"), None);
        assert!(ns_of_ms(-1.0).is_err() && ns_of_ms(1e300).is_err());
    }
}
