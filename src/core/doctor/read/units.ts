import { type Facts, partOf } from "../../facts.ts";

/**
 * Reads `systemctl show` of several units, blocks of `Property=value` lines, by `Id`; of the
 * manager itself, which has none, by the empty name.
 */
export function propertiesOf(
  facts: Facts,
  id: string,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const blocks = (partOf(facts, id) ?? "").split("\n\n").filter((block) => block.trim() !== "");
  return new Map(blocks.map((block) => {
    const values = new Map(
      block.split("\n").filter((line) => line.includes("=")).map((line) => [
        line.slice(0, line.indexOf("=")),
        line.slice(line.indexOf("=") + 1),
      ]),
    );
    return [values.get("Id") ?? "", values];
  }));
}
