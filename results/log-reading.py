#!/usr/bin/env python3
"""Reads a log of ten million lines by capsim, DuckDB and goaccess, and writes results/log-reading.md.

    cargo build --release
    python3 -m venv venv && venv/bin/pip install duckdb && apt-get install goaccess
    venv/bin/python results/log-reading.py [LINES]

The log is made anew, by awk, in a temporary directory, unless $LOG names one that was made so before. Each program runs three times, goaccess once; the median counts.
"""

import datetime
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CAPSIM = os.environ.get("CAPSIM", f"{ROOT}/target/release/capsim")
LINES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000

# 500 requests a second, in the order of their ends, of three endpoints, one with 9,000 identifiers; nginx's combined format and its timers.
MAKE = r"""
BEGIN {
  srand(7); begin = 1795780800
  for (k = 0; k < n; k++) {
    at += -log(1 - rand()) / 500
    u = rand(); took = -0.016 * log(1 - rand()) + 0.004
    path = u < 0.6 ? "/seats/" int(9000 * rand()) : (u < 0.9 ? "/search?q=" int(50 * rand()) : "/orders")
    status = rand() < 0.01 ? 503 : 200
    end = begin + at; day = int((end - 1795737600) / 86400); s = int(end) % 86400
    printf "10.%d.%d.%d - - [%02d/Nov/2026:%02d:%02d:%02d +0000] \"%s %s HTTP/1.1\" %d %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\" msec=%.3f rt=%.3f urt=\"%.3f\"\n",
      k % 200, k % 251, k % 241, 27 + day, s / 3600, s / 60 % 60, s % 60, u < 0.9 ? "GET" : "POST", path,
      status, 200 + k % 5000, end, took, took - 0.001
  }
}
"""

AGGREGATES = """
  count(*), count(*) FILTER (status >= 400), round(max(ended) - min(ended - rt), 2), round(avg(rt) * 1000, 3),
  quantile_cont(rt, [0.5, 0.9, 0.95, 0.99]), max(rt)
"""
# Lines split by a regular expression, and lines split by DuckDB's reader of CSV files at blanks.
BY_EXPRESSION = f"""
SELECT {AGGREGATES} FROM (
  SELECT CAST(m.status AS INT) AS status, CAST(m.ended AS DOUBLE) AS ended, CAST(m.rt AS DOUBLE) AS rt
  FROM (SELECT regexp_extract(line, '" ([0-9]{{3}}) .* msec=([0-9.]+) rt=([0-9.]+)', ['status', 'ended', 'rt']) AS m
        FROM read_csv('LOG', columns = {{'line': 'VARCHAR'}}, delim = '\\x01', quote = '', escape = '', header = false)))
"""
BY_BLANKS = f"""
SELECT {AGGREGATES} FROM (
  SELECT status, CAST(msec[6:] AS DOUBLE) AS ended, CAST(rt[4:] AS DOUBLE) AS rt
  FROM read_csv('LOG', delim = ' ', quote = '"', header = false, auto_detect = false, strict_mode = false, columns = {{
    'ip': 'VARCHAR', 'l': 'VARCHAR', 'u': 'VARCHAR', 't': 'VARCHAR', 'z': 'VARCHAR', 'request': 'VARCHAR',
    'status': 'INT', 'bytes': 'VARCHAR', 'referer': 'VARCHAR', 'agent': 'VARCHAR', 'msec': 'VARCHAR', 'rt': 'VARCHAR',
    'urt': 'VARCHAR'}}))
"""
RUN_DUCKDB = "import duckdb, sys; c = duckdb.connect(); c.execute('SET threads = 2; SET enable_progress_bar = false'); print(c.execute(sys.argv[1]).fetchone())"


def measured(command):
    """Wall and processor seconds, megabytes at most, and what was printed."""
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    printed = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command[0]} failed: {printed}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, printed


def median(command, times):
    runs = sorted(measured(command) for _ in range(times))
    return runs[len(runs) // 2]


def main():
    import duckdb

    with tempfile.TemporaryDirectory() as directory:
        log = os.environ.get("LOG", f"{directory}/big.log")
        if not os.path.exists(log):
            with open(log, "w") as out:
                subprocess.run(["awk", "-v", f"n={LINES}", MAKE], stdout=out, check=True)
        size = os.path.getsize(log) / 1e9
        subprocess.run(["cat", log], stdout=subprocess.DEVNULL, check=True)
        go_format = '%h - - [%d:%t %^] "%r" %s %b "%R" "%u" msec=%^ rt=%T urt="%^"'
        goaccess = ["goaccess", log, f"--log-format={go_format}", "--date-format=%d/%b/%Y", "--time-format=%T",
                    "--no-progress", "-o", f"{directory}/out.json"]
        version = subprocess.run(["goaccess", "--version"], capture_output=True, text=True).stdout
        version = re.search(r"GoAccess - (\S+?)\.?\s", version)[1]
        duck = [sys.executable, "-c", RUN_DUCKDB]
        rows = [
            ("`capsim read big.log`", "release build", median([CAPSIM, "read", log], 3)),
            ("DuckDB, lines split at blanks by `read_csv`, `threads = 2`", duckdb.__version__,
             median([*duck, BY_BLANKS.replace("LOG", log)], 3)),
            ("DuckDB, lines split by `regexp_extract`, `threads = 2`", duckdb.__version__,
             median([*duck, BY_EXPRESSION.replace("LOG", log)], 3)),
            ("`goaccess big.log --log-format=… -o out.json`", version, median(goaccess, 1)),
        ]
        cpu = open("/proc/cpuinfo").read().count("processor\t")
        said = rows[0][2][3].replace("`", "'").replace(log, "big.log")
        text = f"""# Reading a log of ten million lines

Made by `results/log-reading.py`, {datetime.date.today():%d %B %Y}, {cpu} cores, the file in the page cache: {LINES:,} lines,
{size:.2f} GB, in nginx's combined format with `msec=`, `rt=` and `urt=` behind it. `capsim read` beside two tools that many have
at hand, for the same aggregates: requests, failed requests, span, mean, percentiles and maximum of `$request_time`.

| program | version | seconds | CPU seconds | memory |
|---|---|---:|---:|---:|
"""
        for name, version, (wall, used, memory, _) in rows:
            text += f"| {name} | {version} | {wall:.1f} | {used:.1f} | {memory:.0f} MB |\n"
        text += f"""
The median of three runs, of goaccess one. goaccess makes far more aggregates than the others (every address, every path), and
has no percentiles. What DuckDB answers, both times: requests, failed, seconds, mean in ms, percentiles and maximum in s:

```text
{rows[1][2][3].strip()}
{rows[2][2][3].strip()}
```

And capsim:

```text
{said.strip()}
```
"""
    with open(f"{ROOT}/results/log-reading.md", "w") as out:
        out.write(text)
    print(text)


if __name__ == "__main__":
    main()
