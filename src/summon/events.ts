/** How a summon speaks: lines on stderr, one of them live on a terminal, or events as JSON. */
import { cursor, erase } from "sisteransi";
import { printable } from "../core/report/mod.ts";
import type { ExitCode } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { WIDTH } from "../run/table.ts";

/** A part of a summon that takes time. */
export type Phase = "stop" | "memory" | "start" | "healthy";

/** What a summon tells about itself. */
export interface SummonEvents {
  /** An event for programs; `line` is the same for people. */
  tell(event: Readonly<Record<string, unknown>>, line?: string): void;
  /** Begins a phase; nothing is told yet. */
  begun(phase: Phase, names: readonly string[]): void;
  /** Says what is waited for; where a line can be written over, it is. */
  waiting(phase: Phase, names: readonly string[], detail?: string): void;
  /**
   * Ends the phase that was begun, if any, and tells how long it took: programs always, people when
   * it was waited for. `isDone` tells whether it came to its end.
   */
  ended(isDone: boolean, detail?: string): void;
  /** The seconds since the summon began. */
  seconds(): number;
  /** Takes the live line away. */
  clear(): void;
  /** Says why nothing more is done; gives `code` back. */
  refused(message: string, code: ExitCode, hint?: string): ExitCode;
}

/** What a summon tells, on this terminal. */
export function summonEvents({ terminal }: CommandContext, json: boolean): SummonEvents {
  const isLive = terminal.errIsTerminal && !json;
  const { dim } = terminal.errPalette;
  const firstMilliseconds = performance.now();
  let now: { phase: Phase; sinceMilliseconds: number; names: readonly string[] } | undefined;
  let isSeen = false;

  function secondsSince(milliseconds: number): number {
    return Number(((performance.now() - milliseconds) / 1000).toFixed(3));
  }
  function line(phase: Phase, about: string): string {
    const seconds = secondsSince(now?.sinceMilliseconds ?? firstMilliseconds);
    return `  ${phase.padEnd(7)} ${seconds.toFixed(1).padStart(6)} s  ${printable(about)}`;
  }
  function clear(): void {
    if (isLive) terminal.err(`${erase.line}${cursor.to(0)}`);
  }
  return {
    clear,
    seconds: () => secondsSince(firstMilliseconds),
    tell(event, text) {
      if (json) terminal.out(`${JSON.stringify(event)}\n`);
      else if (text !== undefined) {
        clear();
        terminal.err(`${text}\n`);
      }
    },
    begun(phase, names) {
      now = { phase, sinceMilliseconds: performance.now(), names };
      isSeen = false;
    },
    waiting(phase, names, detail) {
      isSeen = true;
      if (!isLive) return;
      const about = `${names.join(", ")}${detail === undefined ? "" : `: ${detail}`}`;
      const shown = line(phase, about);
      terminal.err(
        `${erase.line}${cursor.to(0)}${
          dim(shown.length < WIDTH ? shown : shown.slice(0, WIDTH - 2) + "…")
        }`,
      );
    },
    ended(isDone, detail) {
      if (now === undefined) return;
      const { phase, names, sinceMilliseconds } = now;
      const seconds = secondsSince(sinceMilliseconds);
      const event = { event: "phase", phase, seconds, names, done: isDone };
      const about = detail ?? names.join(", ");
      const isTold = isSeen && (isDone || detail !== undefined);
      this.tell(
        detail === undefined ? event : { ...event, detail },
        isTold ? line(phase, about) : undefined,
      );
      now = undefined;
    },
    refused(message, code, hint) {
      const lines = [`lychd: ${printable(message)}`];
      if (hint !== undefined) lines.push(`hint: ${printable(hint)}`);
      this.tell({ event: "refused", message, ...hint && { hint } }, lines.join("\n"));
      return code;
    },
  };
}
