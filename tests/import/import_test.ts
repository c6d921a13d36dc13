/**
 * Imports whole files. The results are in files next to them. Each result compiles, means the same as
 * the input where the report claims so, and the report misses nothing.
 */
import { EMPTY_HOST } from "../../src/core/import/empty_host.ts";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readCodex } from "../../src/core/codex/mod.ts";
import { compile, type Rune } from "../../src/core/compile/mod.ts";
import type { Imported } from "../../src/core/import/mod.ts";
import { expansionsOf, settingsOf } from "../../src/core/import/quadlet/settings.ts";
import { effectiveLines, readUnitInput } from "../../src/core/import/quadlet/units.ts";
import { newReport } from "../../src/core/import/report.ts";
import { wholeSeconds } from "../../src/core/import/seconds.ts";
import { hasErrors } from "../../src/core/report/mod.ts";
import { QUADLET_KEYS, readQuadletUnit } from "../../src/core/rune/mod.ts";
import { importCase, importCases, textOf } from "./import.ts";

const QUADLET = importCases("quadlet");
const FILES = QUADLET.filter(({ isFolder }) => !isFolder);
const LLAMA_SWAP = importCases("llama-swap");

/** Returns the Runes of an import, a Codex without errors but for variables that the operator has to fill in. */
async function runesOf({ soulstones, portals, settings }: Imported): Promise<readonly Rune[]> {
  const encoder = new TextEncoder();
  const read = readCodex({
    folder: "codex",
    files: [
      { path: "lychd.toml", bytes: encoder.encode(settings) },
      // All Soulstones in one file, as lychd prints them.
      {
        path: "soulstones/imported.toml",
        bytes: encoder.encode(soulstones.map(({ text }) => text).join("\n")),
      },
      ...portals.map(({ name, text }) => {
        return { path: `portals/${name}.toml`, bytes: encoder.encode(text) };
      }),
    ],
  });
  const compiled = await compile(read.codex);
  const errors = [...read.findings, ...compiled.findings].filter(({ severity, code }) =>
    severity === "error" && code !== "llama-swap-variable"
  );
  deepStrictEqual(errors, []);
  ok(compiled.runes.length > soulstones.length);
  return compiled.runes;
}

Deno.test("the units of this folder use every key of [Container]", () => {
  ok(QUADLET.length >= 60, `${QUADLET.length} units`);
  const used = new Set(
    FILES.flatMap(({ input }) => {
      const read = readQuadletUnit(Deno.readTextFileSync(input));
      return "lines" in read ? read.lines.filter((l) => l.section === "Container") : [];
    }).map(({ key }) => key),
  );
  deepStrictEqual(Object.keys(QUADLET_KEYS.Container).filter((key) => !used.has(key)), []);
});

for (const test of [...QUADLET, ...LLAMA_SWAP]) {
  Deno.test(`${test.name} has the expected result`, async () => {
    const result = await importCase(test);
    strictEqual(textOf(result), Deno.readTextFileSync(test.expected));
    const again = await importCase(test);
    deepStrictEqual(again, result);
    if (result.imported === undefined) ok(hasErrors(result.findings));
    else await runesOf(result.imported);
  });
}

/** Returns a value for comparison: time spans in seconds. */
function comparable(key: string, value: string): string {
  const isSpan = /^(?:Health.*(?:Interval|Timeout)|TimeoutStartSec)$/.test(key);
  return `${key}=${isSpan ? wholeSeconds(value) ?? value : value}`;
}

/** Returns the literal values of a unit. */
function valuesOf(path: string, text: string) {
  const report = newReport();
  const file = { path, bytes: new TextEncoder().encode(text) };
  const read = readUnitInput({ file, folder: "/etc/units", dropIns: [] }, new Map(), report);
  if (!("unit" in read)) throw new Error(JSON.stringify(read.errors));
  return settingsOf(read.unit, EMPTY_HOST, report);
}

for (const test of FILES) {
  Deno.test(`${test.name} compiles to the values that were carried over unchanged`, async () => {
    const { imported } = await importCase(test);
    if (imported === undefined) return;
    const runes = await runesOf(imported);
    const unit = runes.find(({ path }) => /\/soulstone-.*\.container$/.test(path));
    const now = valuesOf("eye.container", unit?.text ?? "");
    const values = new Set(now.map(({ key, value }) => comparable(key, value)));
    const words = now.filter(({ key }) => key === "Exec").flatMap((setting) => setting.words ?? []);
    const before = valuesOf(`${test.name}.container`, Deno.readTextFileSync(test.input));
    let compared = 0;
    for (const setting of before) {
      const entries = imported.report.filter((entry) =>
        entry.place.start.line === setting.item.place.start.line && entry.item === setting.item.text
      );
      // Groups, the pod or Quadlet replace values that are not in the unit.
      const isCarried = entries.some(({ outcome, to }) =>
        outcome === "carried" && to !== undefined && /\.(?!groups$|port$)/.test(to)
      );
      if (!isCarried) continue;
      compared++;
      if (setting.key === "Exec") {
        // lychd writes the port flag, and the model may move.
        const own = (setting.words ?? []).filter((word) =>
          !word.startsWith("--port") &&
          !["-m", "--model", "-hf", "--hf-repo", "--model-path"].includes(word)
        );
        deepStrictEqual(own.filter((word) => !words.includes(word)), []);
      } else if (setting.key === "PodmanArgs") {
        for (const word of setting.words ?? []) {
          ok(values.has(comparable("PodmanArgs", word)), word);
        }
      } else {
        const value = comparable(setting.key, setting.value);
        ok(values.has(value), `${value} is not in ${[...values].join("\n")}`);
      }
    }
    ok(compared > 0);
  });
}

for (const test of FILES) {
  Deno.test(`every line of ${test.name} is in the report`, async () => {
    const { imported } = await importCase(test);
    if (imported === undefined) return;
    const read = readQuadletUnit(Deno.readTextFileSync(test.input));
    const lines = "lines" in read ? read.lines : [];
    ok(lines.length > 0);
    const reported = new Set(imported.report.map(({ place }) => place.start.line));
    deepStrictEqual(lines.filter(({ line }) => !reported.has(line)), []);
  });
}

Deno.test("lines without effect are found as Quadlet does", () => {
  const report = newReport();
  const text = "[Container]\nImage=a\nImage=b\nLabel=x=1\nLabel=\nLabel=y=2\nUser=1\nUser=\n" +
    "[Unit]\nAfter=a\nAfter=\n[Service]\nNice=1\nNice=2\nExecStartPre=a\nExecStartPre=b\n";
  const file = { path: "a.container", bytes: new TextEncoder().encode(text) };
  const read = readUnitInput({ file, folder: "/", dropIns: [] }, new Map(), report);
  if (!("unit" in read)) throw new Error("the unit could not be read");
  const lines = effectiveLines(read.unit, report);
  deepStrictEqual(lines.map(({ key, value }) => `${key}=${value}`), [
    "Image=b",
    "Label=y=2",
    "After=a",
    "Nice=2",
    "ExecStartPre=a",
    "ExecStartPre=b",
  ]);
  strictEqual(expansionsOf(EMPTY_HOST, { base: "a", lines }).variables["HOME"], "/home/lich");
});
