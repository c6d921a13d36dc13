import { readUnitStates, UNIT_PROPERTIES, type UnitState } from "../core/orchestrator/condition.ts";
import { patternOf } from "../core/rune/names.ts";
import { readUnitFiles, UNIT_FILES_OPTIONS } from "../core/rune/properties.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";

export type { UnitState };

/**
 * The systemd of the user. An order returns the error message of systemd, or undefined if it succeeded;
 * all throw `HostError` if systemctl cannot run.
 */
export type Systemd = NonNullable<ReturnType<typeof userSystemd>>;

/** Returns the systemd of the user; undefined without systemctl. */
export function userSystemd({ host, programs: { systemctl } }: CommandContext) {
  if (systemctl === undefined) return undefined;
  const order = async (...words: string[]) => {
    const { code, stderr } = await host.run(systemctl, ["--user", ...words]);
    return code === 0 ? undefined : stderr.trim() || `systemctl ${words[0]} failed with ${code}`;
  };
  const query = async (...words: string[]) => {
    const { code, stdout, stderr } = await host.run(systemctl, ["--user", ...words]);
    // list-unit-files exits with 1 and without a message if there is no such file.
    if (code === 0 || code === 1 && stdout === "" && stderr === "") return stdout;
    throw new HostError("other", systemctl, stderr.trim() || `it exited with ${code}`);
  };
  /**
   * Reads the states of units, by name, in one call. systemd loads each of them with everything that it
   * conflicts with, and forgets them again: for all Soulstones the time grows with their square.
   */
  const states = async (units: readonly string[]): Promise<Map<string, UnitState>> => {
    if (units.length === 0) return new Map();
    const options = [`--property=${UNIT_PROPERTIES}`, "--timestamp=unix", "--", ...units];
    // systemctl succeeds for units that do not exist.
    return readUnitStates(await query("show", ...options));
  };
  /**
   * Reads the states of those of `units` that are not inactive or have a job. A pattern stands for all
   * such units. systemd loads nothing.
   */
  const activeStates = (units: readonly string[]) => states(units.map(patternOf));
  /** Reads the states of unit files, by name, for example `generated` or `masked`. */
  const fileStates = async (units: readonly string[]) =>
    readUnitFiles(await query("list-unit-files", ...UNIT_FILES_OPTIONS, "--", ...units));
  /** Cancels jobs; ignores those that are finished. */
  async function cancel(jobs: readonly string[]): Promise<void> {
    if (jobs.length > 0) await order("cancel", "--", ...jobs);
  }
  return {
    states,
    activeStates,
    fileStates,
    cancel,
    /** Returns why systemd does not answer. */
    problem: () => order("show", "--property=Version"),
    /** Returns true if all of the user's services are being stopped, for example at a shutdown. */
    async isStopping(): Promise<boolean> {
      const { stdout } = await host.run(systemctl, ["--user", "is-system-running"]);
      return !/^(?:initializing|starting|running|degraded|maintenance)$/.test(stdout.trim());
    },
    /** Loads all units again. */
    reload: () => order("daemon-reload"),
    /** Returns the type of each queued job, such as `start`, by unit. */
    async jobs(): Promise<Map<string, string>> {
      const text = await query("list-jobs", "--plain", "--no-legend");
      return new Map(
        text.split("\n").map((line) => line.trim().split(/\s+/))
          .map(([_number, unit = "", type = ""]) => [unit, type]),
      );
    },
    /**
     * Queues the start of units as one transaction. It replaces jobs that contradict it, so the caller
     * must hold the lock of `start_lock.ts`; a shutdown replaces its own jobs (ADR 8).
     */
    queueStart: (units: readonly string[]) => order("start", "--no-block", "--", ...units),
    queueStop: (units: readonly string[]) => order("stop", "--no-block", "--", ...units),
    start: (units: readonly string[]) => order("start", "--", ...units),
    stop: (units: readonly string[]) => order("stop", "--", ...units),
    /** Resets units that failed to stopped; ignores those that are gone. */
    async resetFailed(units: readonly string[]) {
      if (units.length > 0) await order("reset-failed", "--", ...units);
    },
    /** Queues the restart of those of the units that run; of a pod, that of its containers too. */
    queueRestart: (units: readonly string[]) => order("try-restart", "--no-block", "--", ...units),
    /** Reloads the files of services that run. */
    reread: (units: readonly string[]) => order("reload", "--", ...units),
  };
}

/** The fix if the systemd of the user does not answer. */
const SESSION_HINT = "sudo loginctl enable-linger $USER, and log in again (not with su or sudo)";

/** Does `work` with the systemd of the user; refuses if systemd does not answer. */
export async function withSystemd<T>(
  context: CommandContext,
  work: (systemd: Systemd) => Promise<T>,
): Promise<T> {
  const systemd = userSystemd(context);
  if (systemd === undefined) {
    throw new Refusal("there is no systemctl", { code: EXIT.hostRefused });
  }
  try {
    return await work(systemd);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const words = `the user's systemd does not answer: ${error.message}`;
    throw new Refusal(words, { code: EXIT.hostRefused, hint: SESSION_HINT });
  }
}

/** Returns the numbers of the pending jobs of units. */
export function jobsOf(states: ReadonlyMap<string, UnitState>): string[] {
  return [...states.values()].map(({ job }) => job).filter((job) => job !== "");
}

/** Returns true if a unit has processes, or starts. */
export function isRunning(state: UnitState | undefined): boolean {
  return ["active", "activating", "reloading", "deactivating"].includes(state?.activeState ?? "");
}
