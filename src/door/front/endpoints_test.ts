/** Tests of the endpoints that route nothing by a body: models, state, orders, and paths of engines. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { type Status, statusSchema } from "../../core/api/schema.ts";
import type { DoorSettings } from "../../core/orchestrator/door.ts";
import { type FrontBench, post, startEngine, startFront, test } from "../../testing/front_bench.ts";

async function json(url: string, init?: RequestInit): Promise<[number, Record<string, unknown>]> {
  const answer = await fetch(url, init);
  return [answer.status, await answer.json()];
}

/** Returns the state of the door, which must fit its schema. */
async function status({ url }: FrontBench): Promise<Status> {
  return statusSchema.parse((await json(`${url}/lychd/v1/status`))[1]);
}

test("the state has what the Codex says of each Soulstone, and since when it has its state", async () => {
  await using bench = await startFront({
    ports: { eye: 8780, sage: 8781 },
    engines: { eye: { aliases: ["gpt-4o"], served: "Qwen/big" } },
  });
  const units = bench.units({});
  const eye = {
    ...units.inventory.engines[0]!,
    profile: "vllm",
    description: "50% <script>",
    capabilities: ["ocr"],
    covens: ["vision"],
    vramMib: 20_000,
  };
  bench.tell({
    ...units,
    inventory: {
      engines: [eye, units.inventory.engines[1]!],
      covens: [{ name: "vision", target: "", members: ["eye"], conflicts: ["sage"] }],
    },
    links: { grafana: "http://localhost:3000", prometheus: undefined },
  });
  const engines = new Map([["eye", "ready"], ["sage", "down"]] as const);
  bench.tell({ kind: "observed", engines, isHeld: false, since: new Map([["eye", 1.5]]) });
  const { soulstones, covens, links } = await status(bench);
  deepStrictEqual(soulstones[0], {
    name: "eye",
    state: "ready",
    since: "1970-01-01T00:00:01.500Z",
    kind: "vllm",
    description: "50% <script>",
    covens: ["vision"],
    capabilities: ["ocr"],
    names: ["gpt-4o", "Qwen/big"],
    port: 8780,
    vram_mib: 20_000,
    vram_used_mib: null,
    under_way: 0,
    waiting: 0,
    resident: false,
    ready_in_seconds: 0,
    problem: null,
  });
  deepStrictEqual([soulstones[1]?.since, soulstones[1]?.vram_mib], [null, null]);
  deepStrictEqual(covens, [{ name: "vision", soulstones: ["eye"] }]);
  deepStrictEqual(links, { grafana: "http://localhost:3000", prometheus: null });
  // systemd has no time for a unit that it has not loaded: that of the observation counts.
  bench.observe({ sage: "ready" });
  const stopped = (await status(bench)).soulstones[0]?.since;
  ok(Date.parse(stopped ?? "") > Date.now() - 3_600_000, `${stopped}`);
});

test("the state says why an engine does not run; what its log says only with a key", async () => {
  const problem = { why: "it exited with status 3", command: "lychd logs eye" };
  const problems = new Map([["eye", { ...problem, log: ["a prompt"] }]]);
  const seen = async (keys: DoorSettings["keys"], init?: RequestInit) => {
    await using bench = await startFront({ ports: { eye: 1 }, settings: { keys } });
    bench.tell({ kind: "problems", problems });
    const [, state] = await json(`${bench.url}/lychd/v1/status`, init);
    return statusSchema.parse(state).soulstones[0]?.problem;
  };
  deepStrictEqual(await seen([]), { ...problem, log: null });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.of(107))).toHex();
  deepStrictEqual(
    await seen([{ name: "me", digest }], { headers: { "x-api-key": "k" } }),
    { ...problem, log: ["a prompt"] },
  );
});

test("an engine whose start failed has the reason until it runs", async () => {
  await using bench = await startFront({ ports: { eye: 1 } });
  const answering = post(bench, "/v1/completions", { model: "eye" });
  await bench.next("summon");
  const why = "eye is not ready: out of memory";
  bench.tell({ kind: "swapped", result: { kind: "failed", engines: ["eye"], why } });
  await (await answering).body?.cancel();
  const problem = async () => (await status(bench)).soulstones[0]?.problem;
  deepStrictEqual(await problem(), { why, command: "lychd logs eye", log: null });
  bench.observe({ eye: "ready" });
  strictEqual(await problem(), null);
});

test("models have their names and states, and engines are not queried", async () => {
  await using bench = await startFront({
    ports: { eye: 1, sage: 1, mage: 1 },
    engines: { eye: { aliases: ["gpt-4o"], served: "Qwen/big", contextTokens: 32_768 } },
  });
  bench.observe({ eye: "ready", sage: "starting" });
  const [, list] = await json(`${bench.url}/v1/models`);
  const eye = {
    id: "eye",
    object: "model",
    created: 0,
    owned_by: "lychd",
    aliases: ["gpt-4o"],
    served_id: "Qwen/big",
    capabilities: [],
    covens: [],
    status: { value: "loaded" },
    meta: { n_ctx: 32_768 },
  };
  deepStrictEqual([list.object, (list.data as unknown[])[0]], ["list", eye]);
  deepStrictEqual(
    (list.data as { id: string; status: { value: string } }[]).map((m) => [m.id, m.status.value]),
    [["eye", "loaded"], ["mage", "unloaded"], ["sage", "loading"]],
  );
  for (const id of ["eye", "gpt-4o", "Qwen/big", "Qwen%2Fbig"]) {
    deepStrictEqual(await json(`${bench.url}/v1/models/${id}`), [200, eye]);
  }
  const [status, { error }] = await json(`${bench.url}/v1/models/eyes`);
  const { message } = error as { message: string };
  deepStrictEqual([status, message], [404, "there is no model `eyes`; did you mean `eye`?"]);
  deepStrictEqual((await json(`${bench.url}/running`))[1], {
    running: [{ model: "eye", state: "ready" }, { model: "sage", state: "starting" }],
  });
  const head = await fetch(`${bench.url}/v1/models`, { method: "HEAD" });
  deepStrictEqual([head.status, await head.text()], [200, ""]);
});

test("the door is healthy while engines change, but not ready", async () => {
  await using bench = await startFront({ ports: { eye: 1 } });
  deepStrictEqual(await json(`${bench.url}/ready`), [200, { status: "steady" }]);
  const answering = post(bench, "/v1/completions", { model: "eye" });
  await bench.next("summon");
  deepStrictEqual(await json(`${bench.url}/ready`), [503, { status: "swapping" }]);
  deepStrictEqual(await json(`${bench.url}/health`), [200, { status: "ok" }]);
  bench.tell({ kind: "phase", phase: "memory", names: ["eye"] });
  const { requests, ...state } = await status(bench);
  strictEqual(requests.length, 1);
  deepStrictEqual(
    [state.phase, state.held, state.goal, state.swap?.phase, state.swap?.soulstones],
    [
      "swapping",
      false,
      { kind: "soulstone", name: "eye" },
      "memory",
      ["eye"],
    ],
  );
  const [eye] = state.soulstones;
  deepStrictEqual(
    [eye?.name, eye?.state, eye?.under_way, eye?.waiting, eye?.ready_in_seconds],
    ["eye", "down", 0, 1, 30],
  );
  bench.tell({ kind: "swapped", result: { kind: "failed", engines: ["eye"], why: "x" } });
  await (await answering).body?.cancel();
});

test("events begin with the state and follow its changes, without what clients send", async () => {
  await using bench = await startFront({ ports: { eye: 1 } });
  const events = await fetch(`${bench.url}/lychd/v1/events`);
  strictEqual(events.headers.get("content-type"), "text/event-stream");
  const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
  let all = "";
  const until = async (pattern: RegExp) => {
    while (!pattern.test(all)) all += (await reader.read()).value;
  };
  await until(/^event: state\ndata: \{"phase":"steady".*\n\n/);
  const leaving = new AbortController();
  const body = { model: "eye", prompt: "a secret", user: "me" };
  const asked = post(bench, "/v1/completions", body, { signal: leaving.signal });
  await until(/"phase":"swapping".*"waiting":1/);
  bench.observe({}, true);
  await until(/"held":true/);
  strictEqual(/secret|"me"/.test(all), false);
  leaving.abort();
  await asked.catch(() => {});
  await reader.cancel();
});

test("an order goes to the hand, and its answer comes after it was carried out", async () => {
  await using bench = await startFront({ ports: { eye: 1 } });
  const summoned = post(bench, "/lychd/v1/summon", { wish: "eye" });
  const first = await bench.next("order");
  deepStrictEqual(first.order, { kind: "summon", wish: ["eye"], hold: false });
  const swap = async () => (await status(bench)).swap;
  bench.tell({ kind: "phase", phase: "stop", names: ["sage"] });
  bench.tell({ kind: "phase", phase: "start", names: ["eye"] });
  const phases = (await swap())?.phases.map(({ phase, soulstones, seconds }) => {
    return [phase, soulstones, typeof seconds];
  });
  deepStrictEqual(phases, [["stop", ["sage"], "number"], ["start", ["eye"], "object"]]);
  bench.tell({ kind: "done", id: first.id, problem: undefined });
  deepStrictEqual(await (await summoned).json(), { done: true });
  strictEqual(await swap(), null);
  const banished = post(bench, "/lychd/v1/banish", {});
  const second = await bench.next("order");
  deepStrictEqual(second.order, { kind: "banish", name: undefined });
  bench.tell({ kind: "done", id: second.id, problem: "nothing runs" });
  const answer = await banished;
  deepStrictEqual([answer.status, (await answer.json()).error.message], [409, "nothing runs"]);
  const held = post(bench, "/lychd/v1/summon", { wish: ["ocr", "text"], hold: true });
  const third = await bench.next("order");
  deepStrictEqual(third.order, { kind: "summon", wish: ["ocr", "text"], hold: true });
  const released = post(bench, "/lychd/v1/release", {});
  const fourth = await bench.next("order");
  deepStrictEqual(fourth.order, { kind: "release" });
  for (const { id } of [third, fourth]) bench.tell({ kind: "done", id, problem: undefined });
  deepStrictEqual([(await held).status, (await released).status], [200, 200]);
});

test("a path of an engine reaches it only if it runs", async () => {
  await using engine = startEngine((request) => new Response(request.url.replace(/.*:\d+/, "")));
  await using bench = await startFront({
    ports: { eye: engine.port },
    engines: { eye: { served: "Qwen/big" } },
  });
  const path = `${bench.url}/upstream/eye/props?a=%20&api_key=x`;
  const [status, { error }] = await json(path);
  match((error as { message: string }).message, /`eye` does not run; the header x-lychd-summon: 1/);
  strictEqual(status, 409);
  strictEqual(bench.sent.some(({ kind }) => kind === "summon"), false);
  const summoning = fetch(path, { headers: { "x-lychd-summon": "1" } });
  await bench.next("summon");
  bench.observe({ eye: "ready" });
  bench.tell({ kind: "swapped", result: { kind: "ready" } });
  strictEqual(await (await summoning).text(), "/props?a=%20");
  strictEqual(
    await (await fetch(`${bench.url}/props?model=eye`)).text(),
    "/props?model=Qwen%2Fbig",
  );
  const [, named] = await json(`${bench.url}/props`);
  match((named.error as { message: string }).message, /`model` is missing in the query/);
});

test("a WebSocket of an engine passes messages, its protocol and its end", async () => {
  await using engine = startEngine((request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "b" });
    socket.onopen = () => socket.send(request.url.replace(/.*:\d+/, ""));
    socket.onmessage = ({ data }) => data === "bye" ? socket.close(3001, "why") : socket.send(data);
    return response;
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const socket = new WebSocket(`ws://127.0.0.1:${bench.port}/v1/realtime?model=eye`, ["a", "b"]);
  socket.binaryType = "arraybuffer";
  const received: unknown[] = [];
  const { promise: end, resolve } = Promise.withResolvers<CloseEvent>();
  socket.onclose = resolve;
  socket.onopen = () => {
    socket.send("text");
    socket.send(Uint8Array.of(0, 255));
  };
  socket.onmessage = ({ data }) => {
    received.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
    if (received.length === 3) socket.send("bye");
  };
  const { code, reason } = await end;
  deepStrictEqual([socket.protocol, code, reason], ["b", 3001, "why"]);
  deepStrictEqual(received, ["/v1/realtime?model=eye", "text", [0, 255]]);
});

test("a WebSocket is a request under way until it ends", async () => {
  const { promise: ended, resolve } = Promise.withResolvers<CloseEvent>();
  await using engine = startEngine((request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onclose = resolve;
    return response;
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const socket = new WebSocket(`ws://127.0.0.1:${bench.port}/upstream/eye/v1/realtime`);
  await new Promise((open) => socket.onopen = open);
  bench.observe({ eye: "stopping" });
  const [, state] = await json(`${bench.url}/lychd/v1/status`);
  deepStrictEqual((state.soulstones as { under_way: number }[])[0]?.under_way, 1);
  deepStrictEqual(bench.sent.filter(({ kind }) => kind === "free"), []);
  socket.close();
  await ended;
  await bench.next("free");
});

test("a request for a WebSocket that is not valid leaves nothing under way", async () => {
  await using engine = startEngine((request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => {};
    return response;
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  for (
    const headers of [
      ["Upgrade: websocket"],
      [
        ...["Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
        ...["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol: a b,a,a"],
      ],
    ]
  ) {
    const connection = await Deno.connect({ port: bench.port });
    const lines = ["GET /upstream/eye/v1/realtime HTTP/1.1", `Host: 127.0.0.1:${bench.port}`];
    const text = [...lines, ...headers, "", ""].join("\r\n");
    await connection.write(new TextEncoder().encode(text));
    const bytes = new Uint8Array(4096);
    const answer = new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes) ?? 0));
    match(answer, /^HTTP\/1\.1 400 [^]*"code":"bad_websocket"/);
    connection.close();
  }
  const status = await (await fetch(`${bench.url}/lychd/v1/status`)).json();
  deepStrictEqual(status.soulstones[0].under_way, 0);
});

test("an engine without WebSockets is an error", async () => {
  await using engine = startEngine(() => new Response("no"));
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const socket = new WebSocket(`ws://127.0.0.1:${bench.port}/upstream/eye/v1/realtime`);
  await new Promise((closed) => socket.onclose = closed);
  bench.observe({ eye: "stopping" });
  await bench.next("free");
});

test("new units change names, keys and limits without a pause", async () => {
  await using engine = startEngine(() => new Response("hello"));
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  strictEqual((await post(bench, "/v1/completions", { model: "new" })).status, 404);
  bench.tell(bench.units({ engines: { eye: { aliases: ["new"] } } }));
  strictEqual(await (await post(bench, "/v1/completions", { model: "new" })).text(), "hello");
});
