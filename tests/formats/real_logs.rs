//! What logs of real servers have beside requests: upgraded connections, clients that give up, bots, health checks, and
//! JMeter's sums of samples.

use super::capsim;

fn learned(name: &str, text: &str, more: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(name);
    std::fs::write(&file, text).unwrap();
    let args = [&["learn", file.to_str().unwrap()], more].concat();
    let (code, model, err) = capsim(&args);
    assert_eq!((code, err.as_str()), (0, ""));
    // It runs at once.
    let model_file = directory.path().join("m.toml");
    std::fs::write(&model_file, &model).unwrap();
    let (code, _, err) = capsim(&["run", model_file.to_str().unwrap(), "-q"]);
    assert_eq!((code, err.as_str()), (0, ""), "{model}");
    model
}

/// A line of nginx, whose request began at this number of milliseconds.
fn line(began_ms: u64, request: &str, status: u16, took_ms: u64) -> (u64, String) {
    let end = began_ms + took_ms;
    let text = format!(
        "{}.{:03} \"{request} HTTP/1.1\" {status} {}.{:03}\n",
        1_795_776_000 + end / 1_000,
        end % 1_000,
        took_ms / 1_000,
        took_ms % 1_000
    );
    (end, text)
}

const FORMAT: [&str; 2] = [
    "--log-format",
    "nginx:$msec \"$request\" $status $request_time",
];

#[test]
fn upgraded_connections_and_clients_that_give_up_tell_no_time() {
    let mut lines = Vec::new();
    for k in 0..4_000_u64 {
        lines.push(line(k * 50, "GET /items/7", 200, 15 + k % 11));
        if k % 100 == 0 {
            lines.push(line(k * 50 + 7, "GET /ws?token=1", 101, 60_000));
            lines.push(line(k * 50 + 9, "GET /items/9", 499, 3_000));
        }
        if k % 40 == 0 {
            let name = format!("GET /{}{k}.php", char::from(b'a' + (k / 40 % 26) as u8));
            lines.push(line(k * 50 + 11, &name, 404, 1));
            lines.push(line(k * 50 + 13, "\\x16\\x03\\x01", 400, 0));
        }
    }
    lines.sort();
    let text: String = lines.into_iter().map(|(_, text)| text).collect();
    let model = learned("access.log", &text, &FORMAT);
    for part in [
        "Upgraded connections (status 101, such as WebSockets): 40, left out",
        "Requests without an answer, or whose clients did not wait for it (499): 40; their times are not used",
        "after how long clients give up",
        "# GET /items/{id}: 4,040 requests, such as /items/7 (--route tells them apart)",
        "Time: mean 19.991ms of 4,000 requests at 2 under way at most",
        "status = 499 }, # 40 with status 499: the client did not wait",
        "# (paths that are not there): 200 requests, of 101 kinds of paths, such as /a0.php, ",
        "status = 400 }, # 100 with status 400",
    ] {
        assert!(model.contains(part), "{part}\n{model}");
    }
    assert!(
        !model.contains("/ws") && model.matches("\n[endpoints.").count() == 2,
        "{model}"
    );
    // Of nothing but such connections there is nothing to learn.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ws.log");
    std::fs::write(&file, line(5, "GET /ws", 101, 9).1.repeat(3)).unwrap();
    let (code, out, err) = capsim(&["learn", file.to_str().unwrap(), FORMAT[0], FORMAT[1]]);
    assert_eq!((code, out.as_str()), (104, ""));
    assert!(
        err.contains("but 3 upgraded connections (status 101)"),
        "{err}"
    );
}

/// Two samples and their sum, again and again, of each of five threads that wait a second in between.
fn jtl(samples: bool) -> String {
    let mut text = String::from(
        "timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,grpThreads,allThreads\n",
    );
    for k in 0..200_u64 {
        for thread in 1..=5_u64 {
            let begin = 1_795_776_000_000 + k * 1_060 + thread * 211;
            let (first, second) = (20 + k % 7, 30 + k % 5);
            let mut row = |at: u64, took: u64, label: &str, code: &str, message: &str| {
                text.push_str(&format!(
                    "{at},{took},{label},{code},{message},TG 1-{thread},true,5,5\n"
                ));
            };
            if samples {
                row(begin, first, "home", "200", "OK");
                row(begin + first, second, "buy", "201", "Created");
            }
            let sum = "\"Number of samples in transaction : 2, number of failing samples : 0\"";
            row(begin, first + second, "all", "", sum);
        }
    }
    text
}

#[test]
fn transactions_of_jmeter_are_no_requests_beside_their_samples() {
    let model = learned("results.jtl", &jtl(true), &[]);
    assert!(
        model.contains("2,000 requests in") && model.contains("[endpoints.home]"),
        "{model}"
    );
    assert!(!model.contains("[endpoints.all]"), "{model}");
    // Five users, of whom hardly two wait at once.
    assert!(
        model.contains("vus = 5\n")
            && model.contains("5 users at most are in the file (allThreads)"),
        "{model}"
    );
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("results.jtl");
    std::fs::write(&file, jtl(true)).unwrap();
    let (_, shown, _) = capsim(&["read", file.to_str().unwrap()]);
    assert!(
        shown.contains("1000 rows of transaction controllers are left out"),
        "{shown}"
    );
    // As `Generate parent sample` has it, the sums are all there is.
    let model = learned("results.jtl", &jtl(false), &[]);
    assert!(model.contains("1,000 requests in"), "{model}");
}
