/**
 * Reads the head of an answer: the status line and the headers. Refuses everything that two readers could
 * understand in two ways (RFC 9112): bare CR and LF, folded lines, control characters, two lengths.
 *
 * @module
 */
import type { Header } from "./connection.ts";
import { invalid } from "./engine_error.ts";
import { BUFFER_BYTES, type Input } from "./input.ts";

/** The head of an answer. */
export interface AnswerHead {
  readonly status: number;
  /** In the order of the engine, with names in lower case. */
  readonly headers: readonly Header[];
  /** The form of the body: its length in bytes (0: no body), chunks, or all bytes until the end. */
  readonly body: number | "chunked" | "until-close";
  /** True if the connection can be used for another request after this answer. */
  readonly keepsAlive: boolean;
}

/** The properties of a request that decide how its answer is read. */
export interface Asked {
  readonly method: string;
  /** The protocol that the request offered to switch to. */
  readonly upgrade?: string | undefined;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const MAX_HEADERS = 256;
const START = [..."HTTP/1."].map((c) => c.charCodeAt(0));
const TOO_LONG = "a head of more than 64 KiB";

/**
 * Reads the final head of an answer and skips those of interim answers (1xx). All of them together have
 * at most 64 KiB. Returns undefined if the connection ends before that.
 */
export async function readAnswerHead(input: Input, asked: Asked): Promise<AnswerHead | undefined> {
  for (let budget = BUFFER_BYTES;;) {
    const text = await readHeadText(input, budget);
    if (text === undefined) return undefined;
    const head = parseAnswerHead(text, asked);
    if (head.status >= 200 || head.status === 101) return head;
    budget -= text.length;
  }
}

/** Returns true for a header that HTTP/1.1 can transport unchanged. */
export function isValidHeader([name, value]: Header): boolean {
  return NAME.test(name) && VALUE.test(value);
}

/** Returns the lines of a head and the empty line behind them, as Latin-1. */
async function readHeadText(input: Input, budget: number): Promise<string | undefined> {
  for (let lineStart = 0, searched = 0;;) {
    if (!START.every((byte, i) => i >= input.length || input.bytes[input.start + i] === byte)) {
      throw invalid("something that is not HTTP/1");
    }
    for (let end; (end = input.endOfLine(searched)) !== undefined; lineStart = searched = end) {
      if (end > budget) throw invalid(TOO_LONG);
      if (end - lineStart === 2) return input.takeText(end);
    }
    searched = input.length;
    if (searched >= budget) throw invalid(TOO_LONG);
    if (!await input.fill()) return undefined;
  }
}

function parseAnswerHead(text: string, { method, upgrade }: Asked): AnswerHead {
  const lines = text.slice(0, -4).split("\r\n");
  const [, minor, digits] = STATUS_LINE.exec(lines[0] ?? "") ?? [];
  if (digits === undefined) throw invalid("a status line that is not valid");
  if (lines.length - 1 > MAX_HEADERS) throw invalid(`more than ${MAX_HEADERS} headers`);
  const status = Number(digits);
  let [length, coding]: (string | undefined)[] = [];
  let [connection, protocol] = ["", ""];
  const headers = lines.slice(1).map((line): Header => {
    const header = parseHeader(line);
    const [name, value] = header;
    if (name === "content-length") {
      if (!/^\d{1,15}$/.test(value)) throw invalid("a content-length that is not a number");
      if ((length ??= value) !== value) throw invalid("two different lengths");
    } else if (name === "transfer-encoding") {
      coding = coding === undefined ? value.toLowerCase() : `${coding}, ${value}`;
    } else if (name === "connection") {
      connection += `,${value.toLowerCase()}`;
    } else if (name === "upgrade") {
      protocol = value.toLowerCase();
    }
    return header;
  });
  if (coding !== undefined && (coding !== "chunked" || minor === "0")) {
    throw invalid("a transfer-encoding other than chunked");
  }
  if (coding !== undefined && length !== undefined) throw invalid("a length and chunks");
  const options = connection.split(",").map((option) => option.trim());
  if (status === 101 && !(upgrade !== undefined && protocol === upgrade.toLowerCase())) {
    throw invalid("a switch to a protocol that was not requested");
  }
  const announced = coding !== undefined
    ? "chunked"
    : length === undefined
    ? undefined
    : Number(length);
  const hasNoBody = method === "HEAD" || status < 200 || status === 204 || status === 304;
  const body = hasNoBody ? 0 : announced ?? "until-close";
  // A 204 that announces a body is not believed: its bytes may follow.
  const isDoubtful = status === 204 && announced !== undefined && announced !== 0;
  const keepsAlive = minor === "1" && !options.includes("close") && body !== "until-close" &&
    !isDoubtful;
  return { status, headers, body, keepsAlive };
}

/** Parses one line of a head or of trailers. */
export function parseHeader(line: string): Header {
  const colon = line.indexOf(":");
  const header = [
    line.slice(0, Math.max(0, colon)).toLowerCase(),
    trimmed(line, colon + 1),
  ] as const;
  if (!isValidHeader(header)) throw invalid("a header that is not valid");
  return header;
}

/** Removes spaces and tabs, but no other white space. */
function trimmed(line: string, from: number): string {
  let to = line.length;
  while (from < to && isBlank(line, from)) from++;
  while (from < to && isBlank(line, to - 1)) to--;
  return line.slice(from, to);
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}
