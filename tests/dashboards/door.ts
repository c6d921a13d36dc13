/** A real front door under load: its front, with real engines and a scripted hand, writes its figures. */
import { join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import {
  type FrontBench,
  post,
  startEngine,
  startFront,
  startRawEngine,
} from "../../src/testing/front_bench.ts";

/** The tokens of each answer. */
export const TOKENS = { input: 30, cached: 12, output: 8 } as const;

const USAGE = JSON.stringify({
  usage: {
    prompt_tokens: TOKENS.input,
    completion_tokens: TOKENS.output,
    prompt_tokens_details: { cached_tokens: TOKENS.cached },
  },
});

/** The number of events that the load has caused. */
export interface Caused {
  answered: number;
  broken: number;
  unknown: number;
  left: number;
  swaps: number;
}

/** Returns the job of the front door that lychd writes, for a Prometheus at another address. */
export function vesselJob(prometheus: string): Record<string, unknown> {
  const golden = "../golden/vessel-all-settings/runes/containers/systemd/lychd/harvester/";
  const file = fileURLToPath(new URL(`${golden}prometheus.yml`, import.meta.url));
  const config = load(Deno.readTextFileSync(file)) as {
    scrape_configs: Record<string, unknown>[];
  };
  const job = config.scrape_configs.find(({ job_name }) => job_name === "lychd-vessel")!;
  return { ...job, static_configs: [{ targets: [prometheus], labels: { instance: "lychd" } }] };
}

/** A front door whose clients ask two engines that exclude each other. */
export class Door implements AsyncDisposable {
  /** Served by Prometheus below `/user/`. */
  readonly assets = Deno.makeTempDirSync({ prefix: "lychd-vessel-" });
  readonly caused: Caused = { answered: 0, broken: 0, unknown: 0, left: 0, swaps: 0 };
  readonly #bench: FrontBench;
  readonly #engines: readonly AsyncDisposable[];
  /** Its function is called when a request arrived that gets no answer. */
  readonly #leaver: { leave(): void };
  #isEnded = false;

  static async start(): Promise<Door> {
    const leaver = { leave() {} };
    const engine = startEngine(async (request) => {
      const { stream, slow } = await request.json();
      if (slow) {
        leaver.leave();
        return await new Promise<Response>(() => {});
      }
      const headers = { "content-type": stream ? "text/event-stream" : "application/json" };
      return new Response(stream ? `data: ${USAGE}\n\n` : USAGE, { headers });
    });
    const broken = startRawEngine(async ({ write, close }) => {
      await write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{");
      close();
    });
    const bench = await startFront({
      ports: { eye: engine.port, sage: engine.port, broken: broken.port, off: 1 },
      ready: ["eye"],
      settings: { lingerSeconds: 0 },
      pace: { metricsMilliseconds: 500 },
    });
    return new Door(bench, [engine, broken], leaver);
  }

  private constructor(
    bench: FrontBench,
    engines: readonly AsyncDisposable[],
    leaver: { leave(): void },
  ) {
    this.#leaver = leaver;
    this.#bench = bench;
    this.#engines = engines;
    this.#swap();
    this.#write();
    this.#ask();
  }

  /** Lets a request wait for an engine that never becomes ready, and so all others after it. */
  wait(): void {
    this.#post("off").catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    await this.#bench[Symbol.asyncDispose]();
    await Promise.all(this.#engines.map((engine) => engine[Symbol.asyncDispose]()));
    await Deno.remove(this.assets, { recursive: true });
  }

  /** Starts and stops engines as the hand does. That of `off` does not end. */
  async #swap(): Promise<void> {
    for (;;) {
      const { wish } = await this.#bench.next("summon");
      const name = "name" in wish ? wish.name : "";
      for (const phase of ["stop", "memory", "start", "healthy"] as const) {
        this.#bench.tell({ kind: "phase", phase, names: [name] });
        await pause(100);
      }
      if (name === "off") continue;
      this.#bench.observe({ [name]: "ready" });
      this.#bench.tell({ kind: "swapped", result: { kind: "ready" } });
      this.caused.swaps++;
    }
  }

  /** Writes the figures as the hand and the observer do, with a series that the door does not have. */
  async #write(): Promise<void> {
    for (;;) {
      const { text } = await this.#bench.next("metrics");
      if (this.#isEnded) return;
      const file = join(this.assets, "vessel.txt");
      Deno.writeTextFileSync(`${file}.new`, `${text}lychd_soulstone_state{soulstone="x"} 1\n`);
      Deno.renameSync(`${file}.new`, file);
    }
  }

  async #ask(): Promise<void> {
    try {
      for (let round = 0; !this.#isEnded; round++) {
        const model = round % 8 < 4 ? "eye" : "sage";
        for (const stream of [true, false]) {
          await this.#post(model, { stream });
          this.caused.answered++;
        }
        await this.#post("no such model");
        this.caused.unknown++;
        if (round % 8 === 7) {
          const client = new AbortController();
          this.#leaver.leave = () => client.abort();
          await this.#post(model, { slow: true }, client.signal).catch(() => {});
          if (client.signal.aborted) this.caused.left++;
          await this.#post("broken");
          this.caused.broken++;
        }
        await pause(100);
      }
    } catch (error) {
      if (!this.#isEnded) throw error;
    }
  }

  async #post(model: string, fields: object = {}, signal?: AbortSignal): Promise<void> {
    const init = signal === undefined ? {} : { signal };
    const answer = await post(this.#bench, "/v1/chat/completions", { model, ...fields }, init);
    await answer.text();
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
