/** The result of applying what is rendered, or of not doing so, and its output. */
import { SEPULCHER, VESSEL } from "../core/rune/names.ts";
import { printable } from "../core/report/printable.ts";
import type { CommandContext } from "../run/context.ts";
import type { ExitCode } from "../run/invocation.ts";
import { shortNames, type Stale } from "../units/stale.ts";
import type { Work } from "./work.ts";

/** The result of an apply, or of a change that was not applied. */
export interface Applied {
  readonly code: ExitCode;
  /** The work that was done. */
  readonly done: Work;
  /** The services that run with the units of an earlier render. */
  readonly left: Pick<Stale, "restart" | "stop">;
  /** Services that were reloaded. */
  readonly reread: readonly string[];
  /** The engines that were restarted, if not all of them are ready. */
  readonly unready?: readonly string[];
  /** The order that failed, with the message of systemd. */
  readonly error: string | undefined;
}

/** Prints the services that were restarted or stopped, and those that run with former settings. */
export function printApplied({ terminal: { out, err } }: CommandContext, applied: Applied): void {
  const { done, reread, left, error } = applied;
  const line = (words: string, services: readonly string[], more: readonly string[] = []) => {
    const names = [...shortNames(services), ...more];
    if (names.length > 0) out(`${words}: ${names.map(printable).join(", ")}\n`);
  };
  const [restarted, restarting] = withoutVessel(done.restart);
  const [stopped, stopping] = withoutVessel(done.stop);
  const [starting, started] = withoutVessel(done.start);
  line("restarted", restarted, hasPod(restarted) ? done.engines : []);
  // The front door finishes requests under way first.
  line("restarting", restarting);
  line("stopped", stopped);
  line("stopping", stopping);
  line("started", started);
  line("starting", starting);
  line("reloaded without a restart", reread);
  if (error !== undefined) err(`lychd: ${printable(error)}\n`);
  const words = leftWords(left);
  if (words.length > 0) err(`lychd: not applied yet: ${words.join("; ")}\nhint: lychd apply\n`);
}

function leftWords({ restart, stop }: Applied["left"]): string[] {
  const names = (services: readonly string[]) => shortNames(services).map(printable).join(", ");
  return [
    ...hasPod(restart)
      ? ["the pod must restart, and with it every engine"]
      : restart.length > 0
      ? [`${names(restart)} must restart`]
      : [],
    ...stop.length > 0 ? [`${names(stop)} must stop, since no unit is rendered for it`] : [],
  ];
}

function hasPod(services: readonly string[]): boolean {
  return services.includes(SEPULCHER.service);
}

/** Splits services into all others, and the Vessel. */
function withoutVessel(services: readonly string[]): [others: string[], vessel: string[]] {
  const isVessel = (service: string) => service === VESSEL.service;
  return [services.filter((service) => !isVessel(service)), services.filter(isVessel)];
}

/** Returns what was applied for `--json`. */
export function appliedJson({ done, left, reread, unready, error }: Applied) {
  const [restarted, restarting] = withoutVessel(done.restart);
  const [stopped, stopping] = withoutVessel(done.stop);
  return {
    restart_needed: left.restart,
    stop_needed: left.stop,
    restarted,
    restarting,
    stopped,
    stopping,
    started: done.start,
    reread,
    ...unready === undefined ? {} : { not_ready: unready },
    ...error === undefined ? {} : { error },
  };
}
