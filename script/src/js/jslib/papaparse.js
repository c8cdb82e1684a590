// What scripts use of Papa Parse: tables with commas as objects or lists, and back.
(() => {
  // The cells of a text, row by row.
  const rows = (text, delimiter, quote) => {
    const all = [];
    let row = [];
    let cell = "";
    let quoted = false;
    let wasQuoted = false;
    const end = () => { row.push(cell); cell = ""; wasQuoted = false; };
    for (let i = 0; i < text.length; i++) {
      const c = text[i];
      if (quoted) {
        if (c !== quote) cell += c;
        else if (text[i + 1] === quote) { cell += quote; i++; } else quoted = false;
      } else if (c === quote && cell === "" && !wasQuoted) { quoted = true; wasQuoted = true; }
      else if (text.startsWith(delimiter, i)) { end(); i += delimiter.length - 1; }
      else if (c === "\n" || c === "\r") {
        if (c === "\r" && text[i + 1] === "\n") i++;
        end();
        all.push(row);
        row = [];
      } else cell += c;
    }
    end();
    all.push(row);
    return all;
  };
  const guess = (text) => {
    const line = text.split(/\r?\n/, 1)[0];
    const counts = [",", "\t", "|", ";"].map((d) => [line.split(d).length, d]);
    return counts.reduce((best, x) => (x[0] > best[0] ? x : best))[1];
  };
  const typed = (cell) => {
    if (cell === "true" || cell === "TRUE") return true;
    if (cell === "false" || cell === "FALSE") return false;
    return /^\s*-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/.test(cell) ? Number(cell) : cell;
  };
  const parse = (text, config = {}) => {
    text = String(text).replace(/^\ufeff/, "");
    const delimiter = config.delimiter || guess(text);
    let list = rows(text, delimiter, config.quoteChar ?? '"');
    if (config.comments) list = list.filter((r) => !r[0].startsWith(config.comments === true ? "#" : config.comments));
    if (config.skipEmptyLines === "greedy") list = list.filter((r) => r.some((c) => c.trim() !== ""));
    else if (config.skipEmptyLines) list = list.filter((r) => r.length > 1 || r[0] !== "");
    const convert = (cell, name) => {
      const dynamic = config.dynamicTyping;
      const wanted = dynamic === true || (typeof dynamic === "function" ? dynamic(name) : dynamic && dynamic[name]);
      let value = wanted ? typed(cell) : cell;
      if (config.transform) value = config.transform(value, name);
      return value;
    };
    let fields;
    const errors = [];
    let data;
    if (config.header) {
      fields = (list.shift() ?? []).map((name, i) => (config.transformHeader ? config.transformHeader(name, i) : name));
      data = list.map((row, at) => {
        const object = {};
        row.forEach((cell, i) => {
          if (i < fields.length) object[fields[i]] = convert(cell, fields[i]);
          else (object.__parsed_extra ??= []).push(cell);
        });
        if (row.length !== fields.length) {
          const few = row.length < fields.length;
          errors.push({ type: "FieldMismatch", code: few ? "TooFewFields" : "TooManyFields", row: at, message: `${few ? "Too few" : "Too many"} fields: expected ${fields.length} fields but parsed ${row.length}` });
        }
        return object;
      });
    } else data = list.map((row) => row.map((cell, i) => convert(cell, i)));
    if (config.preview > 0) data = data.slice(0, config.preview);
    const meta = { delimiter, linebreak: text.includes("\r\n") ? "\r\n" : "\n", aborted: false, truncated: false, cursor: text.length, fields };
    const results = { data, errors, meta };
    if (config.step) for (const row of data) config.step({ data: row, errors: [], meta });
    if (config.complete) config.complete(results);
    return results;
  };
  const unparse = (input, config = {}) => {
    const delimiter = config.delimiter ?? ",";
    const list = Array.isArray(input) ? input : input.data;
    const cell = (v) => {
      const text = v === null || v === undefined ? "" : String(v);
      return config.quotes || text.includes(delimiter) || /["\r\n]|^\s|\s$/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    let table = list;
    if (list.length > 0 && !Array.isArray(list[0])) {
      const fields = input.fields ?? config.columns ?? Object.keys(list[0]);
      table = list.map((o) => fields.map((f) => o[f]));
      if (config.header !== false) table.unshift(fields);
    } else if (input.fields) table = [input.fields, ...list];
    return table.map((r) => r.map(cell).join(delimiter)).join(config.newline ?? "\r\n");
  };
  const Papa = { parse, unparse };
  return { ...Papa, default: Papa };
})
