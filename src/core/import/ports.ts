import { FIRST_FREE_PORT, nextFreePort } from "../codex/mod.ts";

/** The first port for engines that request none. */
const FIRST_PORT = 8780;

/** The parts of `[[ADDRESS:][OUTSIDE]:]INSIDE[/PROTOCOL]`. */
export interface Published {
  readonly address: string | undefined;
  readonly outside: number | undefined;
  readonly inside: number;
}

/**
 * Reads a value of `PublishPort=` or `--publish`. Refuses ranges and protocols other than TCP: a
 * Soulstone has one TCP port.
 *
 * @example
 * ```ts
 * import { parsePublished } from "./ports.ts";
 * parsePublished("127.0.0.1:8080:80"); // { address: "127.0.0.1", outside: 8080, inside: 80 }
 * ```
 */
export function parsePublished(text: string): Published | { problem: string } {
  const match = /^(?:(\[[0-9A-Fa-f:.]*\]|[^:\[\]]*):)?(?:(\d*):)?(\d+)(?:\/(\w+))?$/.exec(text);
  if (match === null) return { problem: "it is not a single port" };
  const [, first = "", second, last = "", protocol = "tcp"] = match;
  if (protocol !== "tcp") {
    return { problem: `a Soulstone has one TCP port; ${protocol} is not supported` };
  }
  // With one colon, the first part is the port of the host, or an address without a port.
  const isPort = second === undefined && /^\d*$/.test(first);
  const outside = isPort ? first : second ?? "";
  const address = isPort ? "" : first.replace(/^\[|\]$/g, "");
  const inside = Number(last);
  if (!isPortNumber(inside) || outside !== "" && !isPortNumber(Number(outside))) {
    return { problem: "a port is a number from 1 to 65535" };
  }
  return {
    address: address === "" ? undefined : address,
    outside: outside === "" ? undefined : Number(outside),
    inside,
  };
}

/** Returns true for 1 to 65535. */
export function isPortNumber(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** A port, and why it is not the requested one. */
export interface GivenPort {
  readonly port: number;
  readonly why: string | undefined;
}

/** A request for a port; any port will do if `wish` is undefined. */
export interface PortWish {
  readonly owner: string;
  readonly wish: number | undefined;
}

/**
 * Gives each request a port: first the requested ones that are free, in order, then the next free
 * ones. Adds them to `taken`, the ports in use with their owners.
 *
 * @example
 * ```ts
 * import { givePorts } from "./ports.ts";
 * const wishes = [8000, 8000, 8001].map((wish, i) => ({ owner: `engine ${i}`, wish }));
 * givePorts(wishes, new Map()).map(({ port }) => port); // [8000, 8002, 8001]
 * ```
 */
export function givePorts<T extends PortWish>(
  wishes: readonly T[],
  taken: Map<number, string>,
): (T & GivenPort)[] {
  const granted = wishes.map(({ wish, owner }) => {
    const isFree = wish !== undefined && isPortNumber(wish) && wish >= FIRST_FREE_PORT &&
      !taken.has(wish);
    if (isFree) taken.set(wish, owner);
    return isFree;
  });
  return wishes.map((request, i) => {
    const { wish } = request;
    return granted[i] && wish !== undefined
      ? { ...request, port: wish, why: undefined }
      : { ...request, ...nextPort(request, taken) };
  });
}

/** Returns the next free port, and why it is not the requested one. */
function nextPort({ wish, owner }: PortWish, taken: Map<number, string>): GivenPort {
  const isPort = wish !== undefined && isPortNumber(wish);
  const isLow = isPort && wish < FIRST_FREE_PORT;
  const port = nextFreePort(isPort && !isLow ? wish : FIRST_PORT, (other) => taken.has(other));
  const why = wish === undefined
    ? undefined
    : isLow
    ? `only root can publish port ${wish}`
    : !isPort
    ? `${wish} is not a port`
    : `port ${wish} is used by ${taken.get(wish)}`;
  taken.set(port, owner);
  return { port, why };
}
