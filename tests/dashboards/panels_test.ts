/**
 * Checks that every query of every panel returns data: a real Prometheus scrapes old and new versions of
 * each engine and answers the queries of Grafana.
 */
import assert from "node:assert/strict";
import {
  type Dashboard,
  DASHBOARDS,
  interpolate,
  type Interpolation,
  type Panel,
  type Query,
  queryingPanels,
} from "./dashboards.ts";
import { Host, type Kind, type Soulstone, SOULSTONES } from "./host.ts";
import { findProgramFolders, Prometheus, type Series, versionOf, waitUntil } from "./prometheus.ts";
import { LOAD } from "./stand_ins.ts";
import { withoutStandIn } from "./stand_in_zero.ts";

const KINDS: readonly Kind[] = ["vllm", "sglang", "llamacpp"];
const ANY_MODEL = ".*";
const RANGE_SECONDS = 120;

/** Panels that are empty for an idle engine. */
const NEEDS_REQUESTS = [
  "End-to-end latency",
  "Length of requests",
  "Busy slots",
  "Per token",
  "Speed of one request",
  "Time in the queue",
  "Time per output token",
  "Time to first token",
  "Time to read a prompt",
  "Tokens saved",
  "Time per phase",
];

/** Queries over all engines for metrics that llama.cpp does not export. */
const LLAMACPP_DOES_NOT_EXPORT = ["Time to first token", "KV cache", "End-to-end latency"]
  .flatMap((title) => ["A", "B", "C"].map((refId) => `${title} (not of llama.cpp) ${refId}`))
  .concat("By Soulstone G");

/** Panels with data for an engine that does not run. */
const KNOWN_OF_STOPPED = ["Failed", "Failures", "State", "State history"];

/** Queries, by panel and refId, for which a busy engine has no series. */
const SILENT: Readonly<Record<string, readonly string[]>> = {
  // Speculation is not configured.
  vllm: ["Tokens saved B"],
  sglang: ["Tokens saved B"],
  // The reason `error` is newer.
  "vllm-between": ["Failed B", "Failures B"],
  "vllm-older": ["Failed B", "Failures B"],
  // It does not export tokens saved by the cache or drafted by speculation.
  "llamacpp-older": ["Computed and saved tokens B", "Computed and saved tokens D"],
};

for (const folder of findProgramFolders()) {
  Deno.test(`every query of every panel has data, by Prometheus ${versionOf(folder)}`, async (t) => {
    await using host = new Host();
    await using prometheus = await Prometheus.start({
      folder,
      assets: host.assets,
      config: (address) => host.config(address),
    });
    const ask = new Questions(prometheus);
    await waitUntil("every target was scraped ten times, and the rules evaluated", async () => {
      const [scrapes] = await prometheus.now(
        'min(count_over_time(up[1m])) and count(up{job="gpu"})',
      );
      const [states] = await prometheus.now("count(soulstone:failures:increase5m)");
      return (scrapes?.values[0] ?? 0) >= 10 && (states?.values[0] ?? 0) > 0;
    });
    // The expected history. The first Coven was active before the Harvester started.
    const covens = ["think", "vision", "think", "vision"];
    for (const coven of covens.slice(1)) {
      host.swap(coven);
      await new Promise((resolve) => setTimeout(resolve, 3000));
    }

    for (const kind of KINDS) {
      const dashboard = DASHBOARDS.get(`soulstone-${kind}.json`)!;
      const ofKind = SOULSTONES.filter((soulstone) => soulstone.kind === kind);
      const answers = new Map<string, Answers>();
      for (const soulstone of ofKind) {
        answers.set(soulstone.name, await ask.all(dashboard, soulstone));
      }
      report(dashboard, answers);

      for (const soulstone of ofKind) {
        await t.step(`${dashboard.title}: ${soulstone.name}`, () => {
          const empty = emptyQueries(answers.get(soulstone.name)!);
          assert.deepEqual(empty, expectedEmpty(dashboard, soulstone));
        });
      }
      for (const { name } of ofKind.filter(({ busy }) => busy)) {
        await t.step(`${dashboard.title}: the numbers of ${name} are right`, async () => {
          await assertTrue(ask, host, dashboard, name);
        });
      }
      await t.step(`${dashboard.title}: the variables offer what there is`, async () => {
        const [soulstone, model] = dashboard.templating.list;
        assert.deepEqual(await ask.variable(soulstone!), ofKind.map(({ name }) => name).sort());
        assert.deepEqual(await ask.variable(model!), ["Qwen/Qwen3-VL-8B-Instruct"]);
      });
    }

    const covensBoard = DASHBOARDS.get("lychd-covens.json")!;
    const users = SOULSTONES.filter(({ busy, engine }) => busy && engine !== undefined);
    const answers = new Map<string, Answers>();
    for (const soulstone of users) {
      answers.set(soulstone.name, await ask.all(covensBoard, soulstone));
    }
    report(covensBoard, answers);
    for (const { name, kind } of users) {
      await t.step(`${covensBoard.title}: ${name}`, () => {
        const untold = queries(covensBoard).filter(({ panel: { title }, query: { refId } }) =>
          kind === "llamacpp" && LLAMACPP_DOES_NOT_EXPORT.includes(`${title} ${refId}`)
        );
        assert.deepEqual(emptyQueries(answers.get(name)!), untold.map(({ label }) => label));
      });
      await t.step(`${covensBoard.title}: the numbers of ${name} are right`, async () => {
        await assertRecorded(ask, covensBoard, name);
      });
    }
    await t.step("Covens: every Soulstone is shown with its state", async () => {
      const codes = { stopped: 0, running: 2, failed: 3 };
      const [states] = await ask.panel(covensBoard, "Soulstones", ".+");
      const shown = Object.fromEntries(
        states!.map(({ metric, values }) => [metric.soulstone, values[0]]),
      );
      assert.deepEqual(
        shown,
        Object.fromEntries(SOULSTONES.map(({ name, state }) => [name, codes[state]])),
      );
    });
    await t.step("Covens: the history is correct, and the swaps are counted", async () => {
      const [rows] = await ask.panel(covensBoard, "Coven history", ".+");
      assert.deepEqual(history(rows!), covens);
      const [swaps] = await ask.panel(covensBoard, "Swaps", ".+");
      assert.deepEqual(
        swaps!.map(({ metric, values }) => [metric.coven, values[0]]).sort(),
        [["think", 2], ["vision", 2]],
      );
      const [active] = await ask.panel(covensBoard, "Coven", ".+");
      assert.deepEqual(active!.map(({ metric }) => metric.coven), ["vision"]);
    });
    await t.step("no engine's names came with `_` where they have `:`", async () => {
      assert.deepEqual(await prometheus.now('{__name__=~"(vllm|sglang)_.+"}'), []);
    });
    await t.step("nothing is alarming", async () => {
      const alerts = await prometheus.now('ALERTS{alertname!="SoulstoneFailed"}');
      assert.deepEqual(alerts, []);
    });
  });
}

/** Runs the queries of Grafana for one selection of Soulstones. */
class Questions {
  readonly #prometheus: Prometheus;

  constructor(prometheus: Prometheus) {
    this.#prometheus = prometheus;
  }

  /** Returns the series of each query of a panel without NaN. */
  async panel(dashboard: Dashboard, title: string, soulstone: string): Promise<Series[][]> {
    const panel = queryingPanels(dashboard).find((panel) => panel.title === title);
    assert.ok(panel, `${dashboard.title} has no panel ${title}`);
    return await Promise.all(panel.targets!.map((query) => this.#ask(query, soulstone)));
  }

  /**
   * Counts the series of each query. For a busy engine the stand-in 0 for missing series is removed,
   * because it would hide a broken query.
   */
  async all(dashboard: Dashboard, { name, busy }: Soulstone): Promise<Answers> {
    const counts = new Map<string, number>();
    for (const { label, query } of queries(dashboard)) {
      const expr = busy ? withoutStandIn(query.expr) : query.expr;
      counts.set(label, (await this.#ask({ ...query, expr }, name)).length);
    }
    return counts;
  }

  /** Returns the values of a variable. */
  async variable({ query }: { readonly query: { readonly query: string } }): Promise<string[]> {
    const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(query.query) ?? [];
    assert.ok(selector && label, query.query);
    return await this.#prometheus.labelValues(label, interpolate(selector, values(".+")));
  }

  async #ask({ expr, instant }: Query, soulstone: string): Promise<Series[]> {
    const query = interpolate(expr, values(soulstone));
    const series = instant
      ? await this.#prometheus.now(query)
      : await this.#prometheus.over(query, RANGE_SECONDS);
    return series.filter(({ values }) => values.some(Number.isFinite));
  }
}

/** The number of series by the label of a query. */
type Answers = ReadonlyMap<string, number>;

/** Every query of a dashboard with its name in this test; `vessel_test.ts` has those of the front door. */
function queries(dashboard: Dashboard): { label: string; panel: Panel; query: Query }[] {
  return queryingPanels(dashboard).flatMap((panel) =>
    panel.targets!.filter(({ expr }) => !expr.includes("lychd_vessel_")).map((query) => ({
      label: `${panel.id} ${panel.title} ${query.refId}`,
      panel,
      query,
    }))
  );
}

function values(soulstone: string): Interpolation {
  return { soulstone, model: ANY_MODEL, rateInterval: "5s", range: `${RANGE_SECONDS}s` };
}

function emptyQueries(counts: Answers): string[] {
  return [...counts].filter(([, count]) => count === 0).map(([label]) => label);
}

function expectedEmpty(dashboard: Dashboard, { name, kind, busy, engine }: Soulstone): string[] {
  const silent = ({ panel: { title }, query: { refId } }: { panel: Panel; query: Query }) => {
    if (engine === undefined) return !KNOWN_OF_STOPPED.includes(title);
    if (!busy && NEEDS_REQUESTS.includes(title)) return true;
    return [...SILENT[kind] ?? [], ...SILENT[name] ?? []].includes(`${title} ${refId}`);
  };
  return queries(dashboard).filter(silent).map(({ label }) => label);
}

/** Compares the first screen with the load of the stand-in. */
async function assertTrue(
  ask: Questions,
  host: Host,
  dashboard: Dashboard,
  soulstone: string,
): Promise<void> {
  const first = async (title: string, query = 0) => {
    const series = (await ask.panel(dashboard, title, soulstone))[query]!;
    assert.equal(series.length, 1, `${title}: ${JSON.stringify(series.map((s) => s.metric))}`);
    return series[0]!.values.at(-1)!;
  };
  const near = (name: string, is: number, should: number, share: number) =>
    assert.ok(Math.abs(is - should) <= share * should, `${name}: ${is}, not ${should}`);
  assert.equal(await first("State"), 2);
  near("Generation", await first("Generation"), LOAD.generationTokensPerSecond, 0.25);
  near("Prompts", await first("Prompts"), LOAD.promptTokensPerSecond, 0.25);
  assert.equal(await first("Waiting"), LOAD.waiting);
  assert.equal(await first("Requests"), LOAD.running);
  near("per token", await first("Time per output token"), LOAD.timePerOutputTokenSeconds, 0.1);
  if (dashboard.uid.endsWith("llamacpp")) return;
  assert.equal(await first("KV cache"), LOAD.kvCache);
  const quantiles = [0.5, 0.95, 0.99];
  for (const [index, q] of quantiles.entries()) {
    const exact = -LOAD.timeToFirstTokenSeconds * Math.log(1 - q);
    // A quantile is as precise as its bucket.
    near(`first token p${q * 100}`, await first("Time to first token", index), exact, 0.7);
  }
  const [answered5xx, ...others] = await ask.panel(dashboard, "Failed", soulstone);
  const aborted = others[dashboard.uid.endsWith("vllm") ? 1 : 0];
  // The whole run is in the time range, so every failure counts, including the first.
  near("5xx", answered5xx![0]!.values[0]!, LOAD.answered5xxPerSecond * host.seconds, 0.2);
  near("aborted", aborted![0]!.values[0]!, LOAD.abortedPerSecond * host.seconds, 0.2);
}

/** Compares the recorded series too: a failed query would be hidden by a stand-in 0. */
async function assertRecorded(ask: Questions, board: Dashboard, soulstone: string): Promise<void> {
  const last = async (title: string, query = 0) =>
    (await ask.panel(board, title, soulstone))[query]![0]?.values.at(-1);
  // Their window is longer than the run; rules.test.yml checks the numbers.
  assert.ok((await last("Tokens per second") ?? 0) > 0);
  assert.ok((await last("Tokens per second", 1) ?? 0) > 0);
  assert.equal(await last("Requests"), LOAD.running);
  assert.equal(await last("Requests", 1), LOAD.waiting);
  assert.ok((await last("Time per output token") ?? 0) > 0);
  if (soulstone.startsWith("llamacpp")) return;
  assert.equal(await last("KV cache (not of llama.cpp)"), LOAD.kvCache);
  const [failures] = await ask.panel(board, "Failures", soulstone);
  const kinds = failures!.filter(({ values }) => values.at(-1)! > 0)
    .map(({ metric }) => metric["kind"]);
  assert.deepEqual(kinds.sort(), ["aborted", "answered 5xx"]);
}

/** Returns the active Covens in their order; "" for none. Fails if two were active at once. */
function history(rows: readonly Series[]): string[] {
  const active: string[] = [];
  const steps = Math.max(...rows.map(({ values }) => values.length));
  for (let step = 0; step < steps; step++) {
    const now = rows.filter(({ values }) => values[step] === 1).map(({ metric }) => metric.coven);
    assert.ok(now.length <= 1, `${now.join(" and ")} at once`);
    if (active.at(-1) !== (now[0] ?? "")) active.push(now[0] ?? "");
  }
  return active;
}

/** Counts the series with data over queries and Soulstones. */
function report(dashboard: Dashboard, answers: ReadonlyMap<string, Answers>): void {
  const names = [...answers.keys()];
  const lines = queries(dashboard).map(({ label }) =>
    [
      label.padEnd(36),
      ...names.map((name) => {
        const count = answers.get(name)!.get(label)!;
        return (count === 0 ? "-" : String(count)).padStart(name.length);
      }),
    ].join("  ")
  );
  const head = [dashboard.title.padEnd(36), ...names].join("  ");
  // deno-lint-ignore no-console
  console.log([head, ...lines, ""].join("\n"));
}
