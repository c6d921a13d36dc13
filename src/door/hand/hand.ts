import { join } from "node:path/posix";
import {
  type DoorState,
  type FrontState,
  STATE_FILE,
  writeState,
} from "../../core/dispatcher/state_file.ts";
import type { Wish } from "../../core/orchestrator/wish.ts";
import { RECEIPT_PATH } from "../../core/plan/receipt.ts";
import { printable } from "../../core/report/printable.ts";
import { HARVESTER, SCRIBE, soulstoneOf, STOP, VESSEL } from "../../core/rune/names.ts";
import { HostError } from "../../host/host.ts";
import type { CommandContext } from "../../run/context.ts";
import { EXIT, type ExitCode } from "../../run/invocation.ts";
import { Refusal } from "../../run/refusal.ts";
import { warn } from "../../run/say.ts";
import { portHolder } from "../../units/pod.ts";
import type { Systemd } from "../../units/systemd.ts";
import { clientsGone } from "./clients.ts";
import { Delayed } from "./delayed.ts";
import { EngineWatch, type Seen } from "./engine_watch.ts";
import { type Asked, Front } from "./front.ts";
import { readPortalKeys } from "./portal_keys.ts";
import { ChannelFault } from "./messages.ts";
import type { PortalKey } from "../channel/messages.ts";
import { Leases } from "./leases.ts";
import { Logs } from "./logs.ts";
import { HAND_PACE, type HandPace } from "./pace.ts";
import { Problems } from "./problems.ts";
import { Sampler } from "./sampler.ts";
import { ServiceStatus } from "./service_status.ts";
import { banish, carryOut, type Place, type Result, summon } from "./transition.ts";
import { Turns } from "./turns.ts";
import { addressOf, hasNetworkFor, isSameRender, readUnits, type Units } from "./units.ts";

/** The surroundings of {@linkcode Hand}. */
export interface HandOptions {
  readonly context: CommandContext;
  readonly systemd: Systemd;
  /** The folder of the front door. */
  readonly folder: string;
  /** Starts a front with the network that the units on disk need. */
  readonly openFront: () => MessagePort;
  readonly pace?: HandPace;
}

/**
 * Joins systemd and the front. After a render that changed ports there are two fronts for a while: the
 * former one finishes its requests.
 */
export class Hand {
  readonly #context: CommandContext;
  readonly #systemd: Systemd;
  readonly #folder: string;
  readonly #openFront: () => MessagePort;
  readonly #leases: Leases;
  readonly #watch: EngineWatch;
  readonly #status: ServiceStatus;
  readonly #turns = new Turns();
  /** A banish does not wait for the start that it ends. */
  readonly #banishes = new Turns();
  readonly #fronts = new Set<Front>();
  readonly #end = Promise.withResolvers<ExitCode>();
  #units: Units;
  /** The units whose network the newest front has. */
  #networkUnits: Units;
  #seen: Seen = { engines: new Map(), isHeld: false, since: new Map(), problems: new Map() };
  readonly #problems: Problems;
  readonly #sampler: Sampler;
  #swap: DoorState["swap"];
  #problem: DoorState["problem"];
  #portalKeys: ReadonlyMap<string, PortalKey> = new Map();
  readonly #program: DoorState["program"];

  readonly #pace: HandPace;
  readonly #hint: Delayed;
  readonly #rendered: Delayed;
  readonly #changed: Delayed;
  readonly #measured: Delayed;
  readonly #clients: Delayed;
  readonly #leaving: Delayed;
  readonly #shown: Delayed;

  /** Refuses units without a front door. */
  constructor({ context, systemd, folder, openFront, pace = HAND_PACE }: HandOptions) {
    this.#context = context;
    this.#systemd = systemd;
    this.#folder = folder;
    this.#openFront = openFront;
    this.#pace = pace;
    this.#hint = new Delayed(pace.hintMilliseconds, () => void this.#watch.look());
    this.#rendered = new Delayed(pace.renderMilliseconds, () => void this.#reload());
    this.#changed = new Delayed(pace.stateMilliseconds, () => this.#writeState());
    this.#measured = new Delayed(pace.metricsMilliseconds, () => this.#writeMetrics());
    this.#clients = new Delayed(pace.clientsMilliseconds, () => void this.#reportGone());
    this.#leaving = new Delayed(pace.shutdownMilliseconds, () => void this.#hurry());
    this.#shown = new Delayed(
      pace.statusMilliseconds,
      () => void this.#status.show(this.#text()),
    );
    this.#units = this.#networkUnits = readUnits(context);
    const { host, binary: path } = context;
    const identity = path && host.lstat(path)?.identity;
    this.#program = path && identity ? { path, identity } : undefined;
    this.#leases = new Leases(host, folder);
    this.#status = new ServiceStatus(context);
    this.#problems = new Problems(context);
    this.#sampler = new Sampler(context, (sample) => {
      for (const front of this.#fronts) if (front.isFollowed) front.send(sample);
    });
    this.#watch = new EngineWatch({
      systemd,
      leases: this.#leases,
      engines: () => this.#units.rendered.inventory.engines,
      onSeen: (seen) => this.#see(seen),
    });
  }

  /** Runs until the command is interrupted, or a front is at fault. */
  async run(): Promise<ExitCode> {
    const { host, folders, interruption } = this.#context;
    const leave = () => void this.#leave();
    if (interruption.aborted) return EXIT.ok;
    interruption.addEventListener("abort", leave);
    const folderOfUnits = join(folders.manager, "units");
    const watched = [folderOfUnits, this.#folder, folders.quadlet];
    const files = host.watch(watched, (path) => this.#notice(path));
    try {
      await this.#watch.look();
      this.#portalKeys = await readPortalKeys(this.#context, this.#units.door.portals);
      const front = this.#open();
      const opened = await Promise.race([front.opened, this.#end.promise]);
      if (typeof opened === "number") return opened;
      if (opened !== undefined) throw await this.#cannotListen(opened);
      this.#changed.request();
      await this.#status.showReady(this.#text());
      return await this.#end.promise;
    } finally {
      interruption.removeEventListener("abort", leave);
      files.close();
      this.#watch.close();
      this.#sampler.close();
      for (const front of this.#fronts) front.close();
      for (
        const delayed of [
          ...[this.#hint, this.#rendered, this.#changed],
          ...[this.#measured, this.#shown, this.#leaving, this.#clients],
        ]
      ) {
        delayed.cancel();
      }
      for (const name of this.#leases.names) this.#leases.revoke(name);
      this.#removeState();
    }
  }

  /** Removes the folder, as systemd does unless a render removed the unit meanwhile. */
  #removeState(): void {
    const { host } = this.#context;
    for (const name of [STATE_FILE, VESSEL.metricsFile]) {
      const path = join(this.#folder, name);
      if (host.lstat(path) !== undefined) host.remove(path);
    }
    host.removeEmptyFolder(this.#folder);
  }

  /** Takes a hint of the file system. */
  #notice(path: string): void {
    const { folders } = this.#context;
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (path === join(folders.config, RECEIPT_PATH)) return this.#rendered.request();
    // systemd makes a symlink of this name when a service starts, and removes it at the end.
    const unit = name.replace(/^invocation:/, "");
    if (soulstoneOf(unit) !== undefined || unit === VESSEL.hold || name.startsWith(STOP)) {
      this.#hint.request();
    }
  }

  /** Starts a front, and sends it everything. */
  #open(): Front {
    const front = new Front(
      this.#openFront(),
      new Logs(this.#context),
      (message, from) => this.#take(message, from),
      (fault) => this.#fault(fault),
    );
    this.#fronts.add(front);
    this.#sendUnits(front);
    this.#sendSeen(front);
    const problems = this.#problems.known;
    if (problems.size > 0) front.send({ kind: "problems", problems });
    return front;
  }

  #sendUnits(front: Front): void {
    const { rendered: { inventory, services }, door } = this.#units;
    const uriOf = (name: string) => services.find((service) => service.name === name)?.uri;
    const links = { grafana: uriOf(SCRIBE.name), prometheus: uriOf(HARVESTER.name) };
    front.send({ kind: "units", inventory, door, links, portalKeys: this.#portalKeys });
  }

  #sendSeen(front: Front): void {
    for (const [name, state] of this.#seen.engines) {
      if (state === "ready") front.using.add(name);
      else if (state !== "stopping") front.using.delete(name);
    }
    const { engines, isHeld, since } = this.#seen;
    front.send({ kind: "observed", engines, isHeld, since });
  }

  #see(seen: Seen): void {
    const isNew = !isSameSeen(seen, this.#seen);
    this.#seen = seen;
    if (!isNew) return;
    for (const front of this.#fronts) this.#sendSeen(front);
    this.#revokeFree();
    this.#shown.request();
    void this.#explain();
  }

  /** Sends the problems of engines; with keys, also what their logs say. */
  async #explain(): Promise<void> {
    const { keys } = this.#units.door.settings;
    const problems = await this.#problems.explain(this.#seen, { withLogs: keys.length > 0 });
    if (problems === undefined) return;
    for (const front of this.#fronts) front.send({ kind: "problems", problems });
  }

  /** Lets the hooks of engines go on that no front uses. */
  #revokeFree(): void {
    for (const [name, state] of this.#seen.engines) {
      const isUsed = [...this.#fronts].some(({ using }) => using.has(name));
      if (state === "stopping" && !isUsed) this.#leases.revoke(name);
    }
  }

  /** Takes a message of a front. Throws a ChannelFault for one that a front never sends. */
  #take(message: Asked, front: Front): void {
    switch (message.kind) {
      case "free":
        // After the engine became ready again, an older message does not count.
        if (this.#seen.engines.get(message.engine) !== "stopping") return;
        front.using.delete(message.engine);
        return this.#revokeFree();
      case "state":
        front.state = message.state;
        if (hasRequests(front.state)) this.#clients.request();
        return this.#changed.request();
      case "follow":
        front.isFollowed = message.isFollowed;
        return this.#sampleIfWanted();
      case "read-log":
        return this.#readLog(message.id, message.engine, front);
      case "leave-log":
        return front.logs.leave(message.id);
      case "metrics":
        front.metrics = message.text;
        return this.#measured.request();
      case "order": {
        const { id, order } = message;
        // An order that changes what the operator keeps is the word of an operator too.
        const isOfHold = order.kind === "release" || order.kind === "summon" && order.hold;
        const done = this.#transition(
          order,
          (place) =>
            isOfHold ? carryOut(order, place) : this.#unlessHeld(() => carryOut(order, place)),
          order.kind === "banish" ? this.#banishes : this.#turns,
        );
        return void done.then((result) => {
          const problem = result.kind === "ready" ? undefined : result.why;
          front.send({ kind: "done", id, problem });
        });
      }
      case "summon":
      case "banish": {
        if (front.isSwapping) throw new ChannelFault("a second swap during the first");
        front.isSwapping = true;
        const stops = message.kind === "summon" ? message.stops : message.engines;
        const work = (place: Place) =>
          message.kind === "summon"
            ? summon(message.wish, place, stops)
            : banish(message.engines, place);
        const done = this.#othersFinish(front, stops)
          .then(() => this.#transition(message, (place) => this.#unlessHeld(() => work(place))));
        return void done.then((result) => {
          front.isSwapping = false;
          front.send({ kind: "swapped", result });
        });
      }
    }
  }

  /** Reads the log of a rendered engine. A client needs a key for it: engines log prompts. */
  #readLog(id: number, name: string, front: Front): void {
    const { rendered: { inventory }, door } = this.#units;
    const engine = inventory.engines.find((engine) => engine.name === name);
    const end = () => front.send({ kind: "log-end", id });
    if (engine === undefined || door.settings.keys.length === 0) return end();
    front.logs.read(id, engine, { lines: (lines) => front.send({ kind: "log", id, lines }), end });
  }

  #sampleIfWanted(): void {
    this.#sampler.isWanted = [...this.#fronts].some(({ isFollowed }) => isFollowed);
  }

  /** Reports clients that left to the fronts, and looks again while there are requests. */
  async #reportGone(): Promise<void> {
    const { port } = this.#units.door.settings;
    const clients = await clientsGone(this.#context, port).catch(() => []);
    for (const front of this.#fronts) {
      if (clients.length > 0) front.send({ kind: "gone", clients });
      if (hasRequests(front.state)) this.#clients.request();
    }
  }

  /** Waits until no other front has requests under way at the engines that a swap of this one stops. */
  async #othersFinish(front: Front, stops: readonly string[]): Promise<void> {
    const { interruption } = this.#context;
    const end = performance.now() + this.#units.door.settings.drainSeconds * 1000;
    const isUsed = () =>
      [...this.#fronts].some((other) => other !== front && isBusy(other.state, stops));
    while (isUsed() && !interruption.aborted && performance.now() < end) {
      await new Promise((wake) => setTimeout(wake, this.#pace.stateMilliseconds));
    }
  }

  /** Changes engines unless the operator keeps what runs. A hold that was just started counts. */
  async #unlessHeld(work: () => Promise<Result>): Promise<Result> {
    await this.#watch.look();
    return this.#seen.isHeld
      ? { kind: "abandoned", why: "the operator keeps what runs" }
      : await work();
  }

  /** Does a transition when its turn comes; every front knows what runs before it returns. */
  async #transition(
    goal: Goal,
    work: (place: Place) => Promise<Result>,
    turns = this.#turns,
  ): Promise<Result> {
    const { terminal, interruption } = this.#context;
    const result = await turns.take(async (): Promise<Result> => {
      if (interruption.aborted) {
        return { kind: "abandoned", why: "the front door is being stopped" };
      }
      const startMilliseconds = performance.now();
      const result = await this.#attempt(work);
      if (turns === this.#turns) this.#swap = undefined;
      this.#changed.request();
      this.#shown.request();
      await this.#watch.look();
      const seconds = ((performance.now() - startMilliseconds) / 1000).toFixed(1);
      const end = result.kind === "ready" ? "done" : `${result.kind}: ${result.why}`;
      terminal.err(printable(`${goalText(goal)} (${seconds} s): ${end}`) + "\n");
      return result;
    });
    return result ?? { kind: "abandoned", why: "too many orders wait" };
  }

  async #attempt(work: (place: Place) => Promise<Result>): Promise<Result> {
    try {
      return await work({
        context: this.#context,
        systemd: this.#systemd,
        rendered: this.#units.rendered,
        onPhase: (phase, names) => {
          this.#swap = { phase, names };
          for (const front of this.#fronts) front.send({ kind: "phase", phase, names });
          this.#changed.request();
          this.#shown.request();
        },
      });
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof HostError)) throw error;
      return { kind: "abandoned", why: error.message };
    }
  }

  /** Takes the units of a new render, with a second front if it needs another network. */
  async #reload(): Promise<void> {
    const former = this.#units;
    try {
      this.#units = readUnits(this.#context);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return warn(
        this.#context,
        `the front door keeps the former units: ${error.message}`,
        error.hint,
      );
    }
    const units = this.#units;
    if (isSameRender(former, units)) return;
    this.#portalKeys = await readPortalKeys(this.#context, units.door.portals);
    this.#problem = undefined;
    this.#changed.request();
    const fronts = [...this.#fronts];
    if (!hasNetworkFor(this.#networkUnits, units)) {
      const front = this.#open();
      const problem = await front.opened;
      if (problem === undefined) {
        this.#networkUnits = units;
        for (const each of fronts) void this.#retire(each, units.door.settings.drainSeconds);
        return await this.#watch.look();
      }
      this.#forget(front);
      const { why, fix } = await this.#listenProblem(problem);
      const hint = `${fix} && systemctl --user restart ${VESSEL.service}`;
      this.#problem = { why: `it still listens on ${addressOf(this.#networkUnits)}: ${why}`, hint };
      this.#changed.request();
      warn(this.#context, `the last render is not in force: ${this.#problem.why}`, hint);
    }
    for (const each of fronts) this.#sendUnits(each);
    await this.#watch.look();
    await this.#explain();
  }

  async #retire(front: Front, withinSeconds: number): Promise<void> {
    await front.leave(withinSeconds);
    this.#forget(front);
  }

  #forget(front: Front): void {
    front.close();
    this.#fronts.delete(front);
    this.#sampleIfWanted();
    this.#revokeFree();
    this.#changed.request();
  }

  /** Ends the process after the requests under way. */
  async #leave(): Promise<void> {
    const { drainSeconds } = this.#units.door.settings;
    const left = [...this.#fronts].map((front) => this.#retire(front, drainSeconds));
    void this.#hurry();
    await Promise.all(left);
    this.#end.resolve(EXIT.ok);
  }

  /** Lets the fronts leave at once when all of the user's services are being stopped. */
  async #hurry(): Promise<void> {
    const isShutdown = await this.#systemd.isStopping().catch(() => true);
    if (isShutdown) { for (const front of this.#fronts) void front.leave(0); }
    else if (this.#fronts.size > 0) this.#leaving.request();
  }

  /** Ends the process: a front that breaks the rules of the channel cannot be trusted with anything. */
  #fault({ message }: ChannelFault): void {
    this.#context.terminal.err(
      `lychd: the sandbox that speaks HTTP broke the rules of its channel: ${message}\n` +
        "Please report this; the front door stops, and systemd starts it again.\n",
    );
    this.#end.resolve(EXIT.failure);
  }

  /** Returns the refusal of addresses that a front cannot listen on. */
  async #cannotListen(problem: string): Promise<Refusal> {
    const { why, fix } = await this.#listenProblem(problem);
    const words = `the front door cannot listen on ${addressOf(this.#units)}: ${why}`;
    return new Refusal(words, { code: EXIT.hostRefused, hint: fix });
  }

  /** Returns why a front cannot listen, and the command that fixes it. */
  async #listenProblem(problem: string): Promise<{ readonly why: string; readonly fix: string }> {
    const { bindAddress: address, port } = this.#units.door.settings;
    const { cause, isFree, fix } = await portHolder(this.#context, { port, address });
    return { why: isFree ? problem : cause, fix: fix ?? `ss -Hltnp "sport = :${port}"` };
  }

  #writeState(): void {
    const state = together([...this.#fronts].map((front) => front.state));
    const [swap, problem, timeSeconds] = [this.#swap, this.#problem, Date.now() / 1000];
    const text = writeState({ ...state, swap, problem, program: this.#program, timeSeconds });
    this.#write(STATE_FILE, text);
  }

  /** Writes the figures of the newest front. They begin again with each front, as after a restart. */
  #writeMetrics(): void {
    const text = [...this.#fronts].at(-1)?.metrics;
    if (text !== undefined) this.#write(VESSEL.metricsFile, text);
  }

  /** Writes a file, of which readers see the whole former or the whole new text. */
  #write(name: string, text: string): void {
    const { host } = this.#context;
    const path = join(this.#folder, name);
    host.create(`${path}.new`, text, 0o600);
    host.rename(`${path}.new`, path);
  }

  /** Returns the status for `systemctl --user status`. */
  #text(): string {
    const ready = [...this.#seen.engines].filter(([, state]) => state === "ready");
    const names = ready.map(([name]) => name).sort().join(", ");
    return [
      ready.length === 0 ? "no engine is ready" : `ready: ${names}`,
      ...this.#swap === undefined ? [] : [`${this.#swap.phase}: ${this.#swap.names.join(", ")}`],
      ...this.#seen.isHeld ? ["held by lychd summon --hold"] : [],
    ].join("; ");
  }
}

/** The goal of a transition, for the journal. */
type Goal =
  | Extract<Asked, { kind: "summon" | "banish" }>
  | Extract<Asked, { kind: "order" }>["order"];

function goalText(goal: Goal): string {
  if ("engines" in goal) return `banish ${goal.engines.join(" ")}`;
  if (goal.kind === "release") return "order: release";
  if (goal.kind === "banish") return `order: banish ${goal.name ?? "all"}`;
  if ("stops" in goal) return `summon ${wishText(goal.wish)}`;
  return `order: summon ${goal.wish.join(" ")}${goal.hold ? " --hold" : ""}`;
}

function wishText(wish: Wish): string {
  return wish.kind === "capabilities" ? wish.names.join(" ") : `${wish.kind}:${wish.name}`;
}

/** Returns the requests of all fronts, and the work of the newest one. */
function together(states: readonly FrontState[]): FrontState {
  const newest = states.at(-1);
  const { phase, wish } = newest ?? { phase: "steady", wish: undefined };
  const atPortals = states.flatMap(({ portals }) => portals);
  const byName = Map.groupBy(states.flatMap(({ engines }) => engines), ({ name }) => name);
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  const engines = [...byName].map(([name, parts]) => ({
    name,
    underWay: sum(parts.map(({ underWay }) => underWay)),
    waiting: sum(parts.map(({ waiting }) => waiting)),
  }));
  const portals = (newest?.portals ?? []).map((portal) => {
    const parts = atPortals.filter(({ name }) => name === portal.name);
    return { ...portal, underWay: sum(parts.map(({ underWay }) => underWay)) };
  });
  return { phase, wish, engines, portals };
}

function hasRequests({ engines, portals }: FrontState): boolean {
  return engines.some(({ underWay, waiting }) => underWay + waiting > 0) ||
    portals.some(({ underWay }) => underWay > 0);
}

/** Returns true if a front has requests under way at one of these engines. */
function isBusy({ engines }: FrontState, names: readonly string[]): boolean {
  return engines.some(({ name, underWay }) => underWay > 0 && names.includes(name));
}

function isSameSeen(a: Seen, b: Seen): boolean {
  return a.isHeld === b.isHeld && isSameMap(a.engines, b.engines) && isSameMap(a.since, b.since);
}

function isSameMap(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}
