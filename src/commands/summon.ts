import { join } from "node:path/posix";
import {
  enginesNamed,
  type Inventory,
  memoryNeed,
  type Transition,
  type Wish,
} from "../core/orchestrator/mod.ts";
import { RECEIPT_PATH } from "../core/plan/receipt.ts";
import { HostError } from "../host/host.ts";
import { EXIT, type ExitCode, type Invocation } from "../invocation.ts";
import { isCodexNewer } from "./codex_newer.ts";
import type { CommandContext } from "./context.ts";
import { enginesNow, namesUp, SESSION_HINT } from "./engines.ts";
import { follow, followMemory, followStops, type Outcome } from "./follow.ts";
import { readGpus } from "./gpus.ts";
import { differences, type Rendered, requireRendered, tellDifferences } from "./rendered.ts";
import { warn } from "./say.ts";
import { concludeSummon, type Summon, tellUnderWay } from "./summon_end.ts";
import { type SummonEvents, summonEvents } from "./summon_events.ts";
import { userSystemd } from "./systemd.ts";
import { planWords, transitionJson, transitionText } from "./transition_text.ts";

/** `lychd summon WISH`: has systemd make a wish true, and follows it until all that is wanted answers. */
export async function summon(
  invocation: Extract<Invocation, { command: "summon" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const events = summonEvents(context, invocation.json);
  try {
    return await beginSummon(invocation, context, events);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const words = `the user's systemd does not answer: ${error.message}`;
    return events.refused(words, EXIT.hostRefused, SESSION_HINT);
  }
}

async function beginSummon(
  invocation: Extract<Invocation, { command: "summon" }>,
  context: CommandContext,
  events: SummonEvents,
): Promise<ExitCode> {
  const read = requireRendered(context);
  if ("problem" in read) return events.refused(read.problem, EXIT.failure, read.hint);
  const { inventory } = read.rendered;
  const systemd = userSystemd(context);
  if (systemd === undefined) return events.refused("there is no systemctl", EXIT.hostRefused);
  const now = await enginesNow(systemd, inventory);
  const planned = planWords(invocation.wish, inventory, namesUp(now));
  if ("refusal" in planned) {
    const { message, hint } = planned.refusal;
    return events.refused(message, EXIT.usage, hint);
  }
  const { wish, transition } = planned;
  const missing = transition.wanted.filter((name) =>
    now.engines.get(name)?.condition.state === "missing"
  );
  if (missing.length > 0) {
    const words = `systemd has no unit of ${missing.join(", ")}; nothing was changed`;
    return events.refused(words, EXIT.hostRefused, "lychd render");
  }
  tellPlan(context, events, wish, transition);
  if (invocation.dryRun) {
    await compareWithCodex(context, read.rendered);
    return EXIT.ok;
  }
  const timeoutSeconds = invocation.timeoutSeconds ?? Infinity;
  const summon: Summon = {
    invocation,
    transition,
    // One that crashes again and again is nothing to go back to.
    before: [...now.engines].filter(([, { condition }]) =>
      condition.state === "running" || condition.state === "starting"
    ).map(([name]) => name),
    sinceSeconds: Date.now() / 1000,
    following: {
      context,
      systemd,
      inventory,
      events,
      deadlineMilliseconds: performance.now() + timeoutSeconds * 1000,
    },
  };
  const told = await tellSystemd(summon);
  if ("code" in told) return told.code;
  // The engines load meanwhile.
  await compareWithCodex(context, read.rendered);
  if (!invocation.wait) {
    events.tell({ event: "told" }, "systemd is told; lychd status --watch shows how it goes");
    return EXIT.ok;
  }
  const outcome = told.outcome ?? await follow(summon.following, transition);
  return await concludeSummon(summon, outcome);
}

function tellPlan(
  { terminal }: CommandContext,
  events: SummonEvents,
  wish: Wish,
  transition: Transition,
): void {
  const text = transitionText({ ...transition, losers: [] }, terminal.errPalette);
  events.tell({ event: "plan", ...transitionJson(wish, transition) }, text.trimEnd());
}

/** Warns where the Codex is not what was rendered, and so not what happens. */
async function compareWithCodex(context: CommandContext, rendered: Rendered): Promise<void> {
  const { host, folders } = context;
  const receipt = host.stat(join(folders.config, RECEIPT_PATH));
  const isAsRendered = receipt !== undefined &&
    !isCodexNewer(host, folders.codex, receipt.changedSeconds);
  if (isAsRendered) return;
  // The compiler takes time to load, which nobody waits for here.
  const { compileCodex } = await import("./load.ts");
  const { runes, valid } = await compileCodex(context);
  if (valid) tellDifferences(context, differences(runes, rendered));
  else warn(context, "the Codex has faults; what was rendered last counts", "lychd check");
}

/**
 * Has systemd do it: as one transaction, or, where engines take GPU memory that is not free yet, the
 * stop first and the start when the memory is there.
 *
 * @returns the exit code when nothing more is to be followed, or an outcome that is known already.
 */
async function tellSystemd(
  summon: Summon,
): Promise<{ code: ExitCode } | { outcome: Outcome | undefined }> {
  const { invocation, following, transition } = summon;
  const { context, systemd, inventory } = following;
  const waitsForMemory = invocation.wait && await isShortOfMemory(context, inventory, transition);
  const first = transition.stop
    .filter(({ name }) => waitsForMemory || transition.stopFirst.includes(name));
  if (first.length > 0) {
    const engines = enginesNamed(inventory, first.map(({ name }) => name));
    const problem = await systemd.beginStop(engines.map((engine) => engine.service));
    if (problem !== undefined) return { code: tellUnderWay(summon, problem) };
    const outcome = await followStops(following, first);
    if (outcome.kind !== "ready") return { outcome };
  }
  if (waitsForMemory) {
    const limit = invocation.memoryTimeoutSeconds;
    const outcome = await followMemory(following, transition.start, limit);
    if (outcome.kind !== "ready") return { outcome };
  }
  if (transition.choice.unit === undefined) return { outcome: undefined };
  if (context.interruption.aborted) return { outcome: { kind: "abandoned" } };
  const problem = await systemd.startIrreversibly(transition.choice.unit);
  return problem === undefined ? { outcome: undefined } : { code: tellUnderWay(summon, problem) };
}

/** Whether the start has to wait for memory; warns where waiting cannot help. */
async function isShortOfMemory(
  context: CommandContext,
  inventory: Inventory,
  { start }: Transition,
): Promise<boolean> {
  const engines = enginesNamed(inventory, start);
  if (!engines.some((engine) => (engine.vramMib ?? 0) > 0)) return false;
  const need = memoryNeed(engines, await readGpus(context));
  if (need === undefined || need.neededMib <= need.freeMib) return false;
  if (need.neededMib <= need.totalMib) return true;
  const { neededMib, totalMib } = need;
  warn(
    context,
    `${neededMib} MiB of GPU memory are declared, more than the ${totalMib} MiB that there are`,
  );
  return false;
}
