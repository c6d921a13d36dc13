import type { Host } from "../host/host.ts";

/** Thrown by a host that has crashed. */
export class Crash extends Error {}

/** The operations that change something: the host may crash before and after each. */
export const MUTATING = [
  "create",
  "link",
  "rename",
  "remove",
  "makeFolder",
  "removeEmptyFolder",
  "run",
] as const;

/**
 * Returns a host that crashes at step `deadline`. Even steps are before an operation and odd ones after
 * it; a file that is being created is then half written. After the crash, every operation fails.
 */
export function mortalHost(host: Host, deadline: number): Host {
  let step = 0;
  let dead = false;
  const die = () => {
    dead = true;
    throw new Crash();
  };
  const wrapped: Record<string, unknown> = { ...host };
  for (const name of Object.keys(host) as (keyof Host)[]) {
    const act = host[name] as (...args: unknown[]) => unknown;
    if (typeof act !== "function") continue;
    const mutates = (MUTATING as readonly string[]).includes(name);
    wrapped[name] = (...args: unknown[]) => {
      if (dead) throw new Crash();
      if (!mutates) return act(...args);
      if (step++ === deadline) die();
      if (step === deadline && name === "create") {
        const [path, content, mode] = args as [string, string, number];
        host.create(path, content.slice(0, content.length >> 1), mode);
        die();
      }
      const result = act(...args);
      if (step++ === deadline) die();
      return result;
    };
  }
  return wrapped as unknown as Host;
}
