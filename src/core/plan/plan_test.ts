import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import fc from "fast-check";
import type { Rune } from "../compile/mod.ts";
import { PLAIN, printable } from "../report/mod.ts";
import { formatDiff, paintDiff } from "./diff.ts";
import { type Action, differs, type DiskFile, formatSummary, isAsWritten, plan } from "./plan.ts";
import { sha256 } from "./digest.ts";

interface Row {
  readonly claim: string;
  /** The text on disk, the wanted text, and the text of the last render. */
  readonly disk?: string;
  readonly diskMode?: number;
  readonly wanted?: string;
  readonly written?: string;
  readonly action: Action | undefined;
}

const ROWS: readonly Row[] = [
  { claim: "missing", wanted: "a", action: "create" },
  { claim: "written by lychd and deleted", wanted: "a", written: "a", action: "create" },
  { claim: "written by lychd and old", disk: "a", wanted: "b", written: "a", action: "update" },
  {
    claim: "different only in its mode",
    disk: "a",
    diskMode: 0o644,
    wanted: "a",
    written: "a",
    action: "update",
  },
  { claim: "no longer wanted", disk: "a", written: "a", action: "remove" },
  { claim: "as wanted", disk: "a", wanted: "a", written: "a", action: "unchanged" },
  { claim: "as wanted, but not written by lychd", disk: "a", wanted: "a", action: "foreign" },
  {
    claim: "edited to the wanted bytes",
    disk: "b",
    wanted: "b",
    written: "a",
    action: "unchanged",
  },
  { claim: "edited", disk: "mine", wanted: "b", written: "a", action: "drifted" },
  {
    claim: "edited, without another change",
    disk: "mine",
    wanted: "a",
    written: "a",
    action: "drifted",
  },
  { claim: "edited, and not wanted", disk: "mine", written: "a", action: "drifted" },
  { claim: "not written by lychd", disk: "mine", wanted: "b", action: "foreign" },
  { claim: "gone and not wanted", written: "a", action: undefined },
];

const PATH = "systemd/user/x.target";

function changesOf(row: Row) {
  const encoder = new TextEncoder();
  const runes: Rune[] = row.wanted === undefined
    ? []
    : [{ path: PATH, text: row.wanted, mode: 0o600, provenance: new Map() }];
  const disk = new Map<string, DiskFile>();
  if (row.disk !== undefined) {
    disk.set(PATH, { bytes: encoder.encode(row.disk), mode: row.diskMode ?? 0o600 });
  }
  const files = row.written === undefined
    ? {}
    : { [PATH]: { sha256: sha256(row.written), mode: 0o600 } };
  return plan({ runes, disk, receipt: { files } });
}

for (const row of ROWS) {
  Deno.test(`a file that is ${row.claim}: ${row.action ?? "nothing to do"}`, () => {
    deepStrictEqual(changesOf(row).map((c) => c.action), row.action ? [row.action] : []);
  });
}

Deno.test("a plan is sorted by path, and differs unless every file is unchanged", () => {
  const rune = (path: string): Rune => ({ path, text: "x", mode: 0o600, provenance: new Map() });
  const changes = plan({ runes: [rune("b"), rune("a")], disk: new Map(), receipt: { files: {} } });
  deepStrictEqual(changes.map((c) => c.path), ["a", "b"]);
  strictEqual(differs(changes), true);
  strictEqual(differs([]), false);
  for (const row of ROWS) {
    strictEqual(
      differs(changesOf(row)),
      row.action !== undefined && row.action !== "unchanged",
      row.claim,
    );
  }
});

Deno.test("files are as written until one is edited, gone, or has another mode", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const receipt = { files: { [PATH]: { sha256: sha256("a"), mode: 0o600 } } };
  const is = (...files: DiskFile[]) =>
    isAsWritten({ disk: new Map(files.map((file) => [PATH, file])), receipt });
  deepStrictEqual(
    [
      is({ bytes: bytes("a"), mode: 0o600 }),
      is({ bytes: bytes("b"), mode: 0o600 }),
      is({ bytes: bytes("a"), mode: 0o644 }),
      is(),
    ],
    [true, false, false, false],
  );
});

Deno.test("a summary always counts four actions, and files in the way if there are any", () => {
  const all = ROWS.flatMap(changesOf);
  strictEqual(
    formatSummary(all),
    "2 to create, 2 to update, 1 to remove, 2 unchanged, 3 edited by hand, 2 not written by lychd",
  );
  strictEqual(formatSummary([]), "0 to create, 0 to update, 0 to remove, 0 unchanged");
});

Deno.test("a diff names /dev/null where there is no file, and is empty for equal bytes", () => {
  const [create] = changesOf({ claim: "", wanted: "a\n", action: "create" });
  const [remove] = changesOf({ claim: "", disk: "a\n", written: "a\n", action: "remove" });
  const [same] = changesOf({
    claim: "",
    disk: "a",
    wanted: "a",
    written: "a",
    action: "unchanged",
  });
  strictEqual(create && formatDiff(create), `--- /dev/null\n+++ ${PATH}\n@@ -0,0 +1,1 @@\n+a\n`);
  strictEqual(remove && formatDiff(remove), `--- ${PATH}\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n`);
  strictEqual(same && formatDiff(same), "");
});

Deno.test("a diff on a terminal shows every character of a unit", () => {
  const wanted = "Exec=serve\t\u200b\u061c\u{e0041}\u001b[2K --safe\n";
  const diff = changesOf({ claim: "", wanted, action: "create" }).map(formatDiff).join("");
  strictEqual(
    paintDiff(diff, PLAIN, printable).split("\n")[3],
    "+Exec=serve\t\\u{200b}\\u{61c}\\u{e0041}\\x1b[2K --safe",
  );
});

Deno.test("the diff of a new or a removed file is that of the library", () => {
  const text = fc.array(fc.constantFrom("a", "", "\r", "+x", "\t", "é"), {
    minLength: 1,
    maxLength: 6,
  })
    .map((lines) => lines.join("\n"));
  const expected = (names: [string, string], before: string, after: string) =>
    createTwoFilesPatch(...names, before, after, undefined, undefined, {
      context: 3,
      headerOptions: FILE_HEADERS_ONLY,
    });
  fc.assert(fc.property(text, (text) => {
    fc.pre(text !== "");
    const file = { bytes: new TextEncoder().encode(text), mode: 0o600 };
    const created = {
      path: PATH,
      action: "create",
      before: undefined,
      after: { path: PATH, text },
    };
    const removed = { path: PATH, action: "remove", before: file, after: undefined };
    strictEqual(
      formatDiff(created as unknown as Parameters<typeof formatDiff>[0]),
      expected(["/dev/null", PATH], "", text),
    );
    strictEqual(
      formatDiff(removed as unknown as Parameters<typeof formatDiff>[0]),
      expected([PATH, "/dev/null"], text, ""),
    );
  }));
});
