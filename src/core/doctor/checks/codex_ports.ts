import { type Facts, whyUnknown } from "../../facts.ts";
import { countOf } from "../../report/mod.ts";
import { type Check, error, ok, skipped, type Verdict } from "../check.ts";
import { podPortsOf } from "../read/podman.ts";
import { addressesClash, type Listener, listenersOf, unitOfProcess } from "../read/ports.ts";

/** Whether the ports are free, or ours. */
export const CODEX_PORTS: Check = {
  id: "codex.ports",
  about: "the ports of the Codex are free, or held by our own pod",
  why: "the pod that publishes all ports cannot start, and so no engine can",
  run({ facts, codex, wants }) {
    if (codex.kind === "none") return [skipped(codex.reason)];
    const fact = facts.commands["ports"];
    if (fact === undefined || "failed" in fact || fact.exit !== 0) {
      return [skipped(whyUnknown(facts, "ports"))];
    }
    const listeners = listenersOf(facts);
    const ours = podPortsOf(facts);
    const verdicts = wants.ports.flatMap(({ port, owner }) => {
      if (ours.has(port)) return [];
      const held = listeners.find((listener) =>
        listener.port === port && addressesClash(listener.address, wants.bindAddress)
      );
      if (held === undefined || isOurs(facts, held, wants.units)) return [];
      return [heldPort(facts, held, owner)];
    });
    if (verdicts.length > 0) return verdicts;
    const held = wants.ports.filter(({ port }) => listeners.some((l) => l.port === port)).length;
    const free = countOf(wants.ports.length - held, "port");
    return [ok(held === 0 ? `${free} free` : `our own pod holds ${held}, ${free} free`)];
  },
};

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
    return error(`${what} a process of another user`, `sudo ss -Hltnp 'sport = :${port}'`);
  }
  const unit = unitOfProcess(facts, holder.id);
  if (unit === undefined) {
    return error(`${what} ${holder.name} (${holder.id})`, `kill ${holder.id}`);
  }
  return error(
    `${what} ${holder.name} of ${unit.unit}`,
    unit.own ? `systemctl --user stop ${unit.unit}` : `sudo systemctl stop ${unit.unit}`,
  );
}
