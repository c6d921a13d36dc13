/** The containers of the input, and the groups or slots that their `Conflicts=` and `WantedBy=` become. */
import { soulstoneUnit } from "../../rune/names.ts";
import { isOnHost } from "../container.ts";
import { coverOf, freeName, mayAllCoexist, placeInGroups } from "../groups.ts";
import type { ImportContext } from "../imported.ts";
import type { ImportReport } from "../report.ts";
import { all, type Container } from "../setting.ts";
import { settingsOf } from "./settings.ts";
import type { QuadletUnit } from "./units.ts";

/** A container of the input. */
export interface Engine extends Container {
  readonly unit: QuadletUnit;
  /** The names that other units may use: its service and its file. */
  readonly names: readonly string[];
}

/** Returns every container of the input, in order. */
export function enginesOf(
  units: readonly QuadletUnit[],
  context: ImportContext,
  report: ImportReport,
): Engine[] {
  const taken = new Set<string>();
  const named = units.filter((unit) => unit.kind === "container").map((unit) => {
    const service = unit.lines.findLast(({ section, key }) =>
      section === "Container" && key === "ServiceName"
    );
    const names = [`${service?.value || unit.base}.service`, `${unit.base}.container`];
    return { unit, name: freeName(unit.base, taken), names };
  });
  return named.map(({ unit, name, names }): Engine => {
    const settings = settingsOf(unit, context, report.of(name));
    return {
      unit,
      names,
      name,
      settings,
      heading: [
        `From ${unit.path}.`,
        ...unit.base.endsWith("@")
          ? [
            "It is a template: import a copy named " +
            `${unit.base}INSTANCE.container for each instance.`,
          ]
          : [],
      ],
      // A unit without devices has none, whatever the default of lychd.toml is.
      fixed: [{ path: ["devices"], value: [] }],
      onHost: isOnHost({ settings }) ? { port: undefined } : undefined,
    };
  });
}

/** Gives each engine the new names of the others: of their units, and of their containers. */
export function withNewNames(engines: readonly Engine[]): Engine[] {
  const renamed = new Map(
    engines.flatMap(({ name, names }) =>
      names.map((old) => [old, soulstoneUnit(name).service] as const)
    ),
  );
  // Some commands name the container like its unit, without the prefix of Quadlet.
  const containers = new Map(
    [(engine: Engine) => engine.unit.base, containerName].flatMap((nameOf) =>
      engines.map((engine) => [nameOf(engine), soulstoneUnit(engine.name).container] as const)
    ),
  );
  return engines.map((engine) => ({
    ...engine,
    renamed,
    containers,
    hosts: [
      containerName(engine),
      ...["HostName", "NetworkAlias"].flatMap((key) => all(engine, key).map((s) => s.value)),
      // A network has its aliases among its options, after its name.
      ...all(engine, "Network").flatMap(({ value }) =>
        value.split(/[:,]/).flatMap((option) => /^alias=(.+)$/.exec(option)?.[1] ?? [])
      ),
    ],
    pod: all(engine, "Pod").at(-1)?.value,
  }));
}

/** Returns the name of the container of the input, as Quadlet gives it. */
function containerName(engine: Engine): string {
  return all(engine, "ContainerName").at(-1)?.value ??
    `systemd-${engine.unit.base.replace("@", "_")}`;
}

/** Targets of the user's systemd that start with the host. */
const BOOT_TARGETS = /^(?:default|multi-user|graphical)\.target$/;

/**
 * Puts engines into groups or slots so that two exclude each other exactly if one conflicts with the other.
 * Engines without a conflict run together with all others, as units do.
 */
export function withGroups(
  engines: readonly Engine[],
  context: ImportContext,
  report: ImportReport,
): { placed: Engine[]; bootCoven: string | undefined } {
  const named = ({ settings }: Engine, section: string, key: string) =>
    settings.filter((s) => s.section === section && s.key === key);
  const ownerOf = (name: string) => engines.find(({ names }) => names.includes(name))?.name;
  const conflicts = new Map(engines.map((engine) =>
    [
      engine.name,
      new Set(named(engine, "Unit", "Conflicts").map(({ value }) => ownerOf(value))),
    ] as const
  ));
  const mayCoexist = (a: string, b: string) =>
    !conflicts.get(a)?.has(b) && !conflicts.get(b)?.has(a);
  const names = engines.map(({ name }) => name);
  const cover = coverOf(names, mayCoexist);
  const { fieldsOf, bootCoven } = placeInGroups(
    {
      ...cover,
      residents: [],
      mayAllRun: (members) => mayAllCoexist(members, mayCoexist),
      starts: engines.flatMap((engine) =>
        named(engine, "Install", "WantedBy").filter(({ value }) => BOOT_TARGETS.test(value))
          .map(({ item }) => ({ engine: engine.name, item }))
      ),
    },
    context,
    report,
  );
  const excludedBy = cover.slots.length > 0 ? "slot" : "groups";
  const placed = engines.map((engine): Engine => {
    for (const { item, value } of named(engine, "Unit", "Conflicts")) {
      if (ownerOf(value) === undefined) continue;
      report.of(engine.name).record(item, "carried", { to: excludedBy });
    }
    const rivals = engines.filter((other) => !mayCoexist(engine.name, other.name));
    return {
      ...engine,
      settings: engine.settings.filter(({ item }) => !report.has(item)),
      fixed: [...engine.fixed, ...fieldsOf(engine.name)],
      rivals: new Map(rivals.flatMap((rival) => rival.names.map((name) => [name, excludedBy]))),
    };
  });
  return { placed, bootCoven };
}
