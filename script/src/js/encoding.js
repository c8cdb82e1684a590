// k6/encoding and k6/crypto
{
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const alphabet = (kind) => letters + (kind.includes("url") ? "-_" : "+/");
  const kindOf = (kind) => (["std", "rawstd", "url", "rawurl"].includes(kind) ? kind : "std");
  const encode = (data, kind) => {
    kind = kindOf(kind);
    const bytes = n.bytes(data);
    const table = alphabet(kind);
    let text = "";
    for (let i = 0; i < bytes.length; i += 3) {
      const word = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
      const left = bytes.length - i;
      text += table[word >> 18] + table[(word >> 12) & 63];
      if (left > 1) text += table[(word >> 6) & 63]; else if (!kind.startsWith("raw")) text += "=";
      if (left > 2) text += table[word & 63]; else if (!kind.startsWith("raw")) text += "=";
    }
    return text;
  };
  const decode = (text, kind, format) => {
    kind = kindOf(kind);
    const table = alphabet(kind);
    const bytes = [];
    let word = 0;
    let bits = 0;
    const clean = String(text).replace(/[\r\n]/g, "");
    const end = kind.startsWith("raw") ? clean.length : clean.replace(/={0,2}$/, "").length;
    if (!kind.startsWith("raw") && clean.length % 4 !== 0) fail(`illegal base64 data at input byte ${clean.length - (clean.length % 4)}`);
    for (let i = 0; i < end; i++) {
      const at = table.indexOf(clean[i]);
      if (at < 0) fail(`illegal base64 data at input byte ${i}`);
      word = ((word << 6) | at) & 0xffffff;
      bits += 6;
      if (bits >= 8) { bits -= 8; bytes.push((word >> bits) & 255); }
    }
    const array = new Uint8Array(bytes);
    return format === "s" ? n.text(array) : array.buffer;
  };
  n.base64 = encode;
  modules["k6/encoding"] = { b64encode: (data, kind) => encode(data, kind), b64decode: decode };

  const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  const shaped = (bytes, format) => {
    switch (format) {
      case "hex": return hex(bytes);
      case "base64": return encode(bytes, "std");
      case "base64url": return encode(bytes, "url");
      case "base64rawurl": return encode(bytes, "rawurl");
      case "binary": return bytes.buffer;
    }
    return fail(`Invalid output encoding: ${format}`);
  };
  const algorithms = ["md4", "md5", "sha1", "sha256", "sha384", "sha512", "sha512_224", "sha512_256", "ripemd160"];
  const digest = (name, data, key) => n.hash(name, data, key) ?? fail(`${name} is not there yet`);
  const joined = (parts) => {
    const all = parts.flatMap((p) => Array.from(n.bytes(p)));
    return new Uint8Array(all);
  };
  class Hasher {
    #name; #key; #parts = [];
    constructor(name, key) { this.#name = name; this.#key = key; }
    update(data) { this.#parts.push(n.bytes(data)); }
    digest(format) { return shaped(digest(this.#name, joined(this.#parts), this.#key), format); }
  }
  const crypto = {
    createHash: (name) => (algorithms.includes(name) ? new Hasher(name) : fail(`invalid algorithm: ${name}`)),
    createHMAC: (name, key) => (algorithms.includes(name) ? new Hasher(name, n.bytes(key)) : fail(`invalid algorithm: ${name}`)),
    hmac: (name, key, data, format) => {
      if (!algorithms.includes(name)) fail(`invalid algorithm: ${name}`);
      return shaped(digest(name, data, key), format);
    },
    hexEncode: (data) => hex(n.bytes(data)),
    randomBytes: (size) => {
      if (!(size >= 1)) fail("invalid size");
      return Uint8Array.from({ length: size }, () => Math.floor(n.random() * 256)).buffer;
    },
  };
  for (const name of algorithms) crypto[name] = (data, format) => shaped(digest(name, data, undefined), format);
  modules["k6/crypto"] = crypto;

  const random = (array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(n.random() * 256);
    return array;
  };
  define(globalThis, "crypto", {
    getRandomValues: random,
    randomUUID: () => {
      const b = random(new Uint8Array(16));
      b[6] = (b[6] & 15) | 64;
      b[8] = (b[8] & 63) | 128;
      return hex(b).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    },
  });
  O.defineProperty(globalThis.crypto, "subtle", {
    enumerable: true,
    get: () => fail("crypto.subtle is not simulated: use k6/crypto, or leave the encryption out of the script that capsim runs"),
  });
  define(globalThis, "TextEncoder", class TextEncoder {
    get encoding() { return "utf-8"; }
    encode(text) { return n.bytes(text === undefined ? "" : String(text)); }
  });
  define(globalThis, "TextDecoder", class TextDecoder {
    get encoding() { return "utf-8"; }
    decode(data) { return data === undefined ? "" : n.text(ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice() : data); }
  });
}
