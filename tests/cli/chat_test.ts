/** Tests `lychd chat` with a real front door, as a process. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { type FrontBench, startEngine, startFront } from "../../src/testing/front_bench.ts";
import { digestOfKey } from "../../src/door/front/request/admission.ts";
import { programCommand } from "../program.ts";
import { type Cli, cli } from "./cli.ts";

const STREAM = { "content-type": "text/event-stream" };

function piece(delta: object): string {
  return `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`;
}

/** Returns a home with the unit of a front door. */
function homeOf({ port }: Pick<FrontBench, "port">): Cli {
  const unit = `[X-Lychd]\nPort=${port}\nAddress=127.0.0.1\n`;
  return cli().process().write("home/.config/systemd/user/lychd-vessel.service", unit);
}

/** Runs lychd with text on stdin. */
async function piped(test: Cli, args: readonly string[], stdin: string) {
  const [program, words] = programCommand();
  const child = new Deno.Command(program, {
    args: [...words, ...args],
    clearEnv: true,
    env: test.environment({}),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("chat prints the answer of the model that runs, and nothing else", async () => {
  const bodies: { messages: object[] }[] = [];
  await using engine = startEngine(async (request) => {
    bodies.push(await request.json());
    const pieces = [
      piece({ role: "assistant", content: "" }),
      piece({ reasoning_content: "hm" }),
      piece({ content: "blue" }),
      piece({ content: "\u001b[2J" }),
    ];
    return new Response([...pieces, "data: [DONE]\n\n"].join(""), { headers: STREAM });
  });
  await using bench = await startFront({ ports: { eye: engine.port, sage: 1 }, ready: ["eye"] });
  await using test = homeOf(bench);
  const blue = { code: 0, stdout: "blue\u001b[2J\n", stderr: "" };
  deepStrictEqual(await test.run(["chat", "eye", "the", "sky"]), blue);
  deepStrictEqual(await piped(test, ["chat", "--system", "be short"], "a\nb"), blue);
  deepStrictEqual(await piped(test, ["chat", "eye", "review", "this", "-"], "a\n"), blue);
  deepStrictEqual(await piped(test, ["chat", "-"], "a"), blue);
  deepStrictEqual(bodies.map(({ messages }) => messages), [
    [{ role: "user", content: "the sky" }],
    [{ role: "system", content: "be short" }, { role: "user", content: "a\nb" }],
    [{ role: "user", content: "review this\n\na\n" }],
    [{ role: "user", content: "a" }],
  ]);
  const unknown = await test.run(["chat", "eyes", "hi"]);
  deepStrictEqual([unknown.code, unknown.stdout], [2, ""]);
  match(unknown.stderr, /^lychd: there is no model `eyes`; did you mean `eye`\?\n/);
  const empty = await test.run(["chat", "eye", "-"]);
  deepStrictEqual([empty.code, empty.stderr], [2, "lychd: the prompt is empty\n"]);
});

Deno.test("a dialogue goes on after an answer that failed", async () => {
  const bodies: { messages: { content: string }[] }[] = [];
  await using engine = startEngine(async (request) => {
    bodies.push(await request.json());
    return bodies.length === 2
      ? Response.json({ error: { message: "the context is full" } }, { status: 400 })
      : new Response(`${piece({ content: "blue" })}data: [DONE]\n\n`, { headers: STREAM });
  });
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  await using test = homeOf(bench);
  const { code } = await test.converse(["chat", "eye"], [
    ["> ", "one\r"],
    ["blue", ""],
    ["> ", "two\r"],
    ["lychd: the context is full", ""],
    ["> ", "three\r"],
    ["blue", ""],
    ["> ", "\u0004"],
  ]);
  strictEqual(code, 0);
  deepStrictEqual(bodies.map(({ messages }) => messages.map(({ content }) => content)), [
    ["one"],
    ["one", "blue", "two"],
    ["one", "blue", "three"],
  ]);
});

Deno.test("chat says what the front door needs: a key, a name, or to run at all", async () => {
  const keys = [{ name: "me", digest: Uint8Array.from(digestOfKey("k")).toHex() }];
  let port = 0;
  {
    await using bench = await startFront({
      ports: { eye: 1, sage: 1 },
      settings: { keys },
      pace: { wrongKeyMilliseconds: 0 },
    });
    port = bench.port;
    await using test = homeOf(bench);
    const refused = await test.run(["chat", "eye", "hi"]);
    match(refused.stderr, /^lychd: a key is needed.*\nhint: LYCHD_KEY=/);
    const wrong = await test.run(["chat", "eye", "hi"], { LYCHD_KEY: "l" });
    match(wrong.stderr, /^lychd: LYCHD_KEY is not a key of the front door\nhint: LYCHD_KEY=/);
    for (const key of ["ключ", "a\nb", "a b"]) {
      const { code, stderr } = await test.run(["chat", "eye", "hi"], { LYCHD_KEY: key });
      deepStrictEqual([key, code, stderr.split(":")[1]], [key, 1, " LYCHD_KEY is not a valid key"]);
    }
    const many = await test.run(["chat"], { LYCHD_KEY: "k" });
    strictEqual(many.stderr, "lychd: no model runs: name one of eye, sage\nhint: lychd chat eye\n");
  }
  await using test = homeOf({ port });
  const stopped = await test.run(["chat", "eye", "hi"]);
  match(stopped.stderr, /^lychd: nothing answers at http:\/\/127.0.0.1:\d+.*\nhint: systemctl/);
  await using none = cli();
  const message = "lychd: the front door is not enabled\nhint: set enabled = true in [vessel] of " +
    "lychd.toml, then run lychd render\n";
  deepStrictEqual(await none.run(["chat", "eye", "hi"]), { code: 1, stdout: "", stderr: message });
});
