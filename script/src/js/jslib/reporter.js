// What scripts use of k6-reporter: a page of a summary's data.
(() => {
  const safe = (x) => String(x).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const number = (x) => (Number.isInteger(x) ? String(x) : x.toFixed(2));
  const htmlReport = (data, options = {}) => {
    const title = safe(options.title ?? "k6 summary");
    const names = Object.keys(data.metrics ?? {}).sort();
    const rows = names.map((name) => {
      const { values, thresholds = {} } = data.metrics[name];
      const marks = Object.entries(thresholds).map(([rule, { ok }]) => `${ok ? "✓" : "✗"} ${safe(rule)}`).join("<br>");
      return `<tr><td>${safe(name)}</td><td>${Object.entries(values).map(([k, v]) => `${safe(k)}=${number(v)}`).join(" ")}</td><td>${marks}</td></tr>`;
    });
    const checks = [];
    const walk = (group) => {
      for (const c of group.checks ?? []) checks.push(`<tr><td>${safe(group.path ?? "")}</td><td>${safe(c.name)}</td><td>${c.passes}</td><td>${c.fails}</td></tr>`);
      for (const inner of group.groups ?? []) walk(inner);
    };
    walk(data.root_group ?? {});
    return `<!doctype html><html><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1>` +
      `<table><tr><th>metric</th><th>values</th><th>thresholds</th></tr>${rows.join("\n")}</table>` +
      `<h2>Checks</h2><table><tr><th>group</th><th>check</th><th>passes</th><th>fails</th></tr>${checks.join("\n")}</table></body></html>\n`;
  };
  return { htmlReport };
})
