import type { Palette } from "../core/report/palette.ts";
import { printable } from "../core/report/printable.ts";
import { wrap } from "../core/report/text.ts";
import { tableLines } from "../core/report/table.ts";
import { stateText } from "./about.ts";
import {
  bytesText,
  durationText,
  problemText,
  type Row,
  rowsOf,
  staleText,
  type Status,
  timeText,
  vramText,
} from "./status_text.ts";

/** Returns everything that is known about each engine and service of a status. */
export function detailsText(status: Status, palette: Palette): string {
  const { engines, services } = rowsOf(status);
  return [...engines, ...services].map((row) => detailsOf(row, status, palette)).join("\n");
}

function detailsOf(row: Row, { logs, stale, atSeconds }: Status, palette: Palette): string {
  const { name, service, condition, problem } = row;
  const log = logs?.get(service) ?? [];
  const lines = [
    `${palette.strong(name)}: ${stateText(condition.state, palette)}`,
    ...problem === undefined
      ? []
      : wrap(problemText(problem), 2, palette.columns).map(palette.hint),
    ...tableLines(factsOf(row, { stale, atSeconds })).map((line) => `  ${line}`),
    ...log.length === 0
      ? []
      : [`  last lines (lychd logs ${name}):`, ...log.map((line) => `    ${line}`)],
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** Returns the facts that are known, each with its name. */
function factsOf(
  row: Row,
  { stale, atSeconds }: Pick<Status, "stale" | "atSeconds">,
): string[][] {
  const { service, unit, condition, uri, engine } = row;
  const since = timeText(unit);
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["unit", service],
    [
      "since",
      since && `${since} (${durationText(atSeconds - (unit?.sinceSeconds ?? atSeconds))} ago)`,
    ],
    ["stale", staleText(row, stale)],
    ["restarts", String(condition.restarts)],
    ["RAM", bytesText(unit?.memoryBytes)],
    ["VRAM", engine && vramText(engine)],
    ["uri", uri],
    ["Covens", engine && (engine.resident ? "resident" : engine.covens.join(", "))],
    ["slot", engine?.slot],
    ["offers", engine?.capabilities.join(", ")],
    ["conflicts", engine?.conflicts.join(", ")],
  ];
  return facts.flatMap(([name, value]) => value ? [[name, printable(value)]] : []);
}
