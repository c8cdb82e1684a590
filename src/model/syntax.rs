//! What to say of a text that is no TOML: where, why, and what was probably meant.

use super::problem::Finding;
use super::tree::Place;

/// What is wrong with a text that is no TOML, without what follows from something else: of each line the first error, of a
/// table that is there already its header and not each of its keys, of a bracket that is never closed only that.
pub(super) fn errors(text: &str, errors: &[toml::de::Error]) -> Vec<Finding> {
    if let Some(found) = unclosed(text) {
        return vec![found];
    }
    let (mut found, mut last_line, mut twice) = (Vec::new(), None, None);
    let begins = |error: &toml::de::Error| error.span().map_or(0, |range| range.start);
    let mut errors: Vec<_> = errors.iter().collect();
    errors.sort_by_key(|error| begins(error));
    for error in errors {
        let at = begins(error);
        let (start, line) = line_around(text, at);
        let header = line.trim_start().starts_with('[');
        let same = error.message().contains("duplicate key");
        let follows = same && !header && twice == Some(header_above(text, start));
        if same && header {
            twice = Some(start);
        }
        if !follows && last_line != Some(start) {
            found.push(finding(text, error));
        }
        last_line = Some(start);
    }
    found
}

/// Where the last line begins that looks like a header, above the line that begins here.
fn header_above(text: &str, line: usize) -> usize {
    let mut starts = text.get(..line).unwrap_or_default().split_inclusive('\n');
    let mut at = line;
    while let Some(line) = starts.next_back() {
        at -= line.len();
        if line.trim_start().starts_with('[') {
            return at;
        }
    }
    usize::MAX
}

/// The first bracket or brace that is not closed, or closed by another one.
fn unclosed(text: &str) -> Option<Finding> {
    let (mut open, mut rest): (Vec<(usize, u8)>, usize) = (Vec::new(), 0);
    let bytes = text.as_bytes();
    let wrong = |(at, bracket): (usize, u8)| {
        let (what, close) = match bracket {
            b'[' => ("list", ']'),
            _ => ("table", '}'),
        };
        let clip = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Finding {
            place: Place {
                source: 0,
                start: clip(at),
                end: clip(at + 1),
            },
            message: format!("invalid TOML: a {what} begins here and does not end"),
            fix: format!("close it with {close}"),
        }
    };
    while let Some(&byte) = bytes.get(rest) {
        match byte {
            b'#' => rest += text[rest..].find('\n').unwrap_or(text.len() - rest),
            b'"' | b'\'' => {
                rest = string_end(text, rest)?;
                continue;
            }
            b'[' | b'{' => open.push((rest, byte)),
            b']' | b'}' => {
                let opened = open.pop()?;
                if (opened.1 == b'[') != (byte == b']') {
                    return Some(wrong(opened));
                }
            }
            _ => {}
        }
        rest += 1;
    }
    open.pop().map(wrong)
}

/// Where a string that begins at a quote is over; `None` if it does not end.
fn string_end(text: &str, start: usize) -> Option<usize> {
    let quote = &text[start..=start];
    let long = quote.repeat(3);
    let (mark, lines) = match text[start..].starts_with(&long) {
        true => (long.as_str(), true),
        false => (quote, false),
    };
    let mut at = start + mark.len();
    loop {
        let rest = &text[at..];
        if rest.starts_with(mark) {
            return Some(at + mark.len());
        }
        let next = rest.chars().next()?;
        if next == '\n' && !lines {
            return None;
        }
        at += next.len_utf8();
        if next == '\\' && quote == "\"" {
            at += text[at..].chars().next()?.len_utf8();
        }
    }
}

/// A syntax error with a hint for the slips that people make.
fn finding(text: &str, error: &toml::de::Error) -> Finding {
    let range = error.span().unwrap_or(0..0);
    let clip = |at: usize| u32::try_from(at.min(text.len())).unwrap_or(u32::MAX);
    let place = Place {
        source: 0,
        start: clip(range.start),
        end: clip(range.end),
    };
    let message = error.message();
    let fix = syntax_fix(text, range.start, message);
    let message = format!("invalid TOML: {}", message.replace('\n', ", "));
    Finding {
        place,
        message,
        fix,
    }
}

/// What was probably meant where the text is no TOML.
fn syntax_fix(text: &str, at: usize, message: &str) -> String {
    let said = |part: &str| message.contains(part);
    let line = line_around(text, at).1.trim();
    let fix = if text.trim_start().starts_with('{') {
        "a model is TOML, not JSON: write [scenarios.default], and below it executor = \"constant-vus\""
    } else if said("duplicate key") {
        "a key may be given once; to add to a table, write its keys in one place"
    } else if line.starts_with("//") || line.starts_with("--") {
        "a comment begins with #"
    } else if let Some(fix) = instead_of_yaml(line) {
        return fix;
    } else if let Some(fix) = instead_of_script(line) {
        fix
    } else if line.contains(['“', '”', '„', '‘', '’']) {
        "write straight quotes, such as \"30s\""
    } else if said("string values must be quoted") || said("invalid boolean") {
        "put the text in double quotes"
    } else if said("missing comma") {
        "write a comma between them"
    } else if said("unclosed") || said("missing") {
        "close what was opened: quotes, brackets and braces come in pairs"
    } else if said("extra `=`") {
        "write one ="
    } else if has_thousands(line) {
        "write a number without commas, such as 10000 or 10_000"
    } else if said("recursion limit") {
        "nest less"
    } else {
        "TOML is `key = value`, one to a line; texts stand in double quotes, lists in [ ], tables in { }"
    };
    fix.to_string()
}

/// The line that a byte of a text is in, and where it begins.
fn line_around(text: &str, at: usize) -> (usize, &str) {
    let Some((before, after)) = text.split_at_checked(at.min(text.len())) else {
        return (0, "");
    };
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let end = before.len() + after.find('\n').unwrap_or(after.len());
    (start, &text[start..end])
}

/// The TOML of a line `key: value` or `key:`.
fn instead_of_yaml(line: &str) -> Option<String> {
    let (key, value) = line.split_once(':')?;
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if key.is_empty() || key.len() > 40 || !key.chars().all(is_key) {
        return None;
    }
    let value = value.trim();
    let bare = value.chars().all(|c| is_key(c) || "()<>=.%".contains(c)) && value.len() <= 40;
    let is_value = value.parse::<f64>().is_ok() || matches!(value, "true" | "false");
    Some(match (value, is_value) {
        ("", _) => {
            "a model is TOML, not YAML: write a header such as [scenarios.default]".to_string()
        }
        _ if value.starts_with('{') => {
            "a model is TOML, not JavaScript: write a header such as [scenarios.default]"
                .to_string()
        }
        (_, true) => format!("a model is TOML, not YAML: write {key} = {value}"),
        _ if bare => format!("a model is TOML, not YAML: write {key} = \"{value}\""),
        _ => format!("a model is TOML, not YAML: write {key} = …"),
    })
}

/// What is meant by a line that a script or another language would have.
fn instead_of_script(line: &str) -> Option<&'static str> {
    if let Some(header) = line.strip_prefix('[') {
        let name = header.split(']').next().unwrap_or_default();
        return name
            .contains('/')
            .then_some("put such a name in double quotes, as in [endpoints.\"/home\"]");
    }
    let (key, value) = line.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    if key.contains('{') && !key.contains('"') {
        return Some(
            "put such a name in double quotes, as in \"http_req_duration{name:home}\" = [\"p(95)<500\"]",
        );
    }
    let word = value.split([' ', ',', ';', '#']).next().unwrap_or_default();
    if matches!(word, "null" | "None" | "nil" | "undefined") {
        return Some("TOML has no empty value: leave the key out");
    }
    if value.starts_with("__ENV") || value.starts_with("process.env") || value.starts_with('$') {
        return Some(
            "a model has no variables: write the value, and change it for one run by --set",
        );
    }
    let number = value.starts_with(|c: char| c.is_ascii_digit());
    let calculates = value.split(' ').any(|w| matches!(w, "*" | "+" | "/" | "-"));
    (number && calculates).then_some("write the result: a model does not calculate")
}

/// Whether the value of a line is a number like 10,000.
fn has_thousands(line: &str) -> bool {
    let Some((_, value)) = line.split_once('=') else {
        return false;
    };
    let groups: Vec<&str> = value.trim().split(',').collect();
    let digits = |group: &&str| group.len() <= 3 && group.bytes().all(|b| b.is_ascii_digit());
    groups.len() > 1 && groups.iter().all(digits) && groups.iter().skip(1).all(|g| g.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_yaml_are_turned_into_toml() {
        let toml = |line| instead_of_yaml(line).unwrap_or_default();
        assert!(toml("vus: 2").ends_with("write vus = 2"));
        assert!(toml("executor: constant-vus").ends_with("write executor = \"constant-vus\""));
        assert!(toml("scenarios:").ends_with("write a header such as [scenarios.default]"));
        assert_eq!(instead_of_yaml("a = \"b: c\""), None);
    }

    #[test]
    fn groups_of_three_digits_are_thousands() {
        assert!(has_thousands("vus = 10,000") && has_thousands("rate = 1,000,000"));
        assert!(!has_thousands("a = [1,000]") && !has_thousands("x = 1,5"));
    }

    #[test]
    fn any_place_is_in_a_line() {
        let text = "a\nbc\n";
        let lines: Vec<_> = (0..7).map(|at| line_around(text, at)).collect();
        let (a, bc, end) = ((0, "a"), (2, "bc"), (5, ""));
        assert_eq!(lines, [a, a, bc, bc, bc, end, end]);
    }
}
