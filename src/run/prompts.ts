/** Prompts on a terminal. The only file that uses the prompt library. */
import process from "node:process";
import { Transform } from "node:stream";
import type { Terminal } from "./terminal.ts";

/** Thrown when the operator ends the dialogue with Ctrl-C, Ctrl-D, or by closing the terminal. */
export class DialogueEnded extends Error {
  override readonly name = "DialogueEnded";
}

/** An answer to choose. */
export interface Choice<T> {
  readonly value: T;
  readonly name: string;
  /** Shown while the cursor is on it. */
  readonly description?: string;
}

/** A question with a line of text as answer. */
export interface TextQuestion {
  readonly message: string;
  /** The answer if the line is empty. */
  readonly default?: string;
  /** Returns the problem with an answer, if any; the prompt is then repeated. */
  readonly problemOf?: (answer: string) => string | undefined;
}

/** The kinds of prompts; all print to stderr. */
export interface Prompts {
  choose<T>(message: string, choices: readonly Choice<T>[]): Promise<T>;
  text(question: TextQuestion): Promise<string>;
  confirm(message: string, byDefault: boolean): Promise<boolean>;
}

/** Loads the prompt library. Each prompt throws {@linkcode DialogueEnded} when the operator ends it. */
export async function openPrompts({ type, errPalette }: Terminal): Promise<Prompts> {
  // The library reads the environment, which the sandbox denies: it gets these two variables.
  Object.defineProperty(process, "env", { value: { TERM: type, FORCE_COLOR: "1" } });
  const [{ default: select }, { default: input }, { default: confirm }] = await Promise.all([
    import("@inquirer/select"),
    import("@inquirer/input"),
    import("@inquirer/confirm"),
  ]);
  const ended = new AbortController();
  const end = () => ended.abort();
  process.stdin.on("end", end);
  // The library relies on Node.js to exit when nothing is pending, and would block here.
  process.stdin.on("keypress", (_: string, key: { ctrl: boolean; name?: string }) => {
    if (key.ctrl && key.name === "d") end();
  });
  // A prompt closes its stream, so each gets a new one.
  const context = () => ({
    output: errPalette.hint("x") === "x" ? withoutColors(process.stderr) : process.stderr,
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

/** Removes colors: not every version of the runtime applies NO_COLOR to a library. */
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
