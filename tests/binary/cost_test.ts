/** What the binary costs on a disk, and large input in memory. */
import { match, ok, strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { manySoulstones } from "../bench/many_soulstones.ts";
import { BINARY, binaryTest, Home, lacking } from "./binary.ts";

const LIMIT_MB = 300;
const EYE = `[eye]\nimage = "docker.io/vllm/vllm-openai:v0.33.0"\nport = 8780\n`;

/** Runs `lychd check` on a Codex; its most memory in MB is told by time(1). */
async function check(home: Home, codex: string) {
  const report = join(home.dir, "memory");
  const said = await home.run(
    ["-f", "%M", "-o", report, BINARY, "check", "--codex", codex],
    "/usr/bin/time",
  );
  // Behind words about the exit code, if it is not 0.
  const kib = Number(Deno.readTextFileSync(report).trim().split("\n").at(-1));
  return { ...said, peakMb: kib * 1024 / 1e6 };
}

binaryTest("the binary is at most 3 MB larger than one that says hello", async () => {
  const [lychd, hello] = await Promise.all([BINARY, join(dirname(BINARY), "hello")].map(Deno.stat));
  ok(lychd !== undefined && hello !== undefined);
  ok(lychd.size - hello.size < 3e6, `${lychd.size - hello.size} bytes more`);
});

binaryTest("a file of 10 MB is refused in words, with little memory and at once", async () => {
  for (const line of ["# x\n", "a = [", '"', "[[a]]\n", "x"]) {
    await using home = new Home();
    const text = EYE + line.repeat(Math.ceil(10e6 / line.length));
    const begun = performance.now();
    const { code, stderr, peakMb } = await check(
      home,
      home.codex("a", { "soulstones/a.toml": text }),
    );
    match(stderr, /a\.toml:1:1$/m);
    match(stderr, /the file has more than the 128 KiB that a Codex file may have/);
    strictEqual(code, 3);
    ok(peakMb < LIMIT_MB, `${peakMb} MB`);
    ok(performance.now() - begun < 3000);
  }
}, lacking("time"));

binaryTest("a file just under the limit is read, whatever is in it", async () => {
  const lines = [
    ...["# x\n", "a.b = [[], {}]\n", "a=1\n", "[a]\n", "[[a]]\n", 'x = """\n', 'x = ["a",'],
    ...["[", "a.", "x", "\n", "{a=", "'", '"\\u0000'],
  ];
  for (const line of lines) {
    await using home = new Home();
    const text = (EYE + line.repeat(131_000)).slice(0, 131_000);
    const { code, stderr, peakMb } = await check(
      home,
      home.codex("a", { "soulstones/a.toml": text }),
    );
    ok(code === 0 || code === 3, stderr);
    match(stderr, /^ *--> \S+:\d+:\d+$/m);
    ok(peakMb < LIMIT_MB, `${JSON.stringify(line)}: ${peakMb} MB`);
  }
}, lacking("time"));

binaryTest("300 Soulstones in 30 Covens are read with little memory", async () => {
  await using home = new Home();
  const { code, stderr, peakMb } = await check(home, home.codex("a", manySoulstones(300, 30)));
  strictEqual(code, 0, stderr);
  ok(peakMb < LIMIT_MB, `${peakMb} MB`);
}, lacking("time"));
