// The functions of jslib's k6-summary: the summary of k6 before 1.0 as text, a JUnit file, and texts of values. The same
// layout as that of `--summary-mode legacy`.
(() => {
  const PASSED = "✓", FAILED = "✗";
  // Blanks, punctuation, symbols and digits in the order of CLDR's root collation; letters follow.
  const BEFORE_LETTERS = [..."\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789"];

  const truncated = (value, decimals) => {
    const scale = decimals === 0 ? 1 : 100;
    return String(+(Math.trunc(scale * value) / scale).toFixed(decimals));
  };
  // As long as k6 counts a text: code points after compatibility normalisation.
  const width = (text) => [...text.normalize("NFKC")].length;
  const pad = (text, to) => " ".repeat(Math.max(0, to - width(text)));

  const UNITS = { s: ["s", 0.001], ms: ["ms", 1], us: ["µs", 1000] };
  const time = (ms, unit) => {
    if (Object.hasOwn(UNITS, unit ?? "")) {
      const [symbol, factor] = UNITS[unit];
      return (ms * factor).toFixed(2) + symbol;
    }
    if (ms === 0) return "0s";
    if (ms < 0.001) return `${Math.trunc(ms * 1e6)}ns`;
    if (ms < 1) return `${truncated(ms * 1000, 2)}µs`;
    if (ms < 1000) return `${truncated(ms, 2)}ms`;
    const seconds = `${truncated((ms % 60000) / 1000, ms > 60000 ? 0 : 2)}s`;
    const minutes = Math.trunc(ms / 60000);
    if (minutes < 1) return seconds;
    if (minutes < 60) return `${minutes}m${seconds}`;
    return `${Math.trunc(minutes / 60)}h${minutes % 60}m${seconds}`;
  };
  const bytes = (count) => {
    if (count < 10) return `${count} B`;
    const names = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
    let power = 1, unit = 0;
    for (; count / power >= 1000 && unit + 1 < names.length; unit += 1) power *= 1000;
    const tenths = Math.floor((count / power) * 10 + 0.5) / 10;
    return `${tenths.toFixed(tenths < 10 ? 1 : 0)} ${names[unit]}`;
  };
  const share = (value) => `${(Math.trunc(value * 100 * 100) / 100).toFixed(2)}%`;
  const humanizeValue = (value, metric, timeUnit) => {
    if (metric?.type === "rate") return share(value);
    if (metric?.contains === "data") return bytes(value);
    if (metric?.contains === "time") return time(value, timeUnit);
    return String(+value.toFixed(6));
  };

  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const isAccent = (c) => /\p{Mn}|\p{Mc}|\p{Me}/u.test(c);
  // Letters without regard to case first, then accents, then lower case before upper case, then the text itself.
  const weights = (text) => {
    const all = [...text.normalize("NFD")];
    const place = (c) => {
      const known = BEFORE_LETTERS.indexOf(c);
      return known < 0 ? BEFORE_LETTERS.length + c.codePointAt(0) : known;
    };
    return [
      all.filter((c) => !isAccent(c)).flatMap((c) => [...c.toLowerCase()]).map(place),
      all.map((c) => (isAccent(c) ? c.codePointAt(0) : 0)),
      all.map((c) => +/\p{Lu}/u.test(c)),
    ];
  };
  const compareLists = (a, b) => {
    const at = a.findIndex((weight, i) => weight !== b[i]);
    return at < 0 ? a.length - b.length : at >= b.length ? 1 : a[at] - b[at];
  };
  const collate = (a, b) => {
    const [left, right] = [weights(a), weights(b)];
    return left.map((list, i) => compareLists(list, right[i])).find((n) => n !== 0) ?? order(a, b);
  };
  // A metric's name and its tags with their braces.
  const split = (name) => {
    const at = name.indexOf("{");
    return at < 0 ? [name, ""] : [name.slice(0, at), name.slice(at)];
  };
  const byName = (a, b) => {
    const [[nameA, tagsA], [nameB, tagsB]] = [split(a), split(b)];
    return collate(nameA, nameB) || collate(tagsA, tagsB);
  };

  const groupLines = (lines, group, margin, ink) => {
    const checks = Object.values(group?.checks ?? {});
    for (const { name, passes, fails } of checks) {
      if (fails === 0) {
        lines.push(ink(`${margin}${PASSED} ${name}`, "32"));
      } else {
        const percent = Math.floor((100 * passes) / (passes + fails));
        const detail = `${margin} ↳  ${percent}% — ${PASSED} ${passes} / ${FAILED} ${fails}`;
        lines.push(ink(`${margin}${FAILED} ${name}\n${detail}`, "31"));
      }
    }
    if (checks.length > 0) lines.push("");
    for (const inner of Object.values(group?.groups ?? {})) {
      lines.push(`${margin}█ ${inner.name}`, "");
      groupLines(lines, inner, `${margin}  `, ink);
    }
  };

  // The texts of a metric: its statistics if it is a trend, else its value and what goes with it.
  const cellsOf = (metric, stats, unit) => {
    const values = metric.values ?? {};
    const show = (value) => (typeof value === "number" ? humanizeValue(value, metric, unit) : "n/a");
    switch (metric.type) {
      case "counter":
        return [show(values.count), `${show(values.rate)}/s`];
      case "gauge":
        return [show(values.value), `min=${show(values.min)}`, `max=${show(values.max)}`];
      case "rate":
        return [show(values.rate), `${PASSED} ${values.passes}`, `${FAILED} ${values.fails}`];
      default:
        return stats.map((stat) => (stat === "count" ? String(values.count) : show(values[stat])));
    }
  };
  const isTrend = (metric) => !["counter", "gauge", "rate"].includes(metric.type);

  const metricLines = (lines, data, { indent, summaryTrendStats, summaryTimeUnit }, ink) => {
    const usual = ["avg", "min", "med", "max", "p(90)", "p(95)"];
    const stats = summaryTrendStats ?? usual;
    const metrics = Object.keys(data.metrics ?? {}).sort(byName).map((name) => {
      const metric = data.metrics[name];
      const [own, tags] = split(name);
      const shift = tags === "" ? "" : "  ";
      const shown = tags === "" ? own : `{ ${tags.slice(1).replace(/\}$/, "")} }`;
      return { metric, shift, shown, taken: width(shift + shown), cells: cellsOf(metric, stats, summaryTimeUnit) };
    });
    const longest = Math.max(0, ...metrics.map((m) => m.taken));
    const widest = (of, at) => Math.max(0, ...of.map((m) => (at in m.cells ? width(m.cells[at]) : 0)));
    const trends = metrics.filter((m) => isTrend(m.metric));
    const others = metrics.filter((m) => !isTrend(m.metric));
    const trendWidths = stats.map((_, at) => widest(trends, at));
    const widths = [0, 1, 2].map((at) => widest(others, at));
    for (const { metric, shift, shown, taken, cells } of metrics) {
      const held = Object.values(metric.thresholds ?? {}).map((threshold) => threshold.ok);
      let mark = " ";
      if (held.length > 0) mark = held.every(Boolean) ? ink(PASSED, "32") : ink(FAILED, "31");
      const cell = (at, to, style) => ink(cells[at], style) + pad(cells[at], to);
      let values;
      if (isTrend(metric)) {
        values = stats.map((stat, at) => `${stat}=${cell(at, trendWidths[at], "36")}`);
      } else {
        // A single value beside the first is not padded, so that no line ends in blanks for it.
        const extras = cells.slice(1).map((_, at) => cell(at + 1, cells.length === 2 ? 0 : widths[at + 1], "36;2"));
        values = [cell(0, widths[0], "36"), ...extras];
      }
      const dots = ink(`${".".repeat(longest - taken + 3)}:`, "2");
      lines.push(`${indent}  ${shift}${mark} ${shown}${dots} ${values.join(" ")}`);
    }
  };

  const textSummary = (data, options) => {
    const all = { indent: " ", enableColors: true, ...data.options, ...options };
    const ink = all.enableColors ? (text, style) => `\x1b[${style}m${text}\x1b[0m` : (text) => text;
    const lines = [];
    groupLines(lines, data.root_group, `${all.indent}    `, ink);
    metricLines(lines, data, all, ink);
    return lines.join("\n");
  };

  const escaped = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
  const jUnit = (data, options = {}) => {
    const cases = [];
    let failures = 0;
    for (const name of Object.keys(data.metrics ?? {})) {
      for (const [threshold, { ok }] of Object.entries(data.metrics[name].thresholds ?? {})) {
        if (!ok) failures += 1;
        cases.push(`<testcase name="${escaped(name)} - ${escaped(threshold)}"${ok ? " />" : `><failure message="failed" /></testcase>`}`);
      }
    }
    const name = escaped(options.name ?? "k6 thresholds");
    return `<?xml version="1.0"?>\n<testsuites tests="${cases.length}" failures="${failures}">\n<testsuite name="${name}" tests="${cases.length}" failures="${failures}">${cases.join("\n")}\n</testsuite >\n</testsuites >`;
  };
  return { textSummary, jUnit, humanizeValue };
})
