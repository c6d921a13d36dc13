import {
  CHECKS,
  type CodexState,
  examine,
  formatFindings,
  isNamed,
  listChecks,
  NO_WANTS,
  podmanInfoOf,
  probesFor,
  type Subject,
  userOf,
  wantsOf,
} from "../core/doctor/mod.ts";
import { readCodex } from "../core/codex/mod.ts";
import { type Facts, parseFacts, redactFacts } from "../core/facts.ts";
import { nearest, quoted } from "../core/report/mod.ts";
import { HostError } from "../host/host.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { fail } from "../run/fail.ts";
import { gather } from "../run/gather.ts";
import { compileCodex } from "../units/codex.ts";

type Doctor = Extract<Invocation, { command: "doctor" }>;

/** What is left of a Codex that cannot be read at all; its finding says why. */
const EMPTY_CODEX = readCodex({ folder: "", files: [] }).codex;

/** No facts of a host are longer: those of 300 Soulstones are a tenth of it. */
const FACTS_LIMIT_BYTES = 16_000_000;

/**
 * `lychd doctor`: tells what is wrong with a host, and the command that mends it. It writes nothing
 * and asks nobody but the programs of this host.
 */
export async function doctor(invocation: Doctor, context: CommandContext): Promise<ExitCode> {
  const { terminal, folders } = context;
  const stranger = invocation.only?.find((name) => !CHECKS.some((check) => isNamed(check, name)));
  if (stranger !== undefined) return unknownCheck(context, invocation, stranger);
  if (invocation.mode === "list") {
    terminal.out(listing(invocation, context));
    return EXIT.ok;
  }
  const codex = await readCodexState(context);
  let facts: Facts;
  if (folders.facts === undefined) {
    const { user, environment } = context;
    const asking = { user, environment, wants: wantsFor(codex, environment) };
    facts = await gather(context, (known) => probesFor(asking, known));
  } else {
    const read = readFacts(context, folders.facts);
    if ("problem" in read) {
      const hint = "made by lychd doctor --facts > FILE";
      return fail(context, invocation.json, read.problem, { hint });
    }
    facts = read.facts;
  }
  if (invocation.mode === "print-facts") {
    terminal.out(`${JSON.stringify(redacted(facts), null, 2)}\n`);
    return EXIT.ok;
  }
  const subject: Subject = { facts, codex, wants: wantsFor(codex, facts.environment) };
  const { only, strict } = invocation;
  const findings = examine(subject, { strict, ...only === undefined ? {} : { only } });
  if (invocation.json) terminal.out(`${JSON.stringify({ findings }, null, 2)}\n`);
  else terminal.out(formatFindings(findings, terminal.outPalette));
  return findings.some(({ state }) => state === "error") ? EXIT.doctorErrors : EXIT.ok;
}

/** The Codex; one that is not there yet is no fault, unless it was named. */
async function readCodexState(context: CommandContext): Promise<CodexState> {
  const { host, folders } = context;
  const shown = folders.codexShown;
  if (!folders.isCodexNamed && !isThere(host, folders.codex)) {
    return { kind: "none", reason: `there is no Codex at ${shown} yet` };
  }
  const { codex, findings } = await compileCodex(context);
  return { kind: "read", shown, codex: codex ?? EMPTY_CODEX, findings };
}

function isThere(host: CommandContext["host"], path: string): boolean {
  try {
    return host.stat(path) !== undefined;
  } catch (error) {
    if (error instanceof HostError) return true;
    throw error;
  }
}

function wantsFor(codex: CodexState, environment: Facts["environment"]) {
  return codex.kind === "none" ? NO_WANTS : wantsOf(codex.codex, environment["HOME"]);
}

function readFacts(
  { host }: CommandContext,
  path: string,
): { facts: Facts } | { problem: string } {
  try {
    const bytes = host.readStream(path, FACTS_LIMIT_BYTES);
    const read = parseFacts(new TextDecoder().decode(bytes));
    return "facts" in read ? read : { problem: `${path} holds no facts: ${read.problem}` };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { problem: `${path} cannot be read: ${error.message}` };
  }
}

function redacted(facts: Facts): Facts {
  const names = {
    home: facts.environment["HOME"],
    user: userOf(facts)?.name,
    host: podmanInfoOf(facts)?.host?.hostname,
  };
  const known = Object.entries(names).filter(([, name]) => name !== undefined);
  return redactFacts(facts, Object.fromEntries(known));
}

function listing({ json, only }: Doctor, { terminal }: CommandContext): string {
  const checks = CHECKS.filter((check) =>
    only === undefined || only.some((name) => isNamed(check, name))
  );
  return json
    ? `${
      JSON.stringify({ checks: checks.map(({ id, about, why }) => ({ id, about, why })) }, null, 2)
    }\n`
    : listChecks(checks, terminal.outPalette);
}

function unknownCheck(context: CommandContext, { json }: Doctor, name: string): ExitCode {
  const ids = CHECKS.map(({ id }) => id);
  const groups = ids.map((id) => id.split(".")[0] ?? id);
  const near = ids.find((id) => id.endsWith(`.${name}`)) ?? nearest(name, [...groups, ...ids]);
  const hint = near === undefined ? "lychd doctor --list" : `--only ${near}`;
  return fail(context, json, `there is no check ${quoted(name)}`, { code: EXIT.usage, hint });
}
