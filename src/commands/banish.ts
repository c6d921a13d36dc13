import {
  conditionOf,
  enginesNamed,
  type Inventory,
  isUp,
  type Refusal,
} from "../core/orchestrator/mod.ts";
import { soulstoneUnit } from "../core/rune/mod.ts";
import { HostError } from "../host/host.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { readNameNow, SESSION_HINT } from "../units/engines.ts";
import { fail } from "../run/fail.ts";
import { refuseWish } from "../run/refuse_wish.ts";
import { readRendered } from "../units/rendered.ts";
import { printJson } from "../run/say.ts";
import { type Systemd, userSystemd } from "../units/systemd.ts";

type BanishInvocation = Extract<Invocation, { command: "banish" }>;

/**
 * `lychd banish [WISH]`: stops a Soulstone, a Coven but for residents, or all engines, also those
 * whose units are gone and those that still start. Nothing else in the pod is touched.
 */
export async function banish(
  invocation: BanishInvocation,
  context: CommandContext,
): Promise<ExitCode> {
  const { json, wish } = invocation;
  try {
    const read = readRendered(context);
    if ("problem" in read) return fail(context, json, read.problem);
    const { inventory } = read.rendered;
    const systemd = userSystemd(context);
    if (systemd === undefined) {
      return fail(context, json, "there is no systemctl", { code: EXIT.hostRefused });
    }
    const chosen = wish === undefined ? EVERYTHING : await choose(wish, inventory, systemd);
    if ("refusal" in chosen) return refuseWish(context, json, chosen.refusal);
    return await stopAll(invocation, context, systemd, chosen.patterns);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const words = `the user's systemd does not answer: ${error.message}`;
    return fail(context, json, words, { code: EXIT.hostRefused, hint: SESSION_HINT });
  }
}

/** Units, by name or by pattern. */
interface Chosen {
  readonly patterns: readonly string[];
}

const EVERYTHING: Chosen = { patterns: ["soulstone-*.service", "lychd-coven-*.target"] };

async function choose(
  word: string,
  inventory: Inventory,
  systemd: Systemd,
): Promise<Chosen | { refusal: Refusal }> {
  const read = await readNameNow(systemd, word, inventory);
  if ("refusal" in read) return read;
  const { kind, name } = read.name;
  if (kind === "soulstone") return { patterns: [soulstoneUnit(name).service] };
  const coven = inventory.covens.find((coven) => coven.name === name);
  // A resident belongs to every Coven, and so to the others too.
  const own = enginesNamed(inventory, coven?.members ?? []).filter((engine) => !engine.resident);
  return { patterns: [coven?.target ?? "", ...own.map((engine) => engine.service)] };
}

async function stopAll(
  { json }: BanishInvocation,
  context: CommandContext,
  systemd: Systemd,
  patterns: readonly string[],
): Promise<ExitCode> {
  const begun = performance.now();
  const facts = await systemd.facts(patterns);
  const up = [...facts].filter(([, unit]) => {
    const condition = conditionOf(unit);
    return isUp(condition) || condition.state === "stopping" || condition.hasJob;
  });
  const units = up.map(([name]) => name);
  const problem = units.length === 0 ? undefined : await systemd.stop(units);
  // systemd stops nothing that has failed already, and would call it failed for ever.
  const failed = [...facts].filter(([, unit]) => conditionOf(unit).state === "failed");
  await systemd.forgetFailures(failed.map(([name]) => name));
  if (problem !== undefined) {
    return fail(context, json, `not all stopped: ${problem}`, {
      code: EXIT.hostRefused,
      hint: "lychd status",
    });
  }
  const stopped = soulstonesIn(units);
  const forgotten = soulstonesIn(failed.map(([name]) => name));
  const seconds = Number(((performance.now() - begun) / 1000).toFixed(1));
  if (json) printJson(context, { stopped, forgotten, seconds });
  else {
    context.terminal.out(
      stopped.length === 0
        ? "nothing runs of that\n"
        : `stopped: ${stopped.join(", ")} (${seconds.toFixed(1)} s)\n`,
    );
    if (forgotten.length > 0) {
      context.terminal.out(`no longer counted as failed: ${forgotten.join(", ")}\n`);
    }
  }
  return EXIT.ok;
}

/** The Soulstones of services, by name. */
function soulstonesIn(units: readonly string[]): string[] {
  return units.flatMap((unit) => /^soulstone-(.+)\.service$/.exec(unit)?.[1] ?? []).sort();
}
