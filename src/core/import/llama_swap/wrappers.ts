/** Programs that only start another one: the variables that they set, and the command after them. */
import { basename } from "node:path/posix";
import { quoted } from "../../report/mod.ts";
import { readScript } from "./shell.ts";

/** A program that starts another one. */
interface Wrapper {
  /** The words after its name without which it starts none, such as `run`. */
  readonly subcommand?: RegExp;
  /** Options whose value is the next word. */
  readonly valued: RegExp;
  /** The number of words between its options and the command. */
  readonly operands?: number;
  /** The word before the command, whatever is between it and the options. */
  readonly until?: RegExp;
  /** The word before the script of a shell in place of the command. */
  readonly shell?: RegExp;
  /** True if `NAME=VALUE` after its options is a variable. */
  readonly setsVariables?: boolean;
  /** The option whose value is a variable. */
  readonly variable?: RegExp;
  /** The reason why it is lost; undefined if nothing is. */
  readonly why: string | undefined;
}

const NO_VALUE = /^$/;
const NO_EFFECT = "it has no effect on a container";
const PINNED = `${NO_EFFECT}: use --cpuset-cpus in PodmanArgs of \`quadlet\``;
const AS_USER = "the container runs rootless as your own user";
const IN_IMAGE = "the image has its own environment";
const OUTPUT = "systemd logs its output";

const RUNNER: Wrapper = {
  subcommand: /^run$/,
  valued: /^(?:-[Cenp]|--(?:cwd|directory|env|environment|manifest-path|name|prefix|project))$/,
  why: IN_IMAGE,
};

/**
 * Sources: env(1), nice(1), nohup(1), stdbuf(1), timeout(1) of coreutils 9.7; sudo(8); numactl(8);
 * taskset(1), chrt(1), flock(1), ionice(1), setsid(1) of util-linux 2.41; systemd-run(1) of 258; `uv run --help`;
 * `conda run --help`; toolbox(1); distrobox-enter(1); flatpak-spawn(1).
 */
const WRAPPERS: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>([
  ["chrt", { valued: /^-[TPD]$|^--sched-/, operands: 1, why: NO_EFFECT }],
  ["distrobox", { subcommand: /^enter$/, valued: NO_VALUE, until: /^--$/, why: IN_IMAGE }],
  ["doas", { valued: /^-[Cu]$/, why: AS_USER }],
  ["env", {
    valued: /^(?:-[uCa]|--(?:unset|chdir|argv0))$/,
    setsVariables: true,
    why: "the container has its own environment and working directory",
  }],
  ["exec", { valued: /^-a$/, why: undefined }],
  ["flatpak-spawn", { valued: /^--directory$/, variable: /^--env$/, why: NO_EFFECT }],
  ["flock", {
    valued: /^(?:-[Ew]|--(?:conflict-exit-code|timeout|wait))$/,
    operands: 1,
    shell: /^(?:-c|--command)$/,
    why:
      "a lock of the host has no effect on a container: engines of one `slot` exclude each other",
  }],
  ["ionice", { valued: /^(?:-[cn]|--class(?:data)?)$/, why: NO_EFFECT }],
  ["nice", { valued: /^(?:-n|--adjustment)$/, why: NO_EFFECT }],
  ["nix", {
    subcommand: /^(?:develop|shell)$/,
    valued: NO_VALUE,
    until: /^(?:-c|--command)$/,
    why: IN_IMAGE,
  }],
  ["nohup", { valued: NO_VALUE, why: undefined }],
  ["numactl", {
    valued:
      /^(?:-[CNPimp]|--(?:interleave|preferred|preferred-many|physcpubind|cpunodebind|membind))$/,
    why: `${PINNED}, and --cpuset-mems`,
  }],
  ["setsid", { valued: NO_VALUE, why: undefined }],
  ["stdbuf", { valued: /^(?:-[ioe]|--(?:input|output|error))$/, why: OUTPUT }],
  ["sudo", {
    valued:
      /^(?:-[CDghpRrTtUu]|--(?:chdir|chroot|close-from|command-timeout|group|host|prompt|role|type|user))$/,
    setsVariables: true,
    why: AS_USER,
  }],
  ["systemd-run", {
    valued:
      /^(?:-[pMHu]|--(?:background|description|gid|host|job-mode|machine|nice|path-property|property|service-type|slice|socket-property|timer-property|uid|unit|working-directory))$/,
    variable: /^(?:-E|--setenv)$/,
    why: "lychd writes the unit: set its properties in `quadlet`, such as MemoryMax of [Service]",
  }],
  ["taskset", { valued: NO_VALUE, operands: 1, why: PINNED }],
  ["time", { valued: /^(?:-[fo]|--(?:format|output))$/, why: NO_EFFECT }],
  ["timeout", {
    valued: /^(?:-[ks]|--(?:kill-after|signal))$/,
    operands: 1,
    why: "systemd stops no engine after a time without RuntimeMaxSec of [Service] in `quadlet`",
  }],
  ["toolbox", {
    subcommand: /^run$/,
    valued: /^(?:-[cdr]|--(?:container|distro|release))$/,
    why: IN_IMAGE,
  }],
  ["unbuffer", { valued: NO_VALUE, why: OUTPUT }],
  ["uv", {
    subcommand: /^run$/,
    valued:
      /^(?:-[Ccfinpw]|--(?:cache-dir|color|config-file|default-index|directory|env-file|exclude-newer|extra|extra-index-url|find-links|from|group|index|index-url|link-mode|no-extra|no-group|only-group|package|prerelease|project|python|python-platform|resolution|with|with-editable|with-requirements))$/,
    why: IN_IMAGE,
  }],
  ...["conda", "hatch", "mamba", "micromamba", "pdm", "pipenv", "pixi", "poetry", "rye"]
    .map((name) => [name, RUNNER] as const),
  ...["dumb-init", "gamemoderun", "prime-run", "tini"]
    .map((name) => [name, { valued: NO_VALUE, why: NO_EFFECT }] as const),
]);

const SHELL = /^(?:ash|bash|dash|ksh|sh|zsh)$/;

/** Commands that only prepare another one. */
const PREPARATION =
  /^(?:|\.|:|cd|conda|echo|export|mkdir|module|printf|set|sleep|source|true|ulimit|umask|unset)$/;

/** A command without wrappers. */
export interface Unwrapped {
  readonly words: readonly string[];
  /** `NAME=VALUE` pairs that the wrappers set. */
  readonly variables: readonly string[];
  /** Wrappers without effect on a container, and why. */
  readonly lost: readonly { readonly words: readonly string[]; readonly why: string }[];
  /** The reason why the engine is unknown. */
  readonly problem?: string;
}

/** The input besides the words. */
export interface Surroundings {
  /** Returns true if a command starts an engine. */
  readonly isEngine: (words: readonly string[]) => boolean;
  /** The environment of a shell. */
  readonly environment: ReadonlyMap<string, string>;
}

/**
 * Removes the programs from the start of a command that only start another one, such as `env`, `sudo`,
 * `uv run` and `sh -c`. Returns a command unchanged if nothing follows them.
 *
 * @example
 * ```ts
 * import { unwrap } from "./wrappers.ts";
 * const surroundings = { isEngine: () => true, environment: new Map() };
 * unwrap(["env", "A=1", "nice", "-n", "5", "llama-server"], surroundings);
 * // { words: ["llama-server"], variables: ["A=1"], lost: [{ words: ["nice", "-n", "5"], why: "…" }] }
 * ```
 */
export function unwrap(words: readonly string[], surroundings: Surroundings): Unwrapped {
  return unwrapTo(DEPTH_LIMIT, words, surroundings);
}

/** The most wrappers of a command. */
const DEPTH_LIMIT = 30;

function unwrapTo(depth: number, words: readonly string[], surroundings: Surroundings): Unwrapped {
  const name = basename(words[0] ?? "");
  if (SHELL.test(name) && depth > 0) return unwrapShell(depth, words, surroundings);
  const own = WRAPPERS.get(name);
  const read = own && depth > 0 ? readWrapper(words, own) : undefined;
  if (own === undefined || read === undefined) return { words, variables: [], lost: [] };
  const rest = words.slice(read.end);
  const isScript = own.shell?.test(rest[0] ?? "") === true;
  const inner = unwrapTo(depth - 1, isScript ? ["sh", ...rest] : rest, surroundings);
  const before = words.slice(0, read.options);
  // Nothing of a plain `env` is lost.
  const isPlain = own.why === undefined ||
    own.setsVariables && name === "env" && before.length === 1;
  return {
    ...inner,
    variables: [...read.variables, ...inner.variables],
    lost: [...isPlain ? [] : [{ words: before, why: own.why ?? "" }], ...inner.lost],
  };
}

/** Returns the variables of a wrapper, where they begin and where they end; nothing if no command follows. */
function readWrapper(
  words: readonly string[],
  { subcommand, valued, operands = 0, until, setsVariables, variable }: Wrapper,
): { variables: string[]; options: number; end: number } | undefined {
  const variables: string[] = [];
  let at = 1;
  const skipOptions = () => {
    while (/^-./.test(words[at] ?? "") && words[at] !== "--" && !until?.test(words[at] ?? "")) {
      const [, name = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(words[at] ?? "") ?? [];
      const isVariable = variable?.test(name) === true;
      if (isVariable) variables.push(value ?? words[at + 1] ?? "");
      at += value === undefined && (isVariable || valued.test(name)) ? 2 : 1;
    }
  };
  skipOptions();
  if (subcommand !== undefined) {
    if (!subcommand.test(words[at++] ?? "")) return undefined;
    skipOptions();
  }
  if (until !== undefined) {
    at = words.findIndex((word, i) => i >= at && until.test(word)) + 1;
    if (at === 0) return undefined;
  } else if (words[at] === "--") at++;
  at += operands;
  const options = at;
  while (setsVariables && /^[A-Za-z_]\w*=/.test(words[at] ?? "")) variables.push(words[at++] ?? "");
  return at < words.length ? { variables, options, end: at } : undefined;
}

/**
 * Returns the script of `sh -c SCRIPT`, or nothing for another command.
 *
 * @example
 * ```ts
 * import { scriptOf } from "./wrappers.ts";
 * scriptOf(["/bin/bash", "-lc", "echo a; echo b"]); // "echo a; echo b"
 * ```
 */
export function scriptOf(words: readonly string[]): string | undefined {
  return SHELL.test(basename(words[0] ?? "")) ? operandsOf(words).script : undefined;
}

/** Returns what a shell runs: the text after `-c`, or the words from a file on. */
function operandsOf(words: readonly string[]): { script?: string | undefined; file?: string[] } {
  const at = words.findIndex((word) => /^-[a-z]*c[a-z]*$/.test(word));
  const file = words.findIndex((word, i) =>
    i > 0 && !/^[-+]/.test(word) && !(i > 1 && /^-[a-z]*[oO]$/.test(words[i - 1] ?? ""))
  );
  return at >= 0 && (file < 0 || at < file)
    ? { script: words[at + 1] }
    : file < 0
    ? {}
    : { file: words.slice(file) };
}

/** Returns the only engine that the script of a shell starts. */
function unwrapShell(
  depth: number,
  words: readonly string[],
  surroundings: Surroundings,
): Unwrapped {
  const failed = (problem: string): Unwrapped => ({ words, variables: [], lost: [], problem });
  const shell = basename(words[0] ?? "");
  const { script, file } = operandsOf(words);
  // A file is a program of its own, which `--image` can name.
  if (file !== undefined) return { words: file, variables: [], lost: [] };
  if (script === undefined) {
    return failed(`a script of \`${shell}\` starts it: write the command of the engine as \`cmd\``);
  }
  const commands = readScript(script, surroundings.environment);
  if (commands === undefined) {
    return failed(
      `\`${shell} -c\` has conditions or loops: write the command of the engine as \`cmd\``,
    );
  }
  const read = commands.map((command) => {
    return { command, inner: unwrapTo(depth - 1, command.words, surroundings) };
  });
  const engines = read.filter(({ inner }) => surroundings.isEngine(inner.words));
  const [main, second] = engines.length > 0
    ? engines
    : read.filter(({ command }) => !PREPARATION.test(command.words[0] ?? ""));
  if (main === undefined) return failed(`\`${shell} -c\` starts no program`);
  if (second !== undefined) {
    const count = engines.length > 1 ? "several engines" : "several programs";
    return failed(`\`${shell} -c\` starts ${count}: write the command of the engine as \`cmd\``);
  }
  const { command, inner } = main;
  if (command.unread !== undefined) {
    const why = `only \`${shell}\` can expand ${quoted(command.unread)}: write its value`;
    return failed(why);
  }
  // Others are only for another command.
  const assigning = read.filter((one) => one === main || one.command.words.length === 0);
  return {
    ...inner,
    variables: [...assigning.flatMap((one) => one.command.variables), ...inner.variables],
    lost: [
      ...assigning.flatMap((one) => one.command.unreadVariables).map((pair) => {
        return { words: [pair], why: `only \`${shell}\` can expand it: write it into \`env\`` };
      }),
      ...read.filter((one) => one !== main && !/^(?::|true)?$/.test(one.command.words.join(" ")))
        .map((one) => {
          return { words: one.command.words, why: "only the command of the engine is imported" };
        }),
      ...command.redirections.map((redirection) => ({ words: [redirection], why: OUTPUT })),
      ...inner.lost,
    ],
  };
}
