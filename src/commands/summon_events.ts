/** How a summon speaks: lines on stderr, one of them live on a terminal, or events as JSON. */
import { cursor, erase } from "sisteransi";
import { printable } from "../core/report/mod.ts";
import type { ExitCode } from "../invocation.ts";
import type { CommandContext } from "./context.ts";
import { WIDTH } from "./table.ts";

/** A part of a summon that takes time. */
export type Phase = "stop" | "memory" | "start" | "healthy";

/** What a summon tells about itself. */
export interface SummonEvents {
  /** An event for programs; `line` is the same for people. */
  tell(event: Readonly<Record<string, unknown>>, line?: string): void;
  /** Says what is waited for; where a line can be written over, it is. */
  waiting(phase: Phase, names: readonly string[], detail?: string): void;
  /** Ends a phase that was waited for, and tells how long it took. */
  ended(phase: Phase, detail?: string): void;
  /** Takes the live line away. */
  clear(): void;
  /** Says why nothing more is done; gives `code` back. */
  refused(message: string, code: ExitCode, hint?: string): ExitCode;
}

/** What a summon tells, on this terminal. */
export function summonEvents({ terminal }: CommandContext, json: boolean): SummonEvents {
  const isLive = terminal.errIsTerminal && !json;
  const { dim } = terminal.errPalette;
  let begun: { phase: Phase; atMilliseconds: number; names: readonly string[] } | undefined;

  function seconds(): number {
    return (performance.now() - (begun?.atMilliseconds ?? 0)) / 1000;
  }
  function line(phase: Phase, about: string): string {
    return `  ${phase.padEnd(7)} ${seconds().toFixed(1).padStart(6)} s  ${printable(about)}`;
  }
  function clear(): void {
    if (isLive) terminal.err(`${erase.line}${cursor.to(0)}`);
  }
  return {
    clear,
    tell(event, text) {
      if (json) terminal.out(`${JSON.stringify(event)}\n`);
      else if (text !== undefined) {
        clear();
        terminal.err(`${text}\n`);
      }
    },
    waiting(phase, names, detail) {
      if (begun?.phase !== phase) begun = { phase, atMilliseconds: performance.now(), names };
      if (!isLive) return;
      const about = `${names.join(", ")}${detail === undefined ? "" : `: ${detail}`}`;
      const shown = line(phase, about);
      terminal.err(
        `${erase.line}${cursor.to(0)}${
          dim(shown.length < WIDTH ? shown : shown.slice(0, WIDTH - 2) + "…")
        }`,
      );
    },
    ended(phase, detail) {
      if (begun?.phase !== phase) return;
      const about = detail ?? begun.names.join(", ");
      this.tell(
        { event: "phase", phase, seconds: Number(seconds().toFixed(3)), names: begun.names },
        line(phase, about),
      );
      begun = undefined;
    },
    refused(message, code, hint) {
      const lines = [`lychd: ${printable(message)}`];
      if (hint !== undefined) lines.push(`hint: ${printable(hint)}`);
      this.tell({ event: "refused", message, ...hint && { hint } }, lines.join("\n"));
      return code;
    },
  };
}
