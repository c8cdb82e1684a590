//! A self-contained HTML page: no network, light and dark, fit for paper. Only pages with curves have a script, and
//! show all they have without it, too.

use super::live_chart::library;
use crate::model::visible::visible_lines;

/// A page that grows by sections.
#[derive(Clone, Debug, Default)]
pub struct Page {
    title: String,
    lead: String,
    sections: Vec<(String, String)>,
}

/// The style of every page. Charts keep their white paper in the dark.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1c1c;--soft:#5c5c5c;--paper:#fff;--line:#d9d9d9;--box:#f5f5f5;--pass:#0072b2;--fail:#b84f00}\
@media(prefers-color-scheme:dark){:root{--ink:#e8e8e8;--soft:#a8a8a8;--paper:#161616;--line:#3c3c3c;--box:#222;--pass:#56b4e9;--fail:#f5923e}}\
*{box-sizing:border-box}\
body{margin:0 auto;padding:1.5rem;max-width:60rem;background:var(--paper);color:var(--ink);\
font:16px/1.5 system-ui,sans-serif}\
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2rem 0 .5rem}\
p.lead{color:var(--soft);margin:0}\
nav{display:flex;flex-wrap:wrap;gap:0 1rem}nav a{color:inherit}\
pre{background:var(--box);padding:1rem;overflow-x:auto;font-size:.8rem;line-height:1.35}\
.wide{overflow-x:auto}\
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}\
th,td{padding:.25rem .75rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}\
th:first-child,td:first-child{text-align:left}\
figure{margin:1rem 0;background:#fff;border:1px solid var(--line)}\
figure svg{display:block;width:100%;height:auto}\
b.PASS{color:var(--pass)}b.FAIL{color:var(--fail)}b.UNDECIDED{color:var(--soft)}\
@media print{:root{--ink:#000;--soft:#333;--paper:#fff;--line:#999;--box:#fff;--pass:#0072b2;--fail:#b84f00}\
body{max-width:none;padding:0;font-size:11pt}nav{display:none}\
figure,tr{break-inside:avoid}h2{break-after:avoid}pre{white-space:pre-wrap}}";

impl Page {
    /// An empty page with a title and a line below it.
    #[must_use]
    pub fn new(title: &str, lead: &str) -> Page {
        Page {
            title: title.to_owned(),
            lead: lead.to_owned(),
            sections: Vec::new(),
        }
    }

    /// Adds a section. Its content is HTML, made by the functions of this file.
    pub fn section(&mut self, heading: &str, html: impl Into<String>) {
        self.sections.push((heading.to_owned(), html.into()));
    }

    /// The whole document.
    #[must_use]
    pub fn html(&self) -> String {
        let title = escape(&self.title);
        let mut links = String::new();
        let mut body = String::new();
        for (i, (heading, html)) in self.sections.iter().enumerate() {
            let heading = escape(heading);
            links += &format!("<a href=\"#s{i}\">{heading}</a>");
            body += &format!("<section id=\"s{i}\">\n<h2>{heading}</h2>\n{html}\n</section>\n");
        }
        // What a user writes is escaped, so that this can only be a chart.
        let (style, script) = match body.contains("<figure class=\"chart\">") {
            true => library(),
            false => <(String, String)>::default(),
        };
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n{style}</head>\n<body>\n<h1>{title}</h1>\n\
             <p class=\"lead\">{}</p>\n<nav>{links}</nav>\n{body}{script}</body>\n</html>\n",
            escape(&self.lead)
        )
    }
}

/// Text for HTML. Control characters, which no XML may have, are replaced by ones that can be seen.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in visible_lines(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}

/// A paragraph.
#[must_use]
pub fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escape(text))
}

/// Text as it stands.
#[must_use]
pub fn preformatted(text: &str) -> String {
    format!("<pre>{}</pre>", escape(text.trim_matches('\n')))
}

/// A table. The words PASS, FAIL and UNDECIDED get their colours.
#[must_use]
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let cells = |cells: &mut dyn Iterator<Item = String>, tag: &str| {
        let cells: String = cells.map(|c| format!("<{tag}>{c}</{tag}>")).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let mut text = cells(&mut head.iter().map(|h| escape(h)), "th");
    for row in rows {
        let marked = |cell: &String| match cell.as_str() {
            word @ ("PASS" | "FAIL" | "UNDECIDED") => format!("<b class=\"{word}\">{word}</b>"),
            other => escape(other),
        };
        text += &cells(&mut row.iter().map(marked), "td");
    }
    format!("<div class=\"wide\"><table>\n{text}</table></div>")
}

/// A picture: an SVG document becomes a part of the page.
#[must_use]
pub fn picture(svg: &str) -> String {
    let start = svg.find("<svg").unwrap_or(0);
    // Without fixed width and height the picture follows the width of the page.
    let mut inner = svg[start..].to_owned();
    if let Some(end) = inner.find('>') {
        let head: Vec<&str> = inner[..end]
            .split(' ')
            .filter(|part| !part.starts_with("width=") && !part.starts_with("height="))
            .collect();
        let head = head.join(" ");
        inner = format!("{head}{}", &inner[end..]);
    }
    format!("<figure>\n{inner}</figure>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_stands_for_itself() {
        let mut page = Page::new("a < b", "lead");
        page.section("One & two", paragraph("x > y"));
        page.section(
            "T",
            table(&["n"], &[vec!["PASS".into()], vec!["<i>".into()]]),
        );
        page.section(
            "P",
            picture("<?xml?>\n<svg width=\"8\" height=\"5\" viewBox=\"0 0 8 5\"></svg>"),
        );
        let html = page.html();
        assert!(html.contains("<title>a &lt; b</title>"));
        assert!(html.contains("<h2>One &amp; two</h2>\n<p>x &gt; y</p>"));
        assert!(html.contains("<b class=\"PASS\">PASS</b>") && html.contains("&lt;i&gt;"));
        assert!(html.contains("<figure>\n<svg viewBox=\"0 0 8 5\"></svg></figure>"));
        assert!(!html.contains("http"), "nothing is fetched");
    }
}
