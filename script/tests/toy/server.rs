//! A server of many small answers, in virtual time.

use capsim_script::{Request, RequestError, Response, Timings};
use serde_json::json;
use std::borrow::Cow;
use std::time::Duration;

/// What the server remembers.
#[derive(Default)]
pub struct Server {
    calls: u64,
}

struct Page {
    status: u16,
    headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    body: Option<Vec<u8>>,
    waiting: Duration,
    receiving: Duration,
    error: Option<RequestError>,
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn text(status: u16, body: &str) -> Page {
    page(status, "text/plain", body.as_bytes().to_vec())
}

fn page(status: u16, kind: &str, body: Vec<u8>) -> Page {
    Page {
        status,
        headers: vec![
            ("Content-Type".into(), kind.to_owned().into()),
            ("Content-Length".into(), body.len().to_string().into()),
        ],
        body: Some(body),
        waiting: Duration::ZERO,
        receiving: Duration::ZERO,
        error: None,
    }
}

fn json_page(value: &str) -> Page {
    page(200, "application/json", value.as_bytes().to_vec())
}

impl Page {
    fn with(mut self, name: &str, value: &str) -> Page {
        self.headers
            .push((name.to_owned().into(), value.to_owned().into()));
        self
    }

    fn after(mut self, waiting: Duration) -> Page {
        self.waiting = waiting;
        self
    }
}

fn broken(code: u32, message: &str, detail: Option<&str>, body: Option<&str>) -> Page {
    let mut page = text(0, body.unwrap_or_default());
    page.headers.clear();
    page.body = body.map(|b| b.as_bytes().to_vec());
    page.error = Some(RequestError {
        code,
        message: message.into(),
        detail: detail.map(Into::into),
        in_body: body.is_some(),
    });
    page
}

fn parameter(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then(|| unescape(value))
    })
}

fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (Vec::new(), 0);
    while i < bytes.len() {
        let hex = bytes
            .get(i + 1..i + 3)
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (bytes[i], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

const DOCUMENT: &str = r#"{"a":{"b":[10,20,30]},"list":[{"id":1,"n":"x"},{"id":2,"n":"y"}],"dot.key":5,"nul":null,"t":true,"s":"str","num":1.5,"big":12345678901234567000,"nested":{"deep":{"er":"v"}}}"#;

impl Server {
    /// The answer to a request; its timings tell when it ends.
    pub fn answer(&mut self, request: &Request) -> Response {
        let (scheme, rest) = request.url.split_once("://").unwrap_or_default();
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, target) = rest.split_at(at);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut page = if scheme == "http" && matches!(host, "127.0.0.1:8080" | "localhost:8080") {
            self.page(request, path, query)
        } else {
            broken(
                1212,
                "dial: connection refused",
                Some(&format!("dial tcp {host}: connect: connection refused")),
                None,
            )
        };
        let timeout = request.timeout;
        if page.waiting >= timeout && page.error.is_none() {
            page = broken(0, "", None, None).after(timeout);
            page.error = Some(RequestError::timeout(false));
        } else if page.waiting + page.receiving >= timeout && page.error.is_none() {
            page.receiving = timeout - page.waiting;
            page.body = page.body.map(|b| b[..b.len() / 2].to_vec());
            page.error = Some(RequestError::timeout(true));
        }
        Response {
            made_up: false,
            id: request.id,
            status: page.status,
            headers: page.headers,
            body: page.body,
            timings: Timings {
                waiting: page.waiting,
                receiving: page.receiving,
                ..Timings::default()
            },
            remote: ("127.0.0.1".into(), 8080),
            error: page.error,
        }
    }

    fn page(&mut self, request: &Request, path: &str, query: &str) -> Page {
        let number = || path.rsplit('/').next().and_then(|n| n.parse().ok());
        let header = |name: &str| {
            let found = request.headers.iter().find(|(n, _)| **n == *name);
            found.map(|(_, value)| value.to_string())
        };
        match (path.split('/').nth(1).unwrap_or(""), number()) {
            ("delay", Some(n)) => text(200, "ok").after(ms(n)),
            ("slowbody", Some(n)) => {
                let mut page = text(200, "abcd");
                page.receiving = ms(n);
                page
            }
            ("status", Some(n)) => text(n as u16, &format!("s{n}")),
            ("redirect", Some(n)) => redirect(n, query),
            ("bytes", Some(n)) => text(200, &"x".repeat(n as usize)),
            _ => self
                .plain(request, path, query)
                .or_else(|| cookies(path, query, header("Cookie")))
                .or_else(|| bodies(path, header("Authorization")))
                .unwrap_or_else(|| text(404, "not found")),
        }
    }

    fn plain(&mut self, request: &Request, path: &str, query: &str) -> Option<Page> {
        Some(match path {
            "/redir" => {
                let code = parameter(query, "code").and_then(|c| c.parse().ok());
                let to = parameter(query, "to").unwrap_or_else(|| "/echo".into());
                text(code.unwrap_or(302), "r").with("Location", &to)
            }
            "/infinite" => text(302, "r").with("Location", "/infinite"),
            "/echo" => {
                let headers: Vec<String> = request
                    .headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {value}"))
                    .collect();
                let body: String = request.body.iter().map(|b| char::from(*b)).collect();
                let at = request.url.match_indices('/').nth(2).map_or(0, |(i, _)| i);
                let told = json!({
                    "method": &*request.method,
                    "url": request.url[at..],
                    "headers": headers,
                    "body": body,
                });
                json_page(&told.to_string())
            }
            "/k" => {
                self.calls += 1;
                text(200, &self.calls.to_string()).after(ms(self.calls * 10))
            }
            _ => return None,
        })
    }
}

fn redirect(n: u64, query: &str) -> Page {
    let delay = parameter(query, "d").and_then(|d| d.parse().ok());
    let page = if n > 0 {
        let more = delay.map_or_else(String::new, |d| format!("?d={d}"));
        text(302, "r").with("Location", &format!("/redirect/{}{more}", n - 1))
    } else {
        text(200, "end")
    };
    page.after(ms(delay.unwrap_or(0)))
}

fn cookies(path: &str, query: &str, sent: Option<String>) -> Option<Page> {
    Some(match path {
        "/cookie/set" => query
            .split('&')
            .fold(text(200, "set"), |page, pair| page.with("Set-Cookie", pair)),
        "/cookie/attrs" => [
            "a=1; Path=/cookie; HttpOnly; Max-Age=60",
            "b=2; Secure",
            "c=3; Domain=127.0.0.1; Path=/",
            "d=; Max-Age=0",
        ]
        .iter()
        .fold(text(200, "set"), |page, line| page.with("Set-Cookie", line)),
        "/cookie/set-redir" => text(302, "r")
            .with("Set-Cookie", "viaredir=1; Path=/")
            .with("Location", "/cookies"),
        "/cookies" | "/cookie/show" => json_page(&json!({ "cookie": sent }).to_string()),
        _ => return None,
    })
}

fn bodies(path: &str, authorization: Option<String>) -> Option<Page> {
    let json = |body: &str| json_page(body);
    Some(match path {
        "/json" => json(DOCUMENT),
        "/jsonarr" => json(r#"[1,2,{"id":3}]"#),
        "/null" => json("null"),
        "/badjson" => json("{\"a\":1,\n \"b\": oops}"),
        "/empty" => text(200, ""),
        "/204" => {
            let mut page = text(204, "");
            page.headers.clear();
            page.body = None;
            page
        }
        "/bin" => page(
            200,
            "application/octet-stream",
            vec![0, 255, 128, 65, 195, 40],
        ),
        "/latin1" => page(200, "text/plain; charset=iso-8859-1", b"caf\xe9".to_vec()),
        "/multihdr" => text(200, "ok")
            .with("X-Multi", "a")
            .with("X-Multi", "b")
            .with("x-lower-CASE", "1"),
        "/close" | "/garbage" => broken(1000, "EOF", None, None),
        "/halfbody" => broken(1000, "unexpected EOF", None, Some("half")).after(ms(30)),
        "/html" => page(200, "text/html", b"<html><body>T</body></html>".to_vec()),
        "/auth" => match authorization {
            Some(words) => json(&json!({ "auth": words }).to_string()),
            None => text(401, "no").with("WWW-Authenticate", "Basic realm=\"x\""),
        },
        _ => return None,
    })
}
