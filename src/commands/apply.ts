import { appliedJson, printApplied } from "../apply/applied.ts";
import { applyRendered, planApply } from "../apply/apply_rendered.ts";
import { VESSEL } from "../core/rune/names.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { printJson, warn } from "../run/say.ts";
import { readDoorState } from "../units/door_state.ts";
import { compareWithCodex } from "../units/differences.ts";
import { requireRendered } from "../units/rendered.ts";

/**
 * `lychd apply [NAME…]`: restarts what runs with the units of an earlier render.
 * `lychd restart NAME…`: restarts these engines in any case.
 */
export async function apply(
  invocation: Extract<Invocation, { command: "apply" | "restart" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { command, json, names, dryRun, waitSeconds } = invocation;
  const scope = { names, always: command === "restart" };
  await compareWithCodex(context, requireRendered(context));
  const applied = dryRun
    ? await planApply(context, scope)
    : await applyRendered(context, scope, waitSeconds);
  const { code, done, left, reread } = applied;
  const isAboutDoor = names.length === 0 && !done.restart.includes(VESSEL.service);
  const problem = isAboutDoor ? readDoorState(context)?.problem : undefined;
  if (json) printJson(context, appliedJson(applied));
  else if (!dryRun) printApplied(context, applied);
  if (problem !== undefined) warn(context, `${VESSEL.name}: ${problem.why}`, problem.hint);
  const lists = [done.restart, done.stop, done.start, left.restart, left.stop, reread];
  if (code !== EXIT.ok || problem !== undefined) return code === EXIT.ok ? EXIT.failure : code;
  if (!json && lists.every((list) => list.length === 0)) {
    context.terminal.out("nothing to apply: what runs is what is rendered\n");
  }
  return EXIT.ok;
}
