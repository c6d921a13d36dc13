import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { cli, EYE } from "./cli.ts";

Deno.test("doctor --list prints every check; --only selects some", async () => {
  await using test = cli();
  const { stdout, code } = await test.run(["doctor", "--list"]);
  strictEqual(code, 0);
  match(stdout, /^podman\n {2}podman\.version +Podman is installed and new enough\n/);
  for (const line of stdout.split("\n")) strictEqual(line.length <= 80, true, line);
  await test.expect(["doctor", "--list", "--only", "systemd.linger,cgroup.version"], {
    stdout: `cgroup
  cgroup.version  the host uses cgroup v2

systemd
  systemd.linger  the user's systemd runs without a login
`,
  });
  const json = await test.run(["doctor", "--list", "--json", "--only", "cgroup"]);
  deepStrictEqual(
    JSON.parse(json.stdout).checks.map(({ id }: { id: string }) => id),
    ["cgroup.version", "cgroup.controllers"],
  );
});

Deno.test("an unknown check is wrong usage, with the nearest name as the hint", async () => {
  await using test = cli();
  for (
    const [name, hint] of [["podmann", "--only podman"], ["linger", "--only systemd.linger"], [
      "xyzzy",
      "lychd doctor --list",
    ]] as const
  ) {
    await test.expect(["doctor", "--only", name], {
      code: 2,
      stderr: `lychd: there is no check \`${name}\`\nhint: ${hint}\n`,
    });
  }
  const empty = await test.run(["doctor", "--only", ","]);
  strictEqual(empty.code, 2);
});

Deno.test("doctor reports the same for this host and for its saved facts", async () => {
  await using test = cli();
  test.codex({ "soulstones/eye.toml": EYE });
  const facts = await test.run(["doctor", "--facts"]);
  strictEqual(facts.code, 0);
  strictEqual(facts.stderr, "");
  test.write("facts.json", facts.stdout);
  const [here, again] = await Promise.all([
    test.run(["doctor", "--json"]),
    test.run(["doctor", "--json", "--facts", "facts.json"]),
  ]);
  const states = (text: string) =>
    JSON.parse(text).findings.map(({ id, state }: { id: string; state: string }) => [id, state]);
  deepStrictEqual(states(again.stdout), states(here.stdout));
  strictEqual(again.code, here.code);
  for (const finding of JSON.parse(here.stdout).findings) {
    deepStrictEqual(Object.keys(finding), ["id", "state", "what", "why", "fix"]);
    match(finding.state, /^(?:ok|warning|error|skipped)$/);
    strictEqual(finding.fix === null, finding.state === "ok" || finding.state === "skipped");
  }
});

Deno.test("a facts file that is invalid or does not exist is reported in one line", async () => {
  await using test = cli();
  test.write("facts.json", "{}").write("broken.json", "{");
  await test.expect(["doctor", "--facts", "facts.json"], {
    code: 1,
    stderr:
      "lychd: [DIR]/facts.json does not contain facts: format: Invalid input: expected 1\nhint: create it with: lychd doctor --facts > FILE\n",
  });
  match(
    (await test.run(["doctor", "--facts", "broken.json"])).stderr,
    /^lychd: .*broken\.json does not contain facts: invalid JSON: .*\nhint: .*\n$/,
  );
  match((await test.run(["doctor", "--facts", "nowhere.json"])).stderr, /it does not exist/);
});

Deno.test("a missing Codex is an error only if --codex names it", async () => {
  await using test = cli();
  const codexFindings = async (...args: string[]) => {
    const { stdout } = await test.run(["doctor", "--json", "--only", "codex.valid", ...args]);
    return JSON.parse(stdout).findings;
  };
  deepStrictEqual(await codexFindings(), [{
    id: "codex.valid",
    state: "skipped",
    what: "there is no Codex at [DIR]/home/.config/lychd yet",
    why: "lychd renders nothing from a Codex with errors",
    fix: null,
  }]);
  strictEqual((await codexFindings("--codex", "nowhere"))[0].state, "error");
  test.codex({ "soulstones/eye.toml": EYE.replace("8780", '"8780"') });
  const broken = await test.run(["doctor", "--only", "codex.valid"]);
  strictEqual(broken.code, 5);
  match(broken.stdout, / {2}error {3}valid [^]*1\s+error\n[^]*fix: lychd check --codex/);
});
