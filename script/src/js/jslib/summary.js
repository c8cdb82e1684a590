// The functions of jslib's k6-summary: a plain text and a JUnit file of a summary's data.
(() => {
  const time = (ms) => {
    if (ms >= 60000) return `${Math.floor(ms / 60000)}m${((ms % 60000) / 1000).toFixed(1)}s`;
    if (ms >= 1000) return `${+(ms / 1000).toFixed(2)}s`;
    if (ms >= 1) return `${+ms.toFixed(2)}ms`;
    return ms === 0 ? "0s" : `${+(ms * 1000).toFixed(2)}µs`;
  };
  const humanizeValue = (value, metric) => {
    if (metric?.type === "rate") return `${(value * 100).toFixed(2)}%`;
    if (metric?.contains === "time") return time(value);
    return String(+value.toFixed(6));
  };
  const textSummary = (data, options = {}) => {
    const indent = options.indent ?? " ";
    const names = Object.keys(data.metrics ?? {}).sort();
    const width = Math.max(0, ...names.map((name) => name.length)) + 3;
    const line = (name) => {
      const metric = data.metrics[name];
      const values = Object.entries(metric.values ?? {}).map(([key, v]) => `${key}=${humanizeValue(v, metric)}`);
      const marks = Object.values(metric.thresholds ?? {});
      const mark = marks.length === 0 ? " " : marks.every((t) => t.ok) ? "✓" : "✗";
      return `${indent}${mark} ${(name + ".".repeat(width)).slice(0, width)}: ${values.join(" ")}`;
    };
    return names.map(line).join("\n") + "\n";
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
