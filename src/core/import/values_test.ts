/** The small readers and writers of values. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { NAME, readCodex } from "../codex/mod.ts";
import { startOf } from "../report/mod.ts";
import { noteLine, openLedger } from "./ledger.ts";
import { freeName } from "./names.ts";
import { parseRunOptions } from "./podman_run.ts";
import { givePorts, parsePublished } from "./ports.ts";
import { wholeSeconds } from "./seconds.ts";
import { soulstoneText } from "./toml_text.ts";

/** Texts with what TOML takes only escaped, and what ends a line to some. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({
    unit: fc.constantFrom(..."\u0000\t\n\r\"\\\u007f\u0085\u2028\ufeff'#a"),
    maxLength: 9,
  }),
);

Deno.test("any text that is written as TOML is read back as it was", () => {
  fc.assert(
    fc.property(text, fc.array(text), fc.dictionary(text, text), (one, list, env) => {
      const fields = { image: "localhost/x", port: 8780, description: `d${one}`, exec: list, env };
      const toml = soulstoneText("a", fields, [one, ...list]);
      const { codex } = readCodex({
        folder: "",
        files: [{ path: "soulstones/a.toml", bytes: new TextEncoder().encode(toml) }],
      });
      // What cannot stand in UTF-8 cannot come from a file.
      fc.pre([one, ...list, ...Object.entries(env).flat()].every((t) => t.isWellFormed()));
      fc.pre(!Object.hasOwn(env, "__proto__"));
      const [soulstone] = codex.soulstones;
      strictEqual(soulstone?.description, `d${one}`);
      deepStrictEqual(soulstone?.exec, list);
      deepStrictEqual({ ...soulstone?.env }, { ...env });
    }),
    { numRuns: 300 },
  );
});

Deno.test("a long list has a line for each value, and a key of quadlet one value or several", () => {
  const quadlet = { Container: { Label: ["a=b"], RunInit: ["true"], Mount: ["x", "y"] } };
  const long = "x".repeat(60);
  strictEqual(
    soulstoneText("a.b", { exec: [long, long], quadlet }, ["one\ntwo", ""]),
    `# one\\ntwo\n#\n["a.b"]\nexec = [\n  "${long}",\n  "${long}",\n]\n\n` +
      `["a.b".quadlet.Container]\nLabel = "a=b"\nRunInit = true\nMount = ["x", "y"]\n`,
  );
});

Deno.test("every name is one that a Soulstone may have, and nobody has it yet", () => {
  const taken = new Set<string>();
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (wish) => {
    const before = new Set(taken);
    const name = freeName(wish, taken);
    strictEqual(NAME.test(name) && !before.has(name) && taken.has(name), true, name);
  }));
  strictEqual(freeName("a".repeat(80), new Set(["a".repeat(64)])), `${"a".repeat(62)}-2`);
  strictEqual(freeName("--!", new Set()), "engine");
});

const SECONDS: readonly (readonly [text: string, seconds: number | undefined])[] = [
  ["90", 90],
  ["90s", 90],
  ["1min 30s", 90],
  ["1m30s", 90],
  ["2h", 7200],
  ["1 day", 86_400],
  ["", undefined],
  ["infinity", undefined],
  ["500ms", undefined],
  ["1.5s", undefined],
  ["-1", undefined],
  ["1 month", undefined],
];

Deno.test("time spans of whole seconds are read, and no others", () => {
  for (const [span, seconds] of SECONDS) strictEqual(wholeSeconds(span), seconds, span);
});

const PUBLISHED: readonly (readonly [text: string, read: string])[] = [
  ["8000", "- - 8000"],
  ["8080:8000", "- 8080 8000"],
  ["127.0.0.1:8080:8000/tcp", "127.0.0.1 8080 8000"],
  ["127.0.0.1::8000", "127.0.0.1 - 8000"],
  ["[::1]:8080:8000", "::1 8080 8000"],
  ["0.0.0.0:8080:8000", "0.0.0.0 8080 8000"],
  ["localhost:8080:8000", "localhost 8080 8000"],
  ["53:53/udp", "a Soulstone has one TCP port, and no udp"],
  ["8000-8010:8000-8010", "it is not one port"],
  ["http", "it is not one port"],
  ["70000:80", "a port is a number from 1 to 65535"],
  ["80:0", "a port is a number from 1 to 65535"],
];

Deno.test("published ports are read as Podman reads them", () => {
  for (const [published, expected] of PUBLISHED) {
    const read = parsePublished(published);
    const said = "problem" in read
      ? read.problem
      : `${read.address ?? "-"} ${read.outside ?? "-"} ${read.inside}`;
    strictEqual(said, expected, published);
  }
});

Deno.test("a port that cannot be given is replaced, and the reason told", () => {
  const taken = new Map([[9090, "the Harvester (Prometheus)"]]);
  const wishes = [9090, 80, undefined, undefined, 65_535, 65_535, 70_000];
  const given = givePorts(wishes.map((wish, i) => ({ owner: `e${i}`, wish })), taken);
  deepStrictEqual(given.map(({ port }) => port), [9091, 8780, 8781, 8782, 65_535, 1024, 8783]);
  deepStrictEqual(given.map(({ why }) => why), [
    "port 9090 is taken by the Harvester (Prometheus)",
    "only root may publish port 80",
    undefined,
    undefined,
    undefined,
    "port 65535 is taken by e4",
    "70000 is no port",
  ]);
});

const OPTIONS: readonly (readonly [words: string, read: string])[] = [
  ["image word --flag", " | image word --flag"],
  ["--rm image", "rm | image"],
  ["-it image", "interactive tty | image"],
  ["-itp 80:80 image", "interactive tty publish=80:80 | image"],
  ["-p80:80 -e=A=1 image", "publish=80:80 env=A=1 | image"],
  ["--name x --init=false image", "name=x init=false | image"],
  ["--gpus all --shm-size=1g image", "gpus=all shm-size=1g | image"],
  ["--new-option value image", "new-option=value | image"],
  ["-- image", " | image"],
  ["-z 1 image", "z=1 | image"],
  ["--name", "name= | "],
  ["-e", "env= | "],
  ["- image", " | - image"],
];

Deno.test("options of podman run are read up to the image", () => {
  for (const [words, expected] of OPTIONS) {
    const { options, rest } = parseRunOptions(words.split(" "));
    const said = options.map(({ name, value }) => value === undefined ? name : `${name}=${value}`);
    strictEqual(`${said.join(" ")} | ${rest.join(" ")}`, expected, words);
    // What an option was written with is kept, so that it can be passed on.
    const own = options.flatMap((option) => option.words).join("").replace(/-/g, "");
    strictEqual(words.replace(/[ =-]/g, "").startsWith(own.replace(/=/g, "")), true, words);
  }
});

Deno.test("an item without a fate is lost, and its parts stand for it", () => {
  const ledger = openLedger();
  const at = startOf("a.container");
  const first = ledger.enter(at, "A=1");
  ledger.enter(at, "B=2");
  const [x, y] = ledger.split(ledger.enter(at, "C=x y"), ["C=x", "C=y"]);
  ledger.split(ledger.enter(at, "D="), []);
  ledger.note(first, "carried", { to: "a.b" });
  if (x === undefined || y === undefined) throw new Error("the parts are missing");
  ledger.note(y, "changed", { to: "a.c", why: "because" });
  ledger.note(y, "changed", { to: "a.c", why: "because" });
  deepStrictEqual(ledger.close().map((note) => `${note.outcome} ${noteLine(note)}`), [
    "carried a.container:1:1 `A=1` → a.b",
    "lost a.container:1:1 `B=2`: lychd has no field for it",
    "lost a.container:1:1 `C=x`: lychd has no field for it",
    "changed a.container:1:1 `C=y` → a.c: because",
    "carried a.container:1:1 `D=`: it is empty",
  ]);
});
