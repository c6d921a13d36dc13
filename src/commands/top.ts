import { DoorClient } from "../client/door_client.ts";
import {
  changeLines,
  requestLine,
  sampleLine,
  topLines,
  type TopView,
} from "../client/top_text.ts";
import type { EndedRequest, EndedRequests, Plan, Sample, Status } from "../core/api/schema.ts";
import { type CommandContext, requireDoor } from "../run/context.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { Screen } from "../run/screen.ts";

/** The pause between two drawings, in which times change, and the terminal may get another size. */
const DRAW_MILLISECONDS = 1000;

/** The pause before the next try to reach a front door that left. */
const AGAIN_MILLISECONDS = 1000;

const KEYS = "up and down choose; s summon, b banish, h summon and hold, r release, q quit";

/** An event of the front door. */
type DoorEvent =
  | { readonly kind: "state"; readonly data: Status }
  | { readonly kind: "sample"; readonly data: Sample }
  | { readonly kind: "request"; readonly data: EndedRequest };

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
  for await (const { kind, data } of eventsOf(client)) {
    const lines = kind === "state"
      ? changeLines(before, data)
      : [kind === "sample" ? sampleLine(data) : requestLine(data)];
    const time = new Date().toISOString().slice(11, 19);
    for (const line of lines) terminal.out(`${time} ${line}\n`);
    if (kind === "state") before = data;
    if (terminal.outIsGone()) return EXIT.ok;
  }
  return EXIT.ok;
}

async function* eventsOf(
  client: DoorClient,
  signal?: AbortSignal,
): AsyncGenerator<DoorEvent, void> {
  for await (const { name, data } of client.events("/lychd/v1/events", { signal })) {
    if (name === "state" || name === "sample" || name === "request") {
      yield { kind: name, data: JSON.parse(data) };
    }
  }
}

/** An order that waits for a yes. */
interface Question {
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
  #view: TopView = { status: undefined, sample: undefined, requests: [] };
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
    const { requests } = await this.#client.get("/lychd/v1/requests") as EndedRequests;
    this.#view = { ...this.#view, requests };
    const timer = setInterval(() => this.#draw(), DRAW_MILLISECONDS);
    void this.#follow();
    try {
      for (;;) {
        this.#draw();
        const keys = await this.#screen.keys();
        if (keys === undefined) return EXIT.ok;
        // deno-lint-ignore no-control-regex
        for (const key of keys.match(/\u001b\[.|[^]/g) ?? []) {
          if (key === "q" || key === "\u0003") return EXIT.ok;
          await this.#press(key);
        }
      }
    } finally {
      clearInterval(timer);
      this.#leaving.abort();
    }
  }

  /** Follows the events, again and again: a render may start another front. */
  async #follow(): Promise<void> {
    const { signal } = this.#leaving;
    while (!signal.aborted) {
      try {
        for await (const event of eventsOf(this.#client, signal)) this.#take(event);
      } catch (error) {
        this.#say(error);
      }
      await new Promise((wake) => setTimeout(wake, AGAIN_MILLISECONDS));
    }
  }

  #take({ kind, data }: DoorEvent): void {
    switch (kind) {
      case "state":
        this.#view = { ...this.#view, status: data };
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
      if (key === "\r" || key === "\n" || key === "y") this.#give(question.act);
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
    try {
      const query = `${kind}=${encodeURIComponent(name)}`;
      const { lines } = await this.#client.get(`/lychd/v1/plan?${query}`) as Plan;
      this.#question = { lines, act };
    } catch (error) {
      this.#say(error);
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
