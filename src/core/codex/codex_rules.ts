import { type Finding, finding, type Place, quoted, startOf } from "../report/mod.ts";
import { type Codex, type Soulstone, watchersOf } from "./codex.ts";
import { duplicates } from "./duplicates.ts";
import { FIRST_FREE_PORT } from "./limits.ts";
import { isLoopback } from "./loopback.ts";
import { portalFindings } from "./portal_rules.ts";
import { nextFreePort, parsePortRange, portOwners } from "./ports.ts";
import type { RuleContext } from "./rule_context.ts";
import { scrapeConfigFindings } from "./scrape_configs.ts";
import { aliasFindings, vesselFindings } from "./vessel_rules.ts";

/** Checks the rules between several tables or files, such as unique names and ports. */
export function codexFindings(codex: Codex, context: RuleContext): Finding[] {
  return [
    ...nameFindings(codex.soulstones),
    ...similarNameFindings(codex.soulstones),
    ...slotFindings(codex.soulstones),
    ...aliasFindings(codex.soulstones),
    ...portFindings(codex, context),
    ...reserveFindings(codex, context),
    ...bootFindings(codex, context),
    ...addressFindings(codex, context),
    ...watcherFindings(codex, context),
    ...vesselFindings(codex, context),
    ...portalFindings(codex),
    ...scrapeConfigFindings(codex),
  ];
}

function nameFindings(soulstones: readonly Soulstone[]): Finding[] {
  return duplicates(soulstones, ({ name }) => name).map(({ item, first }) =>
    finding("name-taken", item.placeOf([]), { name: item.name }, {
      place: first.placeOf([]),
      label: "first defined here",
    })
  );
}

/** Finds names of Soulstones, of groups and of slots that differ only in upper and lower case. */
function similarNameFindings(soulstones: readonly Soulstone[]): Finding[] {
  const names = soulstones.map((s) => ({ name: s.name, place: s.placeOf([]) }));
  const groups = soulstones.flatMap((s) =>
    s.groups.map((name) => ({ name, place: s.placeOf(["groups"]) }))
  );
  const slots = soulstones.flatMap((s) =>
    s.slot === undefined ? [] : [{ name: s.slot, place: s.placeOf(["slot"]) }]
  );
  return [names, groups, slots].flatMap((all) => {
    const distinct = [...new Map(all.map((each) => [each.name, each])).values()];
    return duplicates(distinct, ({ name }) => name.toLowerCase()).map(({ item, first }) =>
      finding("name-similar", item.place, { name: item.name, other: first.name }, {
        place: first.place,
        label: "the other name",
      })
    );
  });
}

/** Finds Soulstones that are in the same slot as another member of one of their groups. */
function slotFindings(soulstones: readonly Soulstone[]): Finding[] {
  const slotted = soulstones.filter((s) => s.slot !== undefined && !s.resident);
  return slotted.flatMap((soulstone, i) => {
    const { name, slot = "", groups } = soulstone;
    const sharedWith = (s: Soulstone) => s.groups.find((group) => groups.includes(group));
    const other = slotted.slice(0, i).find((s) => s.slot === slot && sharedWith(s) !== undefined);
    if (other === undefined) return [];
    const parameters = { name, other: other.name, group: sharedWith(other) ?? "", slot };
    const related = { place: other.placeOf(["slot"]), label: `the slot of ${quoted(other.name)}` };
    return [finding("slot-taken", soulstone.placeOf(["slot"]), parameters, related)];
  });
}

/** A port and its owner. */
interface Claim {
  readonly port: number;
  readonly owner: string;
  /** Undefined for a default. */
  readonly place: Place | undefined;
}

/** Returns every claim, defaults first, so that a conflict is reported where a port is set. */
function portClaims(codex: Codex, settingsPlace: RuleContext["settingsPlace"]): Claim[] {
  const claims = portOwners(codex).filter(({ isUsed }) => isUsed)
    .map(({ port, owner, source }): Claim => {
      const isTable = typeof source === "string";
      const place = isTable ? settingsPlace([source, "port"]) : source.placeOf(["port"]);
      return { port, owner, place };
    });
  return claims.sort((a, b) => Number(a.place !== undefined) - Number(b.place !== undefined));
}

function portFindings(codex: Codex, { settingsPlace }: RuleContext): Finding[] {
  const claims = portClaims(codex, settingsPlace);
  const taken = new Set(claims.map((claim) => claim.port));
  return duplicates(claims, ({ port }) => port).map(({ item, first }) => {
    const free = freePortAfter(item.port, taken);
    taken.add(free);
    return portTaken(item.place ?? startOf("lychd.toml"), first, free);
  });
}

function portTaken(place: Place, { port, owner, place: other }: Claim, free: number): Finding {
  return other === undefined
    ? finding("port-taken", place, { port, owner: `${owner} by default`, free })
    : finding("port-taken", place, { port, owner, free }, {
      place: other,
      label: `used by ${owner}`,
    });
}

function freePortAfter(port: number, taken: ReadonlySet<number>): number {
  return nextFreePort(Math.max(port, FIRST_FREE_PORT) + 1, (other) => taken.has(other));
}

function reserveFindings(codex: Codex, { settingsPlace }: RuleContext): Finding[] {
  const text = codex.settings.sepulcher.reserve_ports;
  const place = settingsPlace(["sepulcher", "reserve_ports"]);
  if (text === undefined || place === undefined) return [];
  const range = parsePortRange(text);
  if (range === undefined) return [finding("port-range-invalid", place, { value: text })];
  const contains = ({ port }: { port: number }) => port >= range.first && port <= range.last;
  const hidden = codex.soulstones.filter((s) => !s.port_expose && contains(s)).map((s) =>
    finding("port-exposed", s.placeOf(["port_expose"]), { port: s.port, range: text })
  );
  const taken = new Set(codex.soulstones.map((s) => s.port));
  const conflicts = portClaims({ ...codex, soulstones: [] }, settingsPlace).filter(contains)
    .map((claim) => portTaken(place, claim, freePortAfter(range.last, taken)));
  return [...hidden, ...conflicts];
}

function bootFindings(codex: Codex, { settingsPlace, isComplete }: RuleContext): Finding[] {
  const name = codex.settings.boot_coven;
  const place = settingsPlace(["boot_coven"]);
  if (name === undefined || place === undefined || !isComplete) return [];
  const known = [...new Set(codex.soulstones.flatMap((s) => s.groups))].sort();
  return known.includes(name) ? [] : [finding("coven-unknown", place, { value: name, known })];
}

function addressFindings(codex: Codex, { settingsPlace }: RuleContext): Finding[] {
  const address = codex.settings.sepulcher.bind_address;
  const place = settingsPlace(["sepulcher", "bind_address"]);
  return place === undefined || isLoopback(address)
    ? []
    : [finding("bind-everywhere", place, { address })];
}

/** Checks that every Watcher has data to show, and a user who can log in. */
function watcherFindings(codex: Codex, { settingsPlace }: RuleContext): Finding[] {
  const { harvester, scribe, gpuExporter } = watchersOf(codex.settings);
  const isClosed = scribe && !codex.settings.scribe.anonymous_viewer &&
    settingsPlace(["scribe", "admin_password_secret"]) === undefined;
  const problems = [
    ["watcher-without-harvester", ["scribe", "enabled"], scribe && !harvester],
    ["watcher-without-harvester", ["gpu_exporter", "enabled"], gpuExporter && !harvester],
    ["scribe-closed", ["scribe", "anonymous_viewer"], isClosed],
  ] as const;
  return problems.flatMap(([code, path, applies]) => {
    const place = settingsPlace(path);
    return applies && place !== undefined ? [finding(code, place, {})] : [];
  });
}
