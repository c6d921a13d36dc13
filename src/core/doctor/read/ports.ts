import { FIRST_FREE_PORT } from "../../codex/mod.ts";
import { type Facts, linesOf, outputOf } from "../../facts.ts";
import type { Needs } from "../needs.ts";
import { podPortsOf } from "./podman.ts";

/** A socket that listens on a port of the host. */
export interface Listener {
  /** As `ss` writes it: `127.0.0.1`, `0.0.0.0`, `*`, `[::]`. */
  readonly address: string;
  readonly port: number;
  /** Its process; only known for the user's own. */
  readonly holder: { readonly name: string; readonly id: number } | undefined;
}

/**
 * Reads `ss -Hltnp`:
 * `LISTEN 0 128 127.0.0.1:8780 0.0.0.0:* users:(("pasta.avx2",pid=218,fd=6))`.
 */
export function listenersOf(facts: Facts): readonly Listener[] {
  if (outputOf(facts, "ports") === undefined) return [];
  return linesOf(facts, "ports").flatMap((line) => {
    const found = /^LISTEN\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+(.*)$/.exec(line.trim());
    if (found === null) return [];
    const [, address = "", port, users = ""] = found;
    const [, name = "", id] = /\("([^"]*)",pid=(\d+)/.exec(users) ?? [];
    return [{
      // The interface may follow the address: 127.0.0.53%lo.
      address: address.split("%")[0] ?? "",
      port: Number(port),
      holder: id === undefined ? undefined : { name, id: Number(id) },
    }];
  });
}

/** Returns true if a listener on `held` prevents another one on `wanted`. */
export function addressesClash(held: string, wanted: string): boolean {
  // `ss` writes `*` for both families and `[::]` for IPv6 only. IPv4 addresses may be mapped to IPv6.
  const bare = (address: string) => address.replace(/^\[|\]$/g, "").replace(/^::ffff:/i, "");
  const [a, b] = [bare(held), bare(wanted)];
  if (a === b || a === "*") return true;
  const isAny = [a, b].some((address) => address === "0.0.0.0" || address === "::");
  return isAny && a.includes(":") === b.includes(":");
}

/**
 * Returns the unit of a process, from `/proc/PID/cgroup`; undefined for a process of a session. `own`
 * is true for a unit of the user.
 */
export function unitOfProcess(
  facts: Facts,
  processId: number,
): { readonly unit: string; readonly own: boolean } | undefined {
  const path = /^0::(.*)$/m.exec(outputOf(facts, `cgroup-of:${processId}`) ?? "")?.[1] ?? "";
  const unit = path.split("/").findLast((part) => /\.service$/.test(part));
  if (unit === undefined || /^user@\d+\.service$/.test(unit)) return undefined;
  return { unit, own: /\/user@\d+\.service\//.test(path) };
}

/** Returns the listeners on needed ports, and for each whether lychd's own units hold it. */
export function heldPorts(
  facts: Facts,
  needs: Needs,
): readonly (Listener & { readonly owner: string; readonly isOurs: boolean })[] {
  const ours = podPortsOf(facts);
  const { first, last } = needs.reserved ?? { first: 1, last: 0 };
  return listenersOf(facts).flatMap((listener) => {
    const { port } = listener;
    const owner = needs.ports.find((needed) => needed.port === port)?.owner ??
      (port >= first && port <= last ? "reserve_ports" : undefined);
    if (owner === undefined || !addressesClash(listener.address, needs.bindAddress)) return [];
    const unit = listener.holder && unitOfProcess(facts, listener.holder.id);
    const isOurUnit = unit !== undefined && unit.own && needs.units.includes(unit.unit);
    return [{ ...listener, owner, isOurs: ours.has(port) || isOurUnit }];
  });
}

/** Returns the needed ports that only root may publish by default, lowest first. */
export function lowPortsOf({ ports, reserved }: Pick<Needs, "ports" | "reserved">): Needs["ports"] {
  const first = reserved === undefined ? [] : [{ port: reserved.first, owner: "reserve_ports" }];
  return [...ports, ...first].filter(({ port }) => port < FIRST_FREE_PORT)
    .sort((a, b) => a.port - b.port);
}

/**
 * Returns the first port that a user may publish, from `ip_unprivileged_port_start` (ip-sysctl of the
 * kernel); undefined if it is unknown.
 */
export function firstFreePortOf(facts: Facts): number | undefined {
  const text = outputOf(facts, "unprivileged-ports")?.trim() ?? "";
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
