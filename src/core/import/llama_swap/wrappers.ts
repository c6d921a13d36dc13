/** Programs that only start another one: what they set for it, and the command behind them. */
import { basename } from "node:path/posix";

/** A program that starts another one. */
interface Wrapper {
  /** Options whose value is the next word. */
  readonly valued: RegExp;
  /** Words of its own behind its options. */
  readonly operands: number;
  /** Whether `NAME=VALUE` behind its options is a variable. */
  readonly setsVariables: boolean;
  /** Why it is lost. */
  readonly why: string;
}

const PINNED = "the container runs without it: PodmanArgs in `quadlet` takes --cpuset-cpus";

/** Sources: env(1), nice(1) of coreutils 9.7; sudo(8); numactl(8); taskset(1) of util-linux 2.41. */
const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  env: {
    valued: /^(?:-[uCa]|--(?:unset|chdir|argv0))$/,
    operands: 0,
    setsVariables: true,
    why: "the container has an environment and a working directory of its own",
  },
  nice: {
    valued: /^(?:-n|--adjustment)$/,
    operands: 0,
    setsVariables: false,
    why: "the container runs without it",
  },
  numactl: {
    valued:
      /^(?:-[CNPimp]|--(?:interleave|preferred|preferred-many|physcpubind|cpunodebind|membind))$/,
    operands: 0,
    setsVariables: false,
    why: `${PINNED} and --cpuset-mems`,
  },
  sudo: {
    valued:
      /^(?:-[CDghpRrTtUu]|--(?:chdir|chroot|close-from|command-timeout|group|host|prompt|role|type|user))$/,
    operands: 0,
    setsVariables: true,
    why: "the container is your own user's, and rootless",
  },
  taskset: { valued: /^$/, operands: 1, setsVariables: false, why: PINNED },
};

/** A command without what only starts it. */
export interface Unwrapped {
  readonly words: readonly string[];
  /** `NAME=VALUE`, as the program sees them. */
  readonly variables: readonly string[];
  /** What has no effect on a container, as it was written, and why. */
  readonly lost: readonly { readonly words: readonly string[]; readonly why: string }[];
}

/**
 * Looks through `env`, `sudo`, `nice`, `numactl` and `taskset`, also one behind the other, for the
 * command that they start; a command of nothing else stays as it is.
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
  const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
  if (wrapper === undefined) return { words, variables: [], lost: [] };
  let at = 1;
  while (/^-./.test(words[at] ?? "") && words[at] !== "--") {
    at += wrapper.valued.test(words[at] ?? "") ? 2 : 1;
  }
  if (words[at] === "--") at++;
  at += wrapper.operands;
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
    // `env` alone is carried by its variables.
    lost: [
      ...name === "env" && own.length === 1 ? [] : [{ words: own, why: wrapper.why }],
      ...inner.lost,
    ],
  };
}
