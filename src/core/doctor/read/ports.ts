import { FIRST_FREE_PORT } from "../../codex/mod.ts";
import { type Facts, linesOf, outputOf } from "../../facts.ts";
import { type Command, command } from "../../report/mod.ts";
import type { Needs } from "../needs.ts";
import { podPortsOf, publisherOf } from "./podman.ts";

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
    const reserved = { owner: "reserve_ports", bindAddress: needs.bindAddress };
    const { owner, bindAddress } = needs.ports.find((needed) => needed.port === port) ??
      (port >= first && port <= last ? reserved : { owner: undefined, bindAddress: "" });
    if (owner === undefined || !addressesClash(listener.address, bindAddress)) return [];
    const unit = listener.holder && unitOfProcess(facts, listener.holder.id);
    const isOurUnit = unit !== undefined && unit.own && needs.units.includes(unit.unit);
    return [{ ...listener, owner, isOurs: ours.has(port) || isOurUnit }];
  });
}

/** Returns what listens on a port that the pod cannot publish on `bindAddress`; undefined if nothing does. */
export function portHolderOf(
  facts: Facts,
  port: number,
  bindAddress: string,
): ReturnType<typeof holderOf> | undefined {
  const listener = listenersOf(facts).find((found) =>
    found.port === port && addressesClash(found.address, bindAddress)
  );
  return listener && holderOf(facts, listener);
}

/**
 * Returns what holds a port, and the command that frees the port: that of doctor, if the facts do not
 * include the unit of the process.
 */
export function holderOf(
  facts: Facts,
  { port, holder }: Listener,
): { readonly what: string; readonly fix: Command } {
  if (holder === undefined) {
    return {
      what: "a process of another user",
      fix: command`sudo ss -Hltnp 'sport = :${port}'`,
    };
  }
  const publisher = isHelper(holder.name) ? publisherOf(facts, port) : undefined;
  const unit = publisher?.unit === undefined
    ? unitOfProcess(facts, holder.id)
    : { unit: publisher.unit, own: true };
  const name = publisher === undefined ? holder.name : `${publisher.kind} ${publisher.name}`;
  if (unit !== undefined) {
    return {
      what: `${name} of ${unit.unit}`,
      fix: command`${unit.own ? ["systemctl", "--user"] : ["sudo", "systemctl"]} stop ${unit.unit}`,
    };
  }
  if (publisher === undefined) {
    const isUnitKnown = facts.commands[`cgroup-of:${holder.id}`] !== undefined;
    return {
      what: `${name} (PID ${holder.id})`,
      fix: isUnitKnown ? command`kill ${holder.id}` : command`lychd doctor --only codex.ports`,
    };
  }
  const stop = publisher.kind === "pod" ? ["pod", "stop"] : ["stop"];
  return { what: name, fix: command`podman ${stop} ${publisher.name}` };
}

/** Returns true for a process that publishes the ports of a rootless container. */
export function isHelper(name: string): boolean {
  return /^(?:pasta|passt|slirp4netns|rootlessport)/.test(name);
}

/** Returns the needed ports that only root may publish by default, lowest first. */
export function lowPortsOf(
  { ports, reserved }: Pick<Needs, "ports" | "reserved">,
): Pick<Needs["ports"][number], "port" | "owner">[] {
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
