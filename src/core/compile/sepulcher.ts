import { type Codex, parsePortRange } from "../codex/mod.ts";
import type { Directive, Unit } from "../rune/mod.ts";

/**
 * The pod. It holds the published ports, so it changes, and with it everything in it restarts, when
 * a port comes or goes that lies outside of `reserve_ports`.
 */
export function sepulcherUnitOf({ settings, soulstones }: Codex): Unit {
  const { sepulcher } = settings;
  const says = (text: string | number): Directive[] => [{ text: String(text) }];
  const address = sepulcher.bind_address.includes(":")
    ? `[${sepulcher.bind_address}]`
    : sepulcher.bind_address;
  const reserved = sepulcher.reserve_ports === undefined
    ? undefined
    : parsePortRange(sepulcher.reserve_ports);
  const published = soulstones
    .filter((s) => s.port_expose)
    .filter((s) => reserved === undefined || s.port < reserved.first || s.port > reserved.last)
    .sort((a, b) => a.port - b.port)
    .map((s) => ({ text: `${address}:${s.port}:${s.port}`, from: s.placeOf(["port"]) }));
  const range = sepulcher.reserve_ports;
  return {
    Unit: { Description: says("LychD Sepulcher: the pod of all Soulstones") },
    Pod: {
      PodName: says(sepulcher.name),
      ShmSize: says(`${sepulcher.shm_size_mib}m`),
      PublishPort: [
        ...(range === undefined ? [] : says(`${address}:${range}:${range}`)),
        ...published,
      ],
      PodmanArgs: says('"--exit-policy=continue"'),
    },
    Quadlet: { DefaultDependencies: settings.wait_for_network ? [] : says("false") },
    "X-Lychd": { Pod: says(sepulcher.name) },
  };
}
