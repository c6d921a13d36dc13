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
  // The terminal is as before: its usual screen, with a cursor.
  ok(shown.endsWith("\u001b[?25h\u001b[?1049l"));
});

Deno.test("top prints each change as a line in a pipe", async () => {
  await using bench = await startFront({ ports: { eye: 1, sage: 1 }, ready: ["eye"] });
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
  child.kill("SIGKILL");
  await reader.cancel();
  await child.status;
});
