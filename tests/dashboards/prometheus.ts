/** Runs a real Prometheus that scrapes the servers of a test. */
import { join } from "node:path/posix";
import { dump } from "js-yaml";

/** The folders of Prometheus and promtool that LYCHD_PROMETHEUS names, joined by `:`. */
export function findProgramFolders(): string[] {
  return (Deno.env.get("LYCHD_PROMETHEUS") ?? "").split(":").filter((folder) => folder !== "");
}

/** Returns the version of the programs in a folder, such as `3.5.3+ds1`. */
export function versionOf(folder: string): string {
  const { stdout, stderr } = new Deno.Command(join(folder, "prometheus"), {
    args: ["--version"],
  }).outputSync();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return /version (\S+)/.exec(text)?.[1] ?? "unknown";
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** One value for an instant query, many for a range query. */
  readonly values: readonly number[];
}

interface Options {
  /** The folder of the program. */
  readonly folder: string;
  readonly config: (address: string) => unknown;
  /** Served below `/user/`. */
  readonly assets: string;
}

/** A running Prometheus. */
export class Prometheus implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #data: string;
  readonly #url: string;

  private constructor(process: Deno.ChildProcess, data: string, address: string) {
    this.#process = process;
    this.#data = data;
    this.#url = `http://${address}/api/v1/`;
  }

  /** Starts it, and waits until it answers. */
  static async start({ folder, config, assets }: Options): Promise<Prometheus> {
    const data = await Deno.makeTempDir({ prefix: "lychd-prometheus-" });
    const address = `127.0.0.1:${freePort()}`;
    const file = join(data, "prometheus.yml");
    await Deno.writeTextFile(file, dump(config(address)));
    const process = new Deno.Command(join(folder, "prometheus"), {
      args: [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(data, "tsdb")}`,
        `--web.listen-address=${address}`,
        `--web.user-assets=${assets}`,
        "--log.level=error",
      ],
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
    const prometheus = new Prometheus(process, data, address);
    await waitUntil("Prometheus answers", async () => {
      const answer = await fetch(`http://${address}/-/ready`).catch(() => undefined);
      await answer?.body?.cancel();
      return answer?.ok === true;
    });
    return prometheus;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.status;
    await Deno.remove(this.#data, { recursive: true });
  }

  /** Runs an instant query. */
  async now(query: string): Promise<Series[]> {
    const { result } = await this.#ask("query", { query }) as { result: Instant[] };
    return result.map(({ metric, value }) => ({ metric, values: [Number(value[1])] }));
  }

  /** Runs a range query over the last `seconds`. */
  async over(query: string, seconds: number, step = 1): Promise<Series[]> {
    const end = Date.now() / 1000;
    const times = { start: `${end - seconds}`, end: `${end}`, step: `${step}` };
    const { result } = await this.#ask("query_range", { query, ...times }) as { result: Range[] };
    return result.map(({ metric, values }) => ({
      metric,
      values: values.map(([, value]) => Number(value)),
    }));
  }

  /** Returns the values of a label of the matching series. */
  async labelValues(label: string, selector: string): Promise<string[]> {
    return await this.#ask(`label/${label}/values`, { "match[]": selector }) as string[];
  }

  async #ask(endpoint: string, parameters: Record<string, string>): Promise<unknown> {
    const answer = await fetch(`${this.#url}${endpoint}?${new URLSearchParams(parameters)}`);
    const { status, data, error } = await answer.json();
    if (status !== "success") throw new Error(`${error}\n${JSON.stringify(parameters)}`);
    return data;
  }
}

interface Instant {
  readonly metric: Record<string, string>;
  readonly value: [number, string];
}

interface Range {
  readonly metric: Record<string, string>;
  readonly values: [number, string][];
}

/** Retries for a minute. */
export async function waitUntil(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 240; attempt++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`waited a minute, and it is not so: ${what}`);
}

/** Returns a free port. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
