import { type Codex, parsePortRange, watchersOf } from "../codex/mod.ts";
import { directive, type Unit, WATCHERS_TARGET } from "../rune/mod.ts";
import { QUIET, QUIET_COMMENT } from "./container.ts";

/**
 * Returns the pod. It holds the published ports, so a new or removed port outside `reserve_ports`
 * changes the pod and restarts all its containers.
 */
export function sepulcherUnitOf(codex: Codex): Unit {
  const { sepulcher, wait_for_network, ...settings } = codex.settings;
  const watchers = watchersOf(codex.settings);
  const at = (...path: string[]) => codex.settingsPlaceOf(path);
  const { bind_address, reserve_ports: range } = sepulcher;
  const address = bind_address.includes(":") ? `[${bind_address}]` : bind_address;
  const reserved = range === undefined ? undefined : parsePortRange(range);
  const ports = [
    ...codex.soulstones
      .filter((s) => s.port_expose)
      .filter((s) => reserved === undefined || s.port < reserved.first || s.port > reserved.last)
      .map((s) => ({ port: s.port, from: s.placeOf(["port"]) })),
    ...(["harvester", "scribe"] as const).filter((name) => watchers[name])
      .map((name) => ({ port: settings[name].port, from: at(name, "port") })),
  ].sort((a, b) => a.port - b.port);
  return {
    Unit: {
      Description: directive("LychD Sepulcher: the pod of all Soulstones"),
      Wants: Object.values(watchers).includes(true) ? directive(WATCHERS_TARGET) : [],
    },
    Pod: {
      PodName: directive(sepulcher.name, at("sepulcher", "name")),
      ShmSize: directive(`${sepulcher.shm_size_mib}m`, at("sepulcher", "shm_size_mib")),
      PublishPort: [
        ...range === undefined
          ? []
          : directive(`${address}:${range}:${range}`, at("sepulcher", "reserve_ports")),
        ...ports.flatMap(({ port, from }) => directive(`${address}:${port}:${port}`, from)),
      ],
      PodmanArgs: directive('"--exit-policy=continue"'),
    },
    Service: QUIET,
    Quadlet: {
      DefaultDependencies: wait_for_network ? [] : directive(false, at("wait_for_network")),
    },
    "X-Lychd": { Pod: directive(sepulcher.name) },
  };
}

/** The comments of the pod. */
export const SEPULCHER_COMMENTS = {
  ...QUIET_COMMENT,
  "Pod.PodmanArgs": ["Without this option the pod would stop with its last engine, during a swap."],
};
