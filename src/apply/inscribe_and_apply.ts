import { type Change, formatSummary } from "../core/plan/plan.ts";
import { printable } from "../core/report/printable.ts";
import { inscribe, type Wanted } from "../inscribe/inscribe.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type InscribeOptions } from "../run/invocation.ts";
import { printJson, warn } from "../run/say.ts";
import type { Stale } from "../units/stale.ts";
import { type Applied, appliedJson, printApplied } from "./applied.ts";
import { NO_WORK } from "./work.ts";

/** The files that a command wants to write, and its report besides. */
interface Request {
  /** Returns the wanted Runes; called while no other run can write. */
  readonly wanted: () => Wanted;
  /** Prints a report about the new state, and returns it for `--json`. */
  readonly report?: () => Readonly<Record<string, unknown>>;
}

/** Writes the wanted Runes as one transaction, and applies them if `restart` is set. */
export async function inscribeAndApply(
  context: CommandContext,
  options: InscribeOptions,
  { wanted, report }: Request,
): Promise<ExitCode> {
  const { json, verify, reload, waitSeconds } = options;
  const { terminal: { out, err }, folders } = context;
  const { changes, masked, settled, nextStart } = await inscribe(context, options, wanted);
  if (!json) out(`${printable(folders.config)}: ${doneSummary(changes)}\n`);
  if (masked.length > 0) {
    const is = masked.length === 1 ? "is" : "are";
    warn(
      context,
      `${masked.join(" ")} ${is} masked: systemd does not start what is masked`,
      `systemctl --user unmask ${masked.join(" ")}`,
    );
  }
  const { stale, reread, stopped, started, problem: error } = settled;
  const applied = options.restart && reload && error === undefined
    // Loaded only if needed: it follows engines as a summon does.
    ? await (await import("./apply_rendered.ts")).applyRendered(context, {
      names: [],
      always: false,
    }, waitSeconds)
    : notApplied(stale, error);
  const all = {
    ...applied,
    done: {
      ...applied.done,
      stop: [...stopped, ...applied.done.stop],
      start: [...new Set([...started, ...applied.done.start])],
    },
    reread: [...reread, ...applied.reread],
  };
  if (!json) printApplied(context, all);
  if (nextStart.length > 0) {
    err(`lychd: changed; takes effect at the next start: ${nextStart.join(" ")}\n`);
  }
  if (!verify) err("lychd: not verified: Quadlet may refuse these units\n");
  if (!reload) {
    err("lychd: not reloaded: systemd still has the previous units and may refuse these\n");
    err("hint: systemctl --user daemon-reload\n");
  }
  const reported = report?.();
  if (json) {
    printJson(context, {
      changes: changes.map(({ path, action }) => ({ path, action })),
      summary: formatSummary(changes),
      ...appliedJson(reload ? all : { ...all, left: { restart: nextStart, stop: [] } }),
      masked,
      verified: verify,
      reloaded: reload,
      ...reported,
    });
  }
  return all.code;
}

function notApplied(left: Stale, error: string | undefined): Applied {
  const code = error === undefined ? EXIT.ok : EXIT.hostRefused;
  return { code, done: NO_WORK, left, reread: [], error };
}

function doneSummary(changes: readonly Change[]): string {
  const count = (fits: (change: Change) => boolean) => changes.filter(fits).length;
  const overwritten = count((c) => c.action === "drifted" && c.after !== undefined);
  return [
    `${count((c) => c.action === "create")} created`,
    `${count((c) => c.action === "update")} updated`,
    `${count((c) => c.after === undefined)} removed`,
    ...overwritten === 0 ? [] : [`${overwritten} overwritten`],
    `${count((c) => c.action === "unchanged")} unchanged`,
  ].join(", ");
}
