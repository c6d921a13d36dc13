/**
 * Hosts in JSON files for the tests of doctor: the output of each program, by the id of its probe. The
 * facts are gathered with the code that runs programs on a real host.
 */
import { join } from "node:path/posix";
import * as z from "zod";
import { doctor } from "../../src/commands/doctor.ts";
import { memoryContext } from "../../src/testing/memory_context.ts";
import { type Codex, type CodexFile, readCodex } from "../../src/core/codex/mod.ts";
import { needsOf, NO_NEEDS, probesFor } from "../../src/core/doctor/mod.ts";
import { type Facts, NO_PROGRAM, parseFacts, type Probe } from "../../src/core/facts.ts";
import { shellWord } from "../../src/core/report/mod.ts";
import { computeFolders, type Folders } from "../../src/run/folders.ts";
import { type Host, HostError } from "../../src/host/host.ts";
import { memoryHost } from "../../src/testing/memory_host.ts";
import type { ExitCode, Invocation } from "../../src/run/invocation.ts";
import { gatherCommands } from "../../src/run/gather.ts";
import { findPrograms, type Programs } from "../../src/run/programs.ts";
import { codexFiles } from "../golden/golden.ts";

const HERE = import.meta.dirname ?? ".";

const lines = z.array(z.string());

/** A file in `outputs/`, or the output of the extended host, with changes. */
const change = z.strictObject({
  file: z.string().optional(),
  /** Each key is replaced by its value. */
  replace: z.record(z.string(), z.string()).optional(),
  /** Lines to append. */
  add: lines.optional(),
}).refine((value) => Object.keys(value).length > 0);

/** The output of a program; `null` removes that of the extended host. */
const output = z.union([
  z.null(),
  // The stdout of a program that succeeds.
  lines,
  z.strictObject({ failed: z.string() }),
  change,
  z.strictObject({ exit: z.int(), stdout: lines.optional(), stderr: lines.optional() }),
]);

const hostSchema = z.strictObject({
  /** The differences from the extended host. */
  about: z.string(),
  /** The host whose values apply unless this file sets others. */
  extends: z.string().optional(),
  /** A folder below `codex/`; null for a host without a Codex. */
  codex: z.string().nullish(),
  environment: z.record(z.string(), z.string().nullable()).default({}),
  /** The paths of programs; null for one that does not exist. */
  programs: z.record(z.string(), z.string().nullable()).default({}),
  outputs: z.record(z.string(), output).default({}),
  /** The output of `lychd doctor --facts` on a real host, instead of the three above. */
  facts: z.unknown().optional(),
});

/** The result of a program. */
type Answer = { exit: number; stdout: readonly string[]; stderr: readonly string[] } | {
  failed: string;
};

/** A host, including the values of the hosts that it extends. */
export interface TestHost {
  readonly name: string;
  readonly about: string;
  readonly codex: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly programs: Readonly<Record<string, string | undefined>>;
  readonly outputs: ReadonlyMap<string, Answer>;
}

/** The usual paths of the programs that doctor runs. */
const PROGRAMS: TestHost["programs"] = {
  ...findPrograms((path) => /^\/usr\/(?:bin\/[a-z]+|libexec\/podman\/quadlet)$/.test(path)),
  nvidiaSmi: undefined,
};

/** Returns the names of all hosts, sorted. */
export function hostNames(): string[] {
  return [...Deno.readDirSync(HERE)].map(({ name }) => name)
    .filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length)).sort();
}

/** Reads a host. */
export function readHost(name: string): TestHost {
  const read = hostSchema.safeParse(JSON.parse(Deno.readTextFileSync(join(HERE, `${name}.json`))));
  if (!read.success) throw new Error(`${name}.json: ${z.prettifyError(read.error)}`);
  const { facts, ...own } = read.data;
  const base = own.extends !== undefined
    ? readHost(own.extends)
    : facts === undefined
    ? { environment: {}, programs: PROGRAMS, outputs: new Map<string, Answer>(), codex: undefined }
    : ofFacts(name, facts);
  const outputs = new Map(base.outputs);
  if (own.outputs["id"] !== undefined) { for (const id of ID_PROBES) outputs.delete(id); }
  for (const [id, value] of Object.entries(own.outputs)) {
    if (value === null) {
      if (!outputs.delete(id)) throw new Error(`${name}.json removes ${id}, which does not exist`);
      continue;
    }
    const answer = answerOf(`${name}.json: ${id}`, value, outputs.get(id));
    if (id.endsWith(":*")) forget(outputs, id.slice(0, -1));
    outputs.set(id, answer);
  }
  return {
    name,
    about: own.about,
    codex: own.codex === undefined ? base.codex : own.codex ?? undefined,
    environment: present({ ...base.environment, ...own.environment }),
    programs: {
      ...base.programs,
      ...Object.fromEntries(Object.entries(own.programs).map(([k, v]) => [k, v ?? undefined])),
    },
    outputs,
  };
}

/** The probes whose outputs follow from that of `id`, if a host has no others. */
const ID_PROBES = ["account", "manager-groups"];

/** Removes the outputs that an output for all of them replaces. */
function forget(outputs: Map<string, Answer>, prefix: string): void {
  for (const id of [...outputs.keys()].filter((id) => id.startsWith(prefix))) outputs.delete(id);
}

function present(values: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

function factsIn(name: string, value: unknown): Facts {
  const read = parseFacts(JSON.stringify(value));
  if ("problem" in read) throw new Error(`${name}.json: ${read.problem}`);
  return read.facts;
}

/** Returns a real host, from its captured facts. */
function ofFacts(name: string, value: unknown) {
  const { environment, commands } = factsIn(name, value);
  // A program that does not exist has no output.
  const outputs = new Map<string, Answer>(
    Object.entries(commands).filter(([, fact]) =>
      !("failed" in fact && fact.failed === NO_PROGRAM)
    ),
  );
  return { environment, programs: PROGRAMS, outputs, codex: undefined };
}

function answerOf(
  at: string,
  value: Exclude<z.infer<typeof output>, null>,
  former: Answer | undefined,
): Answer {
  if (Array.isArray(value)) return { exit: 0, stdout: value, stderr: [] };
  if ("failed" in value) return value;
  if ("exit" in value) {
    return { exit: value.exit, stdout: value.stdout ?? [], stderr: value.stderr ?? [] };
  }
  const { file, replace = {}, add = [] } = value;
  const base = file === undefined ? former : textOf(file);
  if (base === undefined || "failed" in base) {
    throw new Error(`${at}: there is no output to change`);
  }
  const text = Object.entries(replace).reduce((result, [old, replacement]) => {
    if (!result.includes(old)) throw new Error(`${at}: there is no ${old} to replace`);
    return result.replaceAll(old, replacement);
  }, base.stdout.join("\n"));
  return { ...base, stdout: [...text.split("\n"), ...add] };
}

function textOf(file: string): Answer {
  const text = Deno.readTextFileSync(join(HERE, "outputs", file)).replace(/\n$/, "");
  return { exit: 0, stdout: text.split("\n"), stderr: [] };
}

/** Returns the files of a Codex. */
function filesOf(codex: string): CodexFile[] {
  const files = codexFiles(join(HERE, "codex", codex));
  if (files.length === 0) throw new Error(`there is no Codex codex/${codex}`);
  return files;
}

/** Returns their texts, by their paths on a host. */
function textsOf(codex: string, folder: string): Record<string, string> {
  return Object.fromEntries(
    filesOf(codex).flatMap((file) =>
      "bytes" in file ? [[join(folder, file.path), new TextDecoder().decode(file.bytes)]] : []
    ),
  );
}

/**
 * Gathers the facts of a host as doctor does.
 *
 * @throws if the output of a probe is missing, or if an output has no probe.
 */
export async function factsOf(host: TestHost): Promise<Facts> {
  const { environment } = host;
  const asking = { user: userOf(host), environment, needs: hostNeeds(host) };
  const probeOf = new Map<string, Probe>();
  const key = (program: string, args: readonly string[]) => JSON.stringify([program, ...args]);
  const missing: string[] = [];
  const run: Host["run"] = (program, args) => {
    const probe = probeOf.get(key(program, args));
    const answer = probe === undefined ? undefined : outputOf(host, probe.id);
    if (probe === undefined || answer === undefined) {
      missing.push(`${probe?.id ?? program} (${shellLine([program, ...args])})`);
      return Promise.reject(new HostError("other", program, "the host has no output"));
    }
    if ("failed" in answer) {
      return Promise.reject(new HostError("timeout", program, answer.failed));
    }
    const { exit, stdout, stderr } = withStatErrors(probe, answer);
    return Promise.resolve({ code: exit, stdout: printed(stdout), stderr: printed(stderr) });
  };
  const said = { out: "", err: "" };
  const context = memoryContext(said, {
    host: memoryHost({}, run),
    folders: foldersOf(environment),
    programs: { ...PROGRAMS, ...host.programs } as Programs,
  });
  const commands = await gatherCommands(context, (known) => {
    const probes = probesFor(asking, known);
    for (const probe of probes) {
      probeOf.set(key(host.programs[probe.program] ?? "", probe.args), probe);
    }
    return probes;
  });
  if (missing.length > 0) {
    throw new Error(`${host.name} has no output for\n  ${missing.join("\n  ")}`);
  }
  const hasOutput = (id: string) => {
    const fact = commands[id];
    return fact !== undefined && !("failed" in fact && fact.failed === NO_PROGRAM);
  };
  const unused = [...host.outputs.keys()].filter((id) => !id.endsWith(":*") && !hasOutput(id));
  if (unused.length > 0) {
    throw new Error(`${host.name} has outputs without a probe: ${unused.join(", ")}`);
  }
  const read = parseFacts(JSON.stringify({ format: 1, lychd: "0.1.0", environment, commands }));
  if ("problem" in read) throw new Error(`${host.name}: ${read.problem}`);
  return read.facts;
}

/** Returns the output of a probe; `open:*` is for all of them without an output of their own. */
function outputOf({ outputs }: TestHost, id: string): Answer | undefined {
  return outputs.get(id) ?? outputs.get(id.replace(/:.*$/, ":*")) ??
    (ID_PROBES.includes(id) ? likeId(outputs.get("id"), id) : undefined);
}

/** Returns the output of `id USER`, or the groups in /proc/PID/status, from the output of `id`. */
function likeId(answer: Answer | undefined, id: string): Answer | undefined {
  if (answer === undefined || "failed" in answer || id === "account") return answer;
  const ids = [...answer.stdout.join().matchAll(/[=,](\d+)\(/g)].slice(2).map(([, n]) => n);
  return { ...answer, stdout: [`Groups:\t${ids.join(" ")} `] };
}

function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

function printed(text: readonly string[]): string {
  return text.map((line) => `${line}\n`).join("");
}

/** Adds the errors of `stat`: a host lists only the paths that exist. */
function withStatErrors(
  { program, args }: Probe,
  answer: Exclude<Answer, { failed: string }>,
): Exclude<Answer, { failed: string }> {
  if (program !== "stat" || !args.includes("--")) return answer;
  const missing = args.slice(args.indexOf("--") + 1)
    .filter((path) => !answer.stdout.some((line) => line.endsWith(`|${path}`)));
  const stderr = missing.map((path) => `stat: cannot statx '${path}': No such file or directory`);
  return { ...answer, exit: missing.length > 0 ? 1 : 0, stderr };
}

function userOf({ outputs }: TestHost): number {
  const answer = outputs.get("id");
  const text = answer !== undefined && "stdout" in answer ? answer.stdout.join() : "";
  return Number(/uid=(\d+)/.exec(text)?.[1] ?? 1000);
}

function hostNeeds({ codex, environment }: TestHost) {
  if (codex === undefined) return NO_NEEDS;
  const read: Codex = readCodex({ folder: "codex", files: filesOf(codex) }).codex;
  return needsOf(read, environment["HOME"]);
}

/** The output and the exit code of doctor. */
export interface Examined {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Runs doctor on facts, with the Codex of their host. */
export async function examined(
  facts: Facts,
  codex: string | undefined,
  options: Partial<Extract<Invocation, { command: "doctor" }>> = {},
): Promise<Examined> {
  const folders = foldersOf(facts.environment);
  const texts = codex === undefined ? {} : textsOf(codex, folders.codex);
  const said = { out: "", err: "" };
  const context = memoryContext(said, {
    host: memoryHost({ ...texts, "/facts.json": JSON.stringify(facts) }),
    folders,
    user: 1000,
    version: "0.1.0",
  });
  const invocation = {
    command: "doctor",
    mode: "check",
    json: false,
    strict: false,
    only: undefined,
    ...options,
  } as const;
  const code = await doctor(invocation, context);
  return { code, ...said };
}

function foldersOf(environment: Facts["environment"]): Folders {
  return computeFolders({
    env: (name) => name === "HOME" ? environment["HOME"] ?? "/home/lich" : undefined,
    workingFolder: () => "/",
    realPath: (path) => path,
    homeFolder: () => undefined,
    user: 1000,
    codexOption: undefined,
    outputOption: undefined,
    factsOption: "/facts.json",
  });
}

/** Returns the path of the report of a host. */
export function reportPath(name: string): string {
  return join(HERE, `${name}.txt`);
}

/** Returns the report of a host. */
export async function reportOf(name: string): Promise<string> {
  const host = readHost(name);
  const { out, err } = await examined(await factsOf(host), host.codex);
  return `${out}${err}`;
}

/** Returns the captured facts of a real host. */
export function capturedFacts(name: string): Facts {
  return factsIn(name, JSON.parse(Deno.readTextFileSync(join(HERE, `${name}.json`))).facts);
}
