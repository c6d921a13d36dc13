import { drainText } from "../core/dispatcher/drain_text.ts";
import { enginesNamed } from "../core/orchestrator/inventory.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { printJson, warn } from "../run/say.ts";
import { missingImages, missingImageText } from "../units/images.ts";
import { doorJson, readDoorState } from "../units/door_state.ts";
import {
  orRefuse,
  runningOf,
  tryEnginesNow,
  unusableText,
  warnOfStaleUnits,
} from "../units/engines.ts";
import { NOT_STALE, staleJson, tryStaleNow, warnOfStale } from "../units/stale.ts";
import { planWords, transitionJson, transitionText } from "../core/orchestrator/transition_text.ts";
import { viewCodex } from "../units/view.ts";

/** `lychd plan WISH`: shows what a summon would do, and why. */
export async function planWish(
  { json, wish: words }: Extract<Invocation, { command: "plan" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { terminal } = context;
  const view = await viewCodex(context, json);
  if ("code" in view) return view.code;
  const { inventory, source, rendered, differences } = view;
  const found = await tryEnginesNow(context, inventory, ": planned as if no engine runs");
  const now = found ?? { engines: new Map(), strays: [] };
  warnOfStaleUnits(context, now);
  const running = { running: runningOf(now), strays: now.strays };
  const { wish, transition } = orRefuse(planWords(words, inventory, running));
  const stale = found === undefined ? NOT_STALE : await tryStaleNow(context, rendered);
  warnOfStale(context, stale, transition.wanted);
  const unusable = unusableText(transition.wanted, now, ["masked"]);
  if (unusable !== undefined) warn(context, unusable.message, unusable.hint);
  const door = readDoorState(context);
  const drain = drainText(door, transition.stop.map(({ name }) => name));
  if (drain !== undefined) terminal.err(`lychd: ${drain}\n`);
  const missing = await missingImages(context, enginesNamed(inventory, transition.start));
  for (const each of missing) {
    const { message, hint } = missingImageText(each, inventory);
    warn(context, message, hint);
  }
  if (json) {
    printJson(context, {
      ...transitionJson(wish, transition),
      cannot_start: unusable?.message ?? null,
      missing_images: missing,
      systemd_answers: found !== undefined,
      source,
      differences,
      ...staleJson(stale),
      front_door: doorJson(door),
    });
  } else terminal.out(transitionText(transition, terminal.outPalette));
  return EXIT.ok;
}
