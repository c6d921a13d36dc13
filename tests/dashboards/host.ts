/** A simulated host for the Harvester: engines that answer or do not, and a file of unit states. */
import { join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import { exposition } from "./exposition.ts";
import { FOLDER } from "./dashboards.ts";
import { freePort } from "./prometheus.ts";
import { GPUS, llamacpp, sglang, type StandIn, vllm } from "./stand_ins.ts";

export type Kind = "vllm" | "sglang" | "llamacpp" | "tabbyapi";

export interface Soulstone {
  readonly name: string;
  readonly kind: Kind;
  readonly state: "running" | "stopped" | "failed";
  /** The engine that answers on its port. */
  readonly engine?: StandIn;
  /** True if the engine has requests. */
  readonly busy?: boolean;
}

const MODEL = "Qwen/Qwen3-VL-8B-Instruct";

function running(name: string, kind: Kind, engine?: StandIn): Soulstone {
  return { name, kind, state: "running", busy: true, ...engine && { engine } };
}

export const SOULSTONES: readonly Soulstone[] = [
  running("vllm-newest", "vllm", vllm("newest", MODEL)),
  running("vllm-between", "vllm", vllm("between", MODEL)),
  running("vllm-older", "vllm", vllm("older", MODEL)),
  { ...running("vllm-idle", "vllm", vllm("newest", MODEL, false)), busy: false },
  { name: "vllm-stopped", kind: "vllm", state: "stopped" },
  { name: "vllm-failed", kind: "vllm", state: "failed" },
  running("sglang-newest", "sglang", sglang("newest", MODEL)),
  running("sglang-between", "sglang", sglang("between", MODEL)),
  running("sglang-older", "sglang", sglang("older", MODEL)),
  { ...running("sglang-idle", "sglang", sglang("newest", MODEL, false)), busy: false },
  { name: "sglang-stopped", kind: "sglang", state: "stopped" },
  running("llamacpp-newest", "llamacpp", llamacpp("newest")),
  running("llamacpp-older", "llamacpp", llamacpp("older")),
  { ...running("llamacpp-idle", "llamacpp", llamacpp("newest", false)), busy: false },
  { name: "llamacpp-stopped", kind: "llamacpp", state: "stopped" },
  // It has no metrics and is not scraped.
  running("tabby", "tabbyapi"),
];

const COVENS = ["think", "vision"];

/** The scrape configuration of lychd without the targets. */
function soulstoneJob(): Record<string, unknown> {
  const golden = "../golden/watchers-all-settings/runes/containers/systemd/lychd/harvester/";
  const file = fileURLToPath(new URL(`${golden}prometheus.yml`, import.meta.url));
  const config = load(Deno.readTextFileSync(file)) as {
    scrape_configs: Record<string, unknown>[];
  };
  return config.scrape_configs.find(({ job_name }) => job_name === "soulstone")!;
}

/** The host. */
export class Host implements AsyncDisposable {
  /** Served by Prometheus below `/user/`. */
  readonly assets = Deno.makeTempDirSync({ prefix: "lychd-units-" });
  readonly #born = Date.now();
  readonly #servers: Deno.HttpServer<Deno.NetAddr>[] = [];
  readonly #targets: unknown[] = [];
  readonly #gpuPort: number;
  readonly #observer: ReturnType<typeof setInterval>;
  /** The state after a boot that started the Harvester together with a Coven. */
  #activeCoven: string | undefined = "think";
  readonly #activated = new Map([["think", Date.now() / 1000]]);

  constructor() {
    for (const soulstone of SOULSTONES) {
      const { name, kind, engine } = soulstone;
      if (kind === "tabbyapi") continue;
      const port = engine === undefined ? freePort() : this.#serve(engine);
      const labels = { soulstone: name, covens: "vision", engine_kind: kind };
      // llama.cpp has no model label; the target has one if the Codex sets the model.
      const model = name === "llamacpp-newest" ? { model_name: MODEL } : {};
      this.#targets.push({ targets: [`127.0.0.1:${port}`], labels: { ...labels, ...model } });
    }
    this.#gpuPort = this.#serve(GPUS);
    this.#writeStates();
    this.#observer = setInterval(() => this.#writeStates(), 250);
  }

  /** Returns the seconds since the engines started to work. */
  get seconds(): number {
    return (Date.now() - this.#born) / 1000;
  }

  /** Activates another Coven, or none. */
  swap(coven: string | undefined): void {
    this.#activeCoven = coven;
    if (coven !== undefined) this.#activated.set(coven, Date.now() / 1000);
    this.#writeStates();
  }

  /** Returns the scrape configuration with an interval of one second. */
  config(prometheus: string): unknown {
    return {
      global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
      rule_files: [`${FOLDER}rules.yml`],
      scrape_configs: [
        { ...soulstoneJob(), static_configs: this.#targets },
        {
          job_name: "lychd-units",
          metrics_path: "/user/units.txt",
          static_configs: [{ targets: [prometheus] }],
        },
        { job_name: "gpu", static_configs: [{ targets: [`127.0.0.1:${this.#gpuPort}`] }] },
      ],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#observer);
    await Promise.all(this.#servers.map((server) => server.shutdown()));
    await Deno.remove(this.assets, { recursive: true });
  }

  #serve({ families, negotiation }: StandIn): number {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      const accept = request.headers.get("accept") ?? "";
      return exposition(families(this.seconds), accept, negotiation);
    });
    this.#servers.push(server);
    return server.addr.port;
  }

  #writeStates(): void {
    const states = ["running", "starting", "stopping", "stopped", "failed"];
    const labels = ({ name, kind }: Soulstone) =>
      `soulstone="${name}",covens="vision",engine_kind="${kind}"`;
    const lines = [
      "# HELP lychd_soulstone_state Whether a Soulstone is in this state.",
      "# TYPE lychd_soulstone_state gauge",
      ...SOULSTONES.flatMap((soulstone) =>
        states.map((state) =>
          `lychd_soulstone_state{${labels(soulstone)},state="${state}"} ${
            Number(state === soulstone.state)
          }`
        )
      ),
      "# HELP lychd_soulstone_restarts How often systemd restarted a Soulstone.",
      "# TYPE lychd_soulstone_restarts gauge",
      ...SOULSTONES.map((soulstone) => `lychd_soulstone_restarts{${labels(soulstone)}} 0`),
      "# HELP lychd_coven_active Whether the target of a Coven is active.",
      "# TYPE lychd_coven_active gauge",
      ...COVENS.map((coven) =>
        `lychd_coven_active{coven="${coven}"} ${Number(coven === this.#activeCoven)}`
      ),
      "# HELP lychd_coven_activated_timestamp_seconds When the target last became active.",
      "# TYPE lychd_coven_activated_timestamp_seconds gauge",
      ...[...this.#activated].map(([coven, time]) =>
        `lychd_coven_activated_timestamp_seconds{coven="${coven}"} ${time}`
      ),
      "# HELP lychd_observed_timestamp_seconds When this was written.",
      "# TYPE lychd_observed_timestamp_seconds gauge",
      `lychd_observed_timestamp_seconds ${Math.floor(Date.now() / 1000)}`,
    ];
    const file = join(this.assets, "units.txt");
    Deno.writeTextFileSync(`${file}.new`, lines.join("\n") + "\n");
    Deno.renameSync(`${file}.new`, file);
  }
}
