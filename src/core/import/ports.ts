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

/**
 * Reads a value of `PublishPort=` as its single ports: `8000-8001:9000-9001` publishes two.
 *
 * @example
 * ```ts
 * import { parsePorts } from "./ports.ts";
 * parsePorts("8000-8001:9000-9001"); // [{ outside: 8000, inside: 9000, … }, { outside: 8001, … }]
 * ```
 */
export function parsePorts(text: string): readonly Published[] | { problem: string } {
  const [, head = "", first, , inside, last, protocol = ""] =
    /^(.*:)??(?:(\d+)-(\d+):)?(\d+)-(\d+)(\/\w+)?$/.exec(text) ?? [];
  if (inside === undefined) {
    const read = parsePublished(text);
    return "problem" in read ? read : [read];
  }
  const count = Number(last) - Number(inside) + 1;
  if (count < 1 || count > MOST_PORTS) {
    return { problem: `it is not a range of 1 to ${MOST_PORTS} ports` };
  }
  const read = Array.from({ length: count }, (_, i) => {
    const outside = first === undefined ? "" : `${Number(first) + i}:`;
    return parsePublished(`${head}${outside}${Number(inside) + i}${protocol}`);
  });
  const problem = read.find((each) => "problem" in each);
  return problem ?? read.filter((each): each is Published => !("problem" in each));
}

/** The longest range of ports that is read. */
const MOST_PORTS = 1000;

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
