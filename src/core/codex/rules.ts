import { type Finding, finding, type Place, quoted, startOf } from "../report/mod.ts";
import { type Codex, type Soulstone, watchersOf } from "./codex.ts";
import { scrapeConfigFaults } from "./scrape_configs.ts";
import type { TomlPath } from "./toml.ts";

/** What the laws need to know of the files. */
export interface LawContext {
  /** Where a field of `lychd.toml` stands; nothing when it has its default. */
  readonly settingsPlace: (path: TomlPath) => Place | undefined;
  /** Whether every Soulstone could be read: else what is missing may stand where the fault is. */
  readonly complete: boolean;
}

/**
 * Faults between several tables or files: names and ports taken twice, a range of reserved ports
 * that does not fit, a `boot_coven` that nobody is in, an address that everybody can reach.
 */
export function lawFaults(codex: Codex, context: LawContext): Finding[] {
  return [
    ...nameFaults(codex.soulstones),
    ...portFaults(codex, context),
    ...reserveFaults(codex, context),
    ...bootFaults(codex, context),
    ...addressFaults(codex, context),
    ...watcherFaults(codex, context),
    ...scrapeConfigFaults(codex),
  ];
}

function nameFaults(soulstones: readonly Soulstone[]): Finding[] {
  const first = new Map<string, Soulstone>();
  return soulstones.flatMap((soulstone) => {
    const other = first.get(soulstone.name);
    if (other === undefined) {
      first.set(soulstone.name, soulstone);
      return [];
    }
    return [
      finding("name-taken", soulstone.placeOf([]), { name: soulstone.name }, {
        place: other.placeOf([]),
        label: "it is defined here too",
      }),
    ];
  });
}

/** A port that something in the Codex holds. */
interface Claim {
  readonly port: number;
  readonly owner: string;
  /** Nothing for a default. */
  readonly place: Place | undefined;
}

/** Every claim, defaults first: a fault is then told at the place that somebody wrote. */
function portClaims(codex: Codex, { settingsPlace }: LawContext): Claim[] {
  const { harvester, scribe, gpu_exporter, vessel } = codex.settings;
  const watchers = watchersOf(codex.settings);
  const claims: Claim[] = [];
  const add = (section: string, port: number, owner: string) =>
    claims.push({ port, owner, place: settingsPlace([section, "port"]) });
  if (watchers.harvester) add("harvester", harvester.port, "the Harvester (Prometheus)");
  if (watchers.scribe) add("scribe", scribe.port, "the Scribe (Grafana)");
  if (watchers.gpuExporter) add("gpu_exporter", gpu_exporter.port, "the GPU exporter");
  add("vessel", vessel.port, "the Vessel (the front door, kept free)");
  claims.sort((a, b) => Number(a.place !== undefined) - Number(b.place !== undefined));
  for (const soulstone of codex.soulstones) {
    if (soulstone.unknown.includes("port")) continue;
    const owner = `Soulstone ${quoted(soulstone.name)}`;
    claims.push({ port: soulstone.port, owner, place: soulstone.placeOf(["port"]) });
  }
  return claims;
}

/** Every port that something in `codex` holds, those that are kept free included. */
export function portsOf(codex: Codex): ReadonlySet<number> {
  return new Set(
    portClaims(codex, { settingsPlace: () => undefined, complete: true }).map(({ port }) => port),
  );
}

function portFaults(codex: Codex, context: LawContext): Finding[] {
  const claims = portClaims(codex, context);
  const taken = new Set(claims.map((claim) => claim.port));
  const first = new Map<number, Claim>();
  return claims.flatMap((claim) => {
    const other = first.get(claim.port);
    if (other === undefined) {
      first.set(claim.port, claim);
      return [];
    }
    const free = freePort(claim.port, taken);
    taken.add(free);
    const place = claim.place ?? startOf("lychd.toml");
    return [portTaken(place, claim.port, other, free)];
  });
}

function portTaken(place: Place, port: number, other: Claim, free: number): Finding {
  const owner = other.place === undefined ? `${other.owner} by default` : other.owner;
  const related = other.place === undefined
    ? undefined
    : { place: other.place, label: `taken by ${other.owner}` };
  return finding("port-taken", place, { port, owner, free }, related);
}

/** The next port from `start` on that nobody in the Codex holds. */
function freePort(start: number, taken: ReadonlySet<number>): number {
  for (let step = 1; step < 65_535; step++) {
    const port = 1024 + (Math.max(start, 1024) - 1024 + step) % (65_536 - 1024);
    if (!taken.has(port)) return port;
  }
  return start;
}

/** The two ends of `FIRST-LAST`, or nothing when they are no range of at most 1000 ports. */
export function parsePortRange(text: string): { first: number; last: number } | undefined {
  const [first = 0, last = 0] = text.split("-").map(Number);
  return first >= 1 && last <= 65_535 && first <= last && last - first < 1000
    ? { first, last }
    : undefined;
}

function reserveFaults(codex: Codex, context: LawContext): Finding[] {
  const text = codex.settings.sepulcher.reserve_ports;
  const place = context.settingsPlace(["sepulcher", "reserve_ports"]);
  if (text === undefined || place === undefined) return [];
  const range = parsePortRange(text);
  if (range === undefined) return [finding("port-range-invalid", place, { value: text })];
  const within = (port: number) => port >= range.first && port <= range.last;
  const hidden = codex.soulstones.filter((s) => !s.port_expose && within(s.port)).map((s) =>
    finding("port-exposed", s.placeOf(["port_expose"]), { port: s.port, range: text })
  );
  const taken = new Set(codex.soulstones.map((s) => s.port));
  const clashes = portClaims({ ...codex, soulstones: [] }, context)
    .filter((claim) => within(claim.port))
    .map((claim) => portTaken(place, claim.port, claim, freePort(range.last, taken)));
  return [...hidden, ...clashes];
}

function bootFaults(codex: Codex, { settingsPlace, complete }: LawContext): Finding[] {
  const name = codex.settings.boot_coven;
  const place = settingsPlace(["boot_coven"]);
  if (name === undefined || place === undefined || !complete) return [];
  const known = [...new Set(codex.soulstones.flatMap((s) => s.groups))].sort();
  return known.includes(name) ? [] : [finding("coven-unknown", place, { name, known })];
}

function addressFaults(codex: Codex, { settingsPlace }: LawContext): Finding[] {
  const address = codex.settings.sepulcher.bind_address;
  const place = settingsPlace(["sepulcher", "bind_address"]);
  return place === undefined || isLoopback(address)
    ? []
    : [finding("bind-everywhere", place, { address })];
}

/** A Watcher that has nothing to show, or nobody to show it to. */
function watcherFaults(codex: Codex, { settingsPlace }: LawContext): Finding[] {
  const { scribe } = codex.settings;
  const watchers = watchersOf(codex.settings);
  const blind = watchers.harvester ? [] : ["scribe", "gpu_exporter"].flatMap((section) => {
    const place = settingsPlace([section, "enabled"]);
    const runs = section === "scribe" ? watchers.scribe : watchers.gpuExporter;
    return runs && place !== undefined ? [finding("watcher-without-harvester", place, {})] : [];
  });
  const closed = watchers.scribe && !scribe.anonymous_viewer &&
    settingsPlace(["scribe", "admin_password_secret"]) === undefined;
  const place = settingsPlace(["scribe", "anonymous_viewer"]);
  return closed && place !== undefined ? [...blind, finding("scribe-closed", place, {})] : blind;
}

/** 127.0.0.0/8 and ::1, however they are written. */
function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\./i.test(address) || /^(?:::|(?:0{1,4}:){1,7}:?)0{0,3}1$/.test(address);
}
