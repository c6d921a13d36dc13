/**
 * What is known of a host: the words of its own programs, as plain data. A probe is a command line
 * that anybody can repeat; what it said is a fact, and that it could not be asked is one too.
 */
import * as z from "zod";

/** What is asked of a host. */
export interface Probe {
  /** Its name among the facts, such as `podman-info` or `cdi-spec:/etc/cdi/nvidia.yaml`. */
  readonly id: string;
  /** The program, by the name that lychd gives it. */
  readonly program: string;
  readonly args: readonly string[];
}

const said = z.strictObject({
  /** The command line, for people. */
  command: z.string(),
  exit: z.int(),
  /** Lines, without the line breaks. */
  stdout: z.array(z.string()),
  stderr: z.array(z.string()),
});

const failed = z.strictObject({
  command: z.string(),
  /** Why nothing was said. */
  failed: z.string(),
});

const factsSchema = z.strictObject({
  format: z.literal(1),
  /** The version of lychd that asked. */
  lychd: z.string(),
  environment: z.record(z.string(), z.string()),
  commands: z.record(z.string(), z.union([said, failed])),
});

/** What a command said, or why it said nothing. */
export type Fact = z.infer<typeof said> | z.infer<typeof failed>;

/** Everything that is known of a host. */
export type Facts = z.infer<typeof factsSchema>;

/**
 * Reads what `lychd doctor --facts` printed.
 *
 * @returns the facts, or what is wrong with the text.
 */
export function parseFacts(text: string): { facts: Facts } | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: `it is no JSON: ${error instanceof Error ? error.message : error}` };
  }
  const read = factsSchema.safeParse(value);
  if (read.success) return { facts: read.data };
  const issue = read.error.issues[0];
  return { problem: `${issue?.path.join(".") || "the whole"}: ${issue?.message}` };
}

/**
 * What a command printed to stdout, if it was asked and ended with 0.
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

/** What a command printed to stdout, also when it ended badly: `stat` of ten files, one missing. */
export function partOf(facts: Facts, id: string): string | undefined {
  const fact = facts.commands[id];
  return fact !== undefined && "exit" in fact ? fact.stdout.join("\n") : undefined;
}

/**
 * Why a fact is not known, in words.
 *
 * @example
 * ```ts
 * import { whyUnknown } from "./facts.ts";
 * const commands = { disk: { command: "/usr/bin/df /x", failed: "there is no such program" } };
 * whyUnknown({ format: 1, lychd: "0.1.0", environment: {}, commands }, "disk");
 * // "df: there is no such program"
 * ```
 */
export function whyUnknown(facts: Facts, id: string): string {
  const fact = facts.commands[id];
  if (fact === undefined) return "it was not asked";
  const program = fact.command.split(" ")[0]?.split("/").at(-1);
  if ("failed" in fact) return `${program}: ${fact.failed}`;
  const words = [...fact.stderr, ...fact.stdout].find((line) => line.trim() !== "");
  if (words === undefined) return `${program}: it ended with ${fact.exit}`;
  const bare = words.replace(/^(?:\/\S*\/)?[\w.-]+: /, "");
  return `${program}: ${bare}`;
}

/** Words that facts are made of: a user of that name is left in them. */
const OWN_WORDS = new Set(
  ("root user home nvidia amd intel gpu video render podman docker systemd lychd dev lib run " +
    "debian ubuntu fedora rhel centos rocky almalinux arch manjaro opensuse suse nixos alpine linux")
    .split(" "),
);

/**
 * `facts` for a bug report: the home folder, the user's name and the host's name replaced. The
 * checks find the same in both.
 */
export function redactFacts(
  facts: Facts,
  { home, user, host }: { home?: string; user?: string; host?: string },
): Facts {
  const replacements: [RegExp, string][] = [];
  // Whole path segments and whole words: a user `lich` is no part of `lychd`.
  if (home !== undefined && home.length > 1) {
    replacements.push([new RegExp(`${escaped(home)}(?![\\w.-])`, "g"), "/home/user"]);
  }
  for (const [name, stand] of [[user, "user"], [host, "host"]] as const) {
    if (name === undefined || name === "" || OWN_WORDS.has(name)) continue;
    replacements.push([new RegExp(`(?<![\\w.-])${escaped(name)}(?![\\w-])`, "g"), stand]);
  }
  const redact = (text: string) =>
    replacements.reduce((sofar, [what, stand]) => sofar.replace(what, stand), text);
  const redactFact = (fact: Fact): Fact =>
    "failed" in fact ? { command: redact(fact.command), failed: redact(fact.failed) } : {
      command: redact(fact.command),
      exit: fact.exit,
      stdout: fact.stdout.map(redact),
      stderr: fact.stderr.map(redact),
    };
  const entries = <T>(record: Readonly<Record<string, T>>, change: (value: T) => T) =>
    Object.fromEntries(
      Object.entries(record).map(([key, v]) => [key.includes("/") ? redact(key) : key, change(v)]),
    );
  return {
    ...facts,
    environment: entries(facts.environment, redact),
    commands: {
      ...entries(facts.commands, redactFact),
      // Of the distribution, and of nobody.
      ...facts.commands["os-release"] === undefined
        ? {}
        : { "os-release": facts.commands["os-release"] },
    },
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
