import { covenTarget, type Directive, soulstoneUnit, type Unit } from "../rune/mod.ts";
import type { Coven } from "./covens.ts";

/**
 * The target of a Coven. It ends when a Soulstone outside of it starts, and when another Coven with
 * other members does; its own Soulstones run on, since another Coven may share them.
 */
export function covenTargetOf(coven: Coven, covens: readonly Coven[]): Unit {
  const says = (text: string): Directive[] => [{ text }];
  const members = coven.members.map((name) => ({ text: soulstoneUnit(name).service }));
  const outsiders = coven.outsiders.map((name) => ({ text: soulstoneUnit(name).service }));
  const rivals = covens.filter((other) => !sameMembers(coven, other));
  return {
    Unit: {
      Description: says(`LychD Coven ${coven.name}`),
      Wants: members,
      // Behind the outsiders too: else the target would be reached while one of them still ends, and
      // the next start would meet its stop.
      After: [...members, ...outsiders],
      Conflicts: [
        ...outsiders,
        ...rivals.map((other) => ({ text: covenTarget(other.name) })),
      ],
      // Else the user's default.target would not be reached before the models are loaded.
      DefaultDependencies: says("no"),
    },
    "X-Lychd": { Coven: says(coven.name), Members: says(coven.members.join(" ")) },
  };
}

/** The drop-in that starts targets with the user's session. */
export function bootUnitOf(targets: readonly string[]): Unit {
  return { Unit: { Wants: targets.map((text) => ({ text })) } };
}

function sameMembers(a: Coven, b: Coven): boolean {
  return a.members.length === b.members.length && a.members.every((m, i) => m === b.members[i]);
}
