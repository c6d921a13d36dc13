import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { runningOf, tellStale, tryEnginesNow } from "../units/engines.ts";
import { refuseWish } from "../run/refuse_wish.ts";
import { printJson } from "../run/say.ts";
import { planWords, transitionJson, transitionText } from "../units/transition_text.ts";
import { viewCodex } from "../units/view.ts";

/** `lychd plan WISH`: what a summon would do, and why it would do nothing else. Does nothing. */
export async function planWish(
  { json, wish: words }: Extract<Invocation, { command: "plan" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { terminal } = context;
  const view = await viewCodex(context, json);
  if ("code" in view) return view.code;
  const { inventory } = view;
  const asked = await tryEnginesNow(context, inventory);
  if ("problem" in asked) {
    terminal.err(
      `lychd: the user's systemd does not answer (${asked.problem}): planned as if nothing ran\n`,
    );
  }
  const now = "now" in asked ? asked.now : { engines: new Map(), strays: [] };
  tellStale(context, now);
  const planned = planWords(words, inventory, { running: runningOf(now), strays: now.strays });
  if ("refusal" in planned) return refuseWish(context, json, planned.refusal);
  if (json) {
    printJson(context, {
      ...transitionJson(planned.wish, planned.transition),
      systemd_answers: "now" in asked,
      differences: view.differences,
    });
  } else terminal.out(transitionText(planned.transition, terminal.outPalette));
  return EXIT.ok;
}
