/**
 * Questions to a person at a terminal. The only file that names the prompt library, so that another
 * can take its place.
 */
import process from "node:process";
import { Transform } from "node:stream";
import { PLAIN } from "../core/report/mod.ts";
import type { Terminal } from "./terminal.ts";

/** Thrown when the person ends the dialogue: by Ctrl-C, Ctrl-D, or a terminal that closes. */
export class DialogueEnded extends Error {
  override readonly name = "DialogueEnded";
}

/** One of several answers. */
export interface Choice<T> {
  readonly value: T;
  readonly name: string;
  /** Shown while it is the one at the cursor. */
  readonly description?: string;
}

/** A question that is answered by a line of text. */
export interface TextQuestion {
  readonly message: string;
  /** The answer to an empty line. */
  readonly default?: string;
  /** What is wrong with an answer; it is asked again then. */
  readonly problemOf?: (answer: string) => string | undefined;
}

/** How a person is asked; every question is on stderr. */
export interface Prompts {
  choose<T>(message: string, choices: readonly Choice<T>[]): Promise<T>;
  text(question: TextQuestion): Promise<string>;
  confirm(message: string, byDefault: boolean): Promise<boolean>;
}

/** Loads the prompts. Each question throws {@linkcode DialogueEnded} when the person gives up. */
export async function openPrompts({ type, errPalette }: Terminal): Promise<Prompts> {
  // The library looks into the environment, which is closed to the sandbox; this is what it may see.
  Object.defineProperty(process, "env", { value: { TERM: type, FORCE_COLOR: "1" } });
  const [{ default: select }, { default: input }, { default: confirm }] = await Promise.all([
    import("@inquirer/select"),
    import("@inquirer/input"),
    import("@inquirer/confirm"),
  ]);
  const ended = new AbortController();
  const end = () => ended.abort();
  process.stdin.on("end", end);
  // The library would wait for ever: it counts on Node.js to leave when nothing is left to wait for.
  process.stdin.on("keypress", (_: string, key: { ctrl: boolean; name?: string }) => {
    if (key.ctrl && key.name === "d") end();
  });
  // A question ends the stream that it was given.
  const context = () => ({
    output: errPalette === PLAIN ? withoutColors(process.stderr) : process.stderr,
    signal: ended.signal,
  });
  return {
    choose: (message, choices) => ask(select({ message, choices: [...choices] }, context())),
    text: ({ message, default: byDefault, problemOf }) =>
      ask(input({
        message,
        ...byDefault === undefined ? {} : { default: byDefault },
        validate: (answer) => problemOf?.(answer.trim()) ?? true,
      }, context())).then((answer) => answer.trim()),
    confirm: (message, byDefault) => ask(confirm({ message, default: byDefault }, context())),
  };
}

/** Not every version of the runtime heeds NO_COLOR for a library. */
function withoutColors(stream: NodeJS.WriteStream): NodeJS.WritableStream {
  const plain = new Transform({
    transform(chunk, _, done) {
      // deno-lint-ignore no-control-regex
      done(null, String(chunk).replace(/\u001b\[[0-9;]*m/g, ""));
    },
  });
  plain.pipe(stream, { end: false });
  return Object.assign(plain, { columns: stream.columns, isTTY: true });
}

async function ask<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && /^(?:Exit|Abort)PromptError$/.test(error.name)) {
      throw new DialogueEnded("the dialogue was ended");
    }
    throw error;
  }
}
