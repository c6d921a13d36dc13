/** Tests of what clients follow at `/lychd/v1/`: requests, samples, plans and logs. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import {
  type EndedRequests,
  logLineSchema,
  planSchema,
  requestSchema,
  requestsSchema,
  sampleSchema,
  statusSchema,
} from "../../core/api/schema.ts";
import { type FrontBench, post, startEngine, startFront, test } from "../../testing/front_bench.ts";
import { digestOfKey } from "./request/admission.ts";

/** Returns the requests that have ended, which must fit their schema. */
async function ended({ url }: FrontBench): Promise<EndedRequests["requests"]> {
  const answer = await fetch(`${url}/lychd/v1/requests`);
  return requestsSchema.parse(await answer.json()).requests;
}

/** An event of a stream. */
interface Event {
  readonly name: string;
  readonly data: unknown;
}

/** Follows the events at a path. */
async function follow({ url }: FrontBench, path = "/lychd/v1/events", init?: RequestInit) {
  const answer = await fetch(`${url}${path}`, init);
  strictEqual(answer.headers.get("content-type"), "text/event-stream");
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    /** Returns the next event of a name. */
    async next(name: string): Promise<Event["data"]> {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end < 0) {
          const { value, done } = await reader.read();
          if (done) throw new Error(`the stream ended before ${name}`);
          text += value;
          continue;
        }
        const [, event, data = ""] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
        text = text.slice(end + 2);
        if (event === name) return JSON.parse(data);
      }
    },
    leave: () => reader.cancel(),
  };
}

const STREAM = { "content-type": "text/event-stream" };

test("a request that has ended is listed with its times and tokens, and without its prompt", async () => {
  const usage = '"usage":{"prompt_tokens":7,"completion_tokens":2}';
  await using engine = startEngine(async (request) => {
    const { stream } = await request.json();
    return stream === true
      ? new Response(`data: {"choices":[]}\n\ndata: {${usage}}\n\n`, { headers: STREAM })
      : Response.json({ error: "no secret" }, { status: 418 });
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const events = await follow(bench);
  const ask = async (body: object) => {
    const prompt = "a secret";
    await (await post(bench, "/v1/completions", { model: "eye", prompt, ...body })).text();
    return requestSchema.parse(await events.next("request"));
  };
  const stream = await ask({ stream: true });
  deepStrictEqual(
    [stream.soulstone, stream.endpoint, stream.client, stream.result],
    ["eye", "/v1/completions", null, "200"],
  );
  deepStrictEqual([stream.input_tokens, stream.output_tokens], [7, 2]);
  const { queue_seconds, first_token_seconds, seconds, tokens_per_second } = stream;
  ok(queue_seconds <= first_token_seconds! && first_token_seconds! <= seconds);
  ok(tokens_per_second! > 2 / seconds - 1e-9);
  const whole = await ask({});
  deepStrictEqual(
    [whole.first_token_seconds, whole.output_tokens, whole.tokens_per_second, whole.result],
    [null, null, null, "418"],
  );
  deepStrictEqual(await ended(bench), [whole, stream]);
  strictEqual(/secret/.test(JSON.stringify([stream, whole])), false);
  await events.leave();
});

test("a request that waited is listed with the error, or as cancelled", async () => {
  await using bench = await startFront({ ports: { eye: 1 } });
  const events = await follow(bench);
  const leaving = new AbortController();
  const body = { model: "eye" };
  const left = post(bench, "/v1/completions", body, { signal: leaving.signal }).catch(() => {});
  await bench.next("summon");
  leaving.abort();
  await left;
  await events.next("request");
  await events.leave();
  const refused = post(bench, "/v1/embeddings", body);
  bench.tell({ kind: "swapped", result: { kind: "failed", engines: ["eye"], why: "x" } });
  await (await refused).text();
  const requests = await ended(bench);
  deepStrictEqual(
    requests.map(({ endpoint, result, queue_seconds, seconds }) => {
      return [endpoint, result, queue_seconds === seconds];
    }).sort(),
    [["/v1/completions", "cancelled", true], ["/v1/embeddings", "engine_failed", true]],
  );
  // This one had no engine, so it never entered the queue.
  await (await post(bench, "/v1/completions", { model: "no such" })).text();
  strictEqual((await ended(bench)).length, 2);
});

test("the list keeps the last 200 requests", async () => {
  let count = 0;
  await using engine = startEngine(() => Response.json({}, { status: 309 + count++ }));
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  for (let i = 0; i < 203; i++) {
    await (await post(bench, "/v1/completions", { model: "eye" })).body?.cancel();
  }
  const requests = await ended(bench);
  strictEqual(requests.length, 200);
  deepStrictEqual([requests[0]?.result, requests.at(-1)?.result], ["511", "312"]);
});

test("a plan has what an order would start and stop, in words too, and the requests it waits for", async () => {
  await using engine = startEngine(() => new Promise<Response>(() => {}));
  await using bench = await startFront({ ports: { eye: engine.port, sage: 1 }, ready: ["eye"] });
  const leaving = new AbortController();
  const { signal } = leaving;
  const asked = post(bench, "/v1/completions", { model: "eye" }, { signal }).catch(() => {});
  while (engine.requests === 0) await new Promise((wake) => setTimeout(wake, 5));
  const plan = async (query: string) => {
    const answer = await fetch(`${bench.url}/lychd/v1/plan?${query}`);
    const body = await answer.json();
    return answer.ok
      ? planSchema.parse(body)
      : [answer.status, body.error.code, body.error.message] as const;
  };
  const waits = "1 request under way at eye: the stop waits for them, at most 30 s";
  deepStrictEqual(await plan("wish=sage"), {
    starts: ["sage"],
    stops: ["eye"],
    keeps: [],
    lines: [
      "Soulstone sage: this Soulstone was requested",
      "  stop   eye   conflicts with sage",
      "  start  sage",
      waits,
    ],
    requests_under_way: 1,
  });
  const all = {
    starts: [],
    stops: ["eye"],
    keeps: [],
    lines: ["stop  eye", waits],
    requests_under_way: 1,
  };
  for (const query of ["banish", "banish=", "banish=eye"]) deepStrictEqual(await plan(query), all);
  deepStrictEqual(await plan("banish=sage"), {
    starts: [],
    stops: [],
    keeps: ["eye"],
    lines: ["no engine stops", "keep  eye"],
    requests_under_way: 0,
  });
  match(String(await plan("wish=sages")), /^404,unknown_name,.*sage/);
  match(String(await plan("banish=owl")), /^404,unknown_name,/);
  match(String(await plan("wish=eye&wish=sage")), /^409,no_plan,/);
  for (const query of ["", "wish=eye&banish", "banish=a&banish=b", "wishes=eye"]) {
    match(String(await plan(query)), /^400,bad_query,/);
  }
  strictEqual(bench.sent.some(({ kind }) => kind === "order" || kind === "summon"), false);
  leaving.abort();
  await asked;
});

test("while a client follows, samples have the GPUs and the tokens of now", async () => {
  const more = Promise.withResolvers<void>();
  const text = (words: string) => `data: {"choices":[{"delta":{"content":"${words}"}}]}\n\n`;
  await using engine = startEngine(() => {
    const stream = new ReadableStream({
      async start(controller) {
        // The first event of a stream has no text.
        controller.enqueue(text("") + text("Hi") + text('the \\"content\\":\\"') + text("x"));
        await more.promise;
        controller.close();
      },
    });
    return new Response(stream.pipeThrough(new TextEncoderStream()), { headers: STREAM });
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  strictEqual(bench.sent.some(({ kind }) => kind === "follow"), false);
  const events = await follow(bench);
  strictEqual((await bench.next("follow")).isFollowed, true);
  const used = async () => {
    const state = await (await fetch(`${bench.url}/lychd/v1/status`)).json();
    return statusSchema.parse(state).soulstones[0]?.vram_used_mib;
  };
  strictEqual(await used(), null);
  const asked = await post(bench, "/v1/chat/completions", { model: "eye", stream: true });
  const reader = asked.body!.getReader();
  await reader.read();
  const gpu = { name: "NVIDIA H200", usedMib: 1, totalMib: 2, powerWatts: 76.5 };
  const sample = async () => {
    const gpus = [{ ...gpu, utilization: undefined }];
    bench.tell({ kind: "sample", gpus, usedMib: new Map([["eye", 512]]) });
    return sampleSchema.parse(await events.next("sample"));
  };
  const first = await sample();
  deepStrictEqual(first.gpus, [{
    name: "NVIDIA H200",
    memory_used_mib: 1,
    memory_mib: 2,
    power_watts: 76.5,
    utilization: null,
  }]);
  deepStrictEqual([first.under_way, first.waiting, await used()], [1, 0, 512]);
  ok(first.tokens_per_second > 0);
  strictEqual((await sample()).tokens_per_second, 0);
  more.resolve();
  await reader.read();
  await events.leave();
  strictEqual((await bench.next("follow")).isFollowed, false);
  strictEqual(await used(), null);
});

/** A key, and a request with it. */
const KEY = {
  settings: {
    keys: [{ name: "alice", digest: Uint8Array.from(digestOfKey("a-key")).toHex() }],
  },
  init: { headers: { authorization: "Bearer a-key" } },
};

test("with a key a client follows the log of a Soulstone until it leaves", async () => {
  await using bench = await startFront({ ports: { eye: 1, sage: 1 }, settings: KEY.settings });
  const log = await follow(bench, "/lychd/v1/logs/eye", KEY.init);
  const asked = await bench.next("read-log");
  strictEqual(asked.engine, "eye");
  const other = await follow(bench, "/lychd/v1/logs/sage", KEY.init);
  const { id } = await bench.next("read-log");
  bench.tell({ kind: "log", id: asked.id, lines: [{ timeSeconds: 0.5, text: "a\nb" }] });
  bench.tell({ kind: "log", id, lines: [{ timeSeconds: 1, text: "c" }] });
  const line = { time: "1970-01-01T00:00:00.500Z", text: "a\nb" };
  deepStrictEqual(logLineSchema.parse(await log.next("line")), line);
  strictEqual(logLineSchema.parse(await other.next("line")).text, "c");
  await log.leave();
  strictEqual((await bench.next("leave-log")).id, asked.id);
  bench.tell({ kind: "log-end", id });
  await rejects(other.next("line"), /the stream ended/);
});

test("a log needs a key of the door, the name of a Soulstone, and a free place", async () => {
  const ask = async ({ url }: FrontBench, name: string, init?: RequestInit) => {
    const answer = await fetch(`${url}/lychd/v1/logs/${name}`, init);
    if (answer.ok) return answer;
    const { error } = await answer.json();
    return `${answer.status} ${error.code}: ${error.message}`;
  };
  await using open = await startFront({ ports: { eye: 1 } });
  match(String(await ask(open, "eye")), /^403 needs_key: .*lychd logs eye/);
  await using bench = await startFront({ ports: { eye: 1 }, settings: KEY.settings });
  match(String(await ask(bench, "eye")), /^401 bad_key/);
  match(String(await ask(bench, "eyes", KEY.init)), /^404 unknown_name: .*did you mean `eye`/);
  match(String(await ask(bench, "%2e%2e", KEY.init)), /^404 no_endpoint/);
  strictEqual([...open.sent, ...bench.sent].some(({ kind }) => kind === "read-log"), false);
  const logs = await Promise.all(Array.from({ length: 8 }, () => ask(bench, "eye", KEY.init)));
  match(String(await ask(bench, "eye", KEY.init)), /^503 too_many_followers/);
  // A render without the key ends them all.
  bench.tell(bench.units({ settings: { keys: [{ name: "bob", digest: "0".repeat(64) }] } }));
  for (const log of logs) {
    ok(log instanceof Response);
    await log.text();
  }
});
