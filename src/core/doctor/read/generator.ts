import type { Facts } from "../../facts.ts";
import { GENERATOR_PLACES } from "../probes.ts";
import { filesOf } from "./files.ts";

/**
 * Where systemd finds the generator of the user: of systemd.generator(7)'s folders the first that has
 * the name counts, and a link to /dev/null masks it. Nothing where no folder has it.
 */
export function generatorOf(
  facts: Facts,
): { readonly path: string; readonly isMasked: boolean } | undefined {
  const places = filesOf(facts, "generator-places");
  const path = GENERATOR_PLACES.find((place) => places.has(place));
  if (path === undefined) return undefined;
  return { path, isMasked: places.get(path)?.kind !== "regular file" };
}
