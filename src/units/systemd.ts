import type { UnitFacts } from "../core/orchestrator/mod.ts";
import { type Host, HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";

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
  /**
   * What units do, by name, in one call; a name may be a pattern, which stands for all units that
   * systemd has in memory.
   */
  facts(units: readonly string[]): Promise<Map<string, UnitFacts>>;
  /**
   * Has a unit started as one transaction and does not wait for it; what it said when it refused. Its
   * jobs are irreversible: a transaction that would undo one of them is refused as a whole, and so is
   * this one when it meets such jobs of another.
   */
  startIrreversibly(unit: string): Promise<string | undefined>;
  /** Has units stopped and does not wait for it; what it said when it refused. */
  beginStop(units: readonly string[]): Promise<string | undefined>;
  /** Takes jobs back, irreversible ones too; one that is done meanwhile is no fault. */
  cancel(jobs: readonly string[]): Promise<void>;
  /** Starts units; what it said when that failed. */
  start(units: readonly string[]): Promise<string | undefined>;
  /**
   * Stops units, also those that a summon still starts: jobs that cannot be undone by others are
   * taken back first. What it said when that failed.
   */
  stop(units: readonly string[]): Promise<string | undefined>;
  /** Has units that failed count as stopped; one that is gone meanwhile is no fault. */
  forgetFailures(units: readonly string[]): Promise<void>;
  /** Restarts those of the units that run; what it said when that failed. */
  tryRestart(units: readonly string[]): Promise<string | undefined>;
  /** Has services that run read their files again; what it said when that failed. */
  reread(units: readonly string[]): Promise<string | undefined>;
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
  async function cancel(jobs: readonly string[]): Promise<void> {
    if (jobs.length > 0) await order("cancel", "--", ...jobs);
  }
  return {
    problem: () => order("show", "--property=Version"),
    reload: () => order("daemon-reload"),
    startIrreversibly: (unit) =>
      order("start", "--no-block", "--job-mode=replace-irreversibly", "--", unit),
    beginStop: (units) => order("stop", "--no-block", "--", ...units),
    cancel,
    start: (units) => order("start", "--", ...units),
    stop: async (units) => {
      const facts = parseFacts(await show(units, ["Id", "Job"]));
      await cancel([...facts.values()].map(({ job }) => job).filter((job) => job !== ""));
      return await order("stop", "--", ...units);
    },
    forgetFailures: async (units) =>
      void (units.length > 0 && await order("reset-failed", "--", ...units)),
    tryRestart: (units) => order("try-restart", "--", ...units),
    reread: (units) => order("reload", "--", ...units),
    states: async (units) =>
      parseStates(
        await show(units, ["Id", "LoadState", "ActiveState", "LoadError", "InvocationID"]),
      ),
    facts: async (units) => parseFacts(await show(units, FACTS, "--timestamp=unix")),
  };

  async function show(
    units: readonly string[],
    properties: readonly string[],
    ...options: string[]
  ): Promise<string> {
    if (units.length === 0) return "";
    const args = ["--user", "show", `--property=${properties.join()}`, ...options, "--", ...units];
    const { code, stdout, stderr } = await host.run(systemctl, args);
    // A unit that is not there is no fault of this call.
    if (code === 0) return stdout;
    throw new HostError("other", systemctl, stderr.trim() || `it exited with ${code}`);
  }
}

/** The properties of {@linkcode UnitFacts}. */
const FACTS = [
  "Id",
  "LoadState",
  "ActiveState",
  "SubState",
  "Result",
  "ExecMainCode",
  "ExecMainStatus",
  "NRestarts",
  "Job",
  "StateChangeTimestamp",
  "MemoryCurrent",
  "NeedDaemonReload",
];

/**
 * Reads what `systemctl show` prints of several units: blocks of `Property=value` lines.
 */
export function parseStates(text: string): Map<string, UnitState> {
  return parseBlocks(text, (value) => ({
    loadState: value("LoadState"),
    activeState: value("ActiveState"),
    loadError: value("LoadError"),
    invocationId: value("InvocationID"),
  }));
}

function parseFacts(text: string): Map<string, UnitFacts> {
  return parseBlocks(text, (value) => {
    const number = (name: string) => {
      const read = value(name).replace(/^@/, "");
      return /^\d+$/.test(read) ? Number(read) : undefined;
    };
    return {
      loadState: value("LoadState"),
      activeState: value("ActiveState"),
      subState: value("SubState"),
      result: value("Result"),
      exitKind: number("ExecMainCode") ?? 0,
      exitStatus: number("ExecMainStatus") ?? 0,
      restarts: number("NRestarts") ?? 0,
      job: value("Job"),
      sinceSeconds: number("StateChangeTimestamp"),
      memoryBytes: number("MemoryCurrent"),
      isStale: value("NeedDaemonReload") === "yes",
    };
  });
}

function parseBlocks<T>(text: string, read: (value: (name: string) => string) => T) {
  const units = new Map<string, T>();
  for (const block of text.trim().split("\n\n")) {
    const values = new Map(
      block.split("\n").map((line) => [
        line.slice(0, line.indexOf("=")),
        line.slice(line.indexOf("=") + 1),
      ]),
    );
    const id = values.get("Id");
    if (id !== undefined) units.set(id, read((name) => values.get(name) ?? ""));
  }
  return units;
}

/** Whether a unit has processes, or is about to. */
export function isRunning(state: UnitState | undefined): boolean {
  return ["active", "activating", "reloading", "deactivating"].includes(state?.activeState ?? "");
}
