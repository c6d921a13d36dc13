/** The front door as its Runes describe it. */
import { QUADLET_FOLDER, soulstoneUnit, SYSTEMD_FOLDER, VESSEL } from "../rune/names.ts";
import { type Inventory, type UnitFile, type Values, valuesOf, words } from "./inventory.ts";

/** A value that JSON can represent. */
export type Json = string | number | boolean | null | readonly Json[] | {
  readonly [key: string]: Json;
};

/** The settings of the front door: `[vessel]` of the Codex. */
export interface DoorSettings {
  readonly port: number;
  /** The addresses that it listens on. */
  readonly bindAddress: string;
  /** The name of a client, and the SHA-256 digest of its key in hexadecimal. */
  readonly keys: readonly { readonly name: string; readonly digest: string }[];
  readonly allowedOrigins: readonly string[];
  readonly lingerSeconds: number;
  readonly queueLimit: number;
  readonly waitSeconds: number;
  readonly drainSeconds: number;
  /** A Coven, `none` to stop all engines, or undefined if nothing changes without requests. */
  readonly idleCoven: string | undefined;
  readonly idleMinutes: number | undefined;
  /** True if a stream that waits gets the state as text of the model's reasoning. */
  readonly loadingMessage: boolean;
  readonly maxBodyMib: number;
}

/** The knowledge of the front door about one engine. */
export interface DoorEngine {
  readonly aliases: readonly string[];
  /** The id that the engine gives to its model, and expects in requests. */
  readonly served: string | undefined;
  /** The tokens that one request may have; undefined if unknown. */
  readonly contextTokens: number | undefined;
  /** The most requests at once. */
  readonly concurrency: number | undefined;
  readonly idleMinutes: number | undefined;
  /** Top-level parameters that each request gets, whatever the client sends. */
  readonly set: Readonly<Record<string, Json>>;
  /** Top-level parameters that are removed. */
  readonly strip: readonly string[];
}

/** Another server with models, to which the front door forwards. */
export interface DoorPortal {
  readonly name: string;
  readonly isSecure: boolean;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The path of its API, such as `/v1`. */
  readonly path: string;
  /** The models to use; undefined if those that it lists. */
  readonly models?: readonly string[];
  /** Other names, each with its model there. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Capabilities, each with the model there that has it. */
  readonly capabilities: Readonly<Record<string, string>>;
  /** The Podman secret with its key. */
  readonly keySecret?: string;
  readonly timeoutSeconds: number;
  readonly prefer: "local" | "portal" | "fallback";
  /** The certificates that it may have besides the public ones, as PEM. */
  readonly authorities?: string;
}

/** The front door, as read from the units. */
export interface Door {
  readonly settings: DoorSettings;
  /** By name of the Soulstone. */
  readonly engines: ReadonlyMap<string, DoorEngine>;
  /** Sorted by name. */
  readonly portals: readonly DoorPortal[];
  /** The ports of engines to come, from `first` to `last`; none if `last` is less. */
  readonly reservedPorts: { readonly first: number; readonly last: number };
}

/**
 * Returns the addresses that the door listens on: with 127.0.0.1 also ::1, because `localhost` is both,
 * and another user could listen on the second one.
 *
 * @example
 * ```ts
 * import { doorAddresses } from "./door.ts";
 * doorAddresses({ bindAddress: "127.0.0.1" }); // ["127.0.0.1", "::1"]
 * ```
 */
export function doorAddresses({ bindAddress }: Pick<DoorSettings, "bindAddress">): string[] {
  return bindAddress === "127.0.0.1" ? [bindAddress, "::1"] : [bindAddress];
}

/** The network that the door uses. */
export interface DoorNetwork {
  /** The addresses that it listens on. */
  readonly addresses: readonly string[];
  /** The port that it listens on. */
  readonly port: number;
  /** The ports of 127.0.0.1 that it connects to: those of engines, and those for engines to come. */
  readonly enginePorts: ReadonlySet<number>;
  /** The addresses of Portals that it connects to, as `HOST:PORT`. */
  readonly portals: ReadonlySet<string>;
}

/**
 * Returns the network of a door, which includes all of `[sepulcher] reserve_ports`.
 *
 * @example
 * ```ts
 * import { doorNetwork, readDoor } from "./door.ts";
 * const text = "[X-Lychd]\nPort=8081\nAddress=127.0.0.1\nReservedPorts=8780-8781\n";
 * const door = readDoor([{ path: "systemd/user/lychd-vessel.service", text }]);
 * door && doorNetwork(door, { engines: [] }).enginePorts; // new Set([8780, 8781])
 * ```
 */
export function doorNetwork(
  { settings, portals, reservedPorts: { first, last } }: Door,
  { engines }: Pick<Inventory, "engines">,
): DoorNetwork {
  return {
    addresses: doorAddresses(settings),
    port: settings.port,
    enginePorts: new Set([
      ...engines.flatMap(({ isOnLoopback, port }) => isOnLoopback ? [port] : []),
      ...Array.from({ length: last - first + 1 }, (_, i) => first + i),
    ]),
    portals: new Set(portals.map(portalAddress)),
  };
}

/** Returns `HOST:PORT` of a Portal, with brackets around an address of IPv6. */
export function portalAddress({ host, port }: Pick<DoorPortal, "host" | "port">): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * Reads the front door from unit files; undefined if none is rendered.
 *
 * @example
 * ```ts
 * import { readDoor } from "./door.ts";
 * const path = "systemd/user/lychd-vessel.service";
 * readDoor([{ path, text: "[X-Lychd]\nPort=8081\nAddress=127.0.0.1\n" }])?.settings.port; // 8081
 * ```
 */
export function readDoor(files: readonly UnitFile[]): Door | undefined {
  const vessel = files.find(({ path }) => path === `${SYSTEMD_FOLDER}/${VESSEL.service}`);
  if (vessel === undefined) return undefined;
  const engines = new Map(files.flatMap(({ path, text }) => {
    const values = valuesOf(text);
    const [name] = values("X-Lychd.Soulstone");
    return name !== undefined && path === `${QUADLET_FOLDER}/${soulstoneUnit(name).file}`
      ? [[name, engineOf(values)]]
      : [];
  }));
  const values = valuesOf(vessel.text);
  const range = values("X-Lychd.ReservedPorts")[0] ?? "";
  const [, first = 1, last = 0] = /^(\d+)-(\d+)$/.exec(range)?.map(Number) ?? [];
  const portals = values("X-Lychd.Portal").flatMap((text) => {
    const portal = jsonOf(text);
    return portal === undefined ? [] : [portal as unknown as DoorPortal];
  });
  return { settings: settingsOf(values), engines, portals, reservedPorts: { first, last } };
}

function settingsOf(values: Values): DoorSettings {
  const { one, number, optionalNumber } = factsOf(values);
  return {
    port: number("Port"),
    bindAddress: one("Address") ?? "",
    keys: values("X-Lychd.Key").map((line) => {
      const [name = "", digest = ""] = words(line);
      return { name, digest: digest.replace(/^sha256:/, "") };
    }),
    allowedOrigins: words(one("AllowedOrigins")),
    lingerSeconds: number("LingerSeconds"),
    queueLimit: number("QueueLimit"),
    waitSeconds: number("WaitSeconds"),
    drainSeconds: number("DrainSeconds"),
    idleCoven: one("IdleCoven"),
    idleMinutes: optionalNumber("IdleMinutes"),
    loadingMessage: one("LoadingMessage") === "yes",
    maxBodyMib: number("MaxBodyMib"),
  };
}

function engineOf(values: Values): DoorEngine {
  const { one, optionalNumber } = factsOf(values);
  return {
    aliases: words(one("Aliases")),
    served: jsonOf(one("ServedModel")) as DoorEngine["served"],
    contextTokens: optionalNumber("ContextTokens"),
    concurrency: optionalNumber("Concurrency"),
    idleMinutes: optionalNumber("IdleMinutes"),
    set: (jsonOf(one("RequestSet")) ?? {}) as DoorEngine["set"],
    strip: (jsonOf(one("RequestStrip")) ?? []) as DoorEngine["strip"],
  };
}

/** Returns readers of the facts of a unit. */
function factsOf(values: Values) {
  const one = (key: string) => values(`X-Lychd.${key}`)[0];
  const number = (key: string) => Number(one(key) ?? 0);
  const optionalNumber = (key: string) => one(key) === undefined ? undefined : number(key);
  return { one, number, optionalNumber };
}

/** Parses a fact; one that is not JSON counts as missing, because someone has edited it. */
function jsonOf(text: string | undefined): Json | undefined {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
