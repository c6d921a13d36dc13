import { type Codex, parsePortRange, watchersOf } from "../codex/mod.ts";
import { type Directive, type Unit, WATCHERS_TARGET } from "../rune/mod.ts";

/**
 * The pod. It holds the published ports, so it changes, and with it everything in it restarts, when
 * a port comes or goes that lies outside of `reserve_ports`.
 */
export function sepulcherUnitOf(codex: Codex): Unit {
  const { settings, soulstones } = codex;
  const { sepulcher, harvester, scribe } = settings;
  const watchers = watchersOf(settings);
  const says = (text: string | number): Directive[] => [{ text: String(text) }];
  const address = sepulcher.bind_address.includes(":")
    ? `[${sepulcher.bind_address}]`
    : sepulcher.bind_address;
  const reserved = sepulcher.reserve_ports === undefined
    ? undefined
    : parsePortRange(sepulcher.reserve_ports);
  const published = [
    ...soulstones
      .filter((s) => s.port_expose)
      .filter((s) => reserved === undefined || s.port < reserved.first || s.port > reserved.last)
      .map((s) => ({ port: s.port, from: s.placeOf(["port"]) })),
    ...watchers.harvester
      ? [{ port: harvester.port, from: codex.settingsPlaceOf(["harvester", "port"]) }]
      : [],
    ...watchers.scribe
      ? [{ port: scribe.port, from: codex.settingsPlaceOf(["scribe", "port"]) }]
      : [],
  ].sort((a, b) => a.port - b.port)
    .map(({ port, from }) => ({ text: `${address}:${port}:${port}`, from }));
  const range = sepulcher.reserve_ports;
  return {
    Unit: {
      Description: says("LychD Sepulcher: the pod of all Soulstones"),
      Wants: Object.values(watchers).includes(true) ? says(WATCHERS_TARGET) : [],
    },
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
