//! Written by the fields that the sources of Vegeta 12.13.0 and Gatling 1.2, 2.0, 2.1, 2.3.1, 3.3.1 and 3.9.5 write, and by
//! the layout of public files of both: no recordings of our own.

use super::*;

fn read(name: &str, text: &str) -> Understood {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(name);
    std::fs::write(&file, text).unwrap();
    formats::read(&file, None).unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn vegeta_s_results_and_reports() {
    let (mut json, mut csv) = (String::new(), String::new());
    for k in 1..=20_u64 {
        let (code, error) = match k {
            19 => (500, ""),
            20 => (0, "connection refused, by \\\"peer\\\""),
            _ => (200, ""),
        };
        let ns = k * 10_000_000;
        json += &format!(
            "{{\"attack\":\"a\",\"seq\":{k},\"code\":{code},\"timestamp\":\"2026-11-29T13:00:{:02}.5+01:00\",\"latency\":{ns},\"bytes_out\":0,\"bytes_in\":5,\"error\":\"{error}\",\"body\":\"aGVsbG8=\",\"method\":\"GET\",\"url\":\"http://127.0.0.1:8080/x/{k}\",\"headers\":{{}}}}\n",
            k - 1
        );
        let quoted = error.replace("\\\"", "\"\"");
        csv += &format!(
            "{},{code},{ns},0,5,\"{quoted}\",aGVsbG8=,a,{k},GET,http://127.0.0.1:8080/x/{k},\n",
            1_795_953_600_500_000_000 + (k - 1) * 1_000_000_000
        );
    }
    for (name, text, form) in [
        ("r.json", &json, "Vegeta, encode -to=json"),
        ("r.csv", &csv, "Vegeta, encode -to=csv"),
    ] {
        let read = read(name, text);
        assert_eq!(read.declaration.form, form);
        let all = read.requests.unwrap();
        assert_eq!(
            (all.count, all.failed, read.reading.skipped.count),
            (20, 2, 0),
            "{form}"
        );
        assert_eq!(all.sorted()[19], 200_000_000);
        // From 0 s to the end of the last: 19 s and 200 ms.
        assert!((all.span().unwrap() - 19.2).abs() < 1e-9);
        // p n - 1/2 = 18.5 of 20 times: between 190 and 200 ms.
        let rule = read.declaration.rule.unwrap();
        assert!((rule.percentile(&all.sorted(), 95.0).unwrap() - 195.0).abs() < 1e-9);
    }
    let hostile = read("r.csv", &format!("{csv}1,2\nnonsense\n"));
    assert_eq!(hostile.reading.skipped.count, 2);
    let report = "{\"latencies\":{\"total\":2100000000,\"mean\":105000000,\"50th\":105000000,\"90th\":185000000,\"95th\":195000000,\"99th\":200000000,\"max\":200000000,\"min\":10000000},\"bytes_in\":{\"total\":100,\"mean\":5},\"bytes_out\":{\"total\":0,\"mean\":0},\"earliest\":\"2026-11-29T13:00:00Z\",\"latest\":\"2026-11-29T13:00:19Z\",\"end\":\"2026-11-29T13:00:19.2Z\",\"duration\":19000000000,\"wait\":200000000,\"requests\":20,\"rate\":1.0526,\"throughput\":0.9375,\"success\":0.9,\"status_codes\":{\"0\":1,\"200\":18,\"500\":1},\"errors\":[]}\n";
    let text = "Requests      [total, rate, throughput]         20, 1.05, 0.94\nDuration      [total, attack, wait]             19.2s, 19s, 200ms\nLatencies     [min, mean, 50, 90, 95, 99, max]  10ms, 105ms, 105ms, 185ms, 195ms, 200ms, 200ms\nBytes In      [total, mean]                     100, 5.00\nBytes Out     [total, mean]                     0, 0.00\nSuccess       [ratio]                           90.00%\nStatus Codes  [code:count]                      0:1  200:18  500:1  \nError Set:\n";
    for (name, text) in [("v.json", report), ("v.txt", text)] {
        let read = read(name, text).reading;
        assert_eq!(
            (read.requests, read.failed, read.span),
            (Some(20), Some(2), Some(19.2)),
            "{name}"
        );
        assert_eq!(
            (read.min, read.mean, read.max),
            (Some(10.0), Some(105.0), Some(200.0))
        );
        assert_eq!(
            read.percentiles,
            [(50.0, 105.0), (90.0, 185.0), (95.0, 195.0), (99.0, 200.0)]
        );
    }
}

#[test]
fn gatling_s_log() {
    let begin = 1_795_953_600_000_i64;
    let at = |k: i64| (begin + 100 * k, begin + 100 * k + 10 * k);
    let request = |version: &str, k: i64| {
        let ((start, end), ok) = (at(k), if k == 20 { "KO" } else { "OK" });
        let message = if k == 20 {
            "status.find.is(200), but actually found 500"
        } else {
            " "
        };
        match version {
            "3.9.5" => format!("REQUEST\t\tOK page\t{start}\t{end}\t{ok}\t{message}\n"),
            // The request is sent, and its answer begins, between the two times that count.
            "2.1" | "2.0" => {
                let scenario = "scenario with spaces\t12";
                let head = if version == "2.0" {
                    format!("{scenario}\tREQUEST")
                } else {
                    format!("REQUEST\t{scenario}")
                };
                format!(
                    "{head}\t\t1767825934330\t{start}\t{}\t{}\t{end}\t{ok}\t{message}\n",
                    start + 1,
                    end - 1
                )
            }
            // Its end stood second in 1.2.
            "1.2" => format!(
                "ACTION\tscenario\t{k}\tOK page\t{start}\t{end}\t{}\t{}\t{ok}\t{message}\n",
                start + 1,
                end - 1
            ),
            "3.3.1" => {
                format!("REQUEST\t{k}\tgroup\tOK page\t{start}\t{end}\t{ok}\t{message}\n")
            }
            _ => format!(
                "REQUEST\tscenario\t{k}\t\tOK page\t{start}\t{end}\t{ok}\t{message}\textra\n"
            ),
        }
    };
    for version in ["3.9.5", "3.3.1", "2.3.1", "2.1", "2.0", "1.2"] {
        let mut text = match version {
            "1.2" => format!("RUN\t20261129140000\tbasic\t \nSCENARIO\tscenario\t1\t{begin}\t0\n"),
            "2.0" => format!(
                "sim.Basic\tbasic\tRUN\t{begin}\t \t2.0\nscenario\t1\tUSER\tSTART\t{begin}\t0\n"
            ),
            _ => format!(
                "RUN\tsim.Basic\tbasic\t{begin}\t \t{version}\nUSER\tscenario\tSTART\t{begin}\n"
            ),
        };
        (1..=20).for_each(|k| text += &request(version, k));
        text += "GROUP\tg\t1\t2\t1\tOK\nUSER\tscenario\tEND\t1795953602000\nREQUEST\t\tcut\t17959";
        let read = read("simulation.log", &text);
        assert_eq!(read.declaration.form, "Gatling, simulation.log");
        let all = read.requests.unwrap();
        assert_eq!((all.count, all.failed), (20, 1), "{version}");
        assert_eq!(
            (all.sorted()[0], all.sorted()[19]),
            (10_000_000, 200_000_000)
        );
        assert_eq!(read.reading.skipped.first[0].0, 25, "the line that is cut");
        // p (n - 1) = 18.05 of 20 times: 190.5 ms, in whole ms.
        let rule = read.declaration.rule.unwrap();
        assert_eq!(rule.percentile(&all.sorted(), 95.0), Some(191.0));
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("simulation.log");
    std::fs::write(&file, b"\0\0\0\0\x063.11.0\0sim").unwrap();
    let why = formats::read(&file, None).unwrap_err().to_string();
    assert!(why.contains("binary simulation.log"), "{why}");
}

#[test]
fn gatling_s_statistics() {
    let of = |key: &str, total: &str| {
        format!("\"{key}\": {{ \"total\": {total}, \"ok\": {total}, \"ko\": 1 }}")
    };
    let keys = [
        ("numberOfRequests", "20"),
        ("minResponseTime", "10"),
        ("maxResponseTime", "200"),
        ("meanResponseTime", "105"),
        ("standardDeviation", "58"),
        ("percentiles1", "105"),
        ("percentiles2", "153"),
        ("percentiles3", "191"),
        ("percentiles4", "198"),
        ("meanNumberOfRequestsPerSecond", "6.67"),
    ];
    let inner: Vec<String> = keys.iter().map(|(key, total)| of(key, total)).collect();
    let inner = format!("{{ \"name\": \"All Requests\", {} }}", inner.join(", "));
    // The statistics of all stand at the top, or below a name; in stats.js numbers are texts.
    let outer = format!(
        "{{ \"type\": \"GROUP\", \"name\": \"All Requests\", \"stats\": {} }}",
        inner.replace(": 105,", ": \"105\",")
    );
    for text in [&inner, &outer] {
        let read = read("global_stats.json", text).reading;
        assert_eq!(
            (read.requests, read.failed, read.rate),
            (Some(20), Some(1), Some(6.67))
        );
        assert_eq!(
            (read.mean, read.deviation, read.max),
            (Some(105.0), Some(58.0), Some(200.0))
        );
        assert_eq!(
            read.percentiles,
            [(50.0, 105.0), (75.0, 153.0), (95.0, 191.0), (99.0, 198.0)]
        );
    }
}

/// As they were in 2016 (six fields), and in reports of version 7 (no throughput, no 90 %).
#[test]
fn vegeta_s_older_files() {
    let mut csv = String::new();
    let mut json = String::new();
    for k in 1..=10_u64 {
        let ns = k * 1_000_000;
        csv += &format!("{},200,{ns},0,103,\"\"\n", 1_476_696_644_001_690_668 + k);
        json += &format!(
            "{{\"code\":200,\"timestamp\":\"2016-10-17T09:30:53.99169{k:04}Z\",\"latency\":{ns},\"bytes_out\":0,\"bytes_in\":103,\"error\":\"\"}}\n"
        );
    }
    for (name, text) in [("r.csv", &csv), ("r.json", &json)] {
        let read = read(name, text);
        let all = read.requests.unwrap();
        assert_eq!((all.count, all.failed), (10, 0), "{name}");
        assert_eq!(all.sorted()[9], 10_000_000);
    }
    let report = "{\"latencies\":{\"mean\":5500000,\"50th\":5000000,\"95th\":10000000,\"99th\":10000000,\"max\":10000000},\"bytes_in\":{\"total\":600,\"mean\":12},\"bytes_out\":{\"total\":0,\"mean\":0},\"duration\":900000000,\"wait\":10000000,\"requests\":10,\"rate\":11.11,\"success\":1,\"status_codes\":{\"200\":10},\"errors\":[]}";
    let read = read("v.json", report).reading;
    assert_eq!(
        (read.requests, read.failed, read.min),
        (Some(10), Some(0), None)
    );
    assert_eq!(read.percentiles, [(50.0, 5.0), (95.0, 10.0), (99.0, 10.0)]);
}

/// Names of recorded requests are often a method and a path: then identifiers in them are folded as in a log's.
#[test]
fn gatling_s_names_may_be_paths() {
    let text = "ASSERTION\tAAEDAAEFAAAAAAAAwFdAAwAAAAAAAEB/QA==\nRUN\tsim.Basic\tbasic\t1767825934330\t \t3.9.5\n\
        USER\tscenario\tSTART\t1767825935179\n\
        REQUEST\t\tGET /buildings/17?user=4\t1767825935194\t1767825935216\tOK\t \n\
        REQUEST\t\t01_Get_Specific_Post\t1767825935672\t1767825935692\tOK\t \nUSER\tscenario\tEND\t1767825937971\n";
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("simulation.log");
    std::fs::write(&file, text).unwrap();
    let mut names = Vec::new();
    let mut sink = |record: &formats::Record<'_>| {
        names.push((record.method.to_string(), record.path.to_string()));
    };
    let (_, reading) = formats::each(&file, None, &mut sink).unwrap();
    assert_eq!(reading.skipped.count, 0);
    let pair = |method: &str, path: &str| (method.to_string(), path.to_string());
    assert_eq!(
        names,
        [
            pair("GET", "/buildings/17?user=4"),
            pair("", "01_Get_Specific_Post")
        ]
    );
}

#[test]
fn gatling_s_oldest_statistics_have_two_percentiles() {
    let text = "{ \"numberOfRequests\": { \"total\": 5400, \"ok\": 5400, \"ko\": 0 }, \
        \"meanResponseTime\": { \"total\": 716, \"ok\": 716, \"ko\": 0 }, \
        \"percentiles1\": { \"total\": 1546, \"ok\": 1546, \"ko\": 0 }, \
        \"percentiles2\": { \"total\": 2203, \"ok\": 2203, \"ko\": 0 } }";
    let read = read("global_stats.json", text).reading;
    assert_eq!(read.percentiles, [(95.0, 1546.0), (99.0, 2203.0)]);
}
