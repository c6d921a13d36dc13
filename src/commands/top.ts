import { DoorClient } from "../client/door_client.ts";
import {
  changeLines,
  requestLine,
  sampleLine,
  topLines,
  type TopView,
} from "../client/top_text.ts";
import type { EndedRequest, EndedRequests, Plan, Sample, Status } from "../core/api/schema.ts";
import { printable } from "../core/report/printable.ts";
import { type CommandContext, requireDoor } from "../run/context.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { Screen } from "../run/screen.ts";

/** The pause between two drawings, in which times change, and the terminal may get another size. */
const DRAW_MILLISECONDS = 1000;

/** The front door sends at least a comment every 5 seconds; without one, it hangs or is not reached. */
const SILENCE_MILLISECONDS = 15_000;

/** The pause before the next try to reach a front door that left. */
const AGAIN_MILLISECONDS = 1000;

const KEYS = "up and down choose; s summon, b banish, h summon and hold, r release, q quit";

/** An event of the front door. */
type DoorEvent =
  | { readonly kind: "state"; readonly data: Status }
  | { readonly kind: "sample"; readonly data: Sample }
  | { readonly kind: "request"; readonly data: EndedRequest };

/** An event, or the reason why there is none. */
type News = DoorEvent | { readonly kind: "lost"; readonly data: Refusal };

/** `lychd top`: shows what the front door does, on a terminal with keys, and otherwise line by line. */
export async function top(context: CommandContext): Promise<ExitCode> {
  const access = requireDoor(context);
  const client = new DoorClient(access);
  const { terminal } = context;
  if (terminal.outIsTerminal && terminal.canAsk) {
    const screen = new Screen(terminal.out);
    try {
      return await new Top(client, screen, { url: access.url, palette: terminal.outPalette }).run();
    } finally {
      screen.close();
    }
  }
  let before: Status | undefined;
  let isLost = false;
  for await (const { kind, data } of followed(client)) {
    let lines: string[];
    if (kind === "lost") {
      if (before === undefined || data.code !== EXIT.hostRefused) throw data;
      lines = isLost ? [] : [printable(data.message)];
      isLost = true;
    } else {
      lines = isLost ? ["the front door answers again"] : [];
      isLost = false;
      if (kind === "state") {
        lines.push(...changeLines(before, data));
        before = data;
      } else lines.push(kind === "sample" ? sampleLine(data) : requestLine(data));
    }
    const time = new Date().toISOString().slice(11, 19);
    for (const line of lines) terminal.out(`${time} ${line}\n`);
    if (terminal.outIsGone()) break;
  }
  return EXIT.ok;
}

/** Returns the events until the signal, again and again: a render may start another front. */
async function* followed(client: DoorClient, signal?: AbortSignal): AsyncGenerator<News, void> {
  while (!signal?.aborted) {
    try {
      yield* eventsOf(client, signal);
      const code = EXIT.hostRefused;
      yield { kind: "lost", data: new Refusal("the front door ended the connection", { code }) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      yield { kind: "lost", data: error };
    }
    await new Promise((wake) => setTimeout(wake, AGAIN_MILLISECONDS));
  }
}

async function* eventsOf(
  client: DoorClient,
  signal?: AbortSignal,
): AsyncGenerator<DoorEvent, void> {
  const options = { signal, silenceMilliseconds: SILENCE_MILLISECONDS };
  for await (const { name, data } of client.events("/lychd/v1/events", options)) {
    if (name === "state" || name === "sample" || name === "request") {
      yield { kind: name, data: JSON.parse(data) };
    }
  }
}

/** An order that waits for a yes. */
interface Question {
  /** Its plan, as the query of the front door. */
  readonly query: string;
  readonly plan: Plan;
  readonly lines: readonly string[];
  readonly act: () => Promise<unknown>;
}

/** The requests that are shown at most. */
const MOST_REQUESTS = 200;

/** The whole terminal. */
class Top {
  readonly #client: DoorClient;
  readonly #screen: Screen;
  readonly #shown: Pick<Parameters<typeof topLines>[1], "url" | "palette">;
  readonly #leaving = new AbortController();
  #view: TopView = { status: undefined, sample: undefined, requests: [], offline: undefined };
  #selected: string | undefined;
  #question: Question | undefined;
  #message = "";

  constructor(
    client: DoorClient,
    screen: Screen,
    shown: Pick<Parameters<typeof topLines>[1], "url" | "palette">,
  ) {
    this.#client = client;
    this.#screen = screen;
    this.#shown = shown;
  }

  async run(): Promise<ExitCode> {
    const timer = setInterval(() => this.#draw(), DRAW_MILLISECONDS);
    try {
      return await Promise.race([this.#keys(), this.#follow()]);
    } finally {
      clearInterval(timer);
      this.#leaving.abort();
    }
  }

  /** Takes keys until the one that quits, also while the front door does not answer. */
  async #keys(): Promise<ExitCode> {
    const fault = Promise.withResolvers<never>();
    let pressed = Promise.resolve();
    for (;;) {
      this.#draw();
      const keys = await Promise.race([this.#screen.keys(), fault.promise]);
      if (keys === undefined) return EXIT.ok;
      // deno-lint-ignore no-control-regex
      for (const key of keys.match(/\u001b\[.|[^]/g) ?? []) {
        if (key === "q" || key === "\u0003") return EXIT.ok;
        pressed = pressed.then(() => this.#press(key)).then(() => this.#draw());
        pressed.catch(fault.reject);
      }
    }
  }

  async #follow(): Promise<never> {
    const { requests } = await this.#client.get("/lychd/v1/requests") as EndedRequests;
    this.#view = { ...this.#view, requests };
    for await (const news of followed(this.#client, this.#leaving.signal)) this.#take(news);
    return await new Promise(() => {});
  }

  #take({ kind, data }: News): void {
    switch (kind) {
      case "lost": {
        const { requests } = this.#view;
        this.#view = { status: undefined, sample: undefined, requests, offline: data.message };
        break;
      }
      case "state":
        this.#view = { ...this.#view, status: data, offline: undefined };
        if (!data.soulstones.some(({ name }) => name === this.#selected)) {
          this.#selected = data.soulstones[0]?.name;
        }
        break;
      case "sample":
        this.#view = { ...this.#view, sample: data };
        break;
      case "request": {
        const requests = [data, ...this.#view.requests].slice(0, MOST_REQUESTS);
        this.#view = { ...this.#view, requests };
      }
    }
    this.#draw();
  }

  async #press(key: string): Promise<void> {
    const question = this.#question;
    if (question !== undefined) {
      this.#question = undefined;
      if (key === "\r" || key === "\n" || key === "y") await this.#confirm(question);
      return;
    }
    const name = this.#selected;
    switch (key) {
      case "\u001b[A":
      case "k":
        return this.#move(-1);
      case "\u001b[B":
      case "j":
        return this.#move(1);
      case "r":
        return this.#give(() => this.#client.post("/lychd/v1/release", {}));
    }
    if (name === undefined) return;
    const wish = [`soulstone:${name}`];
    switch (key) {
      case "s":
        return await this.#ask("wish", wish[0]!, () => this.#order("summon", { wish }));
      case "h":
        return await this.#ask("wish", wish[0]!, () => this.#order("summon", { wish, hold: true }));
      case "b":
        return await this.#ask("banish", wish[0]!, () => this.#order("banish", { name: wish[0] }));
    }
  }

  #order(path: string, body: unknown): Promise<unknown> {
    return this.#client.post(`/lychd/v1/${path}`, body);
  }

  #move(by: number): void {
    const names = this.#view.status?.soulstones.map(({ name }) => name) ?? [];
    const at = names.indexOf(this.#selected ?? "") + by;
    this.#selected = names[Math.min(names.length - 1, Math.max(0, at))];
  }

  /** Shows what an order would do, before it is given. */
  async #ask(kind: "wish" | "banish", name: string, act: Question["act"]): Promise<void> {
    const query = `${kind}=${encodeURIComponent(name)}`;
    const plan = await this.#plan(query);
    if (plan !== undefined) this.#question = { query, plan, lines: plan.lines, act };
  }

  /** Gives the order if it still does what was shown; otherwise shows what it would do now. */
  async #confirm({ query, plan: { starts, stops }, act }: Question): Promise<void> {
    const plan = await this.#plan(query);
    if (plan === undefined) return;
    if (`${plan.starts} ${plan.stops}` === `${starts} ${stops}`) return this.#give(act);
    const lines = ["the engines changed meanwhile; the order would do this now:", ...plan.lines];
    this.#question = { query, plan, lines, act };
  }

  async #plan(query: string): Promise<Plan | undefined> {
    try {
      return await this.#client.get(`/lychd/v1/plan?${query}`) as Plan;
    } catch (error) {
      this.#say(error);
      return undefined;
    }
  }

  #give(act: Question["act"]): void {
    this.#message = "the front door works on it";
    act().then(() => this.#say("done"), (error) => this.#say(error));
  }

  #say(message: unknown): void {
    if (message instanceof Refusal) this.#message = message.message;
    else if (typeof message === "string") this.#message = message;
    else throw message;
    this.#draw();
  }

  #draw(): void {
    const footer = this.#question === undefined
      ? [...this.#message === "" ? [] : [this.#message], KEYS]
      : [...this.#question.lines, "Enter: do it; any other key: do not"];
    this.#screen.draw(topLines(this.#view, {
      ...this.#shown,
      ...this.#screen.size,
      selected: this.#selected,
      footer,
      nowMilliseconds: Date.now(),
    }));
  }
}
