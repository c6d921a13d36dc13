import assert from "node:assert/strict";
import { join } from "node:path/posix";
import { CHECKS, podmanInfoOf, userOf } from "../../src/core/doctor/mod.ts";
import type { HostFinding } from "../../src/core/doctor/mod.ts";
import { type Facts, parseFacts, redactFacts } from "../../src/core/facts.ts";
import { type Cli, cli } from "../cli/cli.ts";
import {
  capturedFacts,
  examined,
  factsOf,
  hostNames,
  readHost,
  reportPath,
  type TestHost,
} from "./hosts.ts";

const HERE = import.meta.dirname ?? ".";

/** A host and its facts, gathered once for all tests. */
interface Gathered {
  readonly host: TestHost;
  readonly facts: Facts;
}

const GATHERED = new Map<string, Promise<Gathered>>();

function factsOfHost(name: string): Promise<Gathered> {
  const known = GATHERED.get(name);
  if (known !== undefined) return known;
  const host = readHost(name);
  const gathered = factsOf(host).then((facts) => ({ host, facts }));
  GATHERED.set(name, gathered);
  return gathered;
}

async function findingsOf({ host, facts }: Gathered): Promise<readonly HostFinding[]> {
  const { out } = await examined(facts, host.codex, { json: true });
  return JSON.parse(out).findings;
}

for (const name of hostNames()) {
  Deno.test(`${name} has exactly its report: ${readHost(name).about}`, async () => {
    const { host, facts } = await factsOfHost(name);
    const { code, out, err } = await examined(facts, host.codex);
    assert.equal(out, Deno.readTextFileSync(reportPath(name)));
    assert.equal(err, "");
    assert.equal(code, /, 0 errors\n$/.test(out) ? 0 : 5);
  });
}

Deno.test("the hosts show each check succeeding and finding a problem", async () => {
  const seen = new Set<string>();
  for (const name of hostNames()) {
    for (const { id, state } of await findingsOf(await factsOfHost(name))) {
      seen.add(`${id} ${state === "warning" || state === "error" ? "finds a problem" : state}`);
    }
  }
  const expected = CHECKS.flatMap(({ id }) => [`${id} ok`, `${id} finds a problem`]);
  assert.deepEqual(expected.filter((line) => !seen.has(line)), []);
});

/** A healthy host of each vendor. */
const HEALTHY = [
  "arch-nvidia",
  "debian-13-nvidia",
  "fedora-43-nvidia",
  "ubuntu-26.04-nvidia",
  "wsl-ubuntu-26.04",
  "fedora-43-amd",
  "amd-by-cdi",
  "ubuntu-26.04-arc",
  "arc-by-cdi",
  "spec-is-json",
];

Deno.test("a healthy host of each vendor has no problem", async () => {
  for (const name of HEALTHY) {
    const problems = (await findingsOf(await factsOfHost(name)))
      .filter(({ state }) => state === "warning" || state === "error");
    assert.deepEqual(problems, [], name);
  }
});

/** The probes of this part of doctor that 0.1.0 did not have. */
const NEW_PROBES = ["account", "kernel-limits", "key-users", "system", "manager-groups", "home"];

Deno.test("facts of 0.1.0 have no error of a healthy host, and show what they contain", async () => {
  const findingsOfOld = async (name: string) => {
    const { host, facts } = await factsOfHost(name);
    const commands = Object.fromEntries(
      Object.entries(facts.commands).filter(([id]) => !NEW_PROBES.includes(id)),
    );
    return await findingsOf({ host, facts: { ...facts, commands } });
  };
  for (const name of HEALTHY) {
    const errors = (await findingsOfOld(name)).filter(({ state }) => state === "error");
    assert.deepEqual(errors, [], name);
  }
  const rows = [
    ["amd-before", "gpu.nodes", "error", /^sudo usermod .*loginctl terminate-user lich /],
    ["amd-after-usermod", "gpu.nodes", "warning", /^sudo loginctl terminate-user lich /],
    ["store-nfs", "systemd.linger", "warning", /RequiresMountsFor=/],
    ["newuidmap-without-bit", "podman.subids", "error", /^sudo chmod u\+s /],
  ] as const;
  for (const [name, id, state, fix] of rows) {
    const found = (await findingsOfOld(name)).find((finding) => finding.id === id);
    assert.equal(found?.state, state, name);
    assert.match(found?.fix ?? "", fix);
  }
});

Deno.test("the captured host still has the same facts", async () => {
  const { facts } = await factsOfHost("debian-13");
  assert.deepEqual(facts, capturedFacts("debian-13"));
});

Deno.test("redacted facts give the same findings, redacted", async () => {
  for (const name of hostNames()) {
    const { host, facts } = await factsOfHost(name);
    const names = {
      home: facts.environment["HOME"] ?? "",
      user: userOf(facts)?.name ?? "",
      host: podmanInfoOf(facts)?.host?.hostname ?? "",
    };
    const redacted = redactFacts(facts, names);
    if (names.user === "lich") assert.doesNotMatch(JSON.stringify(redacted), /\blich\b/, name);
    const findings = await findingsOf({ host, facts });
    // The findings, with the same names replaced.
    const output = { command: "", exit: 0, stdout: [JSON.stringify(findings)], stderr: [] };
    const { commands } = redactFacts({ ...facts, commands: { output } }, names);
    const expected = commands["output"];
    assert.ok(expected !== undefined && "stdout" in expected);
    assert.deepEqual(
      await findingsOf({ host, facts: redacted }),
      JSON.parse(expected.stdout[0] ?? ""),
      name,
    );
  }
});

/** Appended to a name of the host, these would run `evil` or pass it as a separate argument. */
const POISONS = [";evil|sh #'evil`evil`$(evil", " evil "];

/** Returns the part of a line that is not quoted. */
function unquoted(line: string): string {
  return line.replace(/\\[^]|'[^']*'/g, "");
}

Deno.test("no name of a host becomes a command or an argument of its own in a fix", async () => {
  const poisoned = new Set<string>();
  const tried = new Set<string>();
  for (const name of hostNames()) {
    const gathered = await factsOfHost(name);
    const text = JSON.stringify(gathered.facts);
    const fixes = (await findingsOf(gathered)).flatMap(({ fix }) => fix ?? []);
    const words = new Set(fixes.flatMap((fix) => fix.match(/[\w./:+-]{3,}/g) ?? []));
    for (const word of words) {
      // Many hosts have the same fixes.
      const asked = JSON.stringify([word, fixes.filter((fix) => fix.includes(word))]);
      if (tried.has(asked)) continue;
      tried.add(asked);
      const places = new RegExp(`(?<![\\w/-])${RegExp.escape(word)}(?![\\w/-])`, "g");
      for (const poison of places.test(text) ? POISONS : []) {
        const facts = parseFacts(text.replaceAll(places, () => word + poison));
        if (!("facts" in facts)) continue;
        for (const { id, fix } of await findingsOf({ host: gathered.host, facts: facts.facts })) {
          if (fix?.includes("evil")) poisoned.add(id);
          assert.doesNotMatch(unquoted(fix ?? ""), /evil/, `${name}, ${id}: ${fix}`);
        }
      }
    }
  }
  const expected = ["podman.subids", "quadlet.generator", "systemd.linger", "gpu.nodes"];
  assert.deepEqual(expected.filter((id) => !poisoned.has(id)), []);
});

Deno.test("every report, output and Codex belongs to a host", () => {
  const names = hostNames();
  const used = names.map((name) => Deno.readTextFileSync(join(HERE, `${name}.json`))).join("");
  const inFolder = (folder: string) => [...Deno.readDirSync(join(HERE, folder))].map((e) => e.name);
  const orphans = [
    ...inFolder(".").filter((file) => file.endsWith(".txt") && !names.includes(file.slice(0, -4))),
    ...inFolder("outputs").filter((file) => !used.includes(`"file": "${file}"`)),
    ...inFolder("codex").filter((codex) => !used.includes(`"codex": "${codex}"`)),
  ];
  assert.deepEqual(orphans, []);
});

/** Returns a folder with the Codex and the facts of a host. */
async function cliOf(name: string): Promise<Cli> {
  const { host, facts } = await factsOfHost(name);
  const test = cli().write("facts.json", JSON.stringify(facts));
  const codex = join(HERE, "codex", host.codex ?? "");
  const copy = (path: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(join(codex, path))) {
      const at = join(path, name);
      if (isDirectory) copy(at);
      else test.codex({ [at]: Deno.readFileSync(join(codex, at)) });
    }
  };
  if (host.codex !== undefined) copy("");
  return test;
}

/** The groups whose findings contain no paths of this machine. */
const GROUPS = "podman,quadlet,cgroup,systemd,gpu,cdi,host";

for (
  const [name, code, strictCode] of [
    ["spec-of-the-previous-driver", 5, 5],
    ["refresh-disabled", 0, 5],
  ] as const
) {
  Deno.test(`lychd doctor --facts FILE reports the same for ${name} as on that host`, async () => {
    await using test = await cliOf(name);
    const { host, facts } = await factsOfHost(name);
    const only = GROUPS.split(",");
    const [text, json, strict, strictJson] = await Promise.all([
      test.run(["doctor", "--facts", "facts.json", "--only", GROUPS]),
      test.run(["doctor", "--facts", "facts.json", "--json"]),
      test.run(["doctor", "--facts", "facts.json", "--only", GROUPS, "--strict"]),
      test.run(["doctor", "--facts", "facts.json", "--json", "--strict"]),
    ]);
    const here = await examined(facts, host.codex, { only });
    assert.deepEqual(text, { code, stdout: here.out, stderr: "" });
    const hereStrict = await examined(facts, host.codex, { only, strict: true });
    assert.deepEqual(strict, { code: strictCode, stdout: hereStrict.out, stderr: "" });
    assert.match(strict.stdout, /, 0 warnings, [1-9]\d* errors?\n$/);

    const moved = (findings: readonly HostFinding[]) =>
      JSON.parse(JSON.stringify(findings).replaceAll("/home/lich/.config", "[DIR]/home/.config"));
    assert.equal(json.code, code);
    assert.equal(json.stderr, "");
    assert.deepEqual(JSON.parse(json.stdout), {
      findings: moved(await findingsOf({ host, facts })),
    });
    const states = (output: string) =>
      JSON.parse(output).findings.map(({ id, state }: HostFinding) => [id, state]);
    assert.equal(strictJson.code, strictCode);
    assert.deepEqual(
      states(strictJson.stdout),
      states(json.stdout).map(([id, state]: string[]) => [
        id,
        state === "warning" ? "error" : state,
      ]),
    );
  });
}
