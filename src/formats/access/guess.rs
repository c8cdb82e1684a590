//! The layout of a log, told by one of its lines.

use super::clock::{self, Clock};
use super::json::Keys;
use super::pattern::Pattern;
use super::{APACHE, ENVOY, Form, HAPROXY, JSON, Layout, NGINX};

/// The layout that this line has, if it is one of those that are known.
pub fn layout(line: &str) -> Option<Layout> {
    let line = line.trim_end();
    let mut clock = Clock::default();
    if line.starts_with('{') {
        let keys = Keys::of(line)?;
        let text = keys.text();
        return Some(Layout {
            form: Form::Json(keys),
            text,
            declaration: &JSON.declaration,
        });
    }
    let fits = |pattern: &Pattern, clock: &mut Clock| {
        let read = pattern.read(line, clock);
        read.is_ok_and(|fields| fields.at.is_some())
    };
    let envoy = Pattern::envoy();
    if fits(&envoy, &mut clock) {
        return Some(Layout {
            form: Form::Pattern(envoy),
            text: "Envoy's default".to_string(),
            declaration: &ENVOY.declaration,
        });
    }
    if let Some(format) = combined(line) {
        let pattern = Pattern::nginx(&format).ok()?;
        if fits(&pattern, &mut clock) {
            let declaration = if pattern.is_timed() {
                &NGINX.declaration
            } else {
                &APACHE.declaration
            };
            return Some(Layout {
                form: Form::Pattern(pattern),
                text: format,
                declaration,
            });
        }
    }
    let httplog = Pattern::httplog().ok()?;
    fits(&httplog, &mut clock).then(|| Layout {
        form: Form::Pattern(httplog),
        text: "HAProxy's option httplog".to_string(),
        declaration: &HAPROXY.declaration,
    })
}

/// The `log_format` of a line that begins as the common log format does. What stands behind is taken for times
/// where its name or its three decimals say so.
fn combined(line: &str) -> Option<String> {
    const COMMON: &str =
        "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent";
    let (_, behind) = line.split_once("] \"")?;
    let (_, behind) = split_quoted(behind)?;
    let mut words = behind.trim_start().splitn(3, ' ');
    let status = words.next()?;
    if status.len() != 3 || !status.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    words.next()?;
    let mut format = COMMON.to_string();
    let mut rest = words.next().unwrap_or("").trim();
    let mut bare = 0;
    for k in 0_usize.. {
        if rest.is_empty() {
            break;
        }
        let (name, value, after) = next_part(rest)?;
        let quotes = if after.quoted { "\"" } else { "" };
        let variable = match name {
            "msec" => "$msec".to_string(),
            "rt" | "request_time" | "req_time" => "$request_time".to_string(),
            "urt" | "upstream_response_time" | "upstream_time" => {
                "$upstream_response_time".to_string()
            }
            "" if !after.quoted && is_seconds(value) => {
                bare += 1;
                ["$request_time", "$upstream_response_time"]
                    .get(bare - 1)
                    .map_or(format!("$field_{k}"), |v| (*v).to_string())
            }
            "" if !after.quoted && value == "-" && bare == 1 => {
                bare += 1;
                "$upstream_response_time".to_string()
            }
            // A bare whole number may be us of Apache or ms of Tomcat: only the format tells.
            "" => format!("$field_{k}"),
            name => format!("$field_{name}"),
        };
        let key = if name.is_empty() {
            String::new()
        } else {
            format!("{name}=")
        };
        format.push_str(&format!(" {key}{quotes}{variable}{quotes}"));
        rest = after.rest.trim_start();
    }
    Some(format)
}

struct After<'l> {
    quoted: bool,
    rest: &'l str,
}

/// A word, a text in quotes or a `name=value`, and what stands behind it.
fn next_part(rest: &str) -> Option<(&str, &str, After<'_>)> {
    let key_end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let (name, value) = match key_end {
        Some(end) if end > 0 && rest[end..].starts_with('=') => (&rest[..end], &rest[end + 1..]),
        _ => ("", rest),
    };
    if let Some(inner) = value.strip_prefix('"') {
        let (text, rest) = split_quoted(inner)?;
        return Some((name, text, After { quoted: true, rest }));
    }
    let mut end = value.find(' ').unwrap_or(value.len());
    // The times of two tries: `0.104, 0.201`.
    while end < value.len() && value[..end].ends_with(',') {
        end += 1;
        end += value[end..].find(' ').unwrap_or(value.len() - end);
    }
    let after = After {
        quoted: false,
        rest: &value[end..],
    };
    Some((name, &value[..end], after))
}

/// Splits behind the next quote that is not escaped.
fn split_quoted(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let end = from + text[from..].find('"')?;
        if !text[..end].ends_with('\\') {
            return Some((&text[..end], &text[end + 1..]));
        }
        from = end + 1;
    }
}

/// Seconds as nginx writes them: with three decimals.
fn is_seconds(text: &str) -> bool {
    let one = |part: &str| {
        let decimals = part.split_once('.').map(|(_, decimals)| decimals.len());
        decimals == Some(3) && clock::seconds(part).is_some()
    };
    text.split(", ").all(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_cut_off_behind_a_comma_is_a_line() {
        let (_, value, after) = next_part("0.1,").unwrap_or_else(|| panic!("a part"));
        assert_eq!((value, after.rest), ("0.1,", ""));
        let (_, value, after) = next_part("0.104, 0.201 x").unwrap_or_else(|| panic!("a part"));
        assert_eq!((value, after.rest), ("0.104, 0.201", " x"));
    }
}
