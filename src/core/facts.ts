/**
 * The facts of a host: the output of its own programs, as plain data. A probe is a command line that
 * anybody can repeat. A program that failed is a fact too.
 */
import * as z from "zod/mini";
import english from "zod/v4/locales/en.js";

/** A command to run on a host. */
export interface Probe {
  /** The name of its fact, such as `podman-info` or `cdi-spec:/etc/cdi/nvidia.yaml`. */
  readonly id: string;
  /** The program, by its name in lychd. */
  readonly program: string;
  readonly args: readonly string[];
}

/** Words for the errors of a schema: `zod/mini` has none of its own. */
export const WORDS = { error: english().localeError };

const ran = z.strictObject({
  /** The command line, for people. */
  command: z.string(),
  exit: z.int(),
  /** Lines without line breaks. */
  stdout: z.array(z.string()),
  stderr: z.array(z.string()),
});

const failed = z.strictObject({
  command: z.string(),
  /** The reason why there is no output. */
  failed: z.string(),
});

const factsSchema = z.strictObject({
  format: z.literal(1),
  /** The version of lychd that gathered the facts. */
  lychd: z.string(),
  environment: z.record(z.string(), z.string()),
  commands: z.record(z.string(), z.union([ran, failed])),
});

/** The output of a command, or the reason why there is none. */
export type Fact = z.infer<typeof ran> | z.infer<typeof failed>;

/** Everything that is known about a host. */
export type Facts = z.infer<typeof factsSchema>;

/** The reason in the facts for a program that does not exist. */
export const NO_PROGRAM = "there is no such program";

/** The start of the reason in the facts for a program that does not finish in time. */
export const NO_ANSWER = "no answer";

/** Reads the output of `lychd doctor --facts`. */
export function parseFacts(text: string): { facts: Facts } | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: `invalid JSON: ${error instanceof Error ? error.message : error}` };
  }
  const read = factsSchema.safeParse(value, WORDS);
  if (read.success) return { facts: read.data };
  const issue = read.error.issues[0];
  return { problem: `${issue?.path.join(".") || "top level"}: ${issue?.message}` };
}

/**
 * Returns the stdout of a command that exited with 0.
 *
 * @example
 * ```ts
 * import { outputOf } from "./facts.ts";
 * const commands = { id: { command: "id", exit: 0, stdout: ["uid=0(root)"], stderr: [] } };
 * outputOf({ format: 1, lychd: "0.1.0", environment: {}, commands }, "id"); // "uid=0(root)"
 * ```
 */
export function outputOf(facts: Facts, id: string): string | undefined {
  const fact = facts.commands[id];
  return fact !== undefined && "exit" in fact && fact.exit === 0
    ? fact.stdout.join("\n")
    : undefined;
}

/** Returns the lines of stdout whatever the exit code: `stat` of ten files may miss one of them. */
export function linesOf(facts: Facts, id: string): readonly string[] {
  const fact = facts.commands[id];
  return fact !== undefined && "exit" in fact ? fact.stdout : [];
}

/** Returns true if a command ran and exited with another code than 0. */
export function hasFailed(facts: Facts, id: string): boolean {
  const fact = facts.commands[id];
  return fact !== undefined && "exit" in fact && fact.exit !== 0;
}

/** Returns true if a program could not run for a reason that starts with `reason`. */
export function couldNotRun(facts: Facts, id: string, reason: string): boolean {
  const fact = facts.commands[id];
  return fact !== undefined && "failed" in fact && fact.failed.startsWith(reason);
}

/**
 * Returns the reason why a fact is unknown.
 *
 * @example
 * ```ts
 * import { NO_PROGRAM, whyUnknown } from "./facts.ts";
 * const commands = { disk: { command: "/usr/bin/df /x", failed: NO_PROGRAM } };
 * whyUnknown({ format: 1, lychd: "0.1.0", environment: {}, commands }, "disk"); // "df: not found"
 * ```
 */
export function whyUnknown(facts: Facts, id: string): string {
  const fact = facts.commands[id];
  if (fact === undefined) return `the facts do not include \`${id}\``;
  const program = fact.command.split(" ")[0]?.split("/").at(-1);
  if ("failed" in fact) {
    return `${program}: ${fact.failed === NO_PROGRAM ? "not found" : fact.failed}`;
  }
  const message = [...fact.stderr, ...fact.stdout].find((line) => line.trim() !== "") ??
    `exit code ${fact.exit}`;
  return `${program}: ${message.replace(/^(?:\/\S*\/)?[\w.-]+: /, "")}`;
}

/** Words that facts contain anyway: a user or a host with such a name is not replaced. */
const COMMON_WORDS = new Set(
  ("root user home nvidia amd intel gpu video render podman docker systemd lychd dev lib run " +
    "debian ubuntu fedora rhel centos rocky almalinux arch manjaro opensuse suse nixos alpine linux")
    .split(" "),
);

/**
 * Returns facts for a bug report, without the home folder, the user's name and the host's name. All
 * checks find the same in both.
 */
export function redactFacts(
  facts: Facts,
  { home, user, host }: {
    home?: string | undefined;
    user?: string | undefined;
    host?: string | undefined;
  },
): Facts {
  const replacements: [RegExp, string][] = [];
  // Only whole path segments and whole words: a user `lich` is not part of `lychd`.
  if (home !== undefined && home.length > 1) {
    replacements.push([new RegExp(`${RegExp.escape(home)}(?![\\w.-])`, "g"), "/home/user"]);
  }
  for (const [name, placeholder] of [[user, "user"], [host, "host"]] as const) {
    if (name === undefined || name === "" || COMMON_WORDS.has(name)) continue;
    // systemd-homed has the device /dev/mapper/home-USER.
    const word = new RegExp(`(?<![\\w.]|(?<!/home)-)${RegExp.escape(name)}(?![\\w-])`, "g");
    replacements.push([word, placeholder]);
  }
  const redact = (value: unknown): unknown => {
    if (typeof value === "string") {
      return replacements.reduce((text, [pattern, word]) => text.replace(pattern, word), value);
    }
    if (Array.isArray(value)) return value.map(redact);
    if (typeof value !== "object" || value === null) return value;
    // Ids of facts are keys too; only those with a path may contain a name.
    return Object.fromEntries(
      Object.entries(value).map(([key, v]) => [key.includes("/") ? redact(key) : key, redact(v)]),
    );
  };
  const redacted = redact(facts) as Facts;
  // os-release describes the distribution and contains no names.
  const os = facts.commands["os-release"];
  return os === undefined
    ? redacted
    : { ...redacted, commands: { ...redacted.commands, "os-release": os } };
}
