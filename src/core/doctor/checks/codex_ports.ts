import { type Facts, whyUnknown } from "../../facts.ts";
import { command, countOf } from "../../report/mod.ts";
import { type Check, error, ok, skipped, type Subject, type Verdict } from "../check.ts";
import { podPortsOf } from "../read/podman.ts";
import {
  addressesClash,
  firstFreePortOf,
  type Listener,
  listenersOf,
  lowPortsOf,
  unitOfProcess,
} from "../read/ports.ts";
import type { Wants } from "../wants.ts";

/** Whether the ports may be published, and are free, or ours. */
export const CODEX_PORTS: Check = {
  id: "codex.ports",
  about: "the ports may be published, and are free or our pod's",
  why: "the pod that publishes all ports cannot start, and so no engine can",
  run(subject) {
    const low = subject.codex.kind === "none" ? [] : tooLow(subject);
    const others = heldPorts(subject);
    return low.length === 0 ? others : [...low, ...others.filter(({ state }) => state !== "ok")];
  },
};

function heldPorts({ facts, codex, wants }: Subject): Verdict[] {
  if (codex.kind === "none") return [skipped(codex.reason)];
  const fact = facts.commands["ports"];
  if (fact === undefined || "failed" in fact || fact.exit !== 0) {
    return [skipped(whyUnknown(facts, "ports"))];
  }
  const missed = wants.ports.find(({ port }) => !fact.command.includes(`:${port}`));
  if (missed !== undefined) return [skipped(`port ${missed.port} was not asked of this host`)];
  const clashing = listenersOf(facts).filter(({ address, port }) =>
    addressesClash(address, wants.bindAddress) && ownerOf(wants, port) !== undefined
  );
  const ours = podPortsOf(facts);
  const isHeldByUs = (listener: Listener) =>
    ours.has(listener.port) || isOurs(facts, listener, wants.units);
  const strange = clashing.filter((listener) => !isHeldByUs(listener));
  if (strange.length > 0) {
    return strange.map((l) => heldPort(facts, l, ownerOf(wants, l.port) ?? ""));
  }
  const held = wants.ports.filter(({ port }) => clashing.some((l) => l.port === port)).length;
  const free = countOf(wants.ports.length - held, "port");
  return [ok(held === 0 ? `${free} free` : `our own pod holds ${held}, ${free} free`)];
}

/** Ports that this user's pod cannot publish. */
function tooLow({ facts, wants }: Subject): Verdict[] {
  const low = lowPortsOf(wants);
  if (low.length === 0) return [];
  const first = firstFreePortOf(facts);
  if (first === undefined) return [skipped(whyUnknown(facts, "unprivileged-ports"))];
  const refused = low.filter(({ port }) => port < first);
  const [lowest] = refused;
  if (lowest === undefined) return [];
  const which = refused.map(({ port, owner }) => `${port} of ${owner}`).join(", ");
  return [error(
    `only root may publish ports below ${first} here: ${which}`,
    command`sudo sysctl -w net.ipv4.ip_unprivileged_port_start=${lowest.port}    # until the next boot; or take other ports`,
  )];
}

/** Who wants a port: a Soulstone, a Watcher, or the range that is published ahead. */
function ownerOf({ ports, reserved }: Wants, port: number): string | undefined {
  const owner = ports.find((wanted) => wanted.port === port)?.owner;
  if (owner !== undefined || reserved === undefined) return owner;
  return port >= reserved.first && port <= reserved.last ? "reserve_ports" : undefined;
}

/** Whether one of our own units holds it, also when Podman does not tell. */
function isOurs(facts: Facts, { holder }: Listener, units: readonly string[]): boolean {
  const unit = holder === undefined ? undefined : unitOfProcess(facts, holder.id);
  return unit !== undefined && unit.own && units.includes(unit.unit);
}

function heldPort(
  facts: Facts,
  { port, holder }: Listener,
  owner: string,
): Verdict {
  const what = `port ${port} of ${owner} is held by`;
  if (holder === undefined) {
    return error(`${what} a process of another user`, command`sudo ss -Hltnp 'sport = :${port}'`);
  }
  const unit = unitOfProcess(facts, holder.id);
  if (unit === undefined) {
    return error(`${what} ${holder.name} (${holder.id})`, command`kill ${holder.id}`);
  }
  return error(
    `${what} ${holder.name} of ${unit.unit}`,
    command`${unit.own ? ["systemctl", "--user"] : ["sudo", "systemctl"]} stop ${unit.unit}`,
  );
}
