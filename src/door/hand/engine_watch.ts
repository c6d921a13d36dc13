/** The states of all engines, as systemd has them now. */
import type { EngineState } from "../../core/dispatcher/events.ts";
import { conditionOf, inactiveUnit, stateHint } from "../../core/orchestrator/condition.ts";
import type { Engine } from "../../core/orchestrator/inventory.ts";
import { EVERY_SOULSTONE, soulstoneUnit, VESSEL } from "../../core/rune/names.ts";
import { HostError } from "../../host/host.ts";
import { isRunning, type Systemd } from "../../units/systemd.ts";
import type { Problem } from "../channel/messages.ts";
import { engineStateOf } from "./engine_state.ts";
import type { Leases } from "./leases.ts";

/** The states of the engines, and whether the operator keeps what runs. */
export interface Seen {
  readonly engines: ReadonlyMap<string, EngineState>;
  readonly isHeld: boolean;
  /** The times from which they have these states, in seconds of the Unix epoch, where known. */
  readonly since: ReadonlyMap<string, number>;
  /** The engines that should run, or cannot, each with the reason and the command that helps. */
  readonly problems: ReadonlyMap<string, Fault>;
}

/** The reason why an engine does not run, and the command that helps. */
type Fault = Pick<Problem, "why" | "command">;

/** The pause between two looks at engines that start or stop: 2 % of the time so far, in limits. */
const POLL_SHARE = 0.02;
const SHORTEST_POLL_MILLISECONDS = 250;
const LONGEST_POLL_MILLISECONDS = 5000;

/** The pause while nothing changes: hints of systemd come earlier. */
const SLOW_POLL_MILLISECONDS = 60_000;

/** The surroundings of {@linkcode EngineWatch}. */
export interface EngineWatchOptions {
  readonly systemd: Systemd;
  readonly leases: Leases;
  /** Returns the rendered engines. */
  readonly engines: () => readonly Engine[];
  readonly onSeen: (seen: Seen) => void;
}

/**
 * Looks at the engines: on request, often while some of them start or stop, and otherwise once per
 * minute. Grants leases, and revokes those of engines that are gone.
 *
 * The drain hook of an engine may look for its lease just before the lease is granted, and then let
 * systemd stop the engine at once. So an engine counts as ready only if its lease is older than the
 * query that saw it running.
 */
export class EngineWatch {
  readonly #options: EngineWatchOptions;
  #looking: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #changingSinceMilliseconds: number | undefined;
  #isClosed = false;

  constructor(options: EngineWatchOptions) {
    this.#options = options;
  }

  /** Looks once after the call. Several calls during one look share the next one. */
  look(): Promise<void> {
    if (this.#looking === undefined) {
      this.#looking = this.#look().finally(() => this.#looking = undefined);
      return this.#looking;
    }
    this.#next ??= this.#looking.then(() => {
      this.#next = undefined;
      return this.look();
    });
    return this.#next;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    let seen: Seen | undefined;
    try {
      while (seen === undefined) seen = await this.#query();
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
    }
    if (this.#isClosed) return;
    const pause = seen === undefined ? LONGEST_POLL_MILLISECONDS : this.#pauseAfter(seen);
    this.#timer = setTimeout(() => void this.look(), pause);
    if (seen !== undefined) this.#options.onSeen(seen);
  }

  /** Asks systemd once; undefined if there are new leases, so that it must be asked again. */
  async #query(): Promise<Seen | undefined> {
    const { systemd, leases } = this.#options;
    const states = await systemd.activeStates([EVERY_SOULSTONE, VESSEL.hold]);
    const rendered = new Map(this.#options.engines().map((engine) => [engine.name, engine]));
    const engines = new Map<string, EngineState>();
    const [since, problems] = [new Map<string, number>(), new Map<string, Fault>()];
    let isAgain = false;
    // A render may have removed an engine that still has requests.
    for (const name of new Set([...rendered.keys(), ...leases.names])) {
      const unit = states.get(soulstoneUnit(name).service) ?? inactiveUnit("generated");
      const engine = rendered.get(name);
      // Without its unit it has no hook: the command that stops it waits before it calls systemd.
      const isAsked = engine === undefined && leases.isAsked(name);
      const condition = conditionOf(unit, engine);
      const state = isAsked ? "stopping" : engineStateOf(condition);
      engines.set(name, state);
      const began = state === "ready" ? unit.activeFromSeconds : unit.sinceSeconds;
      if (began !== undefined) since.set(name, began);
      const command = stateHint(name, condition.state);
      if (condition.why !== undefined && command !== undefined) {
        problems.set(name, { why: condition.why, command });
      }
      if (state === "ready" && !leases.names.has(name)) {
        leases.grant(name);
        isAgain = true;
      } else if (state !== "ready" && state !== "stopping") leases.revoke(name);
    }
    const isHeld = isRunning(states.get(VESSEL.hold));
    return isAgain ? undefined : { engines, isHeld, since, problems };
  }

  #pauseAfter({ engines }: Seen): number {
    const isChanging = [...engines.values()].some((state) => state !== "ready" && state !== "down");
    if (!isChanging) {
      this.#changingSinceMilliseconds = undefined;
      return SLOW_POLL_MILLISECONDS;
    }
    const now = performance.now();
    this.#changingSinceMilliseconds ??= now;
    const share = (now - this.#changingSinceMilliseconds) * POLL_SHARE;
    return Math.min(LONGEST_POLL_MILLISECONDS, Math.max(SHORTEST_POLL_MILLISECONDS, share));
  }
}
