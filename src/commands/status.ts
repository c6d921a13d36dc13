import { cursor, erase } from "sisteransi";
import type { Gpu, Inventory } from "../core/orchestrator/mod.ts";
import { type Palette, printable } from "../core/report/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { aboutLines, bytesText, durationText, stateText, vramText } from "../units/about.ts";
import type { CommandContext } from "../run/context.ts";
import {
  type EngineNow,
  type EnginesNow,
  SESSION_HINT,
  tellStale,
  tryEnginesNow,
} from "../units/engines.ts";
import { fail } from "../run/fail.ts";
import { readGpus } from "../units/gpus.ts";
import { requireRendered } from "../units/rendered.ts";
import { warn } from "../run/say.ts";
import { stateHint } from "../units/state_hint.ts";
import { tableLines, wrapped } from "../run/table.ts";

/** How often `--watch` looks. */
const WATCH_MILLISECONDS = 1000;

/** `lychd status`: what every rendered Soulstone does, as systemd tells it. */
export async function status(
  invocation: Extract<Invocation, { command: "status" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { json, watch } = invocation;
  const { terminal } = context;
  for (let former = "";;) {
    const seen = await look(context);
    if ("problem" in seen) {
      const { problem, code, hint } = seen;
      return fail(context, json, problem, { code, hint });
    }
    if (!watch) tellAside(context, seen);
    const text = json ? jsonText(seen, watch) : statusText(seen, terminal.outPalette);
    if (!watch) {
      terminal.out(text);
      return EXIT.ok;
    }
    const news = newsOf(seen);
    if (terminal.outIsTerminal && !json) terminal.out(`${erase.screen}${cursor.to(0, 0)}${text}`);
    else if (news !== former) terminal.out(json || former === "" ? text : `\n${text}`);
    if (terminal.outIsGone()) return EXIT.ok;
    former = news;
    await new Promise((wake) => setTimeout(wake, WATCH_MILLISECONDS));
  }
}

interface Seen {
  readonly inventory: Inventory;
  readonly now: EnginesNow;
  readonly gpus: readonly Gpu[];
  readonly atSeconds: number;
}

async function look(
  context: CommandContext,
): Promise<Seen | { problem: string; code?: ExitCode; hint?: string }> {
  const read = requireRendered(context);
  if ("problem" in read) return read;
  const { inventory } = read.rendered;
  const [asked, gpus] = await Promise.all([
    tryEnginesNow(context, inventory),
    readGpus(context),
  ]);
  if ("problem" in asked) {
    const problem = `the user's systemd does not answer: ${asked.problem}`;
    return { problem, code: EXIT.hostRefused, hint: SESSION_HINT };
  }
  return { inventory, now: asked.now, gpus, atSeconds: Date.now() / 1000 };
}

/** What is news in a file or a pipe: who does something else, not that time has passed. */
function newsOf({ inventory, now }: Seen): string {
  return JSON.stringify([
    inventory.engines.map(({ name, uri }) => {
      const { facts, condition: { state, why } } = now.engines.get(name) ?? MISSING;
      return [name, uri, state, why, facts?.sinceSeconds];
    }),
    now.strays,
  ]);
}

function tellAside(context: CommandContext, { now }: Seen): void {
  if (now.strays.length > 0) {
    const names = now.strays.map(printable);
    const words = `not rendered any more, but still running: ${names.join(", ")}`;
    const commands = names.map((name) => `lychd banish soulstone:${name}`);
    warn(context, words, commands.join(" && "));
  }
  tellStale(context, now);
}

function statusText({ inventory, now, gpus, atSeconds }: Seen, palette: Palette): string {
  const [head = "", ...rows] = tableLines([
    ["SOULSTONE", "STATE", "SINCE", "URI", "VRAM", "RAM"],
    ...inventory.engines.map((engine) => {
      const { facts, condition } = now.engines.get(engine.name) ?? MISSING;
      const since = facts?.sinceSeconds;
      return [
        engine.name,
        stateText(condition.state, palette),
        since === undefined ? "" : durationText(atSeconds - since),
        engine.uri,
        vramText(engine),
        bytesText(facts?.memoryBytes),
      ];
    }),
  ]);
  const lines = [palette.strong(head)];
  for (const [i, engine] of inventory.engines.entries()) {
    const { condition } = now.engines.get(engine.name) ?? MISSING;
    const hint = stateHint(engine.name, condition.state);
    const why = condition.why === undefined ? [] : wrapped(`${condition.why}: ${hint}`, 2);
    lines.push(rows[i] ?? "", ...aboutLines(engine, 2, palette), ...why.map(palette.hint));
  }
  for (const name of now.strays.map(printable)) {
    lines.push(`${name}: not rendered any more, but still running: lychd banish soulstone:${name}`);
  }
  for (const { vendor, names, totalMib, freeMib } of gpus) {
    lines.push(`GPU ${vendor} ${names[0]}: ${totalMib - freeMib} of ${totalMib} MiB in use`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

const MISSING: EngineNow = {
  facts: undefined,
  condition: { state: "missing", restarts: 0, hasJob: false },
};

function jsonText({ inventory, now, gpus }: Seen, oneLine: boolean): string {
  const value = {
    soulstones: inventory.engines.map((engine) => {
      const { facts, condition } = now.engines.get(engine.name) ?? MISSING;
      const since = facts?.sinceSeconds;
      return {
        name: engine.name,
        state: condition.state,
        ...condition.why === undefined ? {} : { why: condition.why },
        since: since === undefined ? null : new Date(since * 1000).toISOString(),
        uri: engine.uri,
        covens: engine.covens,
        resident: engine.resident,
        capabilities: engine.capabilities,
        vram_mib: engine.vramMib ?? null,
        memory_bytes: facts?.memoryBytes ?? null,
      };
    }),
    strays: now.strays.map(printable),
    gpus: gpus.map(({ vendor, names, totalMib, freeMib }) => ({
      vendor,
      names,
      total_mib: totalMib,
      free_mib: freeMib,
    })),
  };
  return `${JSON.stringify(value, null, oneLine ? 0 : 2)}\n`;
}
