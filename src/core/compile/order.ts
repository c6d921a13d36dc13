import type { Soulstone } from "../codex/mod.ts";
import { type Finding, finding } from "../report/mod.ts";
import { soulstoneUnit } from "../rune/mod.ts";
import { unitsIn } from "./quadlet_rules.ts";

/** One unit starts after another. */
interface Order {
  readonly later: string;
  readonly earlier: string;
}

/**
 * Returns a finding for each After= and Before= of a `quadlet` table that is part of a cycle. systemd
 * 257 refuses to stop units in a cycle ("Transaction order is cyclic"), and drops starts of them.
 *
 * @param conflicts The rivals of each Soulstone, by name. One of each pair is ordered after the other.
 */
export function cycleFindings(
  soulstones: readonly Soulstone[],
  conflicts: ReadonlyMap<string, readonly string[]>,
): Finding[] {
  const given = soulstones.flatMap(ordersOf);
  if (given.length === 0) return [];
  const own = soulstones.flatMap(({ name }) =>
    (conflicts.get(name) ?? []).filter((rival) => rival < name).map((rival): Order => ({
      later: soulstoneUnit(name).service,
      earlier: soulstoneUnit(rival).service,
    }))
  );
  const inCycle = new Set(withoutEnds([...own, ...given]));
  return given.filter((order) => inCycle.has(order)).map(({ key, value, place }) =>
    finding("quadlet-value-reserved", place, {
      section: "Unit",
      key,
      value,
      why: "the orders of the units would form a cycle, and systemd would refuse to stop them",
      instead: "remove it: of two that exclude each other, the first by name is ordered first",
    })
  );
}

function ordersOf(soulstone: Soulstone) {
  const own = soulstoneUnit(soulstone.name).service;
  return (["After", "Before"] as const).flatMap((key) => {
    const given = soulstone.quadlet["Unit"]?.[key] ?? [];
    return [given].flat().flatMap((text, i) => {
      const place = soulstone.placeOf(["quadlet", "Unit", key, ...Array.isArray(given) ? [i] : []]);
      return unitsIn(String(text)).map((value) => ({
        later: key === "After" ? own : value,
        earlier: key === "After" ? value : own,
        key,
        value,
        place,
      }));
    });
  });
}

/** Returns the orders in cycles, and those that lead from one cycle to another. */
function withoutEnds<T extends Order>(orders: readonly T[]): T[] {
  const left = withoutFirst(orders);
  const reversed = left.map((order) => ({ later: order.earlier, earlier: order.later, order }));
  return withoutFirst(reversed).map(({ order }) => order);
}

/** Removes units that are after no other, and then those that are after only such units. */
function withoutFirst<T extends Order>(orders: readonly T[]): T[] {
  const laterThan = Map.groupBy(orders, ({ earlier }) => earlier);
  const waitsFor = new Map<string, number>();
  for (const { later } of orders) waitsFor.set(later, (waitsFor.get(later) ?? 0) + 1);
  const removed = new Set([...laterThan.keys()].filter((unit) => !waitsFor.has(unit)));
  for (const unit of removed) {
    for (const { later } of laterThan.get(unit) ?? []) {
      const left = (waitsFor.get(later) ?? 0) - 1;
      waitsFor.set(later, left);
      if (left === 0) removed.add(later);
    }
  }
  return orders.filter(({ earlier }) => !removed.has(earlier));
}
