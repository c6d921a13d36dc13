/** Programs that only start another one: the variables that they set, and the command after them. */
import { basename } from "node:path/posix";

/** A program that starts another one. */
interface Wrapper {
  /** Options whose value is the next word. */
  readonly valued: RegExp;
  /** The number of words between its options and the command. */
  readonly operands?: number;
  /** True if `NAME=VALUE` after its options is a variable. */
  readonly setsVariables?: boolean;
  /** The reason why it is lost. */
  readonly why: string;
}

const PINNED = "it has no effect on a container: use --cpuset-cpus in PodmanArgs of `quadlet`";

/** Sources: env(1), nice(1) of coreutils 9.7; sudo(8); numactl(8); taskset(1) of util-linux 2.41. */
const WRAPPERS: ReadonlyMap<string, Wrapper> = new Map([
  ["env", {
    valued: /^(?:-[uCa]|--(?:unset|chdir|argv0))$/,
    setsVariables: true,
    why: "the container has its own environment and working directory",
  }],
  ["nice", { valued: /^(?:-n|--adjustment)$/, why: "it has no effect on a container" }],
  ["numactl", {
    valued:
      /^(?:-[CNPimp]|--(?:interleave|preferred|preferred-many|physcpubind|cpunodebind|membind))$/,
    why: `${PINNED}, and --cpuset-mems`,
  }],
  ["sudo", {
    valued:
      /^(?:-[CDghpRrTtUu]|--(?:chdir|chroot|close-from|command-timeout|group|host|prompt|role|type|user))$/,
    setsVariables: true,
    why: "the container runs rootless as your own user",
  }],
  ["taskset", { valued: /^$/, operands: 1, why: PINNED }],
]);

/** A command without wrappers. */
export interface Unwrapped {
  readonly words: readonly string[];
  /** `NAME=VALUE` pairs that the wrappers set. */
  readonly variables: readonly string[];
  /** Wrappers without effect on a container, and why. */
  readonly lost: readonly { readonly words: readonly string[]; readonly why: string }[];
}

/**
 * Removes `env`, `sudo`, `nice`, `numactl` and `taskset` from the start of a command. Returns a command
 * unchanged if nothing follows them.
 *
 * @example
 * ```ts
 * import { unwrap } from "./wrappers.ts";
 * unwrap(["env", "A=1", "nice", "-n", "5", "llama-server"]);
 * // { words: ["llama-server"], variables: ["A=1"], lost: [{ words: ["nice", "-n", "5"], why: "…" }] }
 * ```
 */
export function unwrap(words: readonly string[]): Unwrapped {
  const name = basename(words[0] ?? "");
  const wrapper = WRAPPERS.get(name);
  if (wrapper === undefined) return { words, variables: [], lost: [] };
  let at = 1;
  while (/^-./.test(words[at] ?? "") && words[at] !== "--") {
    at += wrapper.valued.test(words[at] ?? "") ? 2 : 1;
  }
  if (words[at] === "--") at++;
  at += wrapper.operands ?? 0;
  const own = words.slice(0, at);
  const variables: string[] = [];
  while (wrapper.setsVariables && /^[A-Za-z_]\w*=/.test(words[at] ?? "")) {
    variables.push(words[at++] ?? "");
  }
  if (at >= words.length) return { words, variables: [], lost: [] };
  const inner = unwrap(words.slice(at));
  return {
    words: inner.words,
    variables: [...variables, ...inner.variables],
    // Nothing of a plain `env` is lost.
    lost: [
      ...name === "env" && own.length === 1 ? [] : [{ words: own, why: wrapper.why }],
      ...inner.lost,
    ],
  };
}
