import { type Codex, nextFreePort, parsePortRange, portsOf } from "../codex/mod.ts";
import { addressesClash, type Survey } from "../doctor/mod.ts";

/** The first port for engines. */
const FIRST_PORT = 8780;

/** The ports of a Codex and its host, and those that were held since. */
export type Ports = ReturnType<typeof portsBeside>;

/**
 * Finds ports that neither `codex` nor the host uses. Ports of the reserved range come first: they
 * need no new pod.
 */
export function portsBeside(codex: Codex, listeners: Survey["listeners"]) {
  const { bind_address: address, reserve_ports: range } = codex.settings.sepulcher;
  const held = new Set(portsOf(codex));
  const reserved = range === undefined ? undefined : parsePortRange(range);
  // The pod itself listens on a reserved range.
  const isListening = (port: number) =>
    !(reserved !== undefined && port >= reserved.first && port <= reserved.last) &&
    (listeners ?? []).some((l) => l.port === port && addressesClash(l.address, address));
  const free = (from = reserved?.first ?? FIRST_PORT) =>
    nextFreePort(from, (port) => held.has(port) || isListening(port));
  const hold = (port: number) => void held.add(port);
  return {
    /** Returns the first free port from `from` on. */
    free,
    hold,
    /** Returns the first free port from `from` on, and holds it. */
    take(from?: number): number {
      const port = free(from);
      hold(port);
      return port;
    },
    /** Returns true if the Codex or a new Soulstone uses `port`. */
    isHeld: (port: number) => held.has(port),
    /** Returns true if another process of the host listens on `port`. */
    isListening,
  };
}
