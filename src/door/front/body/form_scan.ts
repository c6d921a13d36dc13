/**
 * Finds `model` and `stream` in a body of the type `multipart/form-data` (RFC 7578), in one pass. It accepts
 * less than the RFC: nothing before the first and behind the last delimiter, and nothing that two readers
 * could understand in two ways.
 *
 * @module
 */
import { parseParameters } from "./parameters.ts";

/** A form whose bytes were scanned. */
export interface ScannedForm {
  readonly model: string | undefined;
  /** The place of the value of `model` in the body, in bytes. */
  readonly place: { readonly start: number; readonly end: number } | undefined;
  /** True if `stream` is `true`. */
  readonly stream: boolean;
}

/** The limits of a form, beyond its size. */
export const FORM_LIMITS = { parts: 256, headBytes: 4096, valueBytes: 4096 } as const;

/** The characters of RFC 2046 §5.1.1, the last of which is not a space. */
const BOUNDARY = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\uffff]*)$/;
const NAME = /^[A-Za-z0-9_.[\]-]+$/;
const PLAIN_ENCODING = /^(?:7bit|8bit|binary)$/i;

const [LF, CR, DASH] = [10, 13, 45];
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns the boundary of a `Content-Type`, or undefined if it is not that of a form with a boundary. */
export function formBoundary(contentType: string): string | undefined {
  const { type, values } = parseParameters(contentType) ?? {};
  const boundary = values?.get("boundary");
  const isUtf8 = /^utf-?8$/i.test(values?.get("charset") ?? "utf-8");
  if (type?.toLowerCase() !== "multipart/form-data" || boundary === undefined || !isUtf8) {
    return undefined;
  }
  return BOUNDARY.test(boundary) ? boundary : undefined;
}

/** The fields whose values the front door reads. */
const READ = new Set(["model", "stream"]);

/**
 * Scans the body of a form in pieces of any size.
 *
 * @example
 * ```ts
 * import { FormScan } from "./form_scan.ts";
 * const scan = new FormScan("x");
 * const lines = ["--x", 'Content-Disposition: form-data; name="model"', "", "eye", "--x--", ""];
 * scan.push(new TextEncoder().encode(lines.join("\r\n")));
 * const scanned = scan.end();
 * "problem" in scanned ? scanned.problem : scanned.model; // "eye"
 * ```
 */
export class FormScan {
  readonly #delimiter: Uint8Array;
  #state: "start" | "delimiter" | "head" | "content" | "end" = "start";
  /** The bytes of earlier pieces that are still needed, and the number of bytes before them. */
  #held = new Uint8Array();
  #offset = 0;
  #problem: string | undefined;
  #parts = 0;
  /** The name of the current part, and the offset of its content. */
  #name = "";
  #start = 0;
  readonly #values = new Map<string, { text: string; start: number; end: number }>();

  /** Takes the result of `formBoundary`. */
  constructor(boundary: string) {
    this.#delimiter = encoder.encode(`--${boundary}`);
  }

  /** The first problem, as a sentence about the body. Later pieces are ignored then. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Scans the next piece. */
  push(piece: Uint8Array): void {
    if (this.#problem !== undefined) return;
    const bytes = this.#held.length === 0 ? piece : joined(this.#held, piece);
    let used = 0;
    while (this.#problem === undefined) {
      const next = this.#scan(bytes, used);
      if (next === used) break;
      used = next;
    }
    this.#held = bytes.slice(used);
    this.#offset += used;
  }

  /** Returns what was found, after the last piece. */
  end(): ScannedForm | { readonly problem: string } {
    if (this.#problem !== undefined) return { problem: this.#problem };
    if (this.#state !== "end" || this.#held.length === 1) {
      return { problem: "it ends too early: the last delimiter is missing" };
    }
    const model = this.#values.get("model");
    return {
      model: model?.text,
      place: model && { start: model.start, end: model.end },
      stream: this.#values.get("stream")?.text.toLowerCase() === "true",
    };
  }

  /** Returns the number of used bytes; the same number if it needs more bytes. */
  #scan(bytes: Uint8Array, used: number): number {
    switch (this.#state) {
      case "start":
        return this.#scanStart(bytes, used);
      case "delimiter":
        return this.#scanDelimiter(bytes, used);
      case "head":
        return this.#scanHead(bytes, used);
      case "content":
        return this.#scanContent(bytes, used);
      case "end":
        return this.#scanEnd(bytes, used);
    }
  }

  #scanStart(bytes: Uint8Array, used: number): number {
    if (!this.#isDelimiter(bytes, used)) return this.#fail("it does not begin with the boundary");
    if (bytes.length - used < this.#delimiter.length) return used;
    this.#state = "delimiter";
    return used + this.#delimiter.length;
  }

  /** Scans the two bytes behind a delimiter. */
  #scanDelimiter(bytes: Uint8Array, used: number): number {
    const [first, second] = bytes.subarray(used, used + 2);
    if (second === undefined) return used;
    if (first === CR && second === LF) this.#state = "head";
    else if (first === DASH && second === DASH) this.#state = "end";
    else return this.#fail("a line continues behind the boundary");
    return used + 2;
  }

  #scanHead(bytes: Uint8Array, used: number): number {
    let end = bytes.indexOf(CR, used);
    while (end >= 0 && !HEAD_END.every((byte, i) => bytes[end + i] === byte)) {
      end = bytes.indexOf(CR, end + 1);
    }
    if ((end < 0 ? bytes.length : end) - used > FORM_LIMITS.headBytes) {
      return this.#fail(`the headers of a part have more than ${FORM_LIMITS.headBytes} bytes`);
    }
    if (end < 0) return used;
    const problem = this.#readHead(decoder.decode(bytes.subarray(used, end)).split("\r\n"));
    if (problem !== undefined) return this.#fail(problem);
    this.#state = "content";
    this.#start = this.#offset + end + HEAD_END.length;
    // The last LF belongs to the content too: a delimiter may not follow it directly.
    return end + HEAD_END.length - 1;
  }

  /** Reads the headers of a part and returns a problem. */
  #readHead(lines: readonly string[]): string | undefined {
    if (++this.#parts > FORM_LIMITS.parts) return `it has more than ${FORM_LIMITS.parts} parts`;
    const headers = new Map<string, string>();
    for (const line of lines) {
      const [, name, value] = FIELD.exec(line) ?? [];
      if (name === undefined || value === undefined) return "a header of a part is not valid";
      if (headers.has(name.toLowerCase())) return "a part has the same header twice";
      headers.set(name.toLowerCase(), value);
    }
    const { type, values } = parseParameters(headers.get("content-disposition") ?? "") ?? {};
    const name = values?.get("name");
    if (type !== "form-data" || name === undefined || !NAME.test(name) || values?.has("name*")) {
      return "a part has no plain name";
    }
    const contentType = headers.get("content-type") ?? "text/plain";
    if (/^multipart\//i.test(contentType) || name === "_charset_") {
      return "a part is nested or has its own charset";
    }
    if (!PLAIN_ENCODING.test(headers.get("content-transfer-encoding") ?? "binary")) {
      return "a part is encoded";
    }
    this.#name = name;
    if (!READ.has(name)) return undefined;
    if (values?.has("filename") || values?.has("filename*")) return `\`${name}\` is a file`;
    if (!/^text\/plain(?:; *charset=utf-8)?$/i.test(contentType)) {
      return `\`${name}\` is not plain text`;
    }
    return this.#values.has(name) ? `\`${name}\` appears twice` : undefined;
  }

  /** Searches a delimiter at the start of a line. */
  #scanContent(bytes: Uint8Array, used: number): number {
    for (let lf = bytes.indexOf(LF, used); lf >= 0; lf = bytes.indexOf(LF, lf + 1)) {
      if (!this.#isDelimiter(bytes, lf + 1)) continue;
      const [cr, end] = [lf - 1, lf + 1 + this.#delimiter.length];
      if (end > bytes.length) return this.#hold(bytes, { used, from: cr });
      if (this.#offset + cr < this.#start || bytes[cr] !== CR) {
        return this.#fail("a delimiter does not follow CRLF");
      }
      this.#endContent(bytes, cr);
      this.#state = "delimiter";
      return end;
    }
    return this.#hold(bytes, { used, from: bytes.length - 1 });
  }

  /** Keeps the bytes from `from`, and all of a value that is read. */
  #hold(bytes: Uint8Array, { used, from }: { used: number; from: number }): number {
    if (!READ.has(this.#name)) return Math.max(used, from);
    // The LF before the value, and the CRLF and the delimiter behind it.
    const others = 1 + 2 + this.#delimiter.length;
    if (bytes.length - used <= FORM_LIMITS.valueBytes + others) return used;
    return this.#failLong();
  }

  #endContent(bytes: Uint8Array, cr: number): void {
    if (!READ.has(this.#name)) return;
    const [start, end] = [this.#start, this.#offset + cr];
    if (end - start > FORM_LIMITS.valueBytes) {
      this.#failLong();
      return;
    }
    try {
      const text = strict.decode(bytes.subarray(start - this.#offset, cr));
      this.#values.set(this.#name, { text, start, end });
    } catch {
      this.#fail(`\`${this.#name}\` is not valid UTF-8`);
    }
  }

  /** Accepts one CRLF behind the last delimiter, which stays unused. */
  #scanEnd(bytes: Uint8Array, used: number): number {
    const rest = bytes.subarray(used);
    if (rest.length <= 2 && rest.every((byte, i) => byte === HEAD_END[i])) return used;
    return this.#fail("there is something behind the last delimiter");
  }

  /** Returns true if the delimiter is at `at`, or the part of it for which there are bytes. */
  #isDelimiter(bytes: Uint8Array, at: number): boolean {
    const count = Math.min(this.#delimiter.length, bytes.length - at);
    for (let i = 0; i < count; i++) if (bytes[at + i] !== this.#delimiter[i]) return false;
    return true;
  }

  #failLong(): number {
    return this.#fail(`\`${this.#name}\` has more than ${FORM_LIMITS.valueBytes} bytes`);
  }

  #fail(problem: string): number {
    this.#problem = problem;
    return 0;
  }
}

const HEAD_END = [CR, LF, CR, LF];

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
