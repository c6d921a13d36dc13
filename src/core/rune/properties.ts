/**
 * Reads the output of `systemctl show`: blocks of `Property=value` lines, by their `Id`. The manager
 * itself has no `Id`; its key is the empty string.
 *
 * @example
 * ```ts
 * import { readProperties } from "./properties.ts";
 * readProperties("Id=a.service\nJob=7\n").get("a.service")?.get("Job"); // "7"
 * ```
 */
export function readProperties(text: string): Map<string, ReadonlyMap<string, string>> {
  const blocks = text.split("\n\n").filter((block) => block.trim() !== "");
  return new Map(blocks.map((block) => {
    const pairs = block.split("\n").flatMap((line) => {
      const equals = line.indexOf("=");
      return equals < 0 ? [] : [[line.slice(0, equals), line.slice(equals + 1)] as const];
    });
    const values = new Map(pairs);
    return [values.get("Id") ?? "", values];
  }));
}

/** The options of `systemctl list-unit-files` for {@linkcode readUnitFiles}. */
export const UNIT_FILES_OPTIONS = ["--no-legend", "--no-pager", "--full"] as const;

/**
 * Reads the output of `systemctl list-unit-files`: the state of each file, by unit.
 *
 * @example
 * ```ts
 * import { readUnitFiles } from "./properties.ts";
 * readUnitFiles("eye.service masked enabled\n").get("eye.service"); // "masked"
 * ```
 */
export function readUnitFiles(text: string): Map<string, string> {
  return new Map(
    text.split("\n").flatMap((line) => {
      const [unit = "", state] = line.trim().split(/\s+/);
      return state === undefined ? [] : [[unit, state]];
    }),
  );
}
