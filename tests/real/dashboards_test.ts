/** Compares the dashboards and rules with what a real llama-server answered under load. */
import assert from "node:assert/strict";
import { ALL_RULES, DASHBOARDS, interpolate, queryingPanels } from "../dashboards/dashboards.ts";
import { withoutStandIn } from "../dashboards/stand_in_zero.ts";
import { DOOR } from "../lab/door.ts";
import { must, run, waitUntil } from "../lab/host_codex.ts";
import { labTest, labUp, type LichShell, lichShell, shellQuote } from "../lab/lab.ts";
import { makeImages, queryNow, queryRange, WATCHERS } from "../lab/watchers.ts";
import { installEngines } from "./engines.ts";

/** Panels and queries of `lychd-covens.json` that stay empty: llama.cpp does not export this, and the host has no GPU. */
const EMPTY = [
  "Time to first token (not of llama.cpp)",
  "KV cache (not of llama.cpp)",
  "End-to-end latency (not of llama.cpp)",
  "By Soulstone G",
  "GPU memory",
  "GPU power",
  "GPU utilization",
  "GPU temperature",
];

/** The part of an answer of llama.cpp that says what it cost. */
interface Timings {
  readonly prompt_n: number;
  readonly cache_n: number;
  readonly prompt_ms: number;
  readonly predicted_n: number;
  readonly predicted_ms: number;
}

/**
 * Chats through the door for a time, one after the other, with streams if `stream` is true. Returns the
 * timings of all answers.
 */
async function chats(seconds: number, tokens: number, stream: boolean): Promise<Timings[]> {
  await using shell = lichShell();
  const messages = [{ role: "user", content: "Hello ".repeat(tokens) }];
  const body = JSON.stringify({ model: "one", messages, max_tokens: tokens, stream });
  const output = await must(
    shell,
    `end=$((SECONDS + ${seconds}))
     while [ $SECONDS -lt $end ]; do
       curl -sSf -m 60 ${DOOR}/v1/chat/completions -H 'content-type: application/json' -d ${
      shellQuote(body)
    } || exit
       echo
     done`,
  );
  // The last event of a stream has the timings.
  const objects = output.split("\n").map((line) => line.replace(/^data: /, ""))
    .filter((line) => line.startsWith("{"));
  return objects.flatMap((text) => JSON.parse(text).timings ?? []);
}

/**
 * Reads a stream of `one` that does not end, and compares the panel "Generation" with the tokens that arrive
 * in the middle of it. A busy machine changes the speed, so one of several windows has to agree.
 */
async function checkGeneration(expression: string): Promise<void> {
  await using shell = lichShell();
  const messages = [{ role: "user", content: "Hello" }];
  const body = JSON.stringify({ model: "one", messages, max_tokens: 1_000_000, stream: true });
  const SECONDS = 12;
  const output = await must(
    shell,
    `curl -sSN ${DOOR}/v1/chat/completions -H 'content-type: application/json' \
       -d ${shellQuote(body)} >stream & client=$!
     trap 'kill $client; rm stream' EXIT
     sleep 5
     for i in 1 2 3 4; do
       before=$(grep -c '"content":"' stream); sleep ${SECONDS}
       echo $(($(grep -c '"content":"' stream) - before)) $(date +%s.%N)
     done`,
  );
  const rows = [];
  for (const line of output.trim().split("\n")) {
    const [tokens = 0, endSeconds = 0] = line.split(" ").map(Number);
    const load = new Load(shell, endSeconds - SECONDS, endSeconds);
    const counted =
      'sum(increase(llamacpp:tokens_predicted_total{soulstone=~"$soulstone"}[$__range]))';
    rows.push({
      arrived: tokens / SECONDS,
      panel: await load.mean(expression),
      counter: await load.mean(counted),
    });
  }
  // deno-lint-ignore no-console
  console.table(rows);
  assert.ok(
    rows.some(({ arrived, panel, counter }) =>
      counter === 0 && arrived > 0 && Math.abs(panel - arrived) < 0.1 * arrived
    ),
  );
}

/** Asks the Harvester for the time of the load. */
class Load {
  readonly #shell: LichShell;
  readonly #beginSeconds: number;
  readonly #endSeconds: number;
  /** The length of the time, with the scrapes before and after it. */
  readonly seconds: number;

  constructor(shell: LichShell, beginSeconds: number, endSeconds: number) {
    this.#shell = shell;
    this.#beginSeconds = beginSeconds;
    this.#endSeconds = endSeconds;
    this.seconds = Math.ceil(endSeconds - beginSeconds);
  }

  /** Returns true if a query had a number at any time of the load. */
  async hasData(expression: string): Promise<boolean> {
    const query = this.#interpolate(withoutStandIn(expression), "5s");
    const series = await queryRange(this.#shell, query, [this.#beginSeconds, this.#endSeconds]);
    return series.some(({ values }) => values.some(([, value]) => isFinite(value)));
  }

  /** Returns the value of a query whose rates are over the whole load. */
  async mean(expression: string): Promise<number> {
    const query = this.#interpolate(expression, `${this.seconds}s`);
    const series = await queryRange(this.#shell, query, [this.#endSeconds, this.#endSeconds]);
    assert.equal(series.length, 1, query);
    return series[0]!.values[0]![1];
  }

  #interpolate(expression: string, rateInterval: string): string {
    const range = `${this.seconds}s`;
    return interpolate(expression, { soulstone: "one", model: ".*", rateInterval, range });
  }
}

labTest("the dashboards and rules show what a real llama-server did", async () => {
  await labUp();
  await using shell = lichShell();
  await makeImages(shell);
  await installEngines(shell, {}, WATCHERS);
  // The door starts single engines; Covens and their swaps are those of an operator.
  for (const coven of ["think", "chat"]) {
    assert.equal((await run(shell, "summon", coven)).code, 0);
  }
  const counted = async (metric: string) => {
    const series = await queryNow(shell, `llamacpp:${metric}{soulstone="one"}`);
    return series[0]?.values[0]?.[1];
  };
  const wait = (scrapes: number) => must(shell, `sleep ${scrapes}`);
  await waitUntil("the engine is scraped", 60, async () => {
    return await counted("tokens_predicted_total") === 0;
  });
  await wait(3);
  const beginSeconds = Date.now() / 1000 - 2;
  // The engine has two slots, so a third request waits there.
  const timings = (await Promise.all([20, 100, 200].map((tokens) =>
    chats(30, tokens, tokens === 20)
  ))).flat();
  const sum = (field: keyof Timings) => timings.reduce((all, each) => all + each[field], 0);
  await waitUntil("the last answer is counted", 30, async () => {
    return await counted("tokens_predicted_total") === sum("predicted_n") &&
      await counted("requests_processing") === 0;
  });
  await wait(3);
  const load = new Load(shell, beginSeconds, Date.now() / 1000);

  const empty: string[] = [];
  for (const file of ["soulstone-llamacpp.json", "lychd-covens.json"]) {
    for (const { title, targets = [] } of queryingPanels(DASHBOARDS.get(file)!)) {
      for (const { expr, refId } of targets) {
        const isEmpty = EMPTY.includes(title) || EMPTY.includes(`${title} ${refId}`);
        if (file === "lychd-covens.json" && isEmpty) continue;
        if (!await load.hasData(expr)) empty.push(`${file}: ${title} ${refId}`);
      }
    }
  }
  for (const { record, expr } of ALL_RULES) {
    if (record === undefined || !expr.includes("llamacpp:")) continue;
    if (!await load.hasData(`${record}{soulstone="one"}`)) empty.push(record);
  }
  assert.deepEqual(empty, []);
  assert.deepEqual(await queryNow(shell, 'ALERTS{alertstate="firing"}'), []);

  const panels = queryingPanels(DASHBOARDS.get("soulstone-llamacpp.json")!);
  const tokens = sum("predicted_n");
  const answered: Readonly<Record<string, number>> = {
    "Prompts": (sum("prompt_n") + sum("cache_n")) / load.seconds,
    "Per token": sum("predicted_ms") / 1000 / tokens,
    "Speed of one request": tokens / (sum("predicted_ms") / 1000),
    "Time to read a prompt": sum("prompt_ms") / sum("prompt_n"),
  };
  const rows: Record<string, { panel: number; answers: number; "difference in %": string }> = {};
  for (const [title, value] of Object.entries(answered)) {
    const panel = await load.mean(panels.find((it) => it.title === title)!.targets![0]!.expr);
    const difference = (100 * (panel / value - 1)).toFixed(2);
    rows[title] = { panel, answers: value, "difference in %": difference };
  }
  // deno-lint-ignore no-console
  console.log(`${timings.length} answers, ${tokens} tokens in ${load.seconds} s`);
  // deno-lint-ignore no-console
  console.table(rows);
  for (const [title, { panel, answers }] of Object.entries(rows)) {
    assert.ok(Math.abs(panel - answers) < 0.05 * answers, `${title}: ${panel}, not ${answers}`);
  }
  await checkGeneration(panels.find(({ title }) => title === "Generation")!.targets![0]!.expr);
});
