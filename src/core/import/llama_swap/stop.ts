/** A command that stops a model. */
import { basename } from "node:path/posix";
import { readScript } from "./shell.ts";
import { scriptOf, unwrap } from "./wrappers.ts";

/** A stop of a model: its first signal, and the time until the last one. */
export interface Stop {
  /** The time from the first signal to SIGKILL, if set. */
  readonly seconds: number | undefined;
  /** The first signal, if set. */
  readonly signal: string | undefined;
}

/** A command that stops containers or the process of the model. */
type OneStop = Stop & { readonly containers: readonly string[] };

/** Commands that only wait, print or succeed. */
const HARMLESS = /^(?::|echo|exit|printf|sleep|true|wait)$/;

/** The values of a script: llama-swap replaces the process id. */
const VALUES = new Map([["PID", "${PID}"]]);

/**
 * Reads a `cmdStop` that only stops the model with the container `names`, or its process; nothing for
 * another one.
 *
 * @example
 * ```ts
 * import { stopOf } from "./stop.ts";
 * stopOf("sh -c 'docker stop -t 30 eye; sleep 1'", ["eye"]); // { seconds: 30, signal: undefined }
 * stopOf("docker stop ear", ["eye"]); // undefined
 * ```
 */
export function stopOf(script: string, names: readonly string[]): Stop | undefined {
  const stops = stopsIn(script);
  const own = stops?.filter(({ containers }) =>
    containers.every((name) => names.length === 0 || names.includes(name))
  );
  if (stops === undefined || stops.length === 0 || own?.length !== stops.length) return undefined;
  return {
    seconds: stops.find(({ seconds }) => seconds !== undefined)?.seconds,
    signal: stops.find(({ signal }) => signal !== undefined)?.signal,
  };
}

/** Returns the stops of a script; nothing if it does anything else. */
function stopsIn(script: string): readonly OneStop[] | undefined {
  const stops: OneStop[] = [];
  for (const { words, unread } of readScript(script, VALUES) ?? [{ words: [], unread: "" }]) {
    const plain = unwrap(words, { isEngine: () => false, environment: VALUES }).words;
    const inner = scriptOf(plain);
    if (inner === undefined && HARMLESS.test(plain[0] ?? "")) continue;
    const own = inner === undefined ? stopBy(plain) : stopsIn(inner);
    if (own === undefined || unread !== undefined) return undefined;
    stops.push(...own);
  }
  return stops;
}

/** Returns the stop of one command. */
function stopBy([first = "", ...args]: readonly string[]): readonly OneStop[] | undefined {
  const name = basename(first).replace(/\.exe$/i, "");
  if (name === "docker" || name === "podman") {
    const [subcommand, ...rest] = args[0] === "container" ? args.slice(1) : args;
    const { options, operands } = readArguments(rest, /^-[st]$|^--(?:signal|time|timeout)$/);
    const isAll = [...options.keys()].some((option) => /^(?:-a|--all|--latest|-l)$/.test(option));
    if (!/^(?:kill|rm|stop)$/.test(subcommand ?? "") || isAll) return undefined;
    const seconds = options.get("-t") ?? options.get("--time") ?? options.get("--timeout") ?? "";
    return [{
      containers: operands,
      seconds: /^\d{1,9}$/.test(seconds) ? Number(seconds) : undefined,
      signal: signalOf(options),
    }];
  }
  const { options, operands } = readArguments(args, /^-s$|^--signal$/);
  const isProcess = name === "kill"
    ? operands.every((operand) => /^-?\$\{PID\}$/.test(operand))
    : name === "taskkill" && operands.includes("${PID}");
  if (!isProcess || operands.length === 0) return undefined;
  return [{ containers: [], seconds: undefined, signal: signalOf(options) }];
}

/** Reads options and other arguments; a value may be in the same word. */
function readArguments(args: readonly string[], valued: RegExp) {
  const options = new Map<string, string>();
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? "";
    const [, name = "", joined = ""] = /^(-[^=]+)=(.*)$/s.exec(word) ?? [];
    if (word === "--") continue;
    if (!/^-[^$]/.test(word)) operands.push(word);
    else if (name !== "") options.set(name, joined);
    else if (valued.test(word)) options.set(word, args[++i] ?? "");
    else if (valued.test(word.slice(0, 2))) options.set(word.slice(0, 2), word.slice(2));
    else options.set(word, "");
  }
  return { options, operands };
}

/** Returns the signal of `--signal SIGINT`, `-s INT` or `-INT`, unless it is one of those of systemd. */
function signalOf(options: ReadonlyMap<string, string>): string | undefined {
  const short = [...options.keys()].find((option) => /^-(?:[A-Z]{3}|\d)/.test(option))?.slice(1);
  const name = (options.get("-s") ?? options.get("--signal") ?? short)?.replace(/^SIG/, "");
  return name === undefined || /^(?:9|15|KILL|TERM)$/.test(name) ? undefined : `SIG${name}`;
}
