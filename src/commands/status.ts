import { cursor, erase } from "sisteransi";
import { withStrays } from "../core/orchestrator/inventory.ts";
import { type LogSource, logSourceOf } from "../core/orchestrator/services.ts";
import { printable } from "../core/report/printable.ts";
import { SEPULCHER } from "../core/rune/names.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { printJson, warn } from "../run/say.ts";
import { readDoorState } from "../units/door_state.ts";
import { detailsText } from "../units/details_text.ts";
import { enginesNow, warnOfStaleUnits } from "../units/engines.ts";
import { readGpus } from "../units/gpus.ts";
import { journalTail } from "../units/journal.ts";
import { podTrouble, withPodFailure } from "../units/pod.ts";
import { requireRendered } from "../units/rendered.ts";
import { type Selection, selectNow } from "../units/selection.ts";
import { servicesNow } from "../units/services.ts";
import { staleNow, warnOfStale } from "../units/stale.ts";
import {
  fingerprintOf,
  shortText,
  type Status,
  statusJson,
  statusText,
} from "../units/status_text.ts";
import { type Systemd, withSystemd } from "../units/systemd.ts";

type StatusInvocation = Extract<Invocation, { command: "status" }>;

/** The interval of `--watch`. */
const WATCH_MILLISECONDS = 1000;

/** The lines of each log that `status NAME` prints. */
const LOG_LINES = 10;

/** `lychd status [NAME]`: shows the state of what is rendered, with `--watch` again and again. */
export async function status(
  invocation: StatusInvocation,
  context: CommandContext,
): Promise<ExitCode> {
  const { terminal } = context;
  const { json, watch, short, name } = invocation;
  const textOf = short ? shortText : name === undefined ? statusText : detailsText;
  for (let former = "";;) {
    const status = await withSystemd(
      context,
      (systemd) => readStatus(invocation, context, systemd),
    );
    if (!watch) warnOf(context, status, name === undefined);
    const current = fingerprintOf(status);
    if (json) {
      if (current !== former) printJson(context, statusJson(status), watch ? 0 : 2);
    } else {
      const text = textOf(status, terminal.outPalette);
      if (watch && terminal.outIsTerminal) {
        terminal.out(`${erase.screen}${cursor.to(0, 0)}${text}`);
      } else if (current !== former) terminal.out(former === "" ? text : `\n${text}`);
    }
    if (!watch || terminal.outIsGone()) return EXIT.ok;
    former = current;
    await new Promise((wake) => setTimeout(wake, WATCH_MILLISECONDS));
  }
}

async function readStatus(
  { name, short }: StatusInvocation,
  context: CommandContext,
  systemd: Systemd,
): Promise<Status> {
  const rendered = requireRendered(context);
  const selection = name === undefined ? undefined : await selectNow(systemd, name, rendered);
  const { inventory } = rendered;
  const unrendered = selection?.soulstones
    .filter((soulstone) => !inventory.engines.some((engine) => engine.name === soulstone)) ?? [];
  const [engines, services, stale, gpus, logs] = await Promise.all([
    enginesNow(systemd, withStrays(inventory, unrendered)),
    servicesNow(systemd, rendered.services),
    staleNow(context, rendered, systemd),
    selection === undefined ? readGpus(context) : [],
    selection === undefined || short ? undefined : readLogs(context, selection),
  ]);
  const pod = services.services.find(({ service }) => service.service === SEPULCHER.service);
  const [trouble, now] = await Promise.all([
    pod && podTrouble(context, pod.service, pod.unit),
    withPodFailure(context, engines, pod?.unit),
  ]);
  const atSeconds = Date.now() / 1000;
  const door = readDoorState(context);
  const status = { now, services, podTrouble: trouble, stale, gpus, logs, door, atSeconds };
  return selection === undefined ? status : only(status, selection);
}

/** Returns the part of a status that was selected. */
function only(status: Status, { soulstones, services }: Selection): Status {
  const { now, door } = status;
  const isOwn = ({ name }: { readonly name: string }) => soulstones.includes(name);
  return {
    ...status,
    door: door && { ...door, engines: door.engines.filter(isOwn), portals: [] },
    now: {
      engines: new Map([...now.engines].filter(([name]) => soulstones.includes(name))),
      strays: [],
    },
    services: {
      services: status.services.services.filter(({ service }) => services.includes(service)),
      strays: [],
    },
  };
}

/** Returns the last lines of each log, by service. */
async function readLogs(
  context: CommandContext,
  { soulstones, services }: Selection,
): Promise<Map<string, readonly string[]>> {
  const sources: LogSource[] = [...soulstones.map(logSourceOf), ...services];
  return new Map(
    await Promise.all(sources.map(async (source) => {
      const lines = await journalTail(context, source, { lines: LOG_LINES });
      return [source.services[0] ?? "", lines] as const;
    })),
  );
}

function warnOf(context: CommandContext, { now, stale }: Status, isEverything: boolean): void {
  warnOfStale(context, stale, isEverything ? undefined : [...now.engines.keys()]);
  if (now.strays.length > 0) {
    const names = now.strays.map(printable);
    const commands = names.map((name) => `lychd banish soulstone:${name}`);
    warn(context, `running, but no longer rendered: ${names.join(", ")}`, commands.join(" && "));
  }
  warnOfStaleUnits(context, now);
}
