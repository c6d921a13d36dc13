import { type Finding, finding, type Place, quoted, startOf } from "../report/mod.ts";
import { type Codex, type Soulstone, watchersOf } from "./codex.ts";
import { duplicates } from "./duplicates.ts";
import { FIRST_FREE_PORT } from "./limits.ts";
import { scrapeConfigFindings } from "./scrape_configs.ts";
import type { TomlPath } from "./toml.ts";

/** The state of the files that the rules depend on. */
export interface RuleContext {
  /** Returns the place of a setting, or undefined if it has its default. */
  readonly settingsPlace: (path: TomlPath) => Place | undefined;
  /** True if every Soulstone could be read; otherwise a group may be missing for that reason. */
  readonly isComplete: boolean;
}

/** Checks the rules between several tables or files, such as unique names and ports. */
export function codexFindings(codex: Codex, context: RuleContext): Finding[] {
  return [
    ...nameFindings(codex.soulstones),
    ...portFindings(codex, context),
    ...reserveFindings(codex, context),
    ...bootFindings(codex, context),
    ...addressFindings(codex, context),
    ...watcherFindings(codex, context),
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

/** A port and its owner. */
interface Claim {
  readonly port: number;
  readonly owner: string;
  /** Undefined for a default. */
  readonly place: Place | undefined;
}

/** Returns every claim, defaults first, so that a conflict is reported where a port is set. */
function portClaims(codex: Codex, settingsPlace: RuleContext["settingsPlace"]): Claim[] {
  const { harvester, scribe, gpu_exporter, vessel } = codex.settings;
  const watchers = watchersOf(codex.settings);
  const claims: Claim[] = [];
  const add = (section: string, port: number, owner: string) =>
    claims.push({ port, owner, place: settingsPlace([section, "port"]) });
  if (watchers.harvester) add("harvester", harvester.port, "the Harvester (Prometheus)");
  if (watchers.scribe) add("scribe", scribe.port, "the Scribe (Grafana)");
  if (watchers.gpuExporter) add("gpu_exporter", gpu_exporter.port, "the GPU exporter");
  add("vessel", vessel.port, "the Vessel (front door)");
  claims.sort((a, b) => Number(a.place !== undefined) - Number(b.place !== undefined));
  for (const soulstone of codex.soulstones) {
    if (soulstone.unknown.includes("port")) continue;
    const owner = `Soulstone ${quoted(soulstone.name)}`;
    claims.push({ port: soulstone.port, owner, place: soulstone.placeOf(["port"]) });
  }
  return claims;
}

/** Returns the ports of a Codex, reserved ones included. */
export function portsOf(codex: Codex): ReadonlySet<number> {
  return new Set(portClaims(codex, () => undefined).map(({ port }) => port));
}

function portFindings(codex: Codex, { settingsPlace }: RuleContext): Finding[] {
  const claims = portClaims(codex, settingsPlace);
  const taken = new Set(claims.map((claim) => claim.port));
  return duplicates(claims, ({ port }) => port).map(({ item, first }) => {
    const free = freePort(item.port, taken);
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

/** Returns the next port after `start` that is not taken. */
function freePort(start: number, taken: ReadonlySet<number>): number {
  const count = 65_536 - FIRST_FREE_PORT;
  for (let step = 1; step < count; step++) {
    const port = FIRST_FREE_PORT +
      (Math.max(start, FIRST_FREE_PORT) - FIRST_FREE_PORT + step) % count;
    if (!taken.has(port)) return port;
  }
  return start;
}

/** Parses `FIRST-LAST`. Returns undefined unless it is a range of 1 to 1000 ports. */
export function parsePortRange(text: string): { first: number; last: number } | undefined {
  const [first = 0, last = 0] = text.split("-").map(Number);
  return first >= 1 && last <= 65_535 && first <= last && last - first < 1000
    ? { first, last }
    : undefined;
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
    .map((claim) => portTaken(place, claim, freePort(range.last, taken)));
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
  const { scribe } = codex.settings;
  const watchers = watchersOf(codex.settings);
  const withoutData = watchers.harvester ? [] : ["scribe", "gpu_exporter"].flatMap((section) => {
    const place = settingsPlace([section, "enabled"]);
    const isEnabled = section === "scribe" ? watchers.scribe : watchers.gpuExporter;
    return isEnabled && place !== undefined
      ? [finding("watcher-without-harvester", place, {})]
      : [];
  });
  const isClosed = watchers.scribe && !scribe.anonymous_viewer &&
    settingsPlace(["scribe", "admin_password_secret"]) === undefined;
  const place = settingsPlace(["scribe", "anonymous_viewer"]);
  return isClosed && place !== undefined
    ? [...withoutData, finding("scribe-closed", place, {})]
    : withoutData;
}

/** Returns true for 127.0.0.0/8 and every form of ::1. */
function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\./i.test(address) || /^(?:::|(?:0{1,4}:){1,7}:?)0{0,3}1$/.test(address);
}
