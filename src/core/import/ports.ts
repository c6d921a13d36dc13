import { FIRST_FREE_PORT } from "../codex/mod.ts";

/** Ports that lychd would not give away, and who has them. */
export type TakenPorts = Map<number, string>;

/** Where engines without a wish begin. */
const FIRST_PORT = 8780;

/** `[[ADDRESS:][OUTSIDE]:]INSIDE[/PROTOCOL]`, read. */
export interface Published {
  readonly address: string | undefined;
  readonly outside: number | undefined;
  readonly inside: number;
}

/**
 * Reads a value of `PublishPort=`, or of `--publish`.
 *
 * Refuses, with the reason, ranges and other protocols than TCP: a Soulstone has one TCP port.
 *
 * @example
 * ```ts
 * import { parsePublished } from "./ports.ts";
 * parsePublished("127.0.0.1:8080:80"); // { address: "127.0.0.1", outside: 8080, inside: 80 }
 * ```
 */
export function parsePublished(text: string): Published | { problem: string } {
  const match = /^(?:(\[[0-9A-Fa-f:.]*\]|[^:\[\]]*):)?(?:(\d*):)?(\d+)(?:\/(\w+))?$/.exec(text);
  if (match === null) return { problem: "it is not one port" };
  const [, first = "", second, last = "", protocol = "tcp"] = match;
  if (protocol !== "tcp") return { problem: `a Soulstone has one TCP port, and no ${protocol}` };
  // With one colon the first part is the port of the host, or an address without one.
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

/** True for 1 to 65535. */
export function isPortNumber(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** A port, and why it is another than the one that was wished. */
export interface GivenPort {
  readonly port: number;
  readonly why: string | undefined;
}

/** Who wants a port, and which; nothing when any will do. */
export interface PortWish {
  readonly owner: string;
  readonly wish: number | undefined;
}

/**
 * Gives everybody a port: first to those whose wish is free, in their order, then to the others the
 * next that is. What is given is entered in `taken`.
 *
 * @example
 * ```ts
 * import { givePorts } from "./ports.ts";
 * const wishes = [8000, 8000, 8001].map((wish, i) => ({ owner: `engine ${i}`, wish }));
 * givePorts(wishes, new Map()).map(({ port }) => port); // [8000, 8002, 8001]
 * ```
 */
export function givePorts(wishes: readonly PortWish[], taken: TakenPorts): GivenPort[] {
  const isFree = (port: number) =>
    isPortNumber(port) && port >= FIRST_FREE_PORT && !taken.has(port);
  const first = wishes.map(({ wish, owner }): GivenPort | undefined => {
    if (wish === undefined || !isFree(wish)) return undefined;
    taken.set(wish, owner);
    return { port: wish, why: undefined };
  });
  return wishes.map(({ wish, owner }, i) => first[i] ?? nextPort(wish, owner, taken));
}

/** The next port that is free, and why it is not the one that was wished. */
function nextPort(wish: number | undefined, owner: string, taken: TakenPorts): GivenPort {
  const isPort = wish !== undefined && isPortNumber(wish);
  const isLow = isPort && wish < FIRST_FREE_PORT;
  let port = isPort && !isLow ? wish : FIRST_PORT;
  while (taken.has(port)) port = port === 65_535 ? FIRST_FREE_PORT : port + 1;
  const why = wish === undefined
    ? undefined
    : isLow
    ? `only root may publish port ${wish}`
    : !isPort
    ? `${wish} is no port`
    : `port ${wish} is taken by ${taken.get(wish)}`;
  taken.set(port, owner);
  return { port, why };
}
