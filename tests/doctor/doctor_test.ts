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
  type PaperHost,
  readHost,
  reportPath,
} from "./hosts.ts";

const HERE = import.meta.dirname ?? ".";

/** A host, asked once for all tests. */
interface Asked {
  readonly host: PaperHost;
  readonly facts: Facts;
}

const ASKED = new Map<string, Promise<Asked>>();

function ask(name: string): Promise<Asked> {
  const known = ASKED.get(name);
  if (known !== undefined) return known;
  const host = readHost(name);
  const asked = factsOf(host).then((facts) => ({ host, facts }));
  ASKED.set(name, asked);
  return asked;
}

async function findingsOf({ host, facts }: Asked): Promise<readonly HostFinding[]> {
  const { out } = await examined(facts, host.codex, { json: true });
  return JSON.parse(out).findings;
}

for (const name of hostNames()) {
  Deno.test(`${name} gets exactly its report: ${readHost(name).about}`, async () => {
    const { host, facts } = await ask(name);
    const { code, out, err } = await examined(facts, host.codex);
    assert.equal(out, Deno.readTextFileSync(reportPath(name)));
    assert.equal(err, "");
    assert.equal(code, /, 0 errors\n$/.test(out) ? 0 : 5);
  });
}

Deno.test("the hosts show each check when all is well, and when it is not", async () => {
  const seen = new Set<string>();
  for (const name of hostNames()) {
    for (const { id, state } of await findingsOf(await ask(name))) {
      seen.add(`${id} ${state === "warning" || state === "error" ? "finds a fault" : state}`);
    }
  }
  const wanted = CHECKS.flatMap(({ id }) => [`${id} ok`, `${id} finds a fault`]);
  assert.deepEqual(wanted.filter((line) => !seen.has(line)), []);
});

Deno.test("on a healthy host of each vendor there is no fault", async () => {
  const healthy = [
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
  for (const name of healthy) {
    const faults = (await findingsOf(await ask(name)))
      .filter(({ state }) => state === "warning" || state === "error");
    assert.deepEqual(faults, [], name);
  }
});

Deno.test("a host that was captured is asked today what it was asked then", async () => {
  const { facts } = await ask("debian-13");
  assert.deepEqual(facts, capturedFacts("debian-13"));
});

Deno.test("facts without names give the findings of the facts, without names", async () => {
  for (const name of hostNames()) {
    const { host, facts } = await ask(name);
    const names = {
      home: facts.environment["HOME"] ?? "",
      user: userOf(facts)?.name ?? "",
      host: podmanInfoOf(facts)?.host?.hostname ?? "",
    };
    const bare = redactFacts(facts, names);
    if (names.user === "lich") assert.doesNotMatch(JSON.stringify(bare), /\blich\b/, name);
    const findings = await findingsOf({ host, facts });
    // What was said, with the same names replaced.
    const said = { command: "", exit: 0, stdout: [JSON.stringify(findings)], stderr: [] };
    const { commands } = redactFacts({ ...facts, commands: { said } }, names);
    const expected = commands["said"];
    assert.ok(expected !== undefined && "stdout" in expected);
    assert.deepEqual(
      await findingsOf({ host, facts: bare }),
      JSON.parse(expected.stdout[0] ?? ""),
      name,
    );
  }
});

/** What would run `evil`, or hand it to a command as a word of its own, behind a name of the host. */
const POISONS = [";evil|sh #'evil`evil`$(evil", " evil "];

/** What a shell reads of a line outside of quotes. */
function bare(line: string): string {
  return line.replace(/\\[^]|'[^']*'/g, "");
}

Deno.test("no name of a host becomes a command, or another word of one, in what mends it", async () => {
  const poisoned = new Set<string>();
  for (const name of hostNames()) {
    const asked = await ask(name);
    const text = JSON.stringify(asked.facts);
    const fixes = (await findingsOf(asked)).flatMap(({ fix }) => fix ?? []);
    const words = new Set(fixes.flatMap((fix) => fix.match(/[\w./:+-]{3,}/g) ?? []));
    for (const word of words) {
      const places = new RegExp(`(?<![\\w/-])${RegExp.escape(word)}(?![\\w/-])`, "g");
      for (const poison of places.test(text) ? POISONS : []) {
        const facts = parseFacts(text.replaceAll(places, () => word + poison));
        if (!("facts" in facts)) continue;
        for (const { id, fix } of await findingsOf({ host: asked.host, facts: facts.facts })) {
          if (fix?.includes("evil")) poisoned.add(id);
          assert.doesNotMatch(bare(fix ?? ""), /evil/, `${name}, ${id}: ${fix}`);
        }
      }
    }
  }
  const expected = ["podman.subids", "quadlet.generator", "systemd.linger", "gpu.nodes"];
  assert.deepEqual(expected.filter((id) => !poisoned.has(id)), []);
});

Deno.test("every report, text and Codex here belongs to a host", () => {
  const names = hostNames();
  const used = names.map((name) => Deno.readTextFileSync(join(HERE, `${name}.json`))).join("");
  const inFolder = (folder: string) => [...Deno.readDirSync(join(HERE, folder))].map((e) => e.name);
  const orphans = [
    ...inFolder(".").filter((file) => file.endsWith(".txt") && !names.includes(file.slice(0, -4))),
    ...inFolder("said").filter((file) => !used.includes(`"file": "${file}"`)),
    ...inFolder("codex").filter((codex) => !used.includes(`"codex": "${codex}"`)),
  ];
  assert.deepEqual(orphans, []);
});

/** A folder with the Codex and the facts of a host. */
async function cliOf(name: string): Promise<Cli> {
  const { host, facts } = await ask(name);
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

/** The part of a report that says nothing of paths of this machine. */
const GROUPS = "podman,quadlet,cgroup,systemd,gpu,cdi,host";

for (
  const [name, code, strictCode] of [
    ["spec-of-the-former-driver", 5, 5],
    ["refresh-disabled", 0, 5],
  ] as const
) {
  Deno.test(`lychd doctor --facts FILE judges ${name} as it would there`, async () => {
    await using test = await cliOf(name);
    const { host, facts } = await ask(name);
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
    const states = (said: string) =>
      JSON.parse(said).findings.map(({ id, state }: HostFinding) => [id, state]);
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
