/** Facts of hosts with edited outputs of programs, as `lychd doctor --facts FILE` reads them. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { readCodex } from "../../src/core/codex/mod.ts";
import { examine, formatFindings, needsOf, surveyOf } from "../../src/core/doctor/mod.ts";
import { type Facts, parseFacts, redactFacts } from "../../src/core/facts.ts";
import { PLAIN, printable, printableJson } from "../../src/core/report/mod.ts";
import { factsOf, hostNames, readHost } from "../doctor/hosts.ts";

/** Changes a text at a place from 0 to 1. */
type Edit = (text: string, place: number) => string;

/** The facts of some hosts of the tests of doctor, of every kind. */
const HOSTS: readonly Facts[] = await Promise.all(
  hostNames().filter((_, i) => i % 4 === 0).map((name) => factsOf(readHost(name))),
);

/** Every line of their outputs. */
const LINES = [
  ...new Set(
    HOSTS.flatMap(({ commands }) => Object.values(commands)).flatMap((fact) =>
      "stdout" in fact ? fact.stdout : []
    ),
  ),
];

/** Returns the facts of a host, with some edited outputs, as bytes. */
export function editedFacts(edit: fc.Arbitrary<Edit>): fc.Arbitrary<Uint8Array> {
  const insert = fc.constantFrom(...LINES).map((line): Edit => (text, place) => {
    const lines = text.split("\n");
    lines.splice(Math.floor(place * lines.length), 1, line);
    return lines.join("\n");
  });
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const edits = fc.array(fc.tuple(fc.nat(), fc.oneof(edit, insert), place), {
    minLength: 1,
    maxLength: 20,
  });
  return fc.tuple(fc.constantFrom(...HOSTS), edits).map(([facts, edits]) => {
    const commands = { ...facts.commands };
    const ids = Object.keys(commands);
    for (const [number, act, at] of edits) {
      const id = ids[number % ids.length] ?? "";
      const fact = commands[id];
      if (fact === undefined || !("stdout" in fact)) continue;
      commands[id] = { ...fact, stdout: act(fact.stdout.join("\n"), at).split("\n") };
    }
    return new TextEncoder().encode(JSON.stringify({ ...facts, commands }));
  });
}

/** A Codex that needs a GPU, a folder and a port. */
const { codex } = readCodex({
  folder: "codex",
  files: [{
    path: "soulstones/eye.toml",
    bytes: new TextEncoder().encode(`[eye]
image = "docker.io/vllm/vllm-openai:v0.33.0"
port = 8780
devices = ["nvidia.com/gpu=0", "amd.com/gpu=all"]
volumes = ["/srv/models:/models:ro"]
secrets = ["token"]
`),
  }],
});

/**
 * Does what `lychd doctor --facts FILE` does. No check may crash; the report and the JSON have no
 * characters that control a terminal. Facts without the names of the host can be read again.
 */
export function judgeFacts(text: string): string[] {
  const read = parseFacts(text);
  ok("facts" in read, "problem" in read ? read.problem : "");
  const { facts } = read;
  const needs = needsOf(codex, facts.environment["HOME"]);
  const subject = {
    facts,
    codex: { kind: "read", shown: "codex", codex, findings: [] },
    needs,
  } as const;
  const findings = examine(subject);
  const crashed = findings.filter(({ what }) => what.startsWith("this check crashed"));
  deepStrictEqual(crashed.map(({ id, what }) => `${id}: ${what}`), []);
  for (const output of [formatFindings(findings, PLAIN), printableJson({ findings }, 2)]) {
    for (const line of output.split("\n")) strictEqual(line, printable(line));
  }
  surveyOf(facts, 1000);
  const redacted = redactFacts(facts, { home: "/home/lich", user: "lich", host: "tower" });
  ok("facts" in parseFacts(JSON.stringify(redacted)));
  return [];
}
