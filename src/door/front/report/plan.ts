import type { Plan } from "../../../core/api/schema.ts";
import { drainText } from "../../../core/dispatcher/drain_text.ts";
import { unitsToStop } from "../../../core/orchestrator/inventory.ts";
import { planWords, transitionText } from "../../../core/orchestrator/transition_text.ts";
import { readName, type WishProblem } from "../../../core/orchestrator/wish.ts";
import { PLAIN } from "../../../core/report/palette.ts";
import { tableLines } from "../../../core/report/table.ts";
import { soulstoneOf } from "../../../core/rune/names.ts";
import type { Driver } from "../dispatch/driver.ts";
import { Refused } from "../request/refused.ts";

/**
 * Returns what an order would do now: `wish=NAME`, once for each capability, or `banish=NAME`, or `banish`
 * for all engines. Throws a Refused for another query, and if there is no way to do it.
 */
export function planOf(query: URLSearchParams, driver: Driver): Plan {
  const keys = [...new Set(query.keys())];
  const isOne = keys.length === 1 && query.getAll("banish").length <= 1;
  if (isOne && keys[0] === "wish") return planOfSummon(query.getAll("wish"), driver);
  if (isOne && keys[0] === "banish") return planOfBanish(query.get("banish") ?? "", driver);
  const message =
    "the query must be wish=NAME, once for each capability, or banish=NAME, or banish";
  throw new Refused({ status: 400, code: "bad_query", message });
}

function planOfSummon(words: readonly string[], driver: Driver): Plan {
  const { running, units: { inventory } } = driver;
  const known = new Set(inventory.engines.map(({ name }) => name));
  const strays = [...running.up].filter((name) => !known.has(name));
  const planned = planWords(words, inventory, { running, strays });
  if ("problem" in planned) throw notPlanned(planned.problem);
  const { start, stop, keep } = planned.transition;
  const stops = stop.map(({ name }) => name);
  const lines = transitionText(planned.transition, PLAIN).trimEnd().split("\n");
  return { starts: [...start], keeps: [...keep], ...stopping(stops, lines, driver) };
}

function planOfBanish(name: string, driver: Driver): Plan {
  const { engines, units: { inventory } } = driver;
  const up = [...engines].filter(([, state]) => state !== "down").map(([engine]) => engine).sort();
  const read = name === "" ? undefined : readName(name, inventory);
  if (read !== undefined && "problem" in read) throw notPlanned(read.problem);
  const units = read && unitsToStop(read.name, inventory);
  const named = units?.map((unit) => soulstoneOf(unit)) ?? up;
  const [stops, keeps] = [
    up.filter((engine) => named.includes(engine)),
    up.filter((engine) => !named.includes(engine)),
  ];
  const rows = [...stops.map((engine) => ["stop", engine]), ...keeps.map((e) => ["keep", e])];
  const lines = stops.length === 0 ? ["no engine stops", ...tableLines(rows)] : tableLines(rows);
  return { starts: [], keeps, ...stopping(stops, lines, driver) };
}

/** Returns the parts of a plan about the engines that it stops, and their requests. */
function stopping(stops: string[], lines: readonly string[], { status }: Driver) {
  const busy = status.engines.filter(({ name }) => stops.includes(name));
  const drain = drainText(status, stops);
  return {
    stops,
    lines: [...lines, ...drain === undefined ? [] : [drain]],
    requests_under_way: busy.reduce((sum, { underWay }) => sum + underWay, 0),
  };
}

function notPlanned({ reason, message, hint }: WishProblem): Refused {
  const words = hint === undefined ? message : `${message} (${hint})`;
  return new Refused(
    reason === "unknown" || reason === "not-offered"
      ? { status: 404, code: "unknown_name", message: words }
      : { status: 409, code: "no_plan", message: words },
  );
}
