/** The result of applying what is rendered, or of not doing so, and its output. */
import { SEPULCHER } from "../core/rune/names.ts";
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
  line("restarted", done.restart, hasPod(done.restart) ? done.engines : []);
  line("stopped", done.stop);
  line("starting", done.start);
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

/** Returns what was applied for `--json`. */
export function appliedJson({ done, left, reread, unready, error }: Applied) {
  return {
    restart_needed: left.restart,
    stop_needed: left.stop,
    restarted: done.restart,
    stopped: done.stop,
    started: done.start,
    reread,
    ...unready === undefined ? {} : { not_ready: unready },
    ...error === undefined ? {} : { error },
  };
}
