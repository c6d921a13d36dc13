import { covenTarget, directive, soulstoneUnit, type Unit } from "../rune/mod.ts";
import { type Coven, rivalsOf } from "./covens.ts";

/**
 * Returns the target of a Coven. The target stops when one of the outsiders starts, or a Coven that
 * has one. Its own Soulstones keep running, because another Coven may share them.
 */
export function covenTargetOf(coven: Coven, covens: readonly Coven[]): Unit {
  const services = (names: readonly string[]) =>
    names.map((name) => ({ text: soulstoneUnit(name).service }));
  const members = services(coven.members);
  const outsiders = services(coven.outsiders);
  const rivals = rivalsOf(coven, covens);
  return {
    Unit: {
      Description: directive(`LychD Coven ${coven.name}`),
      Wants: members,
      // Without the outsiders the target would be reached while one of them is still stopping, and the
      // next start would collide with that stop.
      After: [...members, ...outsiders],
      Conflicts: [...outsiders, ...rivals.map(({ name }) => ({ text: covenTarget(name) }))],
      // Otherwise the user's default.target would wait until the models are loaded.
      DefaultDependencies: directive("no"),
    },
    "X-Lychd": { Coven: directive(coven.name), Members: directive(coven.members.join(" ")) },
  };
}

/** The comments of the target. */
export const COVEN_COMMENTS = {
  "Unit.Wants": [
    "The Soulstones start together. The target is reached when all of them are ready, and those that",
    "it conflicts with have stopped.",
  ],
  "Unit.Conflicts": [
    "None of these runs while the target is active. It stops when one of them starts.",
  ],
};
