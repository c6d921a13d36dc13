/**
 * A second reader of answers, written from the grammar of RFC 9112 as regular expressions over the whole
 * text. It shares nothing with the client.
 */

/** The request and the end of the connection. */
export interface ReferenceOptions {
  readonly method: string;
  readonly upgrade: string | undefined;
  readonly ending: "end" | "reset" | "open";
}

/** An answer that is complete. */
export interface Reference {
  readonly answer: { readonly status: number; readonly headers: string[][]; readonly body: string };
  /** False if only the end of the connection ends the body. */
  readonly endsByItself: boolean;
  readonly keepsAlive: boolean;
  /** The text behind the answer. */
  readonly left: string;
}

const TEXT = "[\\t\\x20-\\x7e\\x80-\\xff]*";
const FIELD = `[!#$%&'*+.^_\`|~0-9A-Za-z-]+:${TEXT}\\r\\n`;
const HEAD = new RegExp(`^HTTP/1\\.([01]) ([1-5]\\d\\d)(?: ${TEXT})?\\r\\n((?:${FIELD})*)\\r\\n`);
const CHUNK = new RegExp(`^(([0-9a-f]{1,13})([ \\t]*;${TEXT})?)\\r\\n`, "i");
const TRAILERS = new RegExp(`^(?:${FIELD})*\\r\\n`);

/** Returns the complete answer at the start of a text, or undefined. */
export function readReference(text: string, options: ReferenceOptions): Reference | undefined {
  const { method, upgrade, ending } = options;
  let at = 0;
  for (;;) {
    const [head, minor, digits, fields] = HEAD.exec(text.slice(at)) ?? [];
    if (head === undefined || minor === undefined || fields === undefined) return undefined;
    at += head.length;
    const headers = fields.split("\r\n").slice(0, -1).map((line) => {
      const [, name = "", value = ""] = /^([^:]*):[ \t]*(.*)$/s.exec(line) ?? [];
      return [name.toLowerCase(), value.replace(/[ \t]+$/, "")];
    });
    const all = (name: string) => headers.flatMap(([n, value = ""]) => n === name ? [value] : []);
    const lengths = [...new Set(all("content-length"))];
    const codings = all("transfer-encoding").map((value) => value.toLowerCase());
    if (at > 65_536 || headers.length > 256) return undefined;
    if (lengths.length > 1 || lengths.some((length) => !/^\d{1,15}$/.test(length))) {
      return undefined;
    }
    if (
      codings.length > 0 && (codings.join() !== "chunked" || minor === "0" || lengths.length > 0)
    ) {
      return undefined;
    }
    const status = Number(digits);
    if (status < 200 && status !== 101) continue;
    if (status === 101 && all("upgrade").at(-1)?.toLowerCase() !== (upgrade ?? "")) {
      return undefined;
    }
    const isBodiless = method === "HEAD" || [101, 204, 304].includes(status);
    const endsByItself = isBodiless || codings.length + lengths.length > 0;
    const rest = text.slice(at);
    const read = isBodiless
      ? { body: "", length: 0 }
      : codings.length > 0
      ? readChunks(rest)
      : lengths[0] !== undefined
      ? rest.length < Number(lengths[0]) ? undefined : {
        body: rest.slice(0, Number(lengths[0])),
        length: Number(lengths[0]),
      }
      : ending === "reset"
      ? undefined
      : { body: rest, length: rest.length };
    if (read === undefined) return undefined;
    const left = rest.slice(read.length);
    const closes = all("connection").join().split(",").some((option) =>
      /^[ \t]*close[ \t]*$/i.test(option)
    );
    const isDoubtful = status === 204 && (codings.length > 0 || Number(lengths[0] ?? 0) > 0);
    const keepsAlive = endsByItself && minor === "1" && !closes && !isDoubtful && left === "";
    return { answer: { status, headers, body: read.body }, endsByItself, keepsAlive, left };
  }
}

function readChunks(text: string): { body: string; length: number } | undefined {
  let [body, at] = ["", 0];
  for (;;) {
    const [line, own, digits, extension] = CHUNK.exec(text.slice(at)) ?? [];
    if (line === undefined || own === undefined || digits === undefined) return undefined;
    if (extension !== undefined && own.length > 1024) return undefined;
    at += line.length;
    const size = Number.parseInt(digits, 16);
    if (size === 0) break;
    if (text.slice(at + size, at + size + 2) !== "\r\n") return undefined;
    body += text.slice(at, at + size);
    at += size + 2;
  }
  const [trailers] = TRAILERS.exec(text.slice(at)) ?? [];
  if (trailers === undefined || trailers.length > 8192) return undefined;
  return { body, length: at + trailers.length };
}
