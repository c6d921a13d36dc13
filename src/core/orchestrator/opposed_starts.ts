import type { Condition } from "./condition.ts";
import { conflict, enginesNamed, type Inventory, isStoppedBy } from "./inventory.ts";
import type { Transition } from "./transition.ts";

/** The engines of a host while jobs are queued. */
export interface Queued {
  readonly conditions: ReadonlyMap<string, Condition>;
  /** The type of each queued job of systemd, by unit. */
  readonly jobs: ReadonlyMap<string, string>;
}

/**
 * Returns the engines whose queued start a transition would replace; sorted. Restarts by systemd after
 * a crash do not count: an engine that crashes forever must not block every other.
 *
 * @example
 * ```ts
 * import { opposedStarts } from "./opposed_starts.ts";
 * const plan = { choice: { kind: "running", name: "", unit: undefined }, wanted: [] } as const;
 * opposedStarts(plan, { engines: [], covens: [] }, { conditions: new Map(), jobs: new Map() }); // []
 * ```
 */
export function opposedStarts(
  { choice, wanted }: Pick<Transition, "choice" | "wanted">,
  inventory: Inventory,
  { conditions, jobs }: Queued,
): string[] {
  const staying = enginesNamed(inventory, wanted);
  const coven = inventory.covens.find(({ name }) =>
    choice.kind === "coven" && name === choice.name
  );
  return inventory.engines.filter((engine) => {
    const { state, restarts } = conditions.get(engine.name) ?? {};
    const isStart = ["start", "restart"].includes(jobs.get(engine.service) ?? "");
    if (!isStart || state === "restarting" || restarts !== 0) return false;
    return !staying.includes(engine) &&
      (coven !== undefined && isStoppedBy(coven, engine) ||
        staying.some((other) => conflict(engine, other)));
  }).map(({ name }) => name).sort();
}
