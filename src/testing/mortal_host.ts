import type { Host } from "../host/host.ts";

/** What a host that is dead throws. */
export class Crash extends Error {}

/** Operations that change something: before and after each the host may die. */
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
 * For tests: a host that dies at step `deadline`, counted in half steps: an even one before an
 * operation, an odd one behind it; a file that is being created is then half written. Nothing works
 * once it is dead, so nothing is tidied up either.
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
