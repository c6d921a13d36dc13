import { Dispatcher, type DispatcherStatus } from "../../../core/dispatcher/dispatcher.ts";
import type { DoorEvent, Effect, EngineState } from "../../../core/dispatcher/events.ts";
import type { Prospect } from "../../../core/dispatcher/portals.ts";
import type { Route } from "../../../core/dispatcher/route.ts";
import type { FrontState } from "../../../core/dispatcher/state_file.ts";
import type { Running } from "../../../core/orchestrator/transition.ts";
import type { Problem, SwapPhase, ToFront, ToHand } from "../../channel/messages.ts";
import type { MeasuredSwap, Metrics } from "../report/metrics.ts";
import type { Portals } from "../portal/portals.ts";
import { epochSeconds } from "../report/time.ts";
import type { DoorError } from "../request/error_answer.ts";
import { ENGINE_QUEUE_LIMIT, policyOf } from "./policy.ts";
import { cutError, NOT_ADMITTED, refusalError } from "./refusal.ts";
import { type Asking, Ticket } from "./ticket.ts";

/** The shortest time between two reports of the state. */
const STATE_MILLISECONDS = 250;

/** The connection of the driver to its surroundings. */
export interface DriverPorts {
  /** Returns a time in milliseconds that never goes back. */
  now(): number;
  /** Sends a message to the hand. */
  send(message: ToHand): void;
  /** Called when the state may have changed, at most four times a second. */
  changed(): void;
  /** Called after the end of a request. */
  ended(ticket: Ticket): void;
  readonly metrics: Metrics;
  readonly portals: Portals;
}

/** The units and settings. */
export type Units = Omit<Extract<ToFront, { kind: "units" }>, "kind">;

/** A part of a swap, and the time at which it began, in milliseconds. */
export interface Progress {
  readonly phase: SwapPhase;
  readonly names: readonly string[];
  readonly since: number;
}

/**
 * Runs the dispatcher: it passes requests, messages of the hand and the time to it, and does what it
 * returns. It is the only place that does so.
 */
export class Driver {
  readonly #ports: DriverPorts;
  readonly #dispatcher: Dispatcher;
  readonly #tickets = new Map<string, Ticket>();
  #units: Units;
  #engines: ReadonlyMap<string, EngineState> = new Map();
  #running: Running = { up: new Set(), crashed: new Set() };
  #isHeld = false;
  #progress: readonly Progress[] = [];
  readonly #since = new Map<string, number>();
  #problems: ReadonlyMap<string, Problem> = new Map();
  #usedMib: ReadonlyMap<string, number> = new Map();
  /** The engines that were reported as stopping, and for which `free` was not sent yet. */
  #leaving: ReadonlySet<string> = new Set();
  #wake: { readonly timer: ReturnType<typeof setTimeout>; readonly at: number } | undefined;
  #stateTimer: ReturnType<typeof setTimeout> | undefined;
  #reported = "";

  constructor(units: Units, ports: DriverPorts) {
    this.#units = units;
    this.#ports = ports;
    this.#dispatcher = new Dispatcher(units.inventory, policyOf(units.door));
    this.#ports.metrics.know(this.#soulstones, this.#portalNames);
  }

  /** The Portals of the units. */
  get portals(): Portals {
    return this.#ports.portals;
  }

  /** The requests, and the states of the Portals. */
  get state(): FrontState {
    const atPortals = [...this.#tickets.values()].filter(({ place }) => place.kind === "portal");
    const counts = new Map<string, number>();
    for (const { engine } of atPortals) counts.set(engine, (counts.get(engine) ?? 0) + 1);
    return { ...this.status, portals: this.portals.states(counts) };
  }

  /** Returns the outlook of a request at an engine. */
  prospectOf({ engine, wish }: Pick<Route, "engine" | "wish">): Prospect {
    return this.#dispatcher.prospectOf(engine, wish, this.#ports.now());
  }

  /** The units and settings that are in force. */
  get units(): Units {
    return this.#units;
  }

  /** The states of the engines; one that is not listed is down. */
  get engines(): ReadonlyMap<string, EngineState> {
    return this.#engines;
  }

  /** The engines that run, for plans. */
  get running(): Running {
    return this.#running;
  }

  /** True if the operator keeps what runs. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** The parts of the current swap, of which the last one is under way; none without a swap. */
  get progress(): readonly Progress[] {
    return this.#progress;
  }

  /** The times from which engines have their states, in seconds of the Unix epoch, where known. */
  get since(): ReadonlyMap<string, number> {
    return this.#since;
  }

  /** The GPU memory that engines use in MiB, as far as it is measured now. */
  get usedMib(): ReadonlyMap<string, number> {
    return this.#usedMib;
  }

  /** Returns why an engine does not run although it should. */
  problemOf(engine: string): Problem | undefined {
    if (this.#engines.get(engine) === "ready") return undefined;
    const why = this.#dispatcher.failureOf(engine, this.#ports.now());
    return this.#problems.get(engine) ??
      (why === undefined ? undefined : { why, command: `lychd logs ${engine}`, log: undefined });
  }

  /** Estimates the seconds until the current swap ends. */
  get restSeconds(): number {
    const [first] = this.#progress;
    const elapsed = first === undefined ? 0 : this.#ports.now() - first.since;
    return Math.ceil(Math.max(0, this.#dispatcher.usualSwapMilliseconds - elapsed) / 1000);
  }

  /** The requests under way and waiting. */
  get status(): DispatcherStatus {
    return this.#dispatcher.status();
  }

  /** Returns the figures of the door in the text format of Prometheus. */
  metricsText(): Promise<string> {
    const waitingSince = new Map<string, number>();
    for (const ticket of this.#tickets.values()) {
      const oldest = waitingSince.get(ticket.engine) ?? Infinity;
      if (!ticket.isForwarded) {
        waitingSince.set(ticket.engine, Math.min(oldest, ticket.waitingSince));
      }
    }
    const { status } = this;
    return this.#ports.metrics.text({ status, soulstones: this.#soulstones, waitingSince });
  }

  /** The requests under way and waiting, the oldest first. */
  get requests(): Iterable<Ticket> {
    return this.#tickets.values();
  }

  /** Estimates the seconds until an engine that does not run is ready. */
  estimateSeconds(engine: string): number {
    return Math.ceil(this.#dispatcher.estimateMilliseconds(engine, this.#ports.now()) / 1000);
  }

  /** Enters a request, which must be left again. */
  enter(asking: Asking): Ticket {
    const ticket = new Ticket(asking, this.#ports.now());
    this.#tickets.set(ticket.id, ticket);
    this.#arrive(ticket);
    if (!ticket.isForwarded && !ticket.signal.aborted && this.#fillsQueue(ticket)) {
      const message = "half of the queue is full of requests with this key";
      const retryAfterSeconds = Math.min(59, this.estimateSeconds(ticket.engine));
      this.end(ticket, { status: 503, code: "queue_share", message, retryAfterSeconds });
    }
    return ticket;
  }

  /** Lets a request that no engine has answered wait once more, unless it was ended meanwhile. */
  again(ticket: Ticket): void {
    if (!this.#tickets.has(ticket.id)) return;
    this.#handle({ kind: "ended", id: ticket.id });
    ticket.unforward(this.#ports.now());
    this.#arrive(ticket);
  }

  /** Lets a request try its next place. Returns false if there is none, or it was ended meanwhile. */
  move(ticket: Ticket): boolean {
    if (!ticket.hasOther || !this.#tickets.has(ticket.id)) return false;
    this.#handle({ kind: "ended", id: ticket.id });
    ticket.move(this.#ports.now());
    this.#arrive(ticket);
    return true;
  }

  /** Takes that something about a Portal has changed. */
  learnOfPortal(): void {
    this.#reportSoon();
  }

  /** Removes a request, in whatever state it is. */
  leave(ticket: Ticket): void {
    const { id } = ticket;
    if (!this.#tickets.delete(id)) return;
    this.#ports.metrics.ended(ticket);
    this.#ports.ended(ticket);
    this.#handle({ kind: "ended", id });
  }

  /**
   * Ends a request with an error, and removes it. This does not wait for its client, which may have
   * stopped reading.
   */
  end(ticket: Ticket, error: DoorError): void {
    ticket.stop(error);
    this.leave(ticket);
  }

  /** Ends the request with this id. Returns false if there is none. */
  endById(id: string, error: DoorError): boolean {
    const ticket = this.#tickets.get(id);
    if (ticket === undefined) return false;
    this.end(ticket, error);
    return true;
  }

  /** Ends the requests of clients, which are named as `address:port`, unless they are WebSockets. */
  endOf(clients: readonly string[], error: DoorError): void {
    for (const ticket of [...this.#tickets.values()]) {
      if (ticket.isAdmitted === undefined && clients.includes(ticket.peer)) this.end(ticket, error);
    }
  }

  /** Ends all requests. */
  endAll(error: DoorError): void {
    for (const ticket of [...this.#tickets.values()]) this.end(ticket, error);
  }

  /** Takes new units and settings, and ends the WebSockets that they do not admit. */
  reload(units: Units): void {
    this.#units = units;
    for (const ticket of [...this.#tickets.values()]) {
      if (ticket.isAdmitted?.() === false) this.end(ticket, NOT_ADMITTED);
    }
    this.#dispatcher.reload(units.inventory, policyOf(units.door));
    this.#ports.metrics.know(this.#soulstones, this.#portalNames);
    this.#handle({ kind: "tick" });
  }

  /** Takes the states of the engines. */
  observe({ engines, isHeld, since }: Omit<Extract<ToFront, { kind: "observed" }>, "kind">) {
    const named = (...states: EngineState[]) =>
      new Set([...engines].filter(([, state]) => states.includes(state)).map(([name]) => name));
    const wasStopping = (name: string) => this.#engines.get(name) === "stopping";
    this.#leaving = new Set(
      [...named("stopping")].filter((name) => !wasStopping(name) || this.#leaving.has(name)),
    );
    // systemd knows no time for a unit that it has not loaded.
    const now = epochSeconds(this.#ports.now());
    for (const name of new Set([...this.#engines.keys(), ...engines.keys()])) {
      const isChanged = this.#engines.has(name) && this.#engines.get(name) !== engines.get(name);
      const began = since.get(name) ?? (isChanged ? now : undefined);
      if (began !== undefined) this.#since.set(name, began);
    }
    this.#engines = engines;
    this.#running = { up: named("ready", "starting", "crashed"), crashed: named("crashed") };
    if (isHeld !== this.#isHeld) {
      this.#isHeld = isHeld;
      this.#handle({ kind: "held", isHeld });
    }
    this.#handle({ kind: "observed", engines });
  }

  /** Takes the problems of engines. */
  learn({ problems }: Extract<ToFront, { kind: "problems" }>): void {
    this.#problems = problems;
    this.#reportSoon();
  }

  /** Takes the GPU memory that engines use in MiB. */
  measure(usedMib: ReadonlyMap<string, number>): void {
    this.#usedMib = usedMib;
    this.#reportSoon();
  }

  /** Takes the end of a swap. */
  finishSwap({ result }: Extract<ToFront, { kind: "swapped" }>): void {
    this.#progress = [];
    this.#ports.metrics.swapEnded(result.kind);
    this.#handle({ kind: "swapped", result });
  }

  /** Takes the end of the order of a client. */
  finishOrder(): void {
    this.#progress = [];
    this.#reportSoon();
  }

  /** Takes the progress of a swap. */
  advance({ phase, names }: Omit<Extract<ToFront, { kind: "phase" }>, "kind">): void {
    const last = this.#progress.at(-1);
    this.#progress = last?.phase === phase
      ? this.#progress.with(-1, { ...last, names })
      : [...this.#progress, { phase, names, since: this.#ports.now() }];
    this.#ports.metrics.swapAdvanced(phase);
    this.#reportSoon();
  }

  /** Stops its timers, after the last request. */
  close(): void {
    clearTimeout(this.#wake?.timer);
    clearTimeout(this.#stateTimer);
  }

  get #soulstones(): string[] {
    return this.#units.inventory.engines.filter(({ stray }) => !stray).map(({ name }) => name);
  }

  get #portalNames(): string[] {
    return this.#units.door.portals.map(({ name }) => name);
  }

  /** A request for a Portal does not wait, and the dispatcher does not know of it. */
  #arrive(ticket: Ticket): void {
    const { id, place } = ticket;
    if (place.kind === "engine") {
      return this.#handle({ kind: "arrived", id, engine: place.engine, wish: place.wish });
    }
    ticket.forward(this.#ports.now());
    this.#reportSoon();
  }

  /**
   * Returns true if the client of a request has more than half of the queue, or of that of its engine,
   * and there are others.
   */
  #fillsQueue({ client, engine }: Ticket): boolean {
    const { queueLimit, keys } = this.#units.door.settings;
    if (client === undefined || keys.length < 2) return false;
    const waiting = [...this.#tickets.values()]
      .filter((ticket) => ticket.client === client && !ticket.isForwarded);
    const ofEngine = waiting.filter((ticket) => ticket.engine === engine);
    return waiting.length > queueLimit / 2 || ofEngine.length > ENGINE_QUEUE_LIMIT / 2;
  }

  #handle(event: DoorEvent): void {
    for (const effect of this.#dispatcher.handle(event, this.#ports.now())) this.#execute(effect);
    if (this.#leaving.size > 0) this.#free();
    this.#wakeInTime();
    this.#reportSoon();
  }

  #execute(effect: Effect): void {
    switch (effect.kind) {
      case "forward":
        this.#forward(effect.id);
        break;
      case "refuse":
        this.#refuse(effect);
        break;
      case "cut":
        this.endById(effect.id, cutError(effect.why));
        break;
      case "summon":
      case "banish":
        this.#ports.metrics.swapBegan(this.#swapOf(effect));
        this.#ports.send(effect);
    }
  }

  #refuse(effect: Extract<Effect, { kind: "refuse" }>): void {
    const ticket = this.#tickets.get(effect.id);
    if (ticket?.hasOther) ticket.turnAway(refusalError(effect));
    else this.endById(effect.id, refusalError(effect));
  }

  #forward(id: string): void {
    const ticket = this.#tickets.get(id);
    if (ticket === undefined) return;
    this.#ports.metrics.sent(ticket);
    ticket.forward(this.#ports.now());
  }

  /** Returns the labels of a swap. Only one for a request begins while requests wait. */
  #swapOf(effect: Extract<Effect, { kind: "summon" | "banish" }>): MeasuredSwap {
    const isAsked = [...this.#tickets.values()].some(({ isForwarded }) => !isForwarded);
    const reason = isAsked ? "request" : "idle";
    if (effect.kind === "banish") return { from: effect.engines, to: undefined, reason };
    const { wish, stops } = effect;
    return { from: stops, to: "name" in wish ? wish.name : wish.names.join(","), reason };
  }

  /** Reports the engines that stop and have no request any more. */
  #free(): void {
    const used = new Set<string>();
    for (const { engine, place, isForwarded } of this.#tickets.values()) {
      if (isForwarded && place.kind === "engine") used.add(engine);
    }
    const free = [...this.#leaving].filter((engine) => !used.has(engine));
    this.#leaving = this.#leaving.intersection(used);
    for (const engine of free) this.#ports.send({ kind: "free", engine });
  }

  /** Sets the timer for the dispatcher. A timer that is too early only sets the next one. */
  #wakeInTime(): void {
    const at = this.#dispatcher.wakeMilliseconds;
    if (at === Infinity || this.#wake !== undefined && this.#wake.at <= at) return;
    clearTimeout(this.#wake?.timer);
    const timer = setTimeout(() => {
      this.#wake = undefined;
      this.#handle({ kind: "tick" });
    }, Math.max(0, Math.ceil(at - this.#ports.now())));
    this.#wake = { timer, at };
  }

  #reportSoon(): void {
    this.#stateTimer ??= setTimeout(() => {
      this.#stateTimer = undefined;
      this.#ports.changed();
      const { state } = this;
      const text = JSON.stringify(state);
      if (text === this.#reported) return;
      this.#reported = text;
      this.#ports.send({ kind: "state", state });
    }, STATE_MILLISECONDS);
  }
}
