/** Tests `lychd top` with a real front door, on a terminal and in a pipe. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { startFront } from "../../src/testing/front_bench.ts";
import { programCommand } from "../program.ts";
import { cli } from "./cli.ts";

function unitOf(port: number): string {
  return `[X-Lychd]\nPort=${port}\nAddress=127.0.0.1\n`;
}

const UNIT = "home/.config/systemd/user/lychd-vessel.service";

Deno.test("top shows the Soulstones, and gives an order after it showed what that stops", async () => {
  await using bench = await startFront({ ports: { eye: 1, sage: 1 }, ready: ["eye"] });
  await using test = cli().write(UNIT, unitOf(bench.port));
  const orders = (async () => {
    const { id, order } = await bench.next("order");
    bench.tell({ kind: "done", id, problem: undefined });
    return order;
  })();
  const [program, words] = programCommand();
  const { code, shown } = await test.atTerminal([program, ...words, "top"].join(" "), [
    ["> eye", "\u001b[B"],
    ["> sage", "b"],
    ["no engine stops", "x"],
    ["> sage", "s"],
    ["Enter: do it", "\r"],
    ["done", "q"],
  ]);
  strictEqual(code, 0);
  deepStrictEqual(await orders, { kind: "summon", wish: ["soulstone:sage"], hold: false });
  match(shown, /stop {3}eye/);
  const rows = rowsOf(shown);
  match(rows[0] ?? "", /^http:\/\/127\.0\.0\.1:\d+ {2}steady/);
  deepStrictEqual(rows.filter((row) => row.startsWith("http")), [rows[0]]);
  // The terminal is as before: its usual screen, with a cursor.
  ok(shown.endsWith("\u001b[?25h\u001b[?1049l"));
});

Deno.test("top shows a plan again if it changed before it was confirmed", async () => {
  await using bench = await startFront({ ports: { eye: 1, sage: 1 }, ready: ["sage"] });
  await using test = cli().write(UNIT, unitOf(bench.port));
  const { code, shown } = await test.converse(["top"], [
    ["> eye", "s"],
    ["Enter: do it", () => {
      bench.observe({ eye: "ready" });
      return "";
    }],
    ["> eye        ready", "\r"],
    ["changed meanwhile", "x"],
    ["q quit", "q"],
  ]);
  strictEqual(code, 0);
  ok(!shown.includes("works on it"));
  ok(!bench.sent.some(({ kind }) => kind === "order"));
});

Deno.test("top can be left while it waits for a front door that hangs", async () => {
  // It listens, takes the connection, and then says nothing.
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr as Deno.NetAddr;
  await using test = cli().write(UNIT, unitOf(port));
  const early = await test.converse(["top"], [["connecting", "q"]]);
  strictEqual(early.code, 0);
});

Deno.test("top shows a front door that stops in the middle as offline, and can be left then", async () => {
  const state = await (async () => {
    await using bench = await startFront({ ports: { eye: 1 } });
    return await (await fetch(`${bench.url}/lychd/v1/status`)).text();
  })();
  const end = new AbortController();
  const options = { port: 0, hostname: "127.0.0.1", signal: end.signal, onListen() {} };
  const server = Deno.serve(options, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/lychd/v1/requests") return Response.json({ requests: [] });
    if (pathname === "/lychd/v1/plan") return new Promise<Response>(() => {});
    return new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(`event: state\ndata: ${state.trim()}\n\n`));
        },
      }),
    );
  });
  await using test = cli().write(UNIT, unitOf(server.addr.port));
  const { code, shown } = await test.converse(["top"], [
    ["> eye", "s"],
    ["the front door does not answer", "q"],
  ]);
  end.abort();
  strictEqual(code, 0);
  match(shown, /offline/);
});

// deno-lint-ignore no-control-regex
const PART = /\u001b\[[?0-9;]*[A-Za-z]|\r|\n|[^\u001b\r\n]+/g;

/** The screen of a terminal of 24 rows before it was left, without colors and attributes. */
function rowsOf(shown: string): string[] {
  const [, text = ""] = shown.split("\u001b[?1049h");
  const rows = Array<string>(24).fill("");
  let row = 0;
  let column = 0;
  for (const [part] of text.matchAll(PART)) {
    if (part === "\u001b[?1049l") break;
    if (part === "\u001b[H") row = column = 0;
    else if (part === "\r") column = 0;
    else if (part === "\n" && row < 23) row++;
    else if (part === "\n") rows.splice(0, 24, ...rows.slice(1), "");
    else if (part === "\u001b[K") rows[row] = rows[row]!.slice(0, column);
    else if (part === "\u001b[J") rows.fill("", row + 1);
    else if (!part.startsWith("\u001b")) {
      rows[row] = rows[row]!.slice(0, column).padEnd(column) + part +
        rows[row]!.slice(column + part.length);
      column += part.length;
    }
  }
  return rows;
}

Deno.test("top prints each change as a line in a pipe, also of the next front door", async () => {
  const options = { ports: { eye: 1, sage: 1 }, ready: ["eye"] };
  const bench = await startFront(options);
  await using test = cli().write(UNIT, unitOf(bench.port));
  const [program, words] = programCommand();
  const child = new Deno.Command(program, {
    args: [...words, "top"],
    clearEnv: true,
    env: test.environment({}),
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const until = async (pattern: RegExp) => {
    while (!pattern.test(text)) text += (await reader.read()).value;
  };
  await until(/^\d\d:\d\d:\d\d eye ready\n\d\d:\d\d:\d\d sage down\n/);
  bench.observe({ sage: "starting" });
  await until(/ eye down\n.* sage starting\n/);
  const gpu = { name: "H200", usedMib: 1, totalMib: 2, powerWatts: 76.4, utilization: 0.5 };
  bench.tell({ kind: "sample", gpus: [gpu], usedMib: new Map() });
  await until(
    / sample 0\.0 tokens\/s, 0 under way, 0 waiting; H200 {2}\[#{10}\.{10}\] {2}1\/2 MiB {2}76 W {2}50 %\n/,
  );
  await bench[Symbol.asyncDispose]();
  await until(/:\d\d (the front door ended the connection|.*broke off.*|nothing answers.*)\n/);
  await using _next = await startFront({ ...options, settings: { port: bench.port } });
  await until(/ the front door answers again\n[^]* eye ready\n/);
  child.kill("SIGKILL");
  await reader.cancel();
  await child.status;
});
