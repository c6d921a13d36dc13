import {
  GPU_EXPORTER,
  HARVESTER,
  OBSERVER,
  QUADLET_FOLDER,
  SCRIBE,
  SEPULCHER,
  soulstoneUnit,
  SYSTEMD_FOLDER,
  VESSEL,
} from "../rune/names.ts";
import { type UnitFile, valuesOf } from "./inventory.ts";

/** The services of a log. */
export interface LogSource {
  readonly services: readonly string[];
  /** The identifiers of their output in the journal beside the names of the services. */
  readonly identifiers: readonly string[];
}

/** A service beside the engines: the pod, the Vessel or a Watcher. */
export interface Service extends LogSource {
  readonly name: string;
  readonly service: string;
  /** Its address; undefined without one. */
  readonly uri: string | undefined;
}

/** A service that lychd may render, and the file that it is rendered to. */
interface Known {
  readonly name: string;
  readonly service: string;
  readonly path: string;
  /** The identifier of its output in the journal, if that is not the name of the service. */
  readonly identifier: string | undefined;
}

const KNOWN: readonly Known[] = [
  {
    name: "pod",
    service: SEPULCHER.service,
    path: `${QUADLET_FOLDER}/${SEPULCHER.file}`,
    identifier: undefined,
  },
  {
    name: VESSEL.name,
    service: VESSEL.service,
    path: `${SYSTEMD_FOLDER}/${VESSEL.service}`,
    identifier: "lychd",
  },
  ...[HARVESTER, SCRIBE, GPU_EXPORTER].map(({ name, service, file, container }) => {
    return { name, service, path: `${QUADLET_FOLDER}/${file}`, identifier: container };
  }),
];

/**
 * Reads the pod, the Vessel and the Watchers from unit files, in this order.
 *
 * @example
 * ```ts
 * import { readServices } from "./services.ts";
 * const path = "containers/systemd/lychd/scribe.container";
 * readServices([{ path, text: "[X-Lychd]\nUri=http://localhost:3000\n" }])[0]?.uri;
 * // "http://localhost:3000"
 * ```
 */
export function readServices(files: readonly UnitFile[]): Service[] {
  return KNOWN.flatMap((known) => {
    const unit = files.find(({ path }) => path === known.path);
    if (unit === undefined) return [];
    return [{ ...serviceOf(known), uri: valuesOf(unit.text)("X-Lychd.Uri")[0] }];
  });
}

/** Returns the services that are not among the rendered ones. */
export function servicesBeside(rendered: readonly Service[]): Service[] {
  return KNOWN.filter(({ service }) => !rendered.some((known) => known.service === service))
    .map(serviceOf);
}

function serviceOf({ name, service, identifier }: Known): Service {
  const hasObserver = name === HARVESTER.name;
  return {
    name,
    service,
    uri: undefined,
    services: [service, ...hasObserver ? [OBSERVER.service] : []],
    identifiers: [
      ...identifier === undefined ? [] : [identifier],
      // The observer is a script.
      ...hasObserver ? ["sh"] : [],
    ],
  };
}

/** Returns the log of an engine. */
export function logSourceOf(soulstone: string): LogSource {
  return { services: [soulstoneUnit(soulstone).service], identifiers: [] };
}
