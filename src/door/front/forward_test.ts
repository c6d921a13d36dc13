/** Tests of the whole front: real clients, real engines, and a scripted hand. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { post, startEngine, startFront, test } from "../../testing/front_bench.ts";

const CHAT = "/v1/chat/completions";

test("a request reaches the engine of its model, and the answer its client", async () => {
  await using engine = startEngine(async (request) => {
    const { headers } = request;
    return Response.json({
      url: new URL(request.url).pathname + new URL(request.url).search,
      body: await request.text(),
      seen: [headers.get("x-title"), headers.get("authorization"), headers.get("cookie")],
    }, { status: 201, headers: { "x-engine": "a", "set-cookie": "a=b" } });
  });
  await using bench = await startFront({
    ports: { eye: engine.port },
    ready: ["eye"],
    engines: { eye: { aliases: ["gpt-4"], served: "big/eye" } },
  });
  const answer = await post(
    bench,
    `${CHAT}?beta=true&key=secret`,
    '{"messages": [], "model":"gpt-4"}',
    {
      headers: { "x-title": "t", authorization: "Bearer x", cookie: "a=b" },
    },
  );
  deepStrictEqual(await answer.json(), {
    url: `${CHAT}?beta=true`,
    body: '{"messages": [], "model":"big/eye"}',
    seen: ["t", null, null],
  });
  strictEqual(answer.status, 201);
  deepStrictEqual([answer.headers.get("x-engine"), answer.headers.get("set-cookie")], ["a", null]);
  match(answer.headers.get("x-lychd-request-id") ?? "", /^[0-9a-f-]{36}$/);
});

test("parameters are set and stripped, and everything else keeps its bytes", async () => {
  await using engine = startEngine(async (request) => new Response(await request.text()));
  await using bench = await startFront({
    ports: { eye: engine.port },
    ready: ["eye"],
    engines: { eye: { set: { temperature: 0.5, top_k: 1 }, strip: ["top_p"] } },
  });
  const body = '{"model": "eye", "temperature": 1.0, "top_p":1, "x": 1.50}';
  const answer = await post(bench, "/v1/completions", body);
  strictEqual(await answer.text(), '{"model": "eye", "temperature": 0.5, "x": 1.50,"top_k":1}');
});

test("a form is routed by its model, and its file keeps its bytes", async () => {
  await using engine = startEngine(async (request) => {
    const form = await request.formData();
    const file = form.get("file") as File;
    return Response.json([form.get("model"), file.name, [...await file.bytes()]]);
  });
  await using bench = await startFront({
    ports: { ear: engine.port },
    ready: ["ear"],
    engines: { ear: { served: "whisper" } },
  });
  const body = new FormData();
  body.set("file", new File([Uint8Array.of(0, 13, 10, 45, 45, 255)], "a.wav"));
  body.set("model", "ear");
  const url = `${bench.url}/v1/audio/transcriptions`;
  const answer = await fetch(url, { method: "POST", body });
  deepStrictEqual(await answer.json(), ["whisper", "a.wav", [0, 13, 10, 45, 45, 255]]);
});

test("the pieces of a stream pass as soon as the engine sends them", async () => {
  const { promise: read, resolve } = Promise.withResolvers<void>();
  await using engine = startEngine(() => {
    let count = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (count === 1) await read;
        if (count === 2) return controller.close();
        controller.enqueue(new TextEncoder().encode(`data: ${count++}\n\n`));
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const answer = await post(bench, CHAT, { model: "eye", stream: true });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  strictEqual((await reader.read()).value, "data: 0\n\n");
  resolve();
  strictEqual((await reader.read()).value, "data: 1\n\n");
  strictEqual((await reader.read()).done, true);
});

test("a request for an engine that does not run starts it and waits", async () => {
  await using engine = startEngine(() => new Response("hello"));
  await using bench = await startFront({
    ports: { eye: engine.port, sage: engine.port },
    ready: ["sage"],
    settings: { lingerSeconds: 0 },
  });
  const answering = post(bench, CHAT, { model: "eye" });
  deepStrictEqual(await bench.next("summon"), {
    kind: "summon",
    wish: { kind: "soulstone", name: "eye" },
    stops: ["sage"],
  });
  deepStrictEqual((await bench.next("state")).state, {
    phase: "swapping",
    wish: { kind: "soulstone", name: "eye" },
    engines: [{ name: "eye", underWay: 0, waiting: 1 }],
    portals: [],
  });
  strictEqual(engine.requests, 0);
  bench.observe({ eye: "ready" });
  bench.tell({ kind: "swapped", result: { kind: "ready" } });
  strictEqual(await (await answering).text(), "hello");
});

test("a request whose engine does not start is refused with the reason", async () => {
  await using bench = await startFront({ ports: { eye: 1 } });
  const answering = post(bench, CHAT, { model: "eye" });
  await bench.next("summon");
  bench.tell({
    kind: "swapped",
    result: { kind: "failed", engines: ["eye"], why: "eye needs more GPU memory" },
  });
  const answer = await answering;
  strictEqual(answer.status, 503);
  ok(Number(answer.headers.get("retry-after")) > 0);
  const { error } = await answer.json();
  deepStrictEqual([error.code, error.message], ["engine_failed", "eye needs more GPU memory"]);
});

test("a client that leaves is taken out of the queue", async () => {
  await using bench = await startFront({ ports: { eye: 1 } });
  const leaving = new AbortController();
  const asked = post(bench, CHAT, { model: "eye" }, { signal: leaving.signal });
  await bench.next("summon");
  leaving.abort();
  await rejects(asked);
  for (;;) {
    const { state } = await bench.next("state");
    if (state.engines.length === 0) break;
  }
});

test("an engine notices when the client of its stream leaves", async () => {
  const { promise: noticed, resolve } = Promise.withResolvers<void>();
  await using engine = startEngine(() => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("data: 0\n\n")),
      cancel: () => resolve(),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const leaving = new AbortController();
  const answer = await post(bench, CHAT, { model: "eye", stream: true }, {
    signal: leaving.signal,
  });
  await answer.body!.getReader().read();
  leaving.abort();
  await noticed;
});
