import { type Facts, partOf } from "../../facts.ts";
import { readProperties } from "../../rune/properties.ts";

/** Returns the properties in a `systemctl show` fact, by unit; those of the manager by the empty name. */
export function propertiesOf(
  facts: Facts,
  id: string,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  return readProperties(partOf(facts, id) ?? "");
}
