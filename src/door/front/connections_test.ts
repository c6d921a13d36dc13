/** Tests of requests that clients find by their ids, of keys that a render removes, and of WebSockets. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { type FrontBench, post, startEngine, startFront, test } from "../../testing/front_bench.ts";
import { digestOfKey } from "./request/admission.ts";

const CHAT = "/v1/chat/completions";
const ALICE = { name: "alice", digest: digestOfKey("a").toHex() };
const BOB = { name: "bob", digest: digestOfKey("b").toHex() };
const AS_ALICE = { headers: { "x-api-key": "a" } };

/** Waits until the state of the door has so many requests, and returns them. */
async function requestsOf({ url }: FrontBench, count: number, init: RequestInit = {}) {
  for (;;) {
    const { requests } = await (await fetch(`${url}/lychd/v1/status`, init)).json();
    if (requests.length === count) return requests as Readonly<Record<string, string | null>>[];
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

test("the state has the id of each request, and any of them can be cancelled", async () => {
  await using engine = startEngine(() => new Promise(() => {}));
  await using bench = await startFront({
    ports: { eye: engine.port, sage: 1 },
    ready: ["eye"],
    settings: { keys: [ALICE] },
  });
  const before = Date.now();
  const works = fetch(`${bench.url}/upstream/eye/v1/secret`, AS_ALICE);
  await requestsOf(bench, 1, AS_ALICE);
  const waits = post(bench, CHAT, { model: "sage" }, AS_ALICE);
  const requests = await requestsOf(bench, 2, AS_ALICE);
  for (const { since } of requests) ok(Date.parse(since ?? "") >= before);
  const alice = { client: "alice" };
  deepStrictEqual(requests.map(({ id: _id, since: _since, ...rest }) => rest), [
    { soulstone: "eye", endpoint: "upstream", state: "under_way", portal: false, ...alice },
    { soulstone: "sage", endpoint: CHAT, state: "waiting", portal: false, ...alice },
  ]);
  for (const { id } of requests) {
    strictEqual((await post(bench, `/lychd/v1/cancel/${id}`, {}, AS_ALICE)).status, 200);
  }
  for (const answer of await Promise.all([works, waits])) {
    strictEqual((await answer.json()).error.code, "cancelled");
  }
  await requestsOf(bench, 0, AS_ALICE);
});

test("a client that the hand reports as gone is ended, however its request came", async () => {
  await using bench = await startFront({ ports: { eye: 1 } });
  const body = JSON.stringify({ model: "eye" });
  const head = `POST ${CHAT} HTTP/1.1\r\nhost: 127.0.0.1:${bench.port}\r\n` +
    `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const clients = await Promise.all(["first", "second"].map(async () => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: bench.port });
    for (const part of [head, body]) {
      await connection.write(new TextEncoder().encode(part));
      // Two packets: the server reads them apart.
      await new Promise((wake) => setTimeout(wake, 50));
    }
    return connection;
  }));
  await requestsOf(bench, 2);
  const [first, second] = clients.map(({ localAddr }) => `127.0.0.1:${localAddr.port}`);
  bench.tell({ kind: "gone", clients: [String(first), "127.0.0.1:1"] });
  await requestsOf(bench, 1);
  bench.tell({ kind: "gone", clients: [String(second)] });
  await requestsOf(bench, 0);
  for (const connection of clients) connection.close();
});

test("the state has the oldest requests only, so that each event stays small", async () => {
  await using bench = await startFront({ ports: { eye: 1 } });
  const stop = new AbortController();
  const { signal } = stop;
  const answers = Array.from(
    { length: 101 },
    () => post(bench, CHAT, { model: "eye" }, { signal }),
  );
  for (;;) {
    const { soulstones, requests } = await (await fetch(`${bench.url}/lychd/v1/status`)).json();
    if (soulstones[0].waiting < 101) continue;
    strictEqual(requests.length, 100);
    break;
  }
  stop.abort();
  await Promise.allSettled(answers);
});

/** Opens a WebSocket with the key of a client, and returns it with its end. */
async function open({ port }: FrontBench, protocols: string | string[]) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/realtime?model=eye`, protocols);
  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  await new Promise((resolve, reject) => [socket.onopen, socket.onerror] = [resolve, reject]);
  return { socket, closed };
}

const keyProtocol = (key: string) => `openai-insecure-api-key.${key}`;

test("a render that removes a key ends its events and WebSockets, but no request", async () => {
  const finish = Promise.withResolvers<void>();
  await using engine = startEngine(async (request) => {
    if (request.headers.get("upgrade") !== null) {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    }
    await finish.promise;
    return new Response("whole");
  });
  await using bench = await startFront({
    ports: { eye: engine.port },
    ready: ["eye"],
    settings: { keys: [ALICE, BOB] },
  });
  const follow = async (key: string) => {
    const answer = await fetch(`${bench.url}/lychd/v1/events`, { headers: { "x-api-key": key } });
    return answer.body!.getReader();
  };
  const [alice, bob] = [await follow("a"), await follow("b")];
  const [hers, his] = [await open(bench, keyProtocol("a")), await open(bench, keyProtocol("b"))];
  const asked = post(bench, CHAT, { model: "eye" }, AS_ALICE);
  await requestsOf(bench, 3, { headers: { "x-api-key": "b" } });
  // The same name, another key.
  bench.tell(bench.units({ settings: { keys: [{ ...ALICE, digest: "00".repeat(32) }, BOB] } }));
  while (!(await alice.read()).done);
  strictEqual((await hers.closed).code, 4401);
  finish.resolve();
  strictEqual(await (await asked).text(), "whole");
  strictEqual((await fetch(`${bench.url}/health`, AS_ALICE)).status, 401);
  const echoed = new Promise<MessageEvent>((resolve) => his.socket.onmessage = resolve);
  his.socket.send("still here");
  strictEqual((await echoed).data, "still here");
  strictEqual((await bob.read()).done, false);
  his.socket.close();
  await his.closed;
  await bob.cancel();
});

test("a page sends its key as a protocol of its WebSocket, and no engine sees it", async () => {
  const seen: (string | null)[] = [];
  const choices = [undefined, "beta"];
  await using engine = startEngine((request) => {
    seen.push(request.headers.get("sec-websocket-protocol"));
    if (request.headers.get("upgrade") === null) return new Response("hello");
    const protocol = choices.shift();
    const options = protocol === undefined ? {} : { protocol };
    const { socket, response } = Deno.upgradeWebSocket(request, options);
    socket.onopen = () => socket.close(1000);
    return response;
  });
  await using bench = await startFront({
    ports: { eye: engine.port },
    ready: ["eye"],
    settings: { keys: [ALICE] },
    pace: { wrongKeyMilliseconds: 5 },
  });
  const offered = ["realtime", keyProtocol("a"), "beta"];
  // Browsers refuse an answer without one of the protocols that they offered.
  const without = await open(bench, offered);
  strictEqual(without.socket.protocol, "realtime");
  const chosenByEngine = await open(bench, offered);
  strictEqual(chosenByEngine.socket.protocol, "beta");
  await Promise.all([without.closed, chosenByEngine.closed]);
  const refused = await open(bench, ["realtime", keyProtocol("b")]).then(
    () => "open",
    () => "refused",
  );
  strictEqual(refused, "refused");
  const headers = { "sec-websocket-protocol": keyProtocol("a") };
  strictEqual(
    await (await fetch(`${bench.url}/upstream/eye/health`, { headers })).text(),
    "hello",
  );
  deepStrictEqual(seen, ["realtime, beta", "realtime, beta", null]);
});

/** Requests a WebSocket and reads the head of the answer, and nothing more. */
async function rawWebSocket({ port }: FrontBench) {
  const headers = {
    ...{ connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" },
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const connection = await Deno.connect({ port });
  const head = `GET /v1/realtime?model=eye HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${lines}\r\n`;
  await connection.write(new TextEncoder().encode(head));
  const bytes = new Uint8Array(4096);
  const text = new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes) ?? 0));
  return { text, connection };
}

test("a WebSocket starts no engine", async () => {
  await using bench = await startFront({ ports: { eye: 1 } });
  const { text, connection } = await rawWebSocket(bench);
  match(text, /^HTTP\/1\.1 409 [^]*"code":"not_running"/);
  connection.close();
});

test("a WebSocket whose client stops reading is cut, and its engine is free", async () => {
  const MIB = 1_048_576;
  const cut = Promise.withResolvers<number>();
  let sent = 0;
  await using engine = startEngine((request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    const send = () => {
      if (socket.bufferedAmount >= MIB) return;
      socket.send(new Uint8Array(MIB));
      sent++;
    };
    let timer = 0;
    socket.onopen = () => timer = Number(setInterval(send, 1));
    socket.onclose = ({ code }) => {
      clearInterval(timer);
      cut.resolve(code);
    };
    return response;
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const { connection } = await rawWebSocket(bench);
  strictEqual(await cut.promise, 4408);
  ok(sent < 64, `the door took ${sent} MiB`);
  await requestsOf(bench, 0);
  connection.close();
});

test("there are only so many WebSockets", async () => {
  await using engine = startEngine((request) => Deno.upgradeWebSocket(request).response);
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const sockets = await Promise.all(Array.from({ length: 64 }, () => open(bench, [])));
  const { text, connection } = await rawWebSocket(bench);
  match(text, /^HTTP\/1\.1 503 [^]*"code":"too_many_websockets"/);
  connection.close();
  for (const { socket } of sockets) socket.close();
  await Promise.all(sockets.map(({ closed }) => closed));
  const next = () => open(bench, []).then(({ socket }) => socket, () => undefined);
  let socket;
  while ((socket = await next()) === undefined);
  socket.close();
});
