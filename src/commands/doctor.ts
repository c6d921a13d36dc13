import { readCodex } from "../core/codex/mod.ts";
import {
  CHECKS,
  type CodexState,
  examine,
  formatFindings,
  isNamed,
  listChecks,
  needsOf,
  NO_NEEDS,
  podmanInfoOf,
  probesFor,
  userOf,
} from "../core/doctor/mod.ts";
import { type Facts, parseFacts, redactFacts } from "../core/facts.ts";
import { nearest } from "../core/report/nearest.ts";
import { quoted } from "../core/report/printable.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { gather } from "../run/gather.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { printJson } from "../run/say.ts";
import { compileCodex } from "../units/codex.ts";

type Doctor = Extract<Invocation, { command: "doctor" }>;

/** Stands for a Codex that cannot be read; its finding reports the reason. */
const EMPTY_CODEX = readCodex({ folder: "", files: [] }).codex;

/** Ten times the size of the facts of a host with 300 Soulstones. */
const FACTS_LIMIT_BYTES = 16_000_000;

/** `lychd doctor`: checks a host and prints a fix for every problem. It writes nothing. */
export async function doctor(invocation: Doctor, context: CommandContext): Promise<ExitCode> {
  const { terminal, folders, user, environment } = context;
  const { mode, only, strict, json } = invocation;
  for (const name of only ?? []) refuseUnknownCheck(name);
  if (mode === "list") {
    const checks = CHECKS.filter((check) => only?.some((name) => isNamed(check, name)) ?? true);
    if (!json) terminal.out(listChecks(checks, terminal.outPalette));
    else printJson(context, { checks: checks.map(({ id, about, why }) => ({ id, about, why })) });
    return EXIT.ok;
  }
  const codex = await readCodexState(context);
  const needsIn = (variables: Facts["environment"]) =>
    codex.kind === "none" ? NO_NEEDS : needsOf(codex.codex, variables["HOME"]);
  const asking = { user, environment, needs: needsIn(environment) };
  const facts = folders.facts === undefined
    ? await gather(context, (known) => probesFor(asking, known))
    : readFacts(context, folders.facts);
  if (mode === "print-facts") {
    printJson(context, redacted(facts));
    return EXIT.ok;
  }
  const findings = examine(
    { facts, codex, needs: needsIn(facts.environment) },
    { strict, ...only && { only } },
  );
  if (json) printJson(context, { findings });
  else terminal.out(formatFindings(findings, terminal.outPalette));
  return findings.some(({ state }) => state === "error") ? EXIT.doctorErrors : EXIT.ok;
}

/** Reads the Codex. A missing one is a problem only if the operator named it. */
async function readCodexState(context: CommandContext): Promise<CodexState> {
  const { host, folders: { codex: path, codexShown: shown, isCodexNamed } } = context;
  if (!isCodexNamed && !exists(host, path)) {
    return { kind: "none", reason: `there is no Codex at ${shown} yet` };
  }
  const { codex, findings } = await compileCodex(context);
  return { kind: "read", shown, codex: codex ?? EMPTY_CODEX, findings };
}

function exists(host: CommandContext["host"], path: string): boolean {
  try {
    return host.stat(path) !== undefined;
  } catch (error) {
    if (error instanceof HostError) return true;
    throw error;
  }
}

function readFacts({ host }: CommandContext, path: string): Facts {
  const refuse = (message: string) =>
    new Refusal(message, { hint: "create it with: lychd doctor --facts > FILE" });
  try {
    const bytes = host.readStream(path, FACTS_LIMIT_BYTES);
    const read = parseFacts(new TextDecoder().decode(bytes));
    if ("facts" in read) return read.facts;
    throw refuse(`${path} does not contain facts: ${read.problem}`);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw refuse(`cannot read ${path}: ${error.message}`);
  }
}

function redacted(facts: Facts): Facts {
  return redactFacts(facts, {
    home: facts.environment["HOME"],
    user: userOf(facts)?.name,
    host: podmanInfoOf(facts)?.host?.hostname,
  });
}

function refuseUnknownCheck(name: string): void {
  if (CHECKS.some((check) => isNamed(check, name))) return;
  const ids = CHECKS.map(({ id }) => id);
  const groups = ids.map((id) => id.split(".")[0] ?? id);
  const near = ids.find((id) => id.endsWith(`.${name}`)) ?? nearest(name, [...groups, ...ids]);
  const hint = near === undefined ? "lychd doctor --list" : `--only ${near}`;
  throw new Refusal(`there is no check ${quoted(name)}`, { code: EXIT.usage, hint });
}
