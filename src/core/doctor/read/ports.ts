import { FIRST_FREE_PORT } from "../../codex/mod.ts";
import { type Facts, outputOf } from "../../facts.ts";
import type { Wants } from "../wants.ts";

/** A port of the host on which somebody listens. */
export interface Listener {
  /** As `ss` writes it: `127.0.0.1`, `0.0.0.0`, `*`, `[::]`. */
  readonly address: string;
  readonly port: number;
  /** Only of one's own processes. */
  readonly holder: { readonly name: string; readonly id: number } | undefined;
}

/**
 * Reads `ss -Hltnp`:
 * `LISTEN 0 128 127.0.0.1:8780 0.0.0.0:* users:(("pasta.avx2",pid=218,fd=6))`.
 */
export function listenersOf(facts: Facts): readonly Listener[] {
  return (outputOf(facts, "ports") ?? "").split("\n").flatMap((line) => {
    const found = /^LISTEN\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+(.*)$/.exec(line.trim());
    if (found === null) return [];
    const holder = /\("([^"]*)",pid=(\d+)/.exec(found[3] ?? "");
    return [{
      // An address may be followed by the interface that it is bound to: 127.0.0.53%lo.
      address: (found[1] ?? "").split("%")[0] ?? "",
      port: Number(found[2]),
      holder: holder === null ? undefined : { name: holder[1] ?? "", id: Number(holder[2]) },
    }];
  });
}

/** Whether a listener on `held` keeps others from listening on `wanted`. */
export function addressesClash(held: string, wanted: string): boolean {
  // `ss` writes `*` for both families, `[::]` for version 6 alone; an address of version 4 may come
  // in the form of version 6.
  const bare = (address: string) => address.replace(/^\[|\]$/g, "").replace(/^::ffff:/i, "");
  const [a, b] = [bare(held), bare(wanted)];
  const isSixth = (address: string) => address.includes(":");
  if (a === b || a === "*") return true;
  return (a === "0.0.0.0" || a === "::" || b === "0.0.0.0" || b === "::") &&
    isSixth(a) === isSixth(b);
}

/**
 * The systemd unit that a process belongs to, by its `/proc/PID/cgroup`, and whether it is the
 * user's own; nothing for a process of a session.
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

/** Ports that only root may publish unless the host says otherwise, and whose they are. */
export function lowPortsOf({ ports, reserved }: Pick<Wants, "ports" | "reserved">): Wants["ports"] {
  const first = reserved === undefined ? [] : [{ port: reserved.first, owner: "reserve_ports" }];
  return [...ports, ...first].filter(({ port }) => port < FIRST_FREE_PORT)
    .sort((a, b) => a.port - b.port);
}

/**
 * The first port that a user may publish without a privilege; nothing when it could not be asked.
 * Source: ip-sysctl of the kernel, `ip_unprivileged_port_start`.
 */
export function firstFreePortOf(facts: Facts): number | undefined {
  const text = outputOf(facts, "unprivileged-ports")?.trim() ?? "";
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
