/** Tests of the figures of the door, with real engines on ports. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  type FrontBench,
  post,
  startEngine,
  startFront,
  startRawEngine,
} from "../../testing/front_bench.ts";

/** Returns the samples of the door by name and labels, without `lychd_vessel_`. */
async function figuresOf({ url }: Pick<FrontBench, "url">): Promise<Map<string, number>> {
  const answer = await fetch(`${url}/metrics`);
  strictEqual(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  return samplesOf(await answer.text());
}

function samplesOf(text: string): Map<string, number> {
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(samples.map((line): [string, number] => {
    const [, name = "", value = ""] = /^lychd_vessel_(\S+|.*\}) (\S+)$/.exec(line) ?? [];
    return [name, Number(value)];
  }));
}

/** Returns the samples of one figure that are not 0. */
function ofFigure(samples: ReadonlyMap<string, number>, name: string) {
  return Object.fromEntries(
    [...samples].filter(([key, value]) => key.startsWith(`${name}{`) && value !== 0)
      .map(([key, value]) => [key.slice(name.length), value]),
  );
}

const CHAT = "/v1/chat/completions";
const USAGE =
  '{"usage":{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}';

Deno.test("requests count by Soulstone, endpoint and class, with their tokens and times", async () => {
  await using engine = startEngine(async (request) => {
    const { stream, fail } = await request.json();
    if (fail) return Response.json({ error: { message: "no" } }, { status: 400 });
    if (!stream) return new Response(USAGE, { headers: { "content-type": "application/json" } });
    const body = `data: {"choices":[]}\n\ndata: ${USAGE}\n\ndata: [DONE]\n\n`;
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  await using bench = await startFront({ ports: { eye: engine.port, sage: 1 }, ready: ["eye"] });
  for (const body of [{}, { stream: true }, { fail: true }]) {
    await (await post(bench, CHAT, { model: "eye", ...body })).text();
  }
  await (await fetch(`${bench.url}/upstream/eye/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  })).text();
  const figures = await figuresOf(bench);
  deepStrictEqual(ofFigure(figures, "requests_total"), {
    [`{soulstone="eye",endpoint="${CHAT}",code="2xx"}`]: 2,
    [`{soulstone="eye",endpoint="${CHAT}",code="4xx"}`]: 1,
    '{soulstone="eye",endpoint="upstream",code="2xx"}': 1,
  });
  for (const [name, sum] of [["input", 21], ["cached_input", 12], ["output", 6]] as const) {
    deepStrictEqual(ofFigure(figures, `${name}_tokens_total`), { '{soulstone="eye"}': sum }, name);
  }
  strictEqual(figures.get('time_to_first_token_seconds_count{soulstone="eye"}'), 1);
  strictEqual(figures.get('queue_seconds_count{soulstone="eye"}'), 4);
  strictEqual(figures.get('request_duration_seconds_count{soulstone="eye"}'), 4);
  strictEqual(figures.get('request_duration_seconds_count{soulstone="sage"}'), 0);
  deepStrictEqual(ofFigure(figures, "state"), { '{state="steady"}': 1 });
  match([...figures.keys()].find((key) => key.startsWith("build_info")) ?? "", /version="\d/);
});

Deno.test("with keys, the figures need one too, and no GET of them starts an engine", async () => {
  const digest = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"; // of `key`
  await using bench = await startFront({
    ports: { eye: 1 },
    settings: { keys: [{ name: "alice", digest }] },
    pace: { wrongKeyMilliseconds: 1 },
  });
  const refused = await fetch(`${bench.url}/metrics`);
  strictEqual(refused.status, 401);
  ok(!(await refused.text()).includes("lychd_vessel_"));
  const answer = await fetch(`${bench.url}/metrics`, { headers: { authorization: "Bearer key" } });
  const samples = samplesOf(await answer.text());
  deepStrictEqual(ofFigure(samples, "rejected_total"), { '{reason="bad_key"}': 1 });
  ok(![...samples.keys()].some((key) => key.includes("alice")));
  deepStrictEqual(bench.sent.filter(({ kind }) => kind === "summon"), []);
});

Deno.test("the first token of a stream is its first event, not a comment or an event of the door", async () => {
  const [{ promise: speaks, resolve: speak }, { promise: ends, resolve: end }] = [
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
  ];
  const encoder = new TextEncoder();
  await using engine = startEngine(() => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(encoder.encode(": the engine works\n\n"));
        await speaks;
        controller.enqueue(encoder.encode(`data: ${USAGE}\n\n`));
        await ends;
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  await using bench = await startFront({
    ports: { eye: engine.port },
    pace: { silentMilliseconds: 1, commentMilliseconds: 10 },
  });
  const answer = await post(bench, CHAT, { model: "eye", stream: true });
  const text = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  const readUntil = async (part: string) => {
    while (!seen.includes(part)) seen += (await text.read()).value ?? "";
  };
  const firstTokens = async () =>
    (await figuresOf(bench)).get('time_to_first_token_seconds_count{soulstone="eye"}');
  await readUntil(": waiting for eye");
  strictEqual(await firstTokens(), 0);
  bench.observe({ eye: "ready" });
  bench.tell({ kind: "swapped", result: { kind: "ready" } });
  await readUntil(": the engine works");
  strictEqual(await firstTokens(), 0);
  speak();
  await readUntil("data:");
  strictEqual(await firstTokens(), 1);
  end();
  while (!(await text.read()).done);
  const figures = await figuresOf(bench);
  deepStrictEqual(ofFigure(figures, "output_tokens_total"), { '{soulstone="eye"}': 2 });
  deepStrictEqual(ofFigure(figures, "requests_total"), {
    [`{soulstone="eye",endpoint="${CHAT}",code="2xx"}`]: 1,
  });
});

Deno.test("what the door refuses, cuts and cancels counts with its reason, and so do faults of engines", async () => {
  await using dying = startRawEngine(async ({ write, close }) => {
    await write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n");
    await write("data: {}\n\n");
    await write("HTTP");
    close();
  });
  await using broken = startRawEngine(async ({ write, close }) => {
    await write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{");
    close();
  });
  await using slow = startEngine(() => new Promise(() => {}));
  await using bench = await startFront({
    ports: { dying: dying.port, broken: broken.port, slow: slow.port, off: 1 },
    ready: ["dying", "broken", "slow"],
    settings: { queueLimit: 1, lingerSeconds: 0 },
  });
  const ask = (model: string, init: RequestInit = {}) =>
    post(bench, CHAT, { model }, init).then((answer) => answer.text()).catch(() => undefined);
  await ask("unknown model of a client");
  await fetch(`${bench.url}/no/such/path/of/a/client`).then((answer) => answer.body?.cancel());
  await fetch(`${bench.url}/metrics`, { headers: { origin: "http://evil.example" } })
    .then((answer) => answer.body?.cancel());
  await ask("broken");
  const leave = new AbortController();
  const slowly = ask("slow", { signal: leave.signal });
  while (slow.requests === 0) await new Promise((done) => setTimeout(done, 5));
  deepStrictEqual(ofFigure(await figuresOf(bench), "requests_in_flight"), {
    '{soulstone="slow"}': 1,
  });
  leave.abort();
  await slowly;
  const waiting = ask("off");
  await bench.next("summon");
  await ask("off");
  const during = await figuresOf(bench);
  deepStrictEqual(ofFigure(during, "requests_queued"), { '{soulstone="off"}': 1 });
  deepStrictEqual(ofFigure(during, "state"), { '{state="swapping"}': 1 });
  const since = during.get('oldest_queued_timestamp_seconds{soulstone="off"}') ?? 0;
  ok(since > Date.now() / 1000 - 600 && since <= Date.now() / 1000 + 1, `${since}`);
  bench.tell({
    kind: "swapped",
    result: { kind: "failed", engines: ["off"], why: "it has no GPU" },
  });
  await waiting;
  const figures = await figuresOf(bench);
  const failed = figures.get('swap_failed_timestamp_seconds{to="off"}') ?? 0;
  ok(failed >= since && failed <= Date.now() / 1000 + 1, `${failed}`);
  deepStrictEqual(ofFigure(figures, "cancelled_total"), { '{stage="under_way"}': 1 });
  deepStrictEqual(ofFigure(figures, "rejected_total"), {
    '{reason="model_not_found"}': 1,
    '{reason="no_endpoint"}': 1,
    '{reason="bad_origin"}': 1,
    '{reason="queue_full"}': 1,
    '{reason="engine_failed"}': 1,
  });
  deepStrictEqual(ofFigure(figures, "upstream_errors_total"), {
    '{soulstone="broken",kind="engine_broke_off"}': 1,
  });
  deepStrictEqual(ofFigure(figures, "requests_total"), {
    [`{soulstone="broken",endpoint="${CHAT}",code="5xx"}`]: 1,
    [`{soulstone="off",endpoint="${CHAT}",code="5xx"}`]: 2,
    [`{soulstone="slow",endpoint="${CHAT}",code="cancelled"}`]: 1,
  });
  const text = [...figures.keys()].join("\n");
  ok(!text.includes("client") && !text.includes("evil"), text);
});

Deno.test("swaps count with what they stop and start, their parts and their end", async () => {
  await using engine = startEngine(() => Response.json({}));
  await using bench = await startFront({
    ports: { eye: engine.port, sage: engine.port },
    ready: ["sage"],
    engines: { eye: { idleMinutes: 0.0001 } },
    settings: { lingerSeconds: 0 },
  });
  const answering = post(bench, CHAT, { model: "eye" });
  await bench.next("summon");
  for (const phase of ["stop", "memory", "start", "healthy"] as const) {
    bench.tell({ kind: "phase", phase, names: ["eye"] });
  }
  bench.observe({ eye: "ready" });
  bench.tell({ kind: "swapped", result: { kind: "ready" } });
  await (await answering).text();
  deepStrictEqual((await bench.next("banish")).engines, ["eye"]);
  bench.observe({});
  bench.tell({ kind: "swapped", result: { kind: "ready" } });
  const figures = await figuresOf(bench);
  deepStrictEqual(ofFigure(figures, "swaps_total"), {
    '{from="sage",to="eye",reason="request",result="ready"}': 1,
    '{from="eye",to="none",reason="idle",result="ready"}': 1,
  });
  deepStrictEqual(ofFigure(figures, "swap_seconds_count"), {
    '{to="eye",phase="plan"}': 1,
    '{to="eye",phase="stop"}': 1,
    '{to="eye",phase="memory"}': 1,
    '{to="eye",phase="start"}': 1,
    '{to="eye",phase="healthy"}': 1,
    '{to="none",phase="plan"}': 1,
  });
});

Deno.test("the hand gets the figures at the start and after each change, and none while nothing changes", async () => {
  await using engine = startEngine(() => Response.json({}));
  await using bench = await startFront({
    ports: { eye: engine.port },
    pace: { metricsMilliseconds: 20 },
  });
  const ended = `requests_total{soulstone="eye",endpoint="${CHAT}",code="2xx"}`;
  const first = await bench.next("metrics");
  strictEqual(samplesOf(first.text).get('requests_queued{soulstone="eye"}'), 0);
  bench.observe({ eye: "ready" });
  await (await post(bench, CHAT, { model: "eye" })).text();
  for (;;) {
    const { text } = await bench.next("metrics");
    if (samplesOf(text).get(ended) === 1) break;
  }
  // The state is reported once more, 250 milliseconds after the request.
  const countOf = () => bench.sent.filter(({ kind }) => kind === "metrics").length;
  let [count, former] = [countOf(), -1];
  while (count !== former) {
    await new Promise((done) => setTimeout(done, 500));
    [former, count] = [count, countOf()];
  }
});
