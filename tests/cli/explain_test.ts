import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { type Cli, cli, EYE, NO_WATCHERS, SAGE } from "./cli.ts";

function twoEngines(): Cli {
  return cli().codex({
    "lychd.toml": `boot_coven = "vision"\n${NO_WATCHERS}`,
    "soulstones/eye.toml": EYE,
    "soulstones/sage.toml": SAGE,
  });
}

Deno.test("explain prints the place after each line that comes from the Codex", async () => {
  await using test = twoEngines();
  const { code, stdout, stderr } = await test.run(["explain", "eye"]);
  deepStrictEqual([code, stderr], [0, ""]);
  match(stdout, /^# LychD Soulstone eye\n/);
  match(stdout, /^Image=docker\.io\/vllm\/vllm-openai:v0\.33\.0 +# soulstones\/eye\.toml:2:9$/m);
  match(stdout, /^Conflicts=soulstone-sage\.service +# soulstones\/eye\.toml:4:10$/m);
  match(stdout, /^Port=8780 +# soulstones\/eye\.toml:3:8$/m);
  // Lines of lychd itself and defaults have no place.
  match(stdout, /^Restart=on-failure$/m);
  match(stdout, /^StopTimeout=10$/m);
  const unit = stdout.split("\n").map((line) => line.replace(/ +# \S+:\d+:\d+$/, "")).join("\n");
  const { stdout: diff } = await test.run(["render", "--dry-run"]);
  const rendered = diff.split(/^--- /m).find((part) => part.includes("soulstone-eye.container"));
  deepStrictEqual(
    unit.split("\n").filter((line) => line !== ""),
    rendered?.split("\n").filter((line) => /^\+(?!\+\+ )./.test(line)).map((line) => line.slice(1)),
  );
});

Deno.test("explain accepts files, services, targets, Soulstones and Covens", async () => {
  await using test = twoEngines();
  const paths = {
    "eye": "soulstone-eye.container",
    "soulstone:eye": "soulstone-eye.container",
    "soulstone-eye.container": "soulstone-eye.container",
    "soulstone-eye.service": "soulstone-eye.container",
    "lychd-pod.service": "lychd.pod",
    "vision": "lychd-coven-vision.target",
    "coven:vision": "lychd-coven-vision.target",
    "lychd-coven-vision.target": "lychd-coven-vision.target",
    "lychd.conf": "lychd.conf",
  };
  await Promise.all(
    Object.entries(paths).map(async ([name, file]) => {
      const { path } = JSON.parse((await test.run(["explain", name, "--json"])).stdout);
      strictEqual(path.slice(path.lastIndexOf("/") + 1), file, name);
    }),
  );
});

Deno.test("explain --json has the place of each line", async () => {
  await using test = twoEngines();
  const { path, unit, lines } = JSON.parse(
    (await test.run(["explain", "lychd.conf", "--json"])).stdout,
  );
  deepStrictEqual([path, unit], ["systemd/user/default.target.d/lychd.conf", null]);
  deepStrictEqual(lines.slice(2), [
    { text: "" },
    { text: "[Unit]" },
    { text: "Wants=lychd-coven-vision.target", file: "lychd.toml", line: 1, column: 14 },
  ]);
});

Deno.test("explain suggests the nearest name", async () => {
  await using test = twoEngines();
  await Promise.all([
    test.expect(["explain", "soulstone-ey.service"], {
      code: 2,
      stderr:
        "lychd: no unit is named `soulstone-ey.service`\nhint: lychd explain soulstone-eye.service\n",
    }),
    test.expect(["explain", "sagee"], {
      code: 2,
      stderr: "lychd: no unit is named `sagee`\nhint: lychd explain sage\n",
    }),
    test.expect(["explain", "nothing.like.it"], {
      code: 2,
      stderr: "lychd: no unit is named `nothing.like.it`\n" +
        "hint: name a Soulstone, a Coven or a file such as lychd.pod; `lychd list` shows all names\n",
    }),
  ]);
});

Deno.test("a name of both a Soulstone and a Coven needs a prefix", async () => {
  await using test = cli().codex({
    "lychd.toml": NO_WATCHERS,
    "soulstones/eye.toml": EYE.replace("vision", "eye"),
  });
  await test.expect(["explain", "eye"], {
    code: 2,
    stderr: "lychd: `eye` is a Soulstone and a Coven\nhint: use soulstone:eye or coven:eye\n",
  });
  const { stdout } = await test.run(["explain", "coven:eye", "--json"]);
  strictEqual(JSON.parse(stdout).path, "systemd/user/lychd-coven-eye.target");
});

Deno.test("explain reports the errors of an invalid Codex", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": "[eye]\nport = 8780\n" });
  const { code, stdout, stderr } = await test.run(["explain", "eye", "--json"]);
  strictEqual(code, 3);
  match(stderr, /^error\[/);
  strictEqual(JSON.parse(stdout).findings.length > 0, true);
});
