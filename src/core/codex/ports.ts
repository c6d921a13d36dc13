import { quoted } from "../report/mod.ts";
import { type Codex, type Soulstone, watchersOf } from "./codex.ts";
import { FIRST_FREE_PORT } from "./limits.ts";

/** A port of a Codex and its owner. */
export interface PortOwner {
  readonly port: number;
  /** The table of `lychd.toml`, or the Soulstone, that sets the port. */
  readonly source: "harvester" | "scribe" | "gpu_exporter" | "vessel" | Soulstone;
  /** For messages: `the Harvester (Prometheus)`. */
  readonly owner: string;
  /** False for a disabled Watcher, and for a Soulstone whose port could not be read. */
  readonly isUsed: boolean;
  /** True if the pod publishes the port on the host. */
  readonly isPublished: boolean;
}

/** Returns the owners of all ports, those of disabled Watchers included; first of `lychd.toml`. */
export function portOwners(
  { settings, soulstones }: Pick<Codex, "settings" | "soulstones">,
): readonly PortOwner[] {
  const on = watchersOf(settings);
  const ofTable = (source: Exclude<PortOwner["source"], Soulstone>, owner: string) => ({
    port: settings[source].port,
    source,
    owner,
    isUsed: true,
    isPublished: false,
  });
  const watcher = (source: "harvester" | "scribe", owner: string) => ({
    ...ofTable(source, owner),
    isUsed: on[source],
    isPublished: on[source],
  });
  return [
    watcher("harvester", "the Harvester (Prometheus)"),
    watcher("scribe", "the Scribe (Grafana)"),
    ...on.gpuExporter ? [ofTable("gpu_exporter", "the GPU exporter")] : [],
    ofTable("vessel", "the Vessel (front door)"),
    ...soulstones.map((source): PortOwner => {
      const isUsed = !source.unknown.includes("port");
      const isPublished = isUsed && source.port_expose;
      const owner = `Soulstone ${quoted(source.name)}`;
      return { port: source.port, source, owner, isUsed, isPublished };
    }),
  ];
}

/** Returns the ports that a Codex uses, that of the Vessel included. */
export function portsOf(codex: Codex): ReadonlySet<number> {
  return new Set(portOwners(codex).filter(({ isUsed }) => isUsed).map(({ port }) => port));
}

/**
 * Returns the first free port from `start` on that a user may publish. After 65535 the search continues
 * at 1024.
 */
export function nextFreePort(start: number, isTaken: (port: number) => boolean): number {
  const count = 65_536 - FIRST_FREE_PORT;
  for (let step = 0; step < count; step++) {
    const port = FIRST_FREE_PORT +
      (Math.max(start, FIRST_FREE_PORT) - FIRST_FREE_PORT + step) % count;
    if (!isTaken(port)) return port;
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
