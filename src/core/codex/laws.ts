import { type Finding, finding, type Place, quoted } from "../report/mod.ts";
import type { Codex, Soulstone } from "./codex.ts";
import type { TomlPath } from "./toml.ts";

/**
 * Faults between several tables or files: names and ports taken twice, a range of reserved ports
 * that does not fit, a `boot_coven` that nobody is in, an address that everybody can reach.
 * `settingsPlace` tells where a field of `lychd.toml` stands.
 */
export function lawFaults(codex: Codex, settingsPlace: (path: TomlPath) => Place): Finding[] {
  return [
    ...nameFaults(codex.soulstones),
    ...portFaults(codex, settingsPlace),
    ...reserveFaults(codex, settingsPlace),
    ...bootFaults(codex, settingsPlace),
    ...addressFaults(codex, settingsPlace),
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
  readonly place: Place;
}

function portClaims(codex: Codex, settingsPlace: (path: TomlPath) => Place): Claim[] {
  const { settings } = codex;
  const claims: Claim[] = [];
  const watcher = (name: "harvester" | "scribe", word: string) => {
    if (!settings[name].enabled) return;
    const place = settingsPlace([name, "port"]);
    claims.push({ port: settings[name].port, owner: `the ${word}`, place });
  };
  watcher("harvester", "Harvester (Prometheus)");
  watcher("scribe", "Scribe (Grafana)");
  claims.push({
    port: settings.vessel.port,
    owner: "the Vessel (the front door, kept free)",
    place: settingsPlace(["vessel", "port"]),
  });
  for (const soulstone of codex.soulstones) {
    const { name, port } = soulstone;
    // The port itself may be what is wrong with it.
    if (soulstone.partial) continue;
    claims.push({ port, owner: `Soulstone ${quoted(name)}`, place: soulstone.placeOf(["port"]) });
  }
  return claims;
}

function portFaults(codex: Codex, settingsPlace: (path: TomlPath) => Place): Finding[] {
  const claims = portClaims(codex, settingsPlace);
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
    return [
      finding("port-taken", claim.place, { port: claim.port, owner: other.owner, free }, {
        place: other.place,
        label: `taken by ${other.owner}`,
      }),
    ];
  });
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

function reserveFaults(codex: Codex, settingsPlace: (path: TomlPath) => Place): Finding[] {
  const text = codex.settings.sepulcher.reserve_ports;
  if (text === undefined) return [];
  const place = settingsPlace(["sepulcher", "reserve_ports"]);
  const range = parsePortRange(text);
  if (range === undefined) return [finding("port-range-invalid", place, { value: text })];
  const within = (port: number) => port >= range.first && port <= range.last;
  const findings = codex.soulstones.filter((s) => !s.port_expose && within(s.port)).map((s) =>
    finding("port-exposed", s.placeOf(["port_expose"]), { port: s.port, range: text })
  );
  for (const claim of portClaims({ ...codex, soulstones: [] }, settingsPlace)) {
    if (!within(claim.port)) continue;
    const taken = new Set(codex.soulstones.map((s) => s.port));
    findings.push(finding("port-taken", place, {
      port: claim.port,
      owner: claim.owner,
      free: freePort(range.last, taken),
    }, { place: claim.place, label: `taken by ${claim.owner}` }));
  }
  return findings;
}

function bootFaults(codex: Codex, settingsPlace: (path: TomlPath) => Place): Finding[] {
  const name = codex.settings.boot_coven;
  if (name === undefined) return [];
  const known = [...new Set(codex.soulstones.flatMap((s) => s.groups))].sort();
  return known.includes(name)
    ? []
    : [finding("coven-unknown", settingsPlace(["boot_coven"]), { name, known })];
}

function addressFaults(codex: Codex, settingsPlace: (path: TomlPath) => Place): Finding[] {
  const address = codex.settings.sepulcher.bind_address;
  const loopback = address === "::1" || address.startsWith("127.");
  return loopback
    ? []
    : [finding("bind-everywhere", settingsPlace(["sepulcher", "bind_address"]), { address })];
}
