/** Tests that bad input gets a clear error and that the door goes on, with bytes of real connections. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { post, startEngine, startFront, startRawEngine, test } from "../../testing/front_bench.ts";
import { digestOfKey } from "./request/admission.ts";

const CHAT = "/v1/chat/completions";
const JSON_TYPE = "content-type: application/json";

/** One request as bytes, and the status and code of its answer. */
interface Case {
  readonly claim: string;
  /** The request line; `POST` to a chat if it is missing. */
  readonly line?: string;
  /** Further headers; `Host` is added unless one is here. */
  readonly headers?: readonly string[];
  /** The body, with its length; undefined for none. */
  readonly body?: string;
  /** `400` alone is an answer of the runtime, which has no body. */
  readonly expected: string;
}

const CASES: readonly Case[] = [
  { claim: "a body that is not JSON", body: "model=eye", expected: "400 bad_body" },
  { claim: "an empty body", body: "", expected: "400 bad_body" },
  { claim: "half a body of JSON", body: '{"model": "eye"', expected: "400 bad_body" },
  { claim: "a body without a model", body: '{"messages": []}', expected: "400 bad_body" },
  { claim: "a model that is not a string", body: '{"model": 7}', expected: "400 bad_body" },
  { claim: "two models", body: '{"model":"eye","model":"b"}', expected: "400 bad_body" },
  {
    claim: "two models, one escaped",
    body: '{"model":"eye","mod\\u0065l":"b"}',
    expected: "400 bad_body",
  },
  { claim: "a nested model", body: '{"a": {"model": "eye"}}', expected: "400 bad_body" },
  { claim: "bytes that are not UTF-8", body: '{"model":"\xff"}', expected: "400 bad_body" },
  { claim: "an unknown model", body: '{"model":"eyes"}', expected: "404 model_not_found" },
  {
    claim: "65 MiB",
    headers: [JSON_TYPE, `content-length: ${65 * 1_048_576}`],
    expected: "413 body_too_large",
  },
  {
    claim: "more chunks than are allowed",
    headers: [JSON_TYPE, "transfer-encoding: chunked"],
    body: `110000\r\n${" ".repeat(0x110000)}\r\n0\r\n\r\n`,
    expected: "413 body_too_large",
  },
  {
    claim: "a compressed body",
    headers: [JSON_TYPE, "content-encoding: gzip"],
    body: "x",
    expected: "415 compressed_body",
  },
  {
    claim: "a body that any page may send",
    headers: ["content-type: text/plain"],
    body: '{"model":"eye"}',
    expected: "415 bad_content_type",
  },
  {
    claim: "a body without a type",
    headers: [],
    body: '{"model":"eye"}',
    expected: "415 bad_content_type",
  },
  {
    claim: "another charset",
    headers: ["content-type: application/json; charset=utf-16"],
    body: "x",
    expected: "415 bad_content_type",
  },
  {
    claim: "a form without a boundary",
    line: "POST /v1/audio/transcriptions",
    headers: ["content-type: multipart/form-data"],
    body: "x",
    expected: "415 bad_content_type",
  },
  {
    claim: "a form with two models",
    line: "POST /v1/audio/transcriptions",
    headers: ["content-type: multipart/form-data; boundary=x"],
    body: '--x\r\nContent-Disposition: form-data; name="model"\r\n\r\na\r\n'.repeat(2) +
      "--x--\r\n",
    expected: "400 bad_body",
  },
  {
    claim: "another Host",
    headers: ["Host: evil.example", JSON_TYPE],
    body: "{}",
    expected: "403 bad_host",
  },
  { claim: "an empty Host", headers: ["Host:", JSON_TYPE], body: "{}", expected: "400 bad_host" },
  { claim: "a Host that is not valid", headers: ["Host: a:b:c"], expected: "400 bad_host" },
  { claim: "a Host with a path", headers: ["Host: a b@c/../"], expected: "400 bad_host" },
  { claim: "two Hosts", headers: ["Host: localhost", "Host: evil.example"], expected: "400" },
  {
    claim: "the URL of another host",
    line: "GET http://evil.example/health",
    expected: "400 bad_host",
  },
  {
    claim: "a page of another origin",
    line: "GET /v1/models",
    headers: ["Origin: http://evil.example"],
    expected: "403 bad_origin",
  },
  {
    claim: "a WebSocket of a page of another origin",
    line: "GET /upstream/eye/v1/realtime",
    headers: [
      "Origin: http://evil.example",
      ...["Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ],
    expected: "403 bad_origin",
  },
  { claim: "a page without an origin", headers: ["Origin: null"], expected: "403 bad_origin" },
  {
    claim: "the question of a page of another origin",
    line: `OPTIONS ${CHAT}`,
    headers: ["Origin: http://evil.example", "Access-Control-Request-Method: POST"],
    expected: "403 bad_origin",
  },
  {
    claim: "a length and chunks",
    headers: [JSON_TYPE, "content-length: 5", "transfer-encoding: chunked"],
    body: "0\r\n\r\n",
    expected: "400",
  },
  {
    claim: "two lengths",
    headers: [JSON_TYPE, "content-length: 5", "content-length: 6"],
    body: "12345",
    expected: "400",
  },
  {
    claim: "another coding",
    headers: [JSON_TYPE, "transfer-encoding: gzip, chunked"],
    body: "0\r\n\r\n",
    expected: "400 bad_transfer_encoding",
  },
  { claim: "a folded header", headers: [JSON_TYPE, "x-a: 1\r\n 2"], expected: "400" },
  { claim: "a space before a colon", headers: [JSON_TYPE, "content-length : 5"], expected: "400" },
  { claim: "a header of 100 KiB", headers: [`x-a: ${"a".repeat(102_400)}`], expected: "400" },
  { claim: "200 headers", headers: Array(200).fill("x-a: a"), expected: "400" },
  {
    claim: "a switch to HTTP/2, which stays HTTP/1.1",
    line: "GET /health",
    headers: ["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", "Connection: HTTP2-Settings"],
    expected: "200",
  },
  { claim: "CONNECT", line: "CONNECT 127.0.0.1:22", expected: "405 wrong_method" },
  { claim: "TRACE", line: "TRACE /v1/models", expected: "405 wrong_method" },
  { claim: "GET for an order", line: "GET /lychd/v1/banish", expected: "405 wrong_method" },
  { claim: "an encoded path", line: "GET /upstream/eye/%2e%2e/health", expected: "400 bad_path" },
  { claim: "a backslash", line: "GET /upstream/eye/a\\b", expected: "400 bad_path" },
  { claim: "a path that needs a key", line: "GET /upstream/eye/slots", expected: "403 needs_key" },
  {
    claim: "an order that is not JSON",
    line: "POST /lychd/v1/summon",
    body: "eye",
    expected: "400 bad_body",
  },
  {
    claim: "an order without a name",
    line: "POST /lychd/v1/summon",
    body: '{"wish": [7]}',
    expected: "400 bad_body",
  },
  ...([
    ["a long name", { wish: "a".repeat(201) }],
    ["many names", { wish: Array(101).fill("a") }],
    ["an unknown field", { wish: "eye", held: true }],
    ["a list", ["eye"]],
  ] as const).map(([claim, body]) => ({
    claim: `an order with ${claim}`,
    line: "POST /lychd/v1/summon",
    body: JSON.stringify(body),
    expected: "400 bad_body",
  })),
  {
    claim: "an order with a typing error, which must not stop all engines",
    line: "POST /lychd/v1/banish",
    body: '{"nmae": "eye"}',
    expected: "400 bad_body",
  },
  {
    claim: "an order of any page",
    line: "POST /lychd/v1/banish",
    headers: ["content-type: text/plain"],
    body: "{}",
    expected: "415 bad_content_type",
  },
];

test("bad input gets an error, reaches no engine, and the door goes on", async (test) => {
  await using engine = startEngine(() => new Response());
  await using bench = await startFront({
    ports: { eye: engine.port },
    ready: ["eye"],
    settings: { maxBodyMib: 1 },
  });
  // An order that should be refused is carried out at once.
  (async () => {
    for (;;) bench.tell({ kind: "done", id: (await bench.next("order")).id, problem: undefined });
  })();
  for (const { claim, line = `POST ${CHAT}`, headers = [JSON_TYPE], body, expected } of CASES) {
    await test.step(claim, async () => {
      const all = [...headers];
      if (!all.some((header) => /^host:/i.test(header))) {
        all.unshift("Host: 127.0.0.1:" + bench.port);
      }
      if (
        body !== undefined && !all.some((header) => /^(?:transfer|content-length)/.test(header))
      ) {
        all.push(`content-length: ${body.length}`);
      }
      const head = [`${line} HTTP/1.1`, ...all, "connection: close"].join("\r\n");
      strictEqual(await outcomeOf(bench.port, `${head}\r\n\r\n${body ?? ""}`), expected);
      strictEqual((await (await fetch(`${bench.url}/health`)).json()).status, "ok");
    });
  }
  await test.step("bytes that are not HTTP", async () => {
    strictEqual(await outcomeOf(bench.port, "\x16\x03\x01\r\n\r\n"), "400");
  });
  strictEqual(engine.requests, 0);
});

/** Sends bytes and returns the status and the code of the answer. */
async function outcomeOf(port: number, request: string): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  // The door may answer and close before it has read everything.
  const bytes = Uint8Array.from(request, (c) => c.charCodeAt(0));
  const writing = (async () => {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  })().catch(() => {});
  let answer = "";
  const buffer = new Uint8Array(65_536);
  try {
    for (let count; !isWhole(answer) && (count = await connection.read(buffer)) !== null;) {
      answer += new TextDecoder().decode(buffer.subarray(0, count));
    }
  } catch {
    // The door reset the connection after its answer.
  }
  connection.close();
  await writing;
  const [, status = "no answer"] = /^HTTP\/1\.1 (\d+)/.exec(answer) ?? [];
  const [, code] = /"code":"(\w+)"/.exec(answer) ?? [];
  return code === undefined ? status : `${status} ${code}`;
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf("\r\n\r\n");
  const [, length = ""] = /content-length: (\d+)/i.exec(answer) ?? [];
  return end >= 0 && answer.length >= end + 4 + Number(length);
}

test("a body that arrives too slowly is refused", async () => {
  await using bench = await startFront({
    ports: { eye: 1 },
    ready: ["eye"],
    pace: { bodyMilliseconds: 10 },
  });
  const head = `POST ${CHAT} HTTP/1.1\r\nHost: localhost:${bench.port}\r\n${JSON_TYPE}\r\n`;
  const part = `${head}content-length: 1000\r\nconnection: close\r\n\r\n{"model":`;
  strictEqual(await outcomeOf(bench.port, part), "408 body_too_slow");
});

/** The bytes that an engine sends, and the code of the error. */
const ENGINES = [
  ["garbage", "hello\r\n\r\n", "engine_answer_not_valid"],
  ["nothing", "", "engine_silent"],
  ["half a head", "HTTP/1.1 200 OK\r\ncontent-", "engine_broke_off"],
  [
    "a length and chunks",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "engine_answer_not_valid",
  ],
  [
    "a switch of protocols that was not requested",
    "HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "engine_answer_not_valid",
  ],
  ["half a short body", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel", "engine_broke_off"],
] as const;

for (const [claim, bytes, code] of ENGINES) {
  test(`an engine that sends ${claim} is an error, and the door goes on`, async () => {
    await using engine = startRawEngine(async (connection) => {
      await connection.write(bytes);
      connection.close();
    });
    await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
    const answer = await post(bench, CHAT, { model: "eye" });
    deepStrictEqual([answer.status, (await answer.json()).error.code], [502, code]);
    strictEqual((await (await fetch(`${bench.url}/health`)).json()).status, "ok");
  });
}

const KEYS = [{ name: "laptop", digest: digestOfKey("secret").toHex() }];

test("with keys, every request needs one, and a wrong one is answered late", async () => {
  await using engine = startEngine((request) => Response.json([...request.headers.keys()]));
  await using bench = await startFront({
    ports: { eye: engine.port },
    ready: ["eye"],
    settings: { keys: KEYS },
    pace: { wrongKeyMilliseconds: 5 },
  });
  const answer = await fetch(`${bench.url}/v1/models`, {
    headers: { authorization: "Bearer secre" },
  });
  deepStrictEqual([answer.status, answer.headers.get("www-authenticate")], [401, "Bearer"]);
  strictEqual((await answer.json()).error.code, "bad_key");
  const init = { headers: { "x-api-key": "secret" } };
  // The key opens the paths that change an engine, and no engine sees it.
  const slots = await fetch(`${bench.url}/upstream/eye/slots`, init);
  deepStrictEqual(await slots.json(), [
    "accept",
    "accept-encoding",
    "accept-language",
    "host",
    "user-agent",
  ]);
});

test("a client with one of several keys fills at most half of the queue", async () => {
  const keys = [...KEYS, { name: "other", digest: digestOfKey("other").toHex() }];
  await using bench = await startFront({ ports: { eye: 1 }, settings: { keys, queueLimit: 4 } });
  const ask = (key: string) =>
    post(bench, CHAT, { model: "eye" }, { headers: { "x-api-key": key } });
  const waiting = [ask("secret"), ask("secret")];
  for (;;) {
    const { state } = await bench.next("state");
    if (state.engines[0]?.waiting === 2) break;
  }
  strictEqual((await (await ask("secret")).json()).error.code, "queue_share");
  waiting.push(ask("other"));
  for (;;) {
    const { state } = await bench.next("state");
    if (state.engines[0]?.waiting === 3) break;
  }
  bench.tell({ kind: "swapped", result: { kind: "failed", engines: ["eye"], why: "x" } });
  deepStrictEqual((await Promise.all(waiting)).map(({ status }) => status), [503, 503, 503]);
});

test("a client with one of several keys fills at most half of the queue of an engine", async () => {
  const keys = [...KEYS, { name: "other", digest: digestOfKey("other").toHex() }];
  await using bench = await startFront({ ports: { eye: 1 }, settings: { keys } });
  const headers = { "x-api-key": "secret" };
  const ask = () => post(bench, CHAT, { model: "eye" }, { headers });
  const answers = Array.from({ length: 65 }, ask);
  const first = await Promise.race(answers);
  strictEqual((await first.json()).error.code, "queue_share");
  bench.tell({ kind: "swapped", result: { kind: "failed", engines: ["eye"], why: "x" } });
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  deepStrictEqual(new Set(statuses), new Set([503]));
});

test("a page of an allowed origin may ask and read", async () => {
  await using bench = await startFront({
    ports: {},
    settings: { allowedOrigins: ["http://localhost:3000"], keys: KEYS },
  });
  const origin = { origin: "http://localhost:3000" };
  const asked = await fetch(`${bench.url}${CHAT}`, {
    method: "OPTIONS",
    headers: {
      ...origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization",
    },
  });
  deepStrictEqual([asked.status, asked.headers.get("access-control-allow-headers")], [
    204,
    "authorization",
  ]);
  const init = { headers: { ...origin, "x-api-key": "secret" } };
  const answer = await fetch(`${bench.url}/v1/models`, init);
  deepStrictEqual([answer.status, answer.headers.get("access-control-allow-origin")], [
    200,
    "http://localhost:3000",
  ]);
  match(answer.headers.get("vary") ?? "", /origin/i);
});
