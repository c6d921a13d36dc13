/** The output of a summon: lines on stderr, one of them live on a terminal, or events as JSON. */
import { cursor, erase } from "sisteransi";
import { printable } from "../core/report/printable.ts";
import { printJson } from "../run/say.ts";
import type { CommandContext } from "../run/context.ts";
import type { ExitCode } from "../run/invocation.ts";
import type { Refusal } from "../run/refusal.ts";
import type { Phase } from "./follow.ts";

/** The output of a summon. */
export type SummonEvents = ReturnType<typeof summonEvents>;

/** Returns the output of a summon on this terminal. */
export function summonEvents({ terminal }: CommandContext, json: boolean) {
  const isLive = terminal.errIsTerminal && !json;
  const { dim, columns } = terminal.errPalette;
  const startMilliseconds = performance.now();
  let current: { phase: Phase; sinceMilliseconds: number; names: readonly string[] } | undefined;
  let hasWaited = false;

  function secondsSince(milliseconds: number): number {
    return Number(((performance.now() - milliseconds) / 1000).toFixed(3));
  }
  function line(phase: Phase, about: string): string {
    const seconds = secondsSince(current?.sinceMilliseconds ?? startMilliseconds);
    return `  ${phase.padEnd(7)} ${seconds.toFixed(1).padStart(6)} s  ${printable(about)}`;
  }
  /** Removes the live line. */
  function clear(): void {
    if (isLive) terminal.err(`${erase.line}${cursor.to(0)}`);
  }
  /** Prints an event with `--json`, otherwise `text` and the hint. */
  function emit(event: Readonly<Record<string, unknown>>, text?: string, hint?: string): void {
    if (json) return printJson({ terminal }, event, 0);
    const lines = [text, hint && `hint: ${printable(hint)}`].filter((l) => l !== undefined);
    if (lines.length === 0) return;
    clear();
    terminal.err(`${lines.join("\n")}\n`);
  }
  return {
    clear,
    emit,
    /** Returns the seconds since the summon started. */
    seconds: () => secondsSince(startMilliseconds),
    /** Starts a phase, without output. */
    startPhase(phase: Phase, names: readonly string[]): void {
      current = { phase, sinceMilliseconds: performance.now(), names };
      hasWaited = false;
    },
    /** Updates the live line, on a terminal. */
    waiting(phase: Phase, names: readonly string[], detail?: string): void {
      hasWaited = true;
      if (!isLive) return;
      const about = `${names.join(", ")}${detail === undefined ? "" : `: ${detail}`}`;
      const shown = line(phase, about);
      clear();
      // A line of the full width would continue on the next one, which nothing removes.
      terminal.err(dim(shown.length < columns ? shown : `${shown.slice(0, columns - 4)}...`));
    },
    /**
     * Ends the current phase, if any, with its duration. The text is printed only if something waited
     * for the phase; `isDone` is false if it did not finish.
     */
    endPhase(isDone: boolean, detail?: string): void {
      if (current === undefined) return;
      const { phase, names, sinceMilliseconds } = current;
      const seconds = secondsSince(sinceMilliseconds);
      const isShown = hasWaited && (isDone || detail !== undefined);
      const event = { event: "phase", phase, seconds, names, done: isDone };
      emit(
        detail === undefined ? event : { ...event, detail },
        isShown ? line(phase, detail ?? names.join(", ")) : undefined,
      );
      current = undefined;
    },
    /** Prints a refusal and returns its exit code. */
    refused({ message, hint, code }: Refusal): ExitCode {
      const event = { event: "refused", message, ...hint && { hint } };
      emit(event, `lychd: ${printable(message)}`, hint);
      return code;
    },
  };
}
