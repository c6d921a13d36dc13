import type { Container } from "../setting.ts";
import type { ImportContext } from "../imported.ts";
import type { Ledger } from "../ledger.ts";
import { freeName } from "../names.ts";
import { settingsOf } from "./settings.ts";
import type { QuadletUnit } from "./units.ts";

/** A container of the input, and what other units call it. */
export interface Engine extends Container {
  readonly unit: QuadletUnit;
  /** The service that Quadlet makes of it, and its file: other units may use both names. */
  readonly names: readonly string[];
}

/** Every container of the input, in its order. */
export function enginesOf(
  units: readonly QuadletUnit[],
  context: ImportContext,
  ledger: Ledger,
): Engine[] {
  const taken = new Set<string>();
  const named = units.filter((unit) => unit.kind === "container").map((unit) => {
    const service = unit.lines.findLast(({ section, key }) =>
      section === "Container" && key === "ServiceName"
    );
    const names = [`${service?.value || unit.base}.service`, `${unit.base}.container`];
    return { unit, name: freeName(unit.base, taken), names };
  });
  const renamed = new Map(
    named.flatMap(({ name, names }) => names.map((n) => [n, `soulstone-${name}.service`] as const)),
  );
  return named.map(({ unit, name, names }): Engine => {
    const settings = settingsOf(unit, name, context, ledger);
    return {
      unit,
      names,
      name,
      settings,
      heading: [
        `From ${unit.path}.`,
        ...unit.base.includes("@") ? ["It is a template: each instance is a Soulstone."] : [],
      ],
      // A unit without devices has none, whatever lychd.toml says.
      fixed: [{ path: ["devices"], value: [] }],
      proposals: [],
      onHost: settings.some(({ key, value }) => key === "Network" && value === "host")
        ? { port: undefined }
        : undefined,
      renamed,
      rivals: new Set(),
    };
  });
}
