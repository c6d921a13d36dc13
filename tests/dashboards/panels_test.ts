/**
 * Every panel of every dashboard has something to show: a real Prometheus scrapes engines of each
 * kind, old and new, and is asked what Grafana would ask.
 */
import assert from "node:assert/strict";
import {
  type Dashboard,
  DASHBOARDS,
  interpolate,
  type Interpolation,
  type Panel,
  queryingPanels,
} from "./dashboards.ts";
import { Host, type Kind, type Soulstone, SOULSTONES } from "./host.ts";
import { findProgramFolders, Prometheus, type Series, versionOf, waitUntil } from "./prometheus.ts";
import { LOAD } from "./stand_ins.ts";

const KINDS: readonly Kind[] = ["vllm", "sglang", "llamacpp"];
const ANY_MODEL = ".*";
const RANGE_SECONDS = 120;

/** What an idle engine has nothing to say on: there was no request. */
const NEEDS_REQUESTS = [
  "End-to-end latency",
  "Length of requests",
  "Per token",
  "Speed of one request",
  "Time in the queue",
  "Time per output token",
  "Time to first token",
  "Time to read a prompt",
  "Tokens saved",
  "Where a request spends its time",
];

/** What the panels of all engines say that llama.cpp does not export. */
const LLAMACPP_DOES_NOT_EXPORT = ["Time to first token", "KV cache", "End-to-end latency"];

/** What is known of an engine that does not run. */
const KNOWN_OF_STOPPED = ["Failed", "Failures", "State", "When it ran"];

for (const folder of findProgramFolders()) {
  Deno.test(`every panel has data, by Prometheus ${versionOf(folder)}`, async (t) => {
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
    // What the Harvester's history shall say later: none, then these.
    const covens = ["vision", "think", "vision"];
    for (const coven of covens) {
      host.swap(coven);
      await new Promise((resolve) => setTimeout(resolve, 3000));
    }

    for (const kind of KINDS) {
      const dashboard = DASHBOARDS.get(`soulstone-${kind}.json`)!;
      const ofKind = SOULSTONES.filter((soulstone) => soulstone.kind === kind);
      const answers = new Map<string, Map<string, number>>();
      for (const { name } of ofKind) answers.set(name, await ask.all(dashboard, name));
      report(dashboard, answers);

      for (const soulstone of ofKind) {
        await t.step(`${dashboard.title}: ${soulstone.name}`, () => {
          const empty = emptyPanels(answers.get(soulstone.name)!);
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
    const answers = new Map<string, Map<string, number>>();
    for (const { name } of users) answers.set(name, await ask.all(covensBoard, name));
    report(covensBoard, answers);
    for (const { name, kind } of users) {
      await t.step(`${covensBoard.title}: ${name}`, () => {
        const empty = emptyPanels(answers.get(name)!).map((panel) => panel.replace(/^\d+ /, ""));
        assert.deepEqual(empty, kind === "llamacpp" ? LLAMACPP_DOES_NOT_EXPORT : []);
      });
    }
    await t.step("Covens: every Soulstone is there, in the word for its state", async () => {
      const codes = { stopped: 0, running: 2, failed: 3 };
      const [states] = await ask.panel(covensBoard, "Soulstones", ".+");
      const told = Object.fromEntries(
        states!.map(({ metric, values }) => [metric.soulstone, values[0]]),
      );
      assert.deepEqual(
        told,
        Object.fromEntries(SOULSTONES.map(({ name, state }) => [name, codes[state]])),
      );
    });
    await t.step("Covens: the history is what happened, and the swaps are counted", async () => {
      const [rows] = await ask.panel(covensBoard, "Coven history", ".+");
      assert.deepEqual(history(rows!), ["", ...covens]);
      const [swaps] = await ask.panel(covensBoard, "Swaps", ".+");
      assert.deepEqual(
        swaps!.map(({ metric, values }) => [metric.coven, values[0]]).sort(),
        [["think", 1], ["vision", 2]],
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

/** What Grafana would ask, for one choice of Soulstones. */
class Questions {
  readonly #prometheus: Prometheus;

  constructor(prometheus: Prometheus) {
    this.#prometheus = prometheus;
  }

  /** The series of each query of a panel, without what is not a number. */
  async panel(dashboard: Dashboard, title: string, soulstone: string): Promise<Series[][]> {
    const panel = queryingPanels(dashboard).find((panel) => panel.title === title);
    assert.ok(panel, `${dashboard.title} has no panel ${title}`);
    return await this.#series(panel, soulstone);
  }

  /** How many series each panel shows. */
  async all(dashboard: Dashboard, soulstone: string): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const panel of queryingPanels(dashboard)) {
      const series = await this.#series(panel, soulstone);
      counts.set(`${panel.id} ${panel.title}`, series.flat().length);
    }
    return counts;
  }

  /** What a variable offers. */
  async variable({ query }: { readonly query: { readonly query: string } }): Promise<string[]> {
    const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(query.query) ?? [];
    assert.ok(selector && label, query.query);
    return await this.#prometheus.labelValues(label, interpolate(selector, values(".+")));
  }

  async #series(panel: Panel, soulstone: string): Promise<Series[][]> {
    return await Promise.all(panel.targets!.map(async ({ expr, instant }) => {
      const query = interpolate(expr, values(soulstone));
      const series = instant
        ? await this.#prometheus.now(query)
        : await this.#prometheus.over(query, RANGE_SECONDS);
      return series.filter(({ values }) => values.some(Number.isFinite));
    }));
  }
}

function values(soulstone: string): Interpolation {
  return { soulstone, model: ANY_MODEL, rateInterval: "5s", range: `${RANGE_SECONDS}s` };
}

function emptyPanels(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].filter(([, count]) => count === 0).map(([panel]) => panel);
}

function expectedEmpty(dashboard: Dashboard, { busy, engine }: Soulstone): string[] {
  const silent = ({ title }: Panel) => {
    if (busy) return false;
    return engine === undefined
      ? !KNOWN_OF_STOPPED.includes(title)
      : NEEDS_REQUESTS.includes(title);
  };
  return queryingPanels(dashboard).filter(silent).map(({ id, title }) => `${id} ${title}`);
}

/** Compares the first screen with the load that the stand-in was under. */
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
    // A quantile is known to the width of its bucket.
    near(`first token p${q * 100}`, await first("Time to first token", index), exact, 0.7);
  }
  const [answered5xx, ...others] = await ask.panel(dashboard, "Failed", soulstone);
  const aborted = others[dashboard.uid.endsWith("vllm") ? 1 : 0];
  // All of its life lies in the shown time: nothing is missing, the first one neither.
  near("5xx", answered5xx![0]!.values[0]!, LOAD.answered5xxPerSecond * host.seconds, 0.2);
  near("aborted", aborted![0]!.values[0]!, LOAD.abortedPerSecond * host.seconds, 0.2);
}

/** Which Coven was active, one after the other; "" for none. Fails if two were at once. */
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

/** Panels × Soulstones, in series that have data. */
function report(dashboard: Dashboard, answers: ReadonlyMap<string, Map<string, number>>): void {
  const names = [...answers.keys()];
  const lines = [...answers.get(names[0]!)!.keys()].map((panel) =>
    [
      panel.padEnd(36),
      ...names.map((name) => {
        const count = answers.get(name)!.get(panel)!;
        return (count === 0 ? "-" : String(count)).padStart(name.length);
      }),
    ].join("  ")
  );
  const head = [dashboard.title.padEnd(36), ...names].join("  ");
  // deno-lint-ignore no-console
  console.log([head, ...lines, ""].join("\n"));
}
