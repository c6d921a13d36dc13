import { type Codex, FIRST_FREE_PORT, parsePortRange, portsOf } from "../codex/mod.ts";
import { addressesClash, type Survey } from "../doctor/mod.ts";

/** Where ports of engines begin. */
const FIRST_PORT = 8780;

/** Who holds which port: a Codex, a host, and what was held since. */
export interface Ports {
  /** The first free port from `from` on; else from where ports of engines begin. */
  free(from?: number): number;
  /** Holds a port. */
  hold(port: number): void;
  /** Whether the Codex, or what was held since, has `port`. */
  isHeld(port: number): boolean;
  /** Whether a process of the host listens on `port`. */
  isListening(port: number): boolean;
}

/**
 * The ports that are left beside those of `codex` and of the host. A port of the range that the
 * Codex reserves comes first: it needs no new pod.
 */
export function portsBeside(codex: Codex, listeners: Survey["listeners"]): Ports {
  const { bind_address: address, reserve_ports: range } = codex.settings.sepulcher;
  const held = new Set(portsOf(codex));
  const reserved = range === undefined ? undefined : parsePortRange(range);
  const isListening = (port: number) =>
    (listeners ?? []).some((l) => l.port === port && addressesClash(l.address, address));
  const isReserved = (port: number) =>
    reserved !== undefined && port >= reserved.first && port <= reserved.last;
  // The pod holds a reserved range as a whole, or it could not run: nobody else listens there.
  const isFree = (port: number) => !held.has(port) && (isReserved(port) || !isListening(port));
  return {
    free(from = reserved?.first ?? FIRST_PORT) {
      for (let step = 0; step < 65_536 - FIRST_FREE_PORT; step++) {
        const port = FIRST_FREE_PORT + (from - FIRST_FREE_PORT + step) % (65_536 - FIRST_FREE_PORT);
        if (isFree(port)) return port;
      }
      return from;
    },
    hold: (port) => void held.add(port),
    isHeld: (port) => held.has(port),
    isListening: (port) => !isReserved(port) && isListening(port),
  };
}
