/** From `Conflicts=` between imported units to groups, and from `WantedBy=` to a Coven of the boot. */
import { bootGroups } from "../boot.ts";
import type { ImportContext } from "../imported.ts";
import type { Ledger } from "../ledger.ts";
import { freeName } from "../names.ts";
import { areFriends, groupsOf } from "../together.ts";
import type { Engine } from "./engine.ts";

/** Targets of a user's systemd by which a unit starts with the host. */
const BOOT_TARGETS = /^(?:default|multi-user|graphical)\.target$/;

/**
 * Puts engines into groups so that exactly those exclude each other of which one says so. Engines
 * that conflict with nobody run beside all, as units do.
 */
export function underTheLaw(
  engines: readonly Engine[],
  context: ImportContext,
  ledger: Ledger,
): { engines: Engine[]; bootCoven: string | undefined } {
  const ownerOf = (name: string) => engines.find(({ names }) => names.includes(name));
  const conflicts = engines.map((engine) =>
    new Set(named(engine, "Conflicts").flatMap(({ value }) => ownerOf(value)?.name ?? []))
  );
  const mayCoexist = (a: string, b: string) => {
    const at = (name: string) => conflicts[engines.findIndex((e) => e.name === name)];
    return at(a)?.has(b) !== true && at(b)?.has(a) !== true;
  };
  const taken = new Set(context.takenGroups);
  const names = engines.map(({ name }) => name);
  const groups = groupsOf(names, mayCoexist)
    .map(({ name, members }) => ({ name: freeName(name, taken), members }));
  const wanted = engines.map((engine) =>
    named(engine, "WantedBy").filter(({ value }) => BOOT_TARGETS.test(value))
  );
  const starting = names.filter((_, i) => wanted[i]?.length !== 0);
  const boot = bootGroups(
    groups,
    starting,
    (members) => areFriends(members, mayCoexist),
    taken,
  );
  for (const { item } of wanted.flat()) {
    if (boot.bootCoven === undefined) {
      const why =
        "engines that exclude each other cannot all start with the host: see `boot_coven`";
      ledger.note(item, "lost", { why });
    } else {
      const why = `boot_coven = "${boot.bootCoven}" in lychd.toml starts it with the host`;
      ledger.note(item, "changed", { to: "boot_coven", why });
    }
  }
  const placed = engines.map((engine): Engine => {
    const own = boot.groups.filter((g) => g.members.includes(engine.name)).map((g) => g.name);
    const rivals = engines.filter((other) => !mayCoexist(engine.name, other.name));
    for (const { item, value } of named(engine, "Conflicts")) {
      const soulstone = engine.name;
      const isImported = ownerOf(value) !== undefined;
      if (isImported) ledger.note(item, "carried", { soulstone, to: `${soulstone}.groups` });
    }
    return {
      ...engine,
      settings: engine.settings.filter(({ item }) => !ledger.has(item)),
      fixed: [
        ...engine.fixed,
        ...own.length === 0 ? [] : [{ path: ["groups"], value: own }],
      ],
      rivals: new Set(rivals.flatMap((rival) => rival.names)),
    };
  });
  return { engines: placed, bootCoven: boot.bootCoven };
}

/** The settings of `[Unit]` or `[Install]` that name units. */
function named({ settings }: Engine, key: "Conflicts" | "WantedBy") {
  const section = key === "WantedBy" ? "Install" : "Unit";
  return settings.filter((s) => s.section === section && s.key === key);
}
