import type { Palette } from "../core/report/palette.ts";
import { WIDTH } from "../core/report/text.ts";
import type { Variable } from "./environment.ts";

/** Properties of the streams that only the gate can read. */
export interface Streams {
  readonly inIsTerminal: boolean;
  /** True if stdout is a terminal, so that control characters of files must be made visible. */
  readonly outIsTerminal: boolean;
  /** True if stderr is a terminal, so that a line can be overwritten. */
  readonly errIsTerminal: boolean;
  readonly outColors: boolean;
  readonly errColors: boolean;
  /** The width of the terminal, at most 80 columns. */
  readonly columns: number;
  /** The terminal type: `TERM`. */
  readonly type: string;
}

/** The streams of a command: `out` gets its product, `err` everything else. */
export interface Terminal extends Pick<Streams, "outIsTerminal" | "errIsTerminal" | "type"> {
  out(text: string): void;
  /** Returns true if the reader of `out` has closed it. */
  outIsGone(): boolean;
  err(text: string): void;
  readonly outPalette: Palette;
  readonly errPalette: Palette;
  /** True if stdin is a terminal. */
  readonly canAsk: boolean;
  /** Prints a question on `err` and reads a line; returns nothing if `until` is aborted first. */
  ask(question: string, until?: AbortSignal): Promise<string | undefined>;
  /** Reads stdin to its end. */
  readAll(): Promise<string>;
}

/** Returns true for colors: never with NO_COLOR, always with FORCE_COLOR, otherwise on a terminal. */
export function wantsColors(
  env: (name: Variable) => string | undefined,
  isTerminal: boolean,
): boolean {
  if (env("NO_COLOR")) return false;
  const force = env("FORCE_COLOR");
  if (force) return force !== "0" && force !== "false";
  return isTerminal && env("TERM") !== "dumb";
}

/** Reads the properties of the streams of this process. */
export function processStreams(env: (name: Variable) => string | undefined): Streams {
  const type = env("TERM") ?? "";
  const [out, err] = [Deno.stdout.isTerminal(), Deno.stderr.isTerminal()];
  return {
    inIsTerminal: Deno.stdin.isTerminal(),
    outIsTerminal: out,
    errIsTerminal: err && type !== "dumb",
    outColors: wantsColors(env, out),
    errColors: wantsColors(env, err),
    columns: out || err ? terminalColumns() : WIDTH,
    type,
  };
}

/** Returns the width of the terminal; terminals without a size report 0. */
function terminalColumns(): number {
  try {
    return Math.min(WIDTH, Deno.consoleSize().columns || WIDTH);
  } catch {
    return WIDTH;
  }
}

/** A failed write to a stream, for example because the disk is full. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/** Returns the colors of a stream, or no colors, and its width. */
export function paletteOf(hasColors: boolean, columns = WIDTH): Palette {
  const paint = (code: string) => (text: string) =>
    hasColors && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text;
  return {
    columns,
    error: paint("1;31"),
    warning: paint("1;33"),
    dim: paint("2"),
    strong: paint("1"),
    hint: paint("36"),
    added: paint("32"),
    removed: paint("31"),
  };
}

/** The longest line that a terminal passes on, in bytes. */
const LONGEST_LINE = 4096;

/** The pause before the next try of a stream that is not ready. */
const NOT_READY_MILLISECONDS = 20;

/**
 * Reads from stdin; null at its end. The runtime cannot reopen the terminal of another user, as after
 * `su`, and then makes it non-blocking: a read fails until there is a line.
 */
export async function readInput(buffer: Uint8Array): Promise<number | null> {
  for (;;) {
    try {
      return await Deno.stdin.read(buffer);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise((wake) => setTimeout(wake, NOT_READY_MILLISECONDS));
    }
  }
}

/** Reads stdin to its end. */
async function readAll(): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let text = "";
  for (let length: number | null = 0; length !== null; length = await readInput(buffer)) {
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
  return text + decoder.decode();
}

/** Makes a terminal of the streams of this process. A reader that closed its pipe is not an error. */
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
    ...streams,
    out: write(Deno.stdout),
    outIsGone: () => isGone,
    err: write(Deno.stderr),
    outPalette: paletteOf(streams.outColors, streams.columns),
    errPalette: paletteOf(streams.errColors, streams.columns),
    canAsk: streams.inIsTerminal,
    async ask(question, until) {
      write(Deno.stderr)(question);
      const buffer = new Uint8Array(LONGEST_LINE);
      const ended = new Promise<undefined>((end) => {
        if (until?.aborted) end(undefined);
        until?.addEventListener("abort", () => end(undefined));
      });
      // A read cannot be cancelled; it ends with the process.
      const answer = readInput(buffer)
        .then((length) => new TextDecoder().decode(buffer.subarray(0, length ?? 0)));
      return await Promise.race([answer, ended]);
    },
    readAll,
  };
}
