import type { EngineName, Soulstone } from "../../codex/mod.ts";

/** A flag that an engine needs. */
export interface Flag {
  /** The name that lychd writes, and other names that `exec` may use. */
  readonly names: readonly [string, ...string[]];
  /** The words after the flag; none for a switch. */
  readonly values: readonly string[];
}

/** A named volume for files that an engine would otherwise download or compile at each start. */
export interface Cache {
  readonly volume: string;
  readonly target: string;
}

/** The command line, endpoints and needs of one engine. */
export interface EngineProfile {
  readonly name: EngineName;
  /** The name in messages. */
  readonly title: string;
  /** Returns true for an image of this engine, by its repository without tag. */
  readonly matches: (repository: string) => boolean;
  /** Words before all flags, unless `exec` is a whole command. */
  readonly head: (model: string | undefined) => readonly string[];
  /** First words of a command that the entrypoint of the official image already runs. */
  readonly entrypoint: readonly string[];
  /** Returns true for the repository and tag of an official image with that entrypoint. */
  readonly isOfficial: (image: string) => boolean;
  /** Flags that make the engine listen on `port`, serve `model`, and export metrics. */
  readonly flags: (port: number, model: string | undefined) => readonly Flag[];
  /** The flag whose value must be the port of the Soulstone. */
  readonly portFlag: string | undefined;
  /**
   * The variables from which the engine reads its port and its address; one can hold both. Flags
   * override them. lychd sets the first one for an engine without a port flag.
   */
  readonly listenVariables: readonly string[];
  /** The port on which the image listens without any setting. */
  readonly defaultPort: number | undefined;
  /** True if the engine cannot start without a model. */
  readonly needsModel: boolean;
  /** Returns true if `image` needs a GPU. */
  readonly needsGpu: (image: string) => boolean;
  /** The path that returns 200 only when the engine is ready. */
  readonly healthPath: string | undefined;
  /** The line for a shell that checks it, for images without curl, wget and Python. */
  readonly healthCommand: string | undefined;
  /** Returns the path of the Prometheus metrics, if the Soulstone exports any. */
  readonly metricsPath: (soulstone: Soulstone) => string | undefined;
  /** The variable from which it reads its API key. */
  readonly keyVariable: string | undefined;
  /** Returns true if the metrics require a key. */
  readonly metricsNeedKey: (soulstone: Soulstone) => boolean;
  /**
   * Returns the id that the engine gives to its model and expects in requests, from the words of its
   * command; undefined if it accepts any id, or if the id is unknown.
   */
  readonly served: (words: readonly string[], model: string | undefined) => string | undefined;
  /** Returns the tokens that one request may have, prompt and answer together, if its command limits them. */
  readonly contextTokens: (words: readonly string[]) => number | undefined;
  readonly caches: (model: string | undefined) => readonly Cache[];
  /** Returns the memory of the host that the words of a command reserve, in MiB. */
  readonly hostMemoryMib: (words: readonly string[]) => number;
  /** The shared memory that the engine's documentation recommends, in MiB; 0 for none. */
  readonly shmMib: number;
  /** Includes the pull of the image and the load of a model. */
  readonly startTimeoutSeconds: number;
}

/** Any other image. lychd adds no flags, health check or metrics. */
export const GENERIC: EngineProfile = {
  name: "generic",
  title: "engine",
  matches: () => true,
  head: () => [],
  entrypoint: [],
  isOfficial: () => false,
  flags: () => [],
  portFlag: undefined,
  listenVariables: [],
  defaultPort: undefined,
  needsModel: false,
  needsGpu: () => false,
  healthPath: undefined,
  healthCommand: undefined,
  metricsPath: () => undefined,
  keyVariable: undefined,
  metricsNeedKey: () => false,
  served: () => undefined,
  contextTokens: () => undefined,
  caches: () => [],
  hostMemoryMib: () => 0,
  shmMib: 0,
  startTimeoutSeconds: 900,
};

/** An engine with the API of OpenAI. The known profiles start from this one. */
export const SERVER: EngineProfile = {
  ...GENERIC,
  flags: listenFlags,
  portFlag: "--port",
  needsGpu: () => true,
  healthPath: "/health",
};

/** Returns the value of a flag. The last one of a command is effective. */
export function valueOfFlag(words: readonly string[], ...names: readonly string[]) {
  const at = words.findLastIndex((word) => names.includes(word.replace(/=.*$/s, "")));
  const [word = ""] = words.slice(at);
  return at < 0 ? undefined : word.includes("=") ? word.replace(/^[^=]*=/, "") : words[at + 1];
}

/** Returns the whole number above 0 that a flag has; undefined for a word such as `auto` or `32k`. */
export function numberOfFlag(words: readonly string[], ...names: readonly string[]) {
  const value = valueOfFlag(words, ...names) ?? "";
  return /^[1-9]\d{0,9}$/.test(value) ? Number(value) : undefined;
}

/**
 * Returns the port in the value of a variable: a number, or an address as Ollama reads it.
 *
 * @example
 * ```ts
 * import { portOfListen } from "./profile.ts";
 * ["8080", "0.0.0.0:9000", "http://[::1]", "0.0.0.0"].map(portOfListen); // [8080, 9000, 80, undefined]
 * ```
 */
export function portOfListen(value: string): number | undefined {
  const [, scheme = "", address = ""] = /^(?:(\w+):\/\/)?([^/]*)/.exec(value.trim()) ?? [];
  const digits = /^(?:(?:\[[^\]]*\]|[^:]*):)?(\d+)$/.exec(address)?.[1];
  return digits === undefined ? SCHEME_PORTS.get(scheme) : Number(digits);
}

const SCHEME_PORTS: ReadonlyMap<string, number> = new Map([["http", 80], ["https", 443]]);

/** Returns the flags that make most engines listen on `port`. */
export function listenFlags(port: number): Flag[] {
  return [
    { names: ["--host"], values: ["0.0.0.0"] },
    { names: ["--port"], values: [String(port)] },
  ];
}
