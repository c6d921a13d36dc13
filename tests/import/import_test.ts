/**
 * Whole files imported: what they become is written beside each, passes the compiler, says the same
 * as the input where it is said to, and nothing is missing from the account.
 */
import { EMPTY_HOST } from "../../src/core/import/empty_host.ts";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readCodex } from "../../src/core/codex/mod.ts";
import { compile, type Rune } from "../../src/core/compile/mod.ts";
import type { Imported } from "../../src/core/import/mod.ts";
import { expansionsOf, settingsOf } from "../../src/core/import/quadlet/settings.ts";
import { effectiveLines, readUnitInput } from "../../src/core/import/quadlet/units.ts";
import { openLedger } from "../../src/core/import/ledger.ts";
import { wholeSeconds } from "../../src/core/import/seconds.ts";
import { hasErrors } from "../../src/core/report/mod.ts";
import { QUADLET_KEYS, readQuadletUnit } from "../../src/core/rune/mod.ts";
import { importCase, importCases, textOf } from "./import.ts";

const QUADLET = importCases("quadlet");
const LLAMA_SWAP = importCases("llama-swap");

/** The Runes of an import, which must be a Codex without errors. */
async function runesOf({ soulstones, bootCoven }: Imported): Promise<readonly Rune[]> {
  const encoder = new TextEncoder();
  const settings = bootCoven === undefined ? "" : `boot_coven = "${bootCoven}"\n`;
  const read = readCodex({
    folder: "codex",
    files: [
      { path: "lychd.toml", bytes: encoder.encode(settings) },
      // As it is printed: all Soulstones in one file.
      {
        path: "soulstones/imported.toml",
        bytes: encoder.encode(soulstones.map(({ text }) => text).join("\n")),
      },
    ],
  });
  const compiled = await compile(read.codex);
  const errors = [...read.findings, ...compiled.findings].filter((f) => f.severity === "error");
  deepStrictEqual(errors, []);
  ok(compiled.runes.length > soulstones.length);
  return compiled.runes;
}

Deno.test("the units here use every key of [Container]", () => {
  ok(QUADLET.length >= 60, `${QUADLET.length} units`);
  const used = new Set(
    QUADLET.flatMap(({ input }) => {
      const read = readQuadletUnit(Deno.readTextFileSync(input));
      return "lines" in read ? read.lines.filter((l) => l.section === "Container") : [];
    }).map(({ key }) => key),
  );
  deepStrictEqual(Object.keys(QUADLET_KEYS.Container).filter((key) => !used.has(key)), []);
});

for (const test of [...QUADLET, ...LLAMA_SWAP]) {
  Deno.test(`${test.name} becomes what is expected of it`, async () => {
    const result = await importCase(test);
    strictEqual(textOf(result), Deno.readTextFileSync(test.expected));
    const again = await importCase(test);
    deepStrictEqual(again, result);
    if (result.imported === undefined) ok(hasErrors(result.findings));
    else await runesOf(result.imported);
  });
}

/** A value as it can be compared: time spans in seconds. */
function comparable(key: string, value: string): string {
  const isSpan = /^(?:Health.*(?:Interval|Timeout)|TimeoutStartSec)$/.test(key);
  return `${key}=${isSpan ? wholeSeconds(value) ?? value : value}`;
}

/** What a unit says, as values that mean nothing but themselves. */
function valuesOf(path: string, text: string) {
  const ledger = openLedger();
  const file = { path, bytes: new TextEncoder().encode(text) };
  const read = readUnitInput({ file, folder: "/etc/units", dropIns: [] }, new Map(), ledger);
  if (!("unit" in read)) throw new Error(JSON.stringify(read.faults));
  return settingsOf(read.unit, "eye", EMPTY_HOST, ledger);
}

for (const test of QUADLET) {
  Deno.test(`${test.name} compiled says the same where it was carried over as it is`, async () => {
    const { imported } = await importCase(test);
    if (imported === undefined) return;
    const runes = await runesOf(imported);
    const unit = runes.find(({ path }) => /\/soulstone-.*\.container$/.test(path));
    const now = valuesOf("eye.container", unit?.text ?? "");
    const says = new Set(now.map(({ key, value }) => comparable(key, value)));
    const words = now.filter(({ key }) => key === "Exec").flatMap((setting) => setting.words ?? []);
    const before = valuesOf(`${test.name}.container`, Deno.readTextFileSync(test.input));
    let compared = 0;
    for (const setting of before) {
      const notes = imported.notes.filter((note) =>
        note.place.start.line === setting.item.place.start.line && note.item === setting.item.text
      );
      // What has no place of its own in the unit is said by groups, by the pod, or by Quadlet.
      const isCarried = notes.some(({ outcome, to }) =>
        outcome === "carried" && to !== undefined && /\.(?!groups$|port$)/.test(to)
      );
      if (!isCarried) continue;
      compared++;
      if (setting.key === "Exec") {
        // The port flag is written anew, and the model may stand elsewhere.
        const own = (setting.words ?? []).filter((word) =>
          !word.startsWith("--port") && !["-m", "--model", "-hf", "--model-path"].includes(word)
        );
        deepStrictEqual(own.filter((word) => !words.includes(word)), []);
      } else if (setting.key === "PodmanArgs") {
        for (const word of setting.words ?? []) ok(says.has(comparable("PodmanArgs", word)), word);
      } else {
        const said = comparable(setting.key, setting.value);
        ok(says.has(said), `${said} is not in ${[...says].join("\n")}`);
      }
    }
    ok(compared > 0);
  });
}

for (const test of QUADLET) {
  Deno.test(`every line of ${test.name} is in the account`, async () => {
    const { imported } = await importCase(test);
    if (imported === undefined) return;
    const read = readQuadletUnit(Deno.readTextFileSync(test.input));
    const lines = "lines" in read ? read.lines : [];
    ok(lines.length > 0);
    const told = new Set(imported.notes.map(({ place }) => place.start.line));
    deepStrictEqual(lines.filter(({ line }) => !told.has(line)), []);
  });
}

Deno.test("lines without effect are found as Quadlet finds them", () => {
  const ledger = openLedger();
  const text = "[Container]\nImage=a\nImage=b\nLabel=x=1\nLabel=\nLabel=y=2\nUser=1\nUser=\n" +
    "[Unit]\nAfter=a\nAfter=\n[Service]\nNice=1\nNice=2\nExecStartPre=a\nExecStartPre=b\n";
  const file = { path: "a.container", bytes: new TextEncoder().encode(text) };
  const read = readUnitInput({ file, folder: "/", dropIns: [] }, new Map(), ledger);
  if (!("unit" in read)) throw new Error("the unit could not be read");
  const lines = effectiveLines(read.unit, ledger);
  deepStrictEqual(lines.map(({ key, value }) => `${key}=${value}`), [
    "Image=b",
    "Label=y=2",
    "After=a",
    "Nice=2",
    "ExecStartPre=a",
    "ExecStartPre=b",
  ]);
  strictEqual(expansionsOf(EMPTY_HOST, lines).variables["HOME"], "/home/lich");
});
