import type { Palette } from "../core/report/mod.ts";
import { PLAIN } from "../core/report/mod.ts";
import type { Variable } from "./environment.ts";

/** Where a command speaks: its product to `out`, everything said about it to `err`. */
export interface Terminal {
  out(text: string): void;
  /** Whether the reader of `out` has gone away. */
  outIsGone(): boolean;
  err(text: string): void;
  readonly outPalette: Palette;
  readonly errPalette: Palette;
  /** Whether a person can be asked. */
  readonly canAsk: boolean;
  /** Asks on `err` and reads a line of the answer; nothing when `until` comes first. */
  ask(question: string, until?: AbortSignal): Promise<string | undefined>;
  /** Whether a person reads `out`, so that text from files must not steer the terminal. */
  readonly outIsTerminal: boolean;
  /** Whether a person reads `err`, so that a line of it may be written over. */
  readonly errIsTerminal: boolean;
  /** What the terminal calls itself: `TERM`. */
  readonly type: string;
}

/** Which of the streams are terminals, and which get colours. */
export interface Streams {
  readonly inIsTerminal: boolean;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  readonly outColors: boolean;
  readonly errColors: boolean;
  /** `TERM`. */
  readonly type: string;
}

/**
 * Decides on colours: never with NO_COLOR, always with FORCE_COLOR, else on a terminal.
 */
export function wantsColors(
  env: (name: Variable) => string | undefined,
  isTerminal: boolean,
): boolean {
  if (env("NO_COLOR")) return false;
  const force = env("FORCE_COLOR");
  if (force) return force !== "0" && force !== "false";
  return isTerminal && env("TERM") !== "dumb";
}

/** A stream that takes no more: a full disk behind it, for example. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

function paint(code: string): (text: string) => string {
  return (text) => text === "" ? "" : `\u001b[${code}m${text}\u001b[0m`;
}

/** Colours for a terminal. */
export const COLORS: Palette = {
  error: paint("1;31"),
  warning: paint("1;33"),
  dim: paint("2"),
  strong: paint("1"),
  hint: paint("36"),
  added: paint("32"),
  removed: paint("31"),
};

/** The process's own streams. A reader that went away is no fault of ours. */
export function processTerminal(streams: Streams): Terminal {
  let isGone = false;
  const write = (stream: typeof Deno.stdout) => (text: string) => {
    const bytes = new TextEncoder().encode(text);
    try {
      for (let done = 0; done < bytes.length;) done += stream.writeSync(bytes.subarray(done));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) {
        isGone ||= stream === Deno.stdout;
        return;
      }
      throw new OutputError(
        `cannot write the output: ${error instanceof Error ? error.message : error}`,
      );
    }
  };
  return {
    out: write(Deno.stdout),
    outIsGone: () => isGone,
    err: write(Deno.stderr),
    outPalette: streams.outColors ? COLORS : PLAIN,
    errPalette: streams.errColors ? COLORS : PLAIN,
    outIsTerminal: streams.outIsTerminal,
    errIsTerminal: streams.errIsTerminal,
    type: streams.type,
    canAsk: streams.inIsTerminal,
    async ask(question, until) {
      write(Deno.stderr)(question);
      const buffer = new Uint8Array(256);
      const ended = new Promise<undefined>((end) => {
        if (until?.aborted) end(undefined);
        until?.addEventListener("abort", () => end(undefined));
      });
      // A read cannot be taken back: it ends with the process.
      const answer = Deno.stdin.read(buffer)
        .then((length) => new TextDecoder().decode(buffer.subarray(0, length ?? 0)));
      return await Promise.race([answer, ended]);
    },
  };
}
