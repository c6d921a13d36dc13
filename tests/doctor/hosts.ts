/**
 * Hosts on paper, for doctor: what each program of a host says, by the id of the probe that asks. A
 * host is asked as a real one is: by the probes, through the code that runs programs.
 */
import { basename, join } from "node:path/posix";
import * as z from "zod";
import { doctor } from "../../src/commands/doctor.ts";
import { memoryContext } from "../../src/testing/memory_context.ts";
import { type Codex, type CodexFile, readCodex } from "../../src/core/codex/mod.ts";
import { NO_WANTS, probesFor, wantsOf } from "../../src/core/doctor/mod.ts";
import { type Facts, parseFacts, type Probe } from "../../src/core/facts.ts";
import { shellWord } from "../../src/core/report/mod.ts";
import { computeFolders, type Folders } from "../../src/run/folders.ts";
import { gatherFacts } from "../../src/host/facts.ts";
import { type Host, HostError } from "../../src/host/host.ts";
import { memoryHost } from "../../src/testing/memory_host.ts";
import type { ExitCode, Invocation } from "../../src/run/invocation.ts";
import { findPrograms, PROGRAM_PLACES, type ProgramName } from "../../src/run/programs.ts";
import { codexFiles } from "../golden/golden.ts";

const HERE = import.meta.dirname ?? ".";

const lines = z.array(z.string());

/** A long text of its own, in `said/`; or what the host that is extended says, changed. */
const change = z.strictObject({
  file: z.string().optional(),
  /** Each key gives way to its value. */
  replace: z.record(z.string(), z.string()).optional(),
  /** Lines behind the others. */
  add: lines.optional(),
}).refine((value) => Object.keys(value).length > 0);

/** What a program says; `null` takes away what the host that is extended says. */
const said = z.union([
  z.null(),
  // What it prints when all is well.
  lines,
  z.strictObject({ failed: z.string() }),
  change,
  z.strictObject({ exit: z.int(), stdout: lines.optional(), stderr: lines.optional() }),
]);

const hostSchema = z.strictObject({
  /** What is special about it. */
  about: z.string(),
  /** The host that it is like, but for what stands here. */
  extends: z.string().optional(),
  /** A folder below `codex/`; null for a host without a Codex. */
  codex: z.string().nullish(),
  environment: z.record(z.string(), z.string().nullable()).default({}),
  /** Places of programs; null for one that is not there. */
  programs: z.record(z.string(), z.string().nullable()).default({}),
  says: z.record(z.string(), said).default({}),
  /** What `lychd doctor --facts` printed on a real host, instead of the three above. */
  facts: z.unknown().optional(),
});

/** What a program said. */
type Answer = { exit: number; stdout: readonly string[]; stderr: readonly string[] } | {
  failed: string;
};

/** A host, all that it extends included. */
export interface PaperHost {
  readonly name: string;
  readonly about: string;
  readonly codex: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly programs: Readonly<Record<string, string | undefined>>;
  readonly says: ReadonlyMap<string, Answer>;
}

/** Where most distributions have the programs that doctor runs. */
const PROGRAMS: PaperHost["programs"] = {
  ...findPrograms((path) => /^\/usr\/(?:bin\/[a-z]+|libexec\/podman\/quadlet)$/.test(path)),
  nvidiaSmi: undefined,
};

/** The names of all hosts, sorted. */
export function hostNames(): string[] {
  return [...Deno.readDirSync(HERE)].map(({ name }) => name)
    .filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length)).sort();
}

/** Reads a host. */
export function readHost(name: string): PaperHost {
  const read = hostSchema.safeParse(JSON.parse(Deno.readTextFileSync(join(HERE, `${name}.json`))));
  if (!read.success) throw new Error(`${name}.json: ${z.prettifyError(read.error)}`);
  const { facts, ...own } = read.data;
  const base = own.extends !== undefined
    ? readHost(own.extends)
    : facts === undefined
    ? { environment: {}, programs: PROGRAMS, says: new Map<string, Answer>(), codex: undefined }
    : ofFacts(name, facts);
  const says = new Map(base.says);
  for (const [id, value] of Object.entries(own.says)) {
    if (value === null) {
      if (!says.delete(id)) throw new Error(`${name}.json takes away ${id}, which is not there`);
      continue;
    }
    const answer = answerOf(`${name}.json: ${id}`, value, says.get(id));
    if (id.endsWith(":*")) forget(says, id.slice(0, -1));
    says.set(id, answer);
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
    says,
  };
}

/** What is said of all takes the place of what was said of each. */
function forget(says: Map<string, Answer>, prefix: string): void {
  for (const id of [...says.keys()].filter((id) => id.startsWith(prefix))) says.delete(id);
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

/** A real host, by what was known of it. */
function ofFacts(name: string, value: unknown) {
  const { environment, commands } = factsIn(name, value);
  // A program that is not there says nothing.
  const says = new Map<string, Answer>(
    Object.entries(commands).filter(([, fact]) =>
      !("failed" in fact && fact.failed === "there is no such program")
    ),
  );
  return { environment, programs: PROGRAMS, says, codex: undefined };
}

function answerOf(
  at: string,
  value: Exclude<z.infer<typeof said>, null>,
  former: Answer | undefined,
): Answer {
  if (Array.isArray(value)) return { exit: 0, stdout: value, stderr: [] };
  if ("failed" in value) return value;
  if ("exit" in value) {
    return { exit: value.exit, stdout: value.stdout ?? [], stderr: value.stderr ?? [] };
  }
  const { file, replace = {}, add = [] } = value;
  const base = file === undefined ? former : textOf(file);
  if (base === undefined || "failed" in base) throw new Error(`${at}: nothing was said`);
  const text = Object.entries(replace).reduce((sofar, [what, word]) => {
    if (!sofar.includes(what)) throw new Error(`${at}: there is no ${what} to replace`);
    return sofar.replaceAll(what, word);
  }, base.stdout.join("\n"));
  return { ...base, stdout: [...text.split("\n"), ...add] };
}

function textOf(file: string): Answer {
  const text = Deno.readTextFileSync(join(HERE, "said", file)).replace(/\n$/, "");
  return { exit: 0, stdout: text.split("\n"), stderr: [] };
}

/** The files of a Codex for tests. */
function filesOf(codex: string): CodexFile[] {
  return codexFiles(join(HERE, "codex", codex));
}

/** The same, as texts by the paths that they have on a host. */
function textsOf(codex: string, folder: string): Record<string, string> {
  return Object.fromEntries(
    filesOf(codex).flatMap((file) =>
      "bytes" in file ? [[join(folder, file.path), new TextDecoder().decode(file.bytes)]] : []
    ),
  );
}

/**
 * The facts of a host, gathered as doctor gathers them.
 *
 * @throws when it does not say what it is asked, or says what nobody asks.
 */
export async function factsOf(host: PaperHost): Promise<Facts> {
  const { environment } = host;
  const asking = { user: userOf(host), environment, wants: wantsOn(host) };
  const idOf = new Map<string, Probe>();
  const key = (program: string, args: readonly string[]) => JSON.stringify([program, ...args]);
  const silent: string[] = [];
  const run: Host["run"] = (program, args) => {
    const probe = idOf.get(key(program, args));
    const answer = probe === undefined ? undefined : heardFrom(host, probe.id);
    if (probe === undefined || answer === undefined) {
      silent.push(`${probe?.id ?? program} (${shellLine([program, ...args])})`);
      return Promise.reject(new HostError("other", program, "the host does not say"));
    }
    if ("failed" in answer) {
      return Promise.reject(new HostError("timeout", program, answer.failed));
    }
    const { exit, stdout, stderr } = complaining(probe, answer);
    return Promise.resolve({ code: exit, stdout: printed(stdout), stderr: printed(stderr) });
  };
  const commands = await gatherFacts({
    host: memoryHost({}, run),
    programs: host.programs,
    probesFor(known) {
      const probes = probesFor(asking, known);
      for (const probe of probes) {
        idOf.set(key(host.programs[probe.program] ?? "", probe.args), probe);
      }
      return probes;
    },
    nameOf: (program) => basename(PROGRAM_PLACES[program as ProgramName][0]),
    commandLine: shellLine,
    onSlow: () => {},
  });
  if (silent.length > 0) throw new Error(`${host.name} is asked for\n  ${silent.join("\n  ")}`);
  const heard = (id: string) => {
    const fact = commands[id];
    return fact !== undefined && !("failed" in fact && fact.failed === "there is no such program");
  };
  const unheard = [...host.says.keys()].filter((id) => !id.endsWith(":*") && !heard(id));
  if (unheard.length > 0) throw new Error(`nobody asks ${host.name} for ${unheard.join(", ")}`);
  const read = parseFacts(JSON.stringify({ format: 1, lychd: "0.1.0", environment, commands }));
  if ("problem" in read) throw new Error(`${host.name}: ${read.problem}`);
  return read.facts;
}

/** What a host says to a probe; `open:*` is for all of them that have no answer of their own. */
function heardFrom({ says }: PaperHost, id: string): Answer | undefined {
  return says.get(id) ?? says.get(id.replace(/:.*$/, ":*"));
}

function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

function printed(text: readonly string[]): string {
  return text.map((line) => `${line}\n`).join("");
}

/** `stat` names each path that is not there; a host lists only what is. */
function complaining(
  { program, args }: Probe,
  answer: Exclude<Answer, { failed: string }>,
): Exclude<Answer, { failed: string }> {
  if (program !== "stat" || !args.includes("--")) return answer;
  const missing = args.slice(args.indexOf("--") + 1)
    .filter((path) => !answer.stdout.some((line) => line.endsWith(`|${path}`)));
  const stderr = missing.map((path) => `stat: cannot statx '${path}': No such file or directory`);
  return { ...answer, exit: missing.length > 0 ? 1 : 0, stderr };
}

function userOf({ says }: PaperHost): number {
  const answer = says.get("id");
  const text = answer !== undefined && "stdout" in answer ? answer.stdout.join() : "";
  return Number(/uid=(\d+)/.exec(text)?.[1] ?? 1000);
}

function wantsOn({ codex, environment }: PaperHost) {
  if (codex === undefined) return NO_WANTS;
  const read: Codex = readCodex({ folder: "codex", files: filesOf(codex) }).codex;
  return wantsOf(read, environment["HOME"]);
}

/** What doctor said, and how it ended. */
export interface Examined {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Lets doctor judge facts, with the Codex of their host. */
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

/** The file of the report of a host. */
export function reportPath(name: string): string {
  return join(HERE, `${name}.txt`);
}

/** The report of a host. */
export async function reportOf(name: string): Promise<string> {
  const host = readHost(name);
  const { out, err } = await examined(await factsOf(host), host.codex);
  return `${out}${err}`;
}

/** The facts of a host that is a real one. */
export function capturedFacts(name: string): Facts {
  return factsIn(name, JSON.parse(Deno.readTextFileSync(join(HERE, `${name}.json`))).facts);
}
