/** The screen and the keys of a terminal, for a command that uses all of it. */
import { cursor, erase } from "sisteransi";
import { readInput } from "./terminal.ts";

const ALTERNATE = "\u001b[?1049h";
const USUAL = "\u001b[?1049l";
/** To the first row; `cursor.to(0, 0)` keeps the row. */
const HOME = "\u001b[H";

/** The size of a terminal in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Uses the whole terminal until {@linkcode close}, which brings back what was there. */
export class Screen {
  readonly #out: (text: string) => void;
  #isClosed = false;

  constructor(out: (text: string) => void) {
    this.#out = out;
    Deno.stdin.setRaw(true);
    out(ALTERNATE + cursor.hide);
  }

  /** The size now. */
  get size(): Size {
    try {
      return Deno.consoleSize();
    } catch {
      return { columns: 80, rows: 24 };
    }
  }

  /** Shows these lines, and nothing else. */
  draw(lines: readonly string[]): void {
    if (this.#isClosed) return;
    const text = lines.map((line) => line + erase.lineEnd).join("\r\n");
    this.#out(HOME + text + erase.down());
  }

  /** Returns the keys that were pressed since the last call; undefined at the end of the input. */
  async keys(): Promise<string | undefined> {
    const buffer = new Uint8Array(64);
    const length = await readInput(buffer);
    return length === null ? undefined : new TextDecoder().decode(buffer.subarray(0, length));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    Deno.stdin.setRaw(false);
    this.#out(cursor.show + USUAL);
  }
}
