/** Tests of Portals: a real front, and real servers with and without TLS. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import type { DoorPortal } from "../../core/orchestrator/door.ts";
import {
  type BenchOptions,
  freePort,
  type FrontBench,
  post,
  startEngine,
  startFront,
  test,
} from "../../testing/front_bench.ts";

const CHAT = "/v1/chat/completions";
const HI = { messages: [{ role: "user", content: "hi" }] };

/** The times of Portals in tests. */
const QUICK = {
  connectMilliseconds: 2000,
  portalAnswerMilliseconds: 2000,
  portalLookMilliseconds: 100,
  portalAgainMilliseconds: 100,
  portalSilentMilliseconds: 200,
};

const read = (name: string) =>
  Deno.readTextFileSync(new URL(`../../testing/certificates/${name}`, import.meta.url));

/** Starts a server with these models, which answers everything else by `answer`. */
function startServer(
  models: readonly unknown[],
  answer: (request: Request) => Response | Promise<Response>,
  { port, tls }: { port?: number; tls?: { cert: string; key: string } } = {},
) {
  return startEngine(
    (request) =>
      request.method === "GET" && new URL(request.url).pathname.endsWith("/models")
        ? Response.json({ object: "list", data: models })
        : answer(request),
    port,
    tls,
  );
}

/** Answers with what arrived. */
async function echo(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const { headers } = request;
  return Response.json({
    path: pathname + search,
    host: headers.get("host"),
    keys: [headers.get("authorization"), headers.get("x-api-key")],
    hop: headers.get("x-lychd-hop"),
    body: await request.json(),
  });
}

interface Bench extends Omit<BenchOptions, "ports"> {
  readonly ports?: BenchOptions["ports"];
}

function startWith(portals: Record<string, Partial<DoorPortal>>, options: Bench = {}) {
  return startFront({ ports: {}, portals, ...options, pace: { ...QUICK, ...options.pace } });
}

/** Waits until the door knows something about its Portals. */
async function until(
  bench: FrontBench,
  isIt: (
    portals: { name: string; models: unknown[]; problem: { code: string; why: string } | null }[],
  ) => boolean,
) {
  for (;;) {
    const { portals } = await (await fetch(`${bench.url}/lychd/v1/status`)).json();
    if (isIt(portals)) return portals;
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

/** Waits until the first Portal has models or a problem. */
async function known(bench: FrontBench) {
  const [portal] = await until(
    bench,
    ([p]) => p !== undefined && (p.models.length > 0 || p.problem !== null),
  );
  return portal;
}

test("a model of a Portal is listed and used, with the path, the key and the names of the Portal", async () => {
  await using server = startServer(
    [{ id: "qwen3:32b" }, {
      id: "eye",
      aliases: ["look"],
      capabilities: ["vision"],
      status: { value: "unloaded" },
    }],
    echo,
  );
  await using bench = await startWith({
    garage: {
      port: server.port,
      path: "/api",
      keySecret: "garage",
      aliases: { "gpt-4o": "qwen3:32b" },
    },
  }, { portalKeys: { garage: { key: "sesame" } } });
  await known(bench);
  const { data } = await (await fetch(`${bench.url}/v1/models`)).json();
  deepStrictEqual(
    data.map((
      m: { id: string; portals: string[]; status: { value: string } },
    ) => [m.id, m.portals, m.status.value]),
    [["qwen3:32b", ["garage"], "loaded"], ["eye", ["garage"], "unloaded"], [
      "gpt-4o",
      ["garage"],
      "loaded",
    ]],
  );
  const ask = async (path: string, model: string) =>
    await (await post(bench, path, { model, ...HI }, { headers: { authorization: "Bearer own" } }))
      .json();
  deepStrictEqual(await ask(`${CHAT}?beta=1`, "gpt-4o"), {
    path: "/api/chat/completions?beta=1",
    host: `127.0.0.1:${server.port}`,
    keys: ["Bearer sesame", null],
    hop: "1",
    body: { model: "qwen3:32b", ...HI },
  });
  deepStrictEqual((await ask("/v1/messages", "vision")).keys, [null, "sesame"]);
  for (const name of ["eye", "look", "vision"]) {
    strictEqual((await ask(CHAT, name)).body.model, "eye");
  }
  const unknown = await post(bench, CHAT, { model: "qwen3:3b" });
  strictEqual(unknown.status, 404);
  match((await unknown.json()).error.message, /did you mean `qwen3:32b`/);
  strictEqual(server.requests >= 5, true);
});

test("the state, the log and the figures show requests through a Portal, and no engine counts them", async () => {
  const held = Promise.withResolvers<void>();
  await using server = startServer([{ id: "far" }], async () => {
    await held.promise;
    return Response.json({ usage: { prompt_tokens: 3, completion_tokens: 4 } });
  });
  await using bench = await startWith({ garage: { port: server.port } });
  await known(bench);
  const answering = post(bench, CHAT, { model: "far" });
  const [portal] = await until(
    bench,
    ([p]) => (p as unknown as { under_way: number }).under_way === 1,
  );
  deepStrictEqual(portal, {
    name: "garage",
    address: `127.0.0.1:${server.port}`,
    prefer: "local",
    models: [{ id: "far", loaded: true }],
    under_way: 1,
    problem: null,
  });
  const { requests, phase } = await (await fetch(`${bench.url}/lychd/v1/status`)).json();
  deepStrictEqual([requests[0].soulstone, requests[0].portal, requests[0].state, phase], [
    "garage",
    true,
    "under_way",
    "steady",
  ]);
  const states = () => bench.sent.filter((m) => m.kind === "state").map((m) => m.state);
  while (!states().some(({ portals }) => portals[0]?.underWay === 1)) await bench.next("state");
  held.resolve();
  await (await answering).json();
  const log = await (await fetch(`${bench.url}/lychd/v1/requests`)).json();
  deepStrictEqual(
    log.requests.map((
      r: Record<string, unknown>,
    ) => [r.soulstone, r.portal, r.result, r.output_tokens]),
    [["garage", true, "200", 4]],
  );
  const figures = await (await fetch(`${bench.url}/metrics`)).text();
  match(
    figures,
    /portal_requests_total\{portal="garage",endpoint="\/v1\/chat\/completions",code="2xx"\} 1/,
  );
  match(figures, /portal_request_duration_seconds_count\{portal="garage"\} 1/);
  ok(!/soulstone="garage"/.test(figures));
  ok(states().every(({ engines }) => engines.length === 0));
});

test("a stream passes piece by piece, and ends at the Portal when the client leaves or cancels it", async () => {
  const left: number[] = [];
  let count = 0;
  await using server = startServer([{ id: "far" }], (request) => {
    const at = count++;
    request.signal.addEventListener("abort", () => left.push(at));
    const body = new ReadableStream({
      start(c) {
        c.enqueue(new TextEncoder().encode("data: one\n\n"));
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  await using bench = await startWith({ garage: { port: server.port } });
  await known(bench);
  for (const way of ["leaves", "cancels"]) {
    const abort = new AbortController();
    const answer = await post(bench, CHAT, { model: "far", stream: true }, {
      signal: abort.signal,
    });
    const reader = answer.body!.getReader();
    strictEqual(new TextDecoder().decode((await reader.read()).value), "data: one\n\n");
    if (way === "leaves") abort.abort();
    else {
      const id = answer.headers.get("x-lychd-request-id");
      strictEqual((await post(bench, `/lychd/v1/cancel/${id}`, {})).status, 200);
      match(new TextDecoder().decode((await reader.read()).value), /cancelled by id/);
    }
    await reader.cancel().catch(() => {});
    while (left.length < (way === "leaves" ? 1 : 2)) await new Promise((w) => setTimeout(w, 10));
  }
});

test("a Portal that goes away in the middle of a stream ends it with an error event, and comes back", async () => {
  const start = (port?: number) =>
    startServer([{ id: "far" }], () =>
      new Response(
        new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode("data: one\n\n")) }),
        { headers: { "content-type": "text/event-stream" } },
      ), port === undefined ? {} : { port });
  const first = start();
  await using bench = await startWith({ garage: { port: first.port } });
  await known(bench);
  const answer = await post(bench, CHAT, { model: "far", stream: true });
  const reader = answer.body!.getReader();
  await reader.read();
  await first[Symbol.asyncDispose]();
  const { error } = JSON.parse(
    new TextDecoder().decode((await reader.read()).value).trim().replace("data: ", ""),
  );
  match(error.message, /^the Portal `garage` gave no whole answer: /);
  await rejects(reader.read());
  await until(bench, ([p]) => p?.problem?.code === "portal_unreachable");
  const late = await post(bench, CHAT, { model: "far" });
  deepStrictEqual([late.status, (await late.json()).error.code], [502, "portal_unreachable"]);
  const figures = await (await fetch(`${bench.url}/metrics`)).text();
  match(figures, /portal_errors_total\{portal="garage",kind="portal_unreachable"\} 1/);
  await using _ = start(first.port);
  await until(bench, ([p]) => p?.problem === null);
  const again = await post(bench, CHAT, { model: "far", stream: true });
  strictEqual(again.status, 200);
  await again.body?.cancel();
});

test("a Portal that is silent and answers no question any more ends a stream; one that answers does not", async () => {
  let isAlive = true;
  const never = new Promise<Response>(() => {});
  await using server = startEngine((request) => {
    if (request.method !== "GET") {
      return new Response(
        new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode("data: one\n\n")) }),
        { headers: { "content-type": "text/event-stream" } },
      );
    }
    return isAlive ? Response.json({ data: [{ id: "far" }] }) : never;
  });
  await using bench = await startWith({ garage: { port: server.port } }, {
    pace: { portalAnswerMilliseconds: 300 },
  });
  await known(bench);
  const reader = (await post(bench, CHAT, { model: "far", stream: true })).body!.getReader();
  await reader.read();
  let text: string | undefined;
  const next = reader.read().then(({ value }) => text = new TextDecoder().decode(value));
  await new Promise((wake) => setTimeout(wake, 900));
  strictEqual(text, undefined);
  isAlive = false;
  await next;
  match(text ?? "", /does not answer within 0\.3 s/);
  await reader.cancel().catch(() => {});
});

test("the certificate is verified, with the CA of the Portal too", async () => {
  const CASES = [
    ["server.pem", true, undefined],
    ["server.pem", false, /not from a CA that this host or `ca_file` trusts/],
    ["other-name.pem", true, /it is for another name/],
    ["expired.pem", true, /it has expired/],
  ] as const;
  for (const [file, hasCa, why] of CASES) {
    await using server = startServer([{ id: "far" }], echo, {
      tls: { cert: read(file), key: read("server.key") },
    });
    await using bench = await startWith({
      garage: {
        ...{ isSecure: true, port: server.port, models: ["far"] },
        ...hasCa && { authorities: read("ca.pem") },
      },
    }, { portalKeys: { garage: { key: "sesame" } } });
    const answer = await post(bench, CHAT, { model: "far" });
    const body = await answer.json();
    if (why === undefined) strictEqual(body.keys[0], "Bearer sesame");
    else {
      deepStrictEqual([answer.status, body.error.code], [502, "portal_certificate"], file);
      match(body.error.message, why);
      strictEqual(server.requests, 0);
      deepStrictEqual((await known(bench)).problem?.code, "portal_certificate");
    }
  }
});

test("a port that does not speak TLS, and a host that does not exist, are errors in words", async () => {
  await using server = startServer([], echo);
  for (
    const [portal, why] of [
      [{ isSecure: true, port: server.port }, /does not speak TLS|cannot be reached/],
      [{ port: freePort() }, /accepts no connections/],
      [{ host: "no-such-host.invalid", port: 80 }, /there is no host no-such-host\.invalid/],
    ] as const
  ) {
    await using bench = await startWith({ garage: { ...portal, models: ["far"] } });
    const answer = await post(bench, CHAT, { model: "far" });
    const { error } = await answer.json();
    deepStrictEqual([answer.status, error.code], [502, "portal_unreachable"]);
    match(error.message, why);
  }
});

test("a wrong, a missing and an unreadable key are errors of the Portal, and no client sees its 401", async () => {
  await using server = startEngine((request) =>
    new Response(null, {
      status: request.headers.get("authorization") === "Bearer sesame" ? 200 : 401,
    })
  );
  for (
    const [key, why] of [
      [{ key: "wrong" }, /it refuses the key in the Podman secret garage-key \(status 401\)/],
      [{ problem: "there is no such secret" }, /garage-key: there is no such secret/],
      [undefined, /it needs a key \(status 401\)/],
    ] as const
  ) {
    await using bench = await startWith(
      { garage: { port: server.port, models: ["far"], ...key && { keySecret: "garage-key" } } },
      key === undefined ? {} : { portalKeys: { garage: key } },
    );
    const answer = await post(bench, CHAT, { model: "far" });
    const { error } = await answer.json();
    deepStrictEqual([answer.status, error.code], [502, "portal_key"]);
    match(error.message, why);
    ok(!JSON.stringify(bench.sent).includes("wrong"));
    match((await known(bench)).problem?.why ?? "", why);
  }
});

test("just after the start a request waits for the first list, and a Portal without one is named", async () => {
  let isAlive = true;
  await using server = startEngine(async (request) => {
    if (request.method !== "GET") return new Response("there");
    await new Promise((wake) => setTimeout(wake, 200));
    return isAlive ? Response.json({ data: [{ id: "far" }] }) : new Response(null, { status: 401 });
  });
  {
    await using bench = await startWith({ garage: { port: server.port } });
    strictEqual(await (await post(bench, CHAT, { model: "far" })).text(), "there");
  }
  isAlive = false;
  await using bench = await startWith({ garage: { port: server.port } });
  const answer = await post(bench, CHAT, { model: "far" });
  const { error } = await answer.json();
  deepStrictEqual([answer.status, error.code], [404, "model_not_found"]);
  match(error.message, /the Portal `garage` cannot say whether it has it: it needs a key/);
});

test("a redirect is not followed", async () => {
  await using other = startServer([], echo);
  await using server = startServer(
    [{ id: "far" }],
    () =>
      new Response(null, {
        status: 307,
        headers: { location: `http://127.0.0.1:${other.port}/v1` },
      }),
  );
  await using bench = await startWith({ garage: { port: server.port } });
  await known(bench);
  const answer = await post(bench, CHAT, { model: "far" });
  strictEqual(answer.status, 502);
  match((await answer.json()).error.message, /redirects are not followed/);
  strictEqual(other.requests, 0);
});

test("what runs here comes first, then what a Portal has loaded, then a start here", async () => {
  await using here = startEngine(() => new Response("here"));
  let state = "loaded";
  await using server = startEngine((request) =>
    request.method === "GET"
      ? Response.json({ data: [{ id: "eye", status: { value: state } }] })
      : new Response("there")
  );
  await using bench = await startWith({ garage: { port: server.port } }, {
    ports: { eye: here.port },
    ready: ["eye"],
  });
  await known(bench);
  const ask = async () => await (await post(bench, CHAT, { model: "eye" })).text();
  strictEqual(await ask(), "here");
  bench.observe({});
  strictEqual(await ask(), "there");
  state = "unloaded";
  await until(bench, ([p]) => (p?.models[0] as { loaded: boolean }).loaded === false);
  const answering = ask();
  await bench.next("summon");
  bench.observe({ eye: "ready" });
  bench.tell({ kind: "swapped", result: { kind: "ready" } });
  strictEqual(await answering, "here");
});

test("a Portal as fallback answers if the engine here fails, also in the middle of its start, and is not used otherwise", async () => {
  await using server = startServer([{ id: "eye" }], () => new Response("there"));
  await using bench = await startWith({ garage: { port: server.port, prefer: "fallback" } }, {
    ports: { eye: freePort() },
  });
  await known(bench);
  const ask = async () => await (await post(bench, CHAT, { model: "eye" })).text();
  const answering = ask();
  await bench.next("summon");
  bench.tell({ kind: "swapped", result: { kind: "failed", engines: ["eye"], why: "no memory" } });
  strictEqual(await answering, "there");
  strictEqual(await ask(), "there");
  const log = await (await fetch(`${bench.url}/lychd/v1/requests`)).json();
  deepStrictEqual(log.requests.map((r: Record<string, unknown>) => r.soulstone), [
    "garage",
    "garage",
  ]);
});

test("a request that waits as a stream moves to the Portal too", async () => {
  await using server = startServer(
    [{ id: "eye" }],
    () => new Response("data: there\n\n", { headers: { "content-type": "text/event-stream" } }),
  );
  await using bench = await startWith({ garage: { port: server.port, prefer: "fallback" } }, {
    ports: { eye: freePort() },
    pace: { silentMilliseconds: 50, commentMilliseconds: 50 },
  });
  await known(bench);
  const answer = await post(bench, CHAT, { model: "eye", stream: true });
  await bench.next("summon");
  bench.tell({ kind: "swapped", result: { kind: "failed", engines: ["eye"], why: "no memory" } });
  match(await answer.text(), /^: waiting for eye[^]*data: there\n\n$/);
});

test("a Portal that comes first gives way to the engine here if it does not answer, or has an error of its own", async () => {
  await using here = startEngine(() => new Response("here"));
  await using broken = startServer([{ id: "eye" }], () => new Response("no", { status: 500 }));
  await using bench = await startWith({
    attic: { port: freePort(), prefer: "portal", models: ["eye"] },
    garage: { port: broken.port, prefer: "portal", models: ["eye"] },
  }, { ports: { eye: here.port }, ready: ["eye"] });
  strictEqual(await (await post(bench, CHAT, { model: "eye" })).text(), "here");
  const figures = await (await fetch(`${bench.url}/metrics`)).text();
  match(figures, /portal_errors_total\{portal="garage",kind="portal_error"\} 1/);
});

test("an error of the only place passes as it is", async () => {
  await using server = startServer(
    [{ id: "far" }],
    () => Response.json({ error: { message: "too long" } }, { status: 400 }),
  );
  await using bench = await startWith({ garage: { port: server.port } });
  await known(bench);
  const answer = await post(bench, CHAT, { model: "far" });
  deepStrictEqual([answer.status, await answer.json()], [400, { error: { message: "too long" } }]);
});

test("two doors that name each other do not send a request to and fro", async () => {
  const [a, b] = [freePort(), freePort()];
  const settings = (port: number) => ({ port });
  const to = (port: number) => ({ other: { port, aliases: { far: "far" } } });
  await using here = startEngine(() => new Response("here"));
  await using first = await startWith(to(b), { settings: settings(a) });
  await using second = await startWith(to(a), {
    settings: settings(b),
    ports: { eye: here.port },
    ready: ["eye"],
  });
  await until(first, ([p]) => (p?.models.length ?? 0) > 0);
  strictEqual(await (await post(first, CHAT, { model: "eye" })).text(), "here");
  const answer = await post(second, CHAT, { model: "far" });
  const { error } = await answer.json();
  deepStrictEqual([answer.status, error.code], [508, "portal_loop"]);
  match(error.message, /came through another door, and is forwarded only once/);
});

test("a render adds, changes and removes Portals", async () => {
  await using server = startServer([{ id: "far" }], echo);
  await using bench = await startWith({});
  strictEqual((await post(bench, CHAT, { model: "far" })).status, 404);
  bench.tell(bench.units({ portals: { garage: { port: server.port } } }));
  await until(bench, ([p]) => (p?.models.length ?? 0) > 0);
  strictEqual((await post(bench, CHAT, { model: "far" })).status, 200);
  bench.tell(
    bench.units({
      portals: { garage: { port: server.port } },
      portalKeys: { garage: { key: "new" } },
    }),
  );
  await until(bench, ([p]) => (p?.models.length ?? 0) > 0);
  deepStrictEqual((await (await post(bench, CHAT, { model: "far" })).json()).keys, [
    "Bearer new",
    null,
  ]);
  bench.tell(bench.units({ portals: {} }));
  await until(bench, (portals) => portals.length === 0);
  strictEqual((await post(bench, CHAT, { model: "far" })).status, 404);
});
