import type { CommandContext } from "../../run/context.ts";

/**
 * Returns the clients that closed their side of a connection to a port while the door did not, as
 * `address:port`; none without `ss`.
 *
 * Deno 2.8 to 2.9.6 reports to a handler that the client left only if the head and the body of its request
 * came together.
 */
export async function clientsGone(
  { host, programs: { ss } }: CommandContext,
  port: number,
): Promise<string[]> {
  if (ss === undefined) return [];
  const { stdout } = await host.run(ss, ["-Htn", "state", "close-wait", `sport = :${port}`]);
  return readPeers(stdout);
}

/**
 * Reads lines of `ss -Htn` with a state: the counts of two queues, the own address, and that of the peer.
 *
 * @example
 * ```ts
 * import { readPeers } from "./clients.ts";
 * readPeers("1 0 [::1]:8081 [::1]:40000\n1 0 127.0.0.1:8081 127.0.0.1:40001\n");
 * // ["::1:40000", "127.0.0.1:40001"]
 * ```
 */
export function readPeers(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const [, , , peer] = line.trim().split(/\s+/);
    return peer === undefined ? [] : [peer.replace(/^\[(?:::ffff:)?(.*)\]/, "$1")];
  });
}
