import { type Host, HostError } from "../host/host.ts";
import type { CommandContext } from "./context.ts";

/** What is asked of systemd about one unit. */
export interface UnitState {
  readonly loadState: string;
  readonly activeState: string;
  readonly loadError: string;
  /** Another one after each start. */
  readonly invocationId: string;
}

/** The user's systemd. */
export interface Systemd {
  /** Tells whether it answers: nothing when it does, else what it said. */
  problem(): Promise<string | undefined>;
  /** Reads all units anew; what it said when that failed. */
  reload(): Promise<string | undefined>;
  /** The states of many units in one call, by name. */
  states(units: readonly string[]): Promise<Map<string, UnitState>>;
  /** Stops units; what it said when that failed. */
  stop(units: readonly string[]): Promise<string | undefined>;
  /** Restarts those of the units that run; what it said when that failed. */
  tryRestart(units: readonly string[]): Promise<string | undefined>;
}

/** The user's systemd by `systemctl`, if there is one. */
export function userSystemd({ host, programs }: CommandContext): Systemd | undefined {
  return programs.systemctl === undefined ? undefined : systemdBy(host, programs.systemctl);
}

function systemdBy(host: Host, systemctl: string): Systemd {
  async function order(...words: string[]): Promise<string | undefined> {
    const { code, stderr } = await host.run(systemctl, ["--user", ...words]);
    return code === 0 ? undefined : stderr.trim() || `systemctl ${words[0]} failed with ${code}`;
  }
  return {
    problem: () => order("show", "--property=Version"),
    reload: () => order("daemon-reload"),
    stop: (units) => order("stop", "--", ...units),
    tryRestart: (units) => order("try-restart", "--", ...units),
    async states(units) {
      if (units.length === 0) return new Map();
      const properties = "--property=Id,LoadState,ActiveState,LoadError,InvocationID";
      const args = ["--user", "show", properties, "--", ...units];
      const { code, stdout, stderr } = await host.run(systemctl, args);
      // A unit that is not there is no fault of this call.
      if (code !== 0) {
        throw new HostError("other", systemctl, stderr.trim() || `it exited with ${code}`);
      }
      return parseStates(stdout);
    },
  };
}

/**
 * Reads what `systemctl show` prints of several units: blocks of `Property=value` lines.
 */
export function parseStates(text: string): Map<string, UnitState> {
  const states = new Map<string, UnitState>();
  for (const block of text.trim().split("\n\n")) {
    const values = new Map(
      block.split("\n").map((line) => [
        line.slice(0, line.indexOf("=")),
        line.slice(line.indexOf("=") + 1),
      ]),
    );
    const id = values.get("Id");
    if (id === undefined) continue;
    states.set(id, {
      loadState: values.get("LoadState") ?? "",
      activeState: values.get("ActiveState") ?? "",
      loadError: values.get("LoadError") ?? "",
      invocationId: values.get("InvocationID") ?? "",
    });
  }
  return states;
}

/** Whether a unit has processes, or is about to. */
export function isRunning(state: UnitState | undefined): boolean {
  return ["active", "activating", "reloading", "deactivating"].includes(state?.activeState ?? "");
}
