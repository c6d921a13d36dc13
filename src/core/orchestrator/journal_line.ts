import { printable } from "../report/printable.ts";

/** A line of a log. */
export interface JournalLine {
  /** Seconds of the Unix epoch. */
  readonly timeSeconds: number;
  readonly text: string;
}

/** The most characters of a line; the rest is cut. */
const LONGEST = 1000;

// deno-lint-ignore no-control-regex
const COLOR = /\u001b\[[0-9;]*m/g;

/**
 * Reads a line that `journalctl --output=json` prints; undefined for anything else. Colors are removed, and
 * other control characters become visible. journalctl prints a message with such characters as a list of
 * bytes, and a very long one as null.
 *
 * @example
 * ```ts
 * import { readJournalLine } from "./journal_line.ts";
 * const text = '{"MESSAGE":"ready","__REALTIME_TIMESTAMP":"1500000"}';
 * readJournalLine(text); // { timeSeconds: 1.5, text: "ready" }
 * ```
 */
export function readJournalLine(line: string): JournalLine | undefined {
  const fields = parsed(line);
  const timeSeconds = Number(fields?.["__REALTIME_TIMESTAMP"]) / 1e6;
  const message = fields?.["MESSAGE"];
  if (!Number.isFinite(timeSeconds) || message === undefined) return undefined;
  const text = message === null
    ? "[a line of more than 4096 bytes]"
    : (Array.isArray(message)
      ? new TextDecoder().decode(Uint8Array.from(message))
      : String(message))
      // Podman leaves the end of each line in its message.
      .trimEnd();
  const shown = printable(text.slice(0, LONGEST).replace(COLOR, ""));
  return { timeSeconds, text: text.length > LONGEST ? `${shown} [...]` : shown };
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) ?? undefined;
  } catch {
    return undefined;
  }
}
