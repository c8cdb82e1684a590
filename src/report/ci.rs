//! Verdicts as CI systems read them: JUnit XML, and annotations of GitHub Actions.

use std::io::{Cursor, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::thresholds::Judged;
use crate::study::replication_stats::Judgement;

/// A test suite of JUnit's XML, one test case a threshold: crossed ones are failures, those that are open errors.
/// `seconds` is the virtual duration of the run; `limits` says what limits the system.
///
/// The elements are those that Jenkins, GitLab and GitHub's reporters read (`testsuites`, `testsuite`, `testcase`,
/// `failure`, `error`, `system-out`).
///
/// # Errors
/// None: a text in memory takes all that is written.
pub fn junit(
    model: &str,
    seconds: Option<f64>,
    limits: &str,
    all: &[Judged],
) -> std::io::Result<String> {
    let count = |wanted| all.iter().filter(|j| j.judgement == wanted).count();
    let counts = [
        ("tests", all.len().to_string()),
        ("failures", count(Judgement::Fail).to_string()),
        ("errors", count(Judgement::Undecided).to_string()),
    ];
    let counts = || counts.iter().map(|(key, n)| (*key, n.as_str()));
    let time = seconds.map(|s| format!("{s:.3}"));
    let mut xml = Writer::new_with_indent(Cursor::new(Vec::new()), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suites = xml.create_element("testsuites");
    suites
        .with_attributes(counts())
        .write_inner_content(|xml| {
            let suite = xml.create_element("testsuite");
            suite
                .with_attribute(("name", model))
                .with_attributes(counts())
                .with_attributes(time.iter().map(|time| ("time", time.as_str())))
                .write_inner_content(|xml| {
                    for judged in all {
                        case(xml, model, judged)?;
                    }
                    if !limits.is_empty() {
                        let out = xml.create_element("system-out");
                        out.write_text_content(BytesText::new(limits))?;
                    }
                    Ok(())
                })?;
            Ok(())
        })?;
    let mut text = String::from_utf8_lossy(&xml.into_inner().into_inner()).into_owned();
    text.push('\n');
    Ok(text)
}

fn case<W: Write>(xml: &mut Writer<W>, model: &str, judged: &Judged) -> std::io::Result<()> {
    let element = xml.create_element("testcase");
    let element = element
        .with_attribute(("classname", model))
        .with_attribute(("name", judged.name.as_str()));
    let (kind, message) = match judged.judgement {
        Judgement::Pass => {
            element.write_empty()?;
            return Ok(());
        }
        Judgement::Fail => ("failure", "crossed"),
        Judgement::Undecided => ("error", "undecided"),
    };
    let message = format!("{message}: {}", judged.detail());
    element.write_inner_content(|xml| {
        let why = xml.create_element(kind);
        why.with_attribute(("message", message.as_str()))
            .write_empty()?;
        Ok(())
    })?;
    Ok(())
}

/// Workflow commands of GitHub Actions: an error for each crossed threshold, a warning for each that is open, each
/// at the model's file.
#[must_use]
pub fn github(file: &str, limits: &str, all: &[Judged]) -> String {
    let mut text = String::new();
    for judged in all {
        let (command, title) = match judged.judgement {
            Judgement::Pass => continue,
            Judgement::Fail => ("error", "threshold crossed"),
            Judgement::Undecided => ("warning", "threshold undecided"),
        };
        let message = format!("{}: {}. {limits}", judged.name, judged.detail());
        let message = message.trim_end().to_owned();
        let (file, message) = (property(file), data(&message));
        text += &format!("::{command} file={file},title=capsim {title}::{message}\n");
    }
    text
}

/// A message, as GitHub's toolkit escapes it (actions/toolkit, packages/core, command.ts).
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property: also `:` and `,`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged() -> Vec<Judged> {
        let one = |name: &str, judgement, margin| Judged {
            name: name.into(),
            judgement,
            measured: "734.1ms".into(),
            margin,
            chance: String::new(),
        };
        vec![
            one("http_req_duration p(95)<500", Judgement::Fail, Some(-0.468)),
            one(
                "http_req_duration{name:a&b} p(90)<2000",
                Judgement::Pass,
                Some(0.6),
            ),
            one("checks rate>0.9", Judgement::Undecided, None),
        ]
    }

    #[test]
    fn junit_has_a_case_for_each_threshold() {
        let text = junit("shop", Some(63.5), "`cpu` limits", &judged()).unwrap();
        assert_eq!(
            text,
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" errors="1">
  <testsuite name="shop" tests="3" failures="1" errors="1" time="63.500">
    <testcase classname="shop" name="http_req_duration p(95)&lt;500">
      <failure message="crossed: 734.1ms, 46.8 % over"/>
    </testcase>
    <testcase classname="shop" name="http_req_duration{name:a&amp;b} p(90)&lt;2000"/>
    <testcase classname="shop" name="checks rate&gt;0.9">
      <error message="undecided: 734.1ms"/>
    </testcase>
    <system-out>`cpu` limits</system-out>
  </testsuite>
</testsuites>
"#
        );
    }

    #[test]
    fn annotations_are_escaped() {
        let text = github("models/a,b.toml", "cpu is 99 % used", &judged());
        assert_eq!(
            text,
            "::error file=models/a%2Cb.toml,title=capsim threshold crossed::http_req_duration p(95)<500: \
             734.1ms, 46.8 %25 over. cpu is 99 %25 used\n\
             ::warning file=models/a%2Cb.toml,title=capsim threshold undecided::checks rate>0.9: 734.1ms. \
             cpu is 99 %25 used\n"
        );
    }
}
