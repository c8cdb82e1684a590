// jslib's formdata: a body of several parts.
(({ n }) => {
  class FormData {
    constructor() {
      this.parts = [];
      this.boundary = "----capsimFormBoundary" + Array.from({ length: 16 }, () => Math.floor(Math.random() * 36).toString(36)).join("");
    }
    append(name, value, filename) {
      const file = typeof value === "object" && value !== null && "data" in value;
      this.parts.push({ name, data: file ? value.data : value, filename: filename ?? (file ? value.filename : undefined), type: file ? value.content_type : undefined });
    }
    __append(...given) { this.append(...given); }
    get contentType() { return `multipart/form-data; boundary=${this.boundary}`; }
    body() {
      const bytes = [];
      const add = (data) => { for (const b of n.bytes(data)) bytes.push(b); };
      for (const part of this.parts) {
        const file = part.filename === undefined ? "" : `; filename="${part.filename}"`;
        const type = part.type ?? (part.filename === undefined ? undefined : "application/octet-stream");
        add(`--${this.boundary}\r\nContent-Disposition: form-data; name="${part.name}"${file}\r\n${type === undefined ? "" : `Content-Type: ${type}\r\n`}\r\n`);
        add(typeof part.data === "object" && part.data !== null ? part.data : String(part.data));
        add("\r\n");
      }
      add(`--${this.boundary}--\r\n`);
      return new Uint8Array(bytes).buffer;
    }
  }
  return { FormData };
})
