/** Tests of the front when engines change, fail or are slow, with real connections. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { post, startEngine, startFront, startRawEngine, test } from "../../testing/front_bench.ts";

const CHAT = "/v1/chat/completions";
const EVENTS = { "content-type": "text/event-stream" };
const SOON = { silentMilliseconds: 20, commentMilliseconds: 20 };

/** Reads a stream until a text appears in it, and returns everything before and with it. */
async function readUntil(reader: ReadableStreamDefaultReader<string>, text: string) {
  for (let all = "";;) {
    if (all.includes(text)) return all;
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ends before ${text}: ${all}`);
    all += value;
  }
}

function textReader(answer: Response): ReadableStreamDefaultReader<string> {
  return answer.body!.pipeThrough(new TextDecoderStream()).getReader();
}

/** The claim, the path, a setting, and what comes before the events of the engine. */
const WAITING = [
  [
    "a stream that waits gets comments",
    CHAT,
    false,
    /^(: (?:waiting for eye: [^\n]+|eye works on it)\n\n)+$/,
  ],
  ["a client of Anthropic gets pings", "/v1/messages", false, /^(event: ping\ndata: [^\n]+\n\n)+$/],
  [
    "a chat shows the state as reasoning, if the operator wants it",
    CHAT,
    true,
    /^(data: \{"id":"lychd-waiting",[^\n]+"reasoning_content":"(?:waiting for eye: |eye works on it)[^\n]+\n\n)+$/,
  ],
] as const;

for (const [claim, path, loadingMessage, before] of WAITING) {
  test(`${claim} until its engine is ready`, async () => {
    await using engine = startEngine(() => new Response("data: 1\n\n", { headers: EVENTS }));
    await using bench = await startFront({
      ports: { eye: engine.port },
      settings: { loadingMessage },
      pace: SOON,
    });
    const answer = await post(bench, path, { model: "eye", stream: true });
    deepStrictEqual([answer.status, answer.headers.get("content-type")], [
      200,
      "text/event-stream",
    ]);
    const reader = textReader(answer);
    let early = await readUntil(reader, "\n\n");
    bench.tell({ kind: "phase", phase: "start", names: ["eye"] });
    early += await readUntil(reader, path === "/v1/messages" ? "ping" : "starting eye");
    bench.observe({ eye: "ready" });
    bench.tell({ kind: "swapped", result: { kind: "ready" } });
    const [waited, ...events] = (early + await readUntil(reader, "data: 1\n\n")).split("data: 1");
    match(waited ?? "", before);
    deepStrictEqual(events, ["\n\n"]);
    strictEqual((await reader.read()).done, true);
  });
}

test("a failure after the first comment is an event, and the stream ends with it", async () => {
  await using bench = await startFront({ ports: { eye: 1 }, pace: SOON });
  const answer = await post(bench, CHAT, { model: "eye", stream: true });
  const reader = textReader(answer);
  await readUntil(reader, "\n\n");
  bench.tell({ kind: "swapped", result: { kind: "failed", engines: ["eye"], why: "no memory" } });
  match(await readUntil(reader, "no memory"), /data: \{"error":\{"message":"no memory"/);
  while (!(await reader.read()).done);
});

test("an error of the engine after the first comment is an event", async () => {
  await using engine = startEngine(() =>
    Response.json({ error: { message: "the prompt is too long" } }, { status: 400 })
  );
  await using bench = await startFront({ ports: { eye: engine.port }, pace: SOON });
  const answer = await post(bench, CHAT, { model: "eye", stream: true });
  const reader = textReader(answer);
  await readUntil(reader, "\n\n");
  bench.observe({ eye: "ready" });
  const event = /data: {"error":{"message":"eye answered with status 400: the prompt is too long"/;
  match(await readUntil(reader, "too long"), event);
});

test("a stream whose engine dies gets an error event and no clean end", async () => {
  await using engine = startRawEngine(async (connection) => {
    await connection.write(
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n" +
        "9\r\ndata: 1\n\n\r\n",
    );
    connection.close();
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const answer = await post(bench, CHAT, { model: "eye", stream: true });
  const reader = textReader(answer);
  match(await readUntil(reader, "engine_broke_off"), /^data: 1\n\n\n\ndata: \{"error"/);
  let end;
  try {
    while (!(await reader.read()).done);
    end = "clean";
  } catch {
    end = "broken off";
  }
  strictEqual(end, "broken off");
});

test("a request that got no answer is sent once more, also to an engine that starts again", async () => {
  await using dying = startRawEngine((connection) => connection.close());
  await using bench = await startFront({ ports: { eye: dying.port }, ready: ["eye"] });
  const answer = await post(bench, CHAT, { model: "eye" });
  strictEqual(answer.status, 502);
  strictEqual((await answer.json()).error.code, "engine_silent");
  strictEqual(dying.connections, 2);
});

test("a request that got no answer waits for the next start of an engine that has ended", async () => {
  let isEnded = true;
  const first = Promise.withResolvers<void>();
  await using engine = startRawEngine(async (connection) => {
    if (!isEnded) {
      await connection.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    }
    connection.close();
    first.resolve();
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const answering = post(bench, CHAT, { model: "eye" });
  await first.promise;
  // systemd reports the end of the engine later.
  await new Promise((wake) => setTimeout(wake, 100));
  bench.observe({});
  strictEqual((await bench.next("summon")).wish.kind, "soulstone");
  isEnded = false;
  bench.observe({ eye: "ready" });
  bench.tell({ kind: "swapped", result: { kind: "ready" } });
  strictEqual(await (await answering).text(), "hello");
  strictEqual(engine.connections, 2);
});

test("a request that an engine refuses while it goes away waits for its next start", async () => {
  const port = startEngine(() => new Response());
  await port[Symbol.asyncDispose]();
  await using bench = await startFront({ ports: { eye: port.port }, ready: ["eye"] });
  const answering = post(bench, CHAT, { model: "eye" });
  for (;;) {
    const { state } = await bench.next("state");
    if (state.engines[0]?.underWay === 1) break;
  }
  bench.observe({});
  strictEqual((await bench.next("summon")).wish.kind, "soulstone");
  await using _engine = startEngine(() => new Response("hello"), port.port);
  bench.observe({ eye: "ready" });
  bench.tell({ kind: "swapped", result: { kind: "ready" } });
  strictEqual(await (await answering).text(), "hello");
});

test("an engine that stops is free after its last request, and gets no new ones", async () => {
  const finish = Promise.withResolvers<void>();
  await using engine = startEngine(async () => {
    await finish.promise;
    return new Response("whole");
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const answering = post(bench, CHAT, { model: "eye" });
  while (engine.requests === 0) await new Promise((done) => setTimeout(done, 5));
  bench.observe({ eye: "stopping" });
  const late = post(bench, CHAT, { model: "eye" });
  for (;;) {
    const { state } = await bench.next("state");
    if (state.engines[0]?.waiting === 1) break;
  }
  deepStrictEqual(bench.sent.filter(({ kind }) => kind === "free"), []);
  finish.resolve();
  strictEqual(await (await answering).text(), "whole");
  deepStrictEqual(await bench.next("free"), { kind: "free", engine: "eye" });
  strictEqual(engine.requests, 1);
  bench.observe({});
  await bench.next("summon");
  bench.tell({ kind: "swapped", result: { kind: "failed", engines: ["eye"], why: "x" } });
  strictEqual((await late).status, 503);
});

test("an engine without requests is free as soon as it stops, once", async () => {
  await using bench = await startFront({ ports: { eye: 1 }, ready: ["eye"] });
  bench.observe({ eye: "stopping" });
  await bench.next("free");
  bench.observe({ eye: "stopping" });
  bench.observe({ eye: "ready" });
  bench.observe({ eye: "stopping" });
  bench.observe({});
  // Its message comes after all others.
  const answering = post(bench, CHAT, { model: "eye" });
  await bench.next("summon");
  strictEqual(bench.sent.filter(({ kind }) => kind === "free").length, 2);
  bench.tell({ kind: "swapped", result: { kind: "failed", engines: ["eye"], why: "x" } });
  strictEqual((await answering).status, 503);
});

test("a request is cancelled by its id", async () => {
  await using engine = startEngine(() => new Promise(() => {}));
  await using bench = await startFront({ ports: { eye: engine.port }, pace: SOON });
  const answer = await post(bench, CHAT, { model: "eye", stream: true });
  const reader = textReader(answer);
  await readUntil(reader, "\n\n");
  const id = answer.headers.get("x-lychd-request-id");
  const cancelled = await post(bench, `/lychd/v1/cancel/${id}`, {});
  deepStrictEqual(await cancelled.json(), { cancelled: true });
  await readUntil(reader, "cancelled by id");
  strictEqual((await post(bench, `/lychd/v1/cancel/${id}`, {})).status, 404);
});

test("a stream that the door ends has the reason in its last event", async () => {
  const { promise: noticed, resolve } = Promise.withResolvers<void>();
  await using engine = startEngine(() => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
      cancel: () => resolve(),
    });
    return new Response(body, { headers: EVENTS });
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const answer = await post(bench, CHAT, { model: "eye", stream: true });
  const reader = textReader(answer);
  await readUntil(reader, "data: 1\n\n");
  await post(bench, `/lychd/v1/cancel/${answer.headers.get("x-lychd-request-id")}`, {});
  match(await readUntil(reader, '"code":"cancelled"'), /cancelled by id/);
  await noticed;
});

/** Reads a stream of bytes to its end, also if it does not end well. */
async function readAll(connection: Deno.TcpConn): Promise<string> {
  const decoder = new TextDecoder();
  let all = "";
  try {
    for await (const bytes of connection.readable) all += decoder.decode(bytes, { stream: true });
  } catch {
    // The connection broke off.
  }
  return all;
}

test("a client that stops reading is cut, and its engine makes room for the next one", async () => {
  const event = new TextEncoder().encode(`data: ${"x".repeat(60_000)}\n\n`);
  const { promise: noticed, resolve } = Promise.withResolvers<void>();
  let events = 0;
  await using eye = startEngine(() => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        events++;
        controller.enqueue(event);
      },
      cancel: () => resolve(),
    });
    return new Response(body, { headers: EVENTS });
  });
  await using tongue = startEngine(() => new Response("hello"));
  await using bench = await startFront({
    ports: { eye: eye.port, tongue: tongue.port },
    settings: { lingerSeconds: 0, drainSeconds: 0.1 },
  });
  const client = await Deno.connect({ hostname: "127.0.0.1", port: bench.port });
  const body = '{"model":"eye","stream":true}';
  await client.write(new TextEncoder().encode(
    `POST ${CHAT} HTTP/1.1\r\nhost: 127.0.0.1:${bench.port}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  ));
  // The stay of an engine is a multiple of the time of a swap.
  await bench.next("summon");
  bench.observe({ eye: "ready" });
  bench.tell({ kind: "swapped", result: { kind: "ready" } });
  await client.read(new Uint8Array(1000));
  // What is between the engine and the client fills up.
  for (let before = -1; before !== events;) {
    before = events;
    await new Promise((done) => setTimeout(done, 300));
  }
  const answering = post(bench, CHAT, { model: "tongue" });
  deepStrictEqual((await bench.next("summon")).wish, { kind: "soulstone", name: "tongue" });
  await noticed;
  bench.observe({ eye: "stopping" });
  deepStrictEqual(await bench.next("free"), { kind: "free", engine: "eye" });
  bench.observe({ tongue: "ready" });
  bench.tell({ kind: "swapped", result: { kind: "ready" } });
  strictEqual(await (await answering).text(), "hello");
  // The client goes on to read: its stream has the reason, and no clean end.
  const rest = await readAll(client);
  match(rest.slice(-1000), /"code":"cut"/);
  ok(!rest.endsWith("\r\n0\r\n\r\n"));
});

test("a client that leaves while its engine refuses connections leaves nothing behind", async () => {
  const closed = startEngine(() => new Response());
  await closed[Symbol.asyncDispose]();
  await using bench = await startFront({ ports: { eye: closed.port }, ready: ["eye"] });
  const leaving = new AbortController();
  const answering = post(bench, CHAT, { model: "eye" }, { signal: leaving.signal });
  for (;;) {
    const { state } = await bench.next("state");
    if (state.engines[0]?.underWay === 1) break;
  }
  leaving.abort();
  await answering.catch(() => {});
  // The next attempt would come now.
  await new Promise((done) => setTimeout(done, 300));
  const status = await (await fetch(`${bench.url}/lychd/v1/status`)).json();
  strictEqual(status.soulstones[0].under_way, 0);
});

test("a front that leaves finishes its streams, and the next one has the port", async () => {
  const finish = Promise.withResolvers<void>();
  await using engine = startEngine(() => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
        await finish.promise;
        controller.enqueue(new TextEncoder().encode("data: 2\n\n"));
        controller.close();
      },
    });
    return new Response(body, { headers: EVENTS });
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const answer = await post(bench, CHAT, { model: "eye", stream: true });
  const reader = textReader(answer);
  await readUntil(reader, "data: 1\n\n");
  // The next front listens on the same port before this one leaves it.
  await using next = await startFront({
    ports: { eye: engine.port },
    ready: ["eye"],
    settings: { port: bench.port },
  });
  bench.tell({ kind: "leave", withinSeconds: 60 });
  // The kernel resets a connection that arrives in the moment in which the old front closes the port.
  const health = () => fetch(`${next.url}/health`);
  strictEqual((await health().catch(health)).status, 200);
  ok(!bench.sent.some(({ kind }) => kind === "left"));
  finish.resolve();
  strictEqual(await readUntil(reader, "data: 2\n\n"), "data: 2\n\n");
  await bench.next("left");
});

test("a front that leaves cuts what takes too long", async () => {
  await using engine = startEngine(() => new Promise(() => {}));
  const bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const answering = post(bench, CHAT, { model: "eye" });
  while (engine.requests === 0) await new Promise((done) => setTimeout(done, 5));
  const ordering = post(bench, "/lychd/v1/summon", { wish: "eye" });
  await bench.next("order");
  bench.tell({ kind: "leave", withinSeconds: 0.05 });
  for (const answer of await Promise.all([answering, ordering])) {
    strictEqual((await answer.json()).error.message, "the door stops");
  }
  await bench.next("left");
});

test("a port of another process cannot be listened on", async () => {
  const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const starting = startFront({ ports: {}, settings: { port: other.addr.port } });
  const why = await starting.then(() => "listening", (error: Error) => error.message);
  strictEqual(why, `cannot listen on 127.0.0.1 port ${other.addr.port}: another process uses it`);
  other.close();
});
