/** Tests of the small functions that read and write values. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { NAME, readCodex } from "../codex/mod.ts";
import { startOf } from "../report/mod.ts";
import { freeName } from "./groups.ts";
import { parseRunOptions } from "../rune/mod.ts";
import { givePorts, parsePublished } from "./ports.ts";
import { entryLine, newReport } from "./report.ts";
import { wholeSeconds } from "./seconds.ts";
import { soulstoneText } from "./toml_text.ts";
import { CHARACTER } from "../../../tests/character.ts";

/** Texts with characters that TOML must escape, and other line ends. */
const text = fc.oneof(
  fc.string({ unit: CHARACTER, maxLength: 30 }),
  fc.string({
    unit: fc.constantFrom(..."\u0000\t\n\r\"\\\u007f\u0085\u2028\ufeff'#a"),
    maxLength: 9,
  }),
);

Deno.test("any text that is written as TOML is read back unchanged", () => {
  fc.assert(
    fc.property(text, fc.array(text), fc.dictionary(text, text), (one, list, env) => {
      const fields = { image: "localhost/x", port: 8780, description: `d${one}`, exec: list, env };
      const toml = soulstoneText("a", fields, [one, ...list]);
      const { codex } = readCodex({
        folder: "",
        files: [{ path: "soulstones/a.toml", bytes: new TextEncoder().encode(toml) }],
      });
      // A file cannot hold what is not UTF-8.
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

Deno.test("a long list has a line for each value, and a key of quadlet has one value or a list", () => {
  const quadlet = { Container: { Label: ["a=b"], RunInit: ["true"], Mount: ["x", "y"] } };
  const long = "x".repeat(60);
  strictEqual(
    soulstoneText("a.b", { exec: [long, long], quadlet }, ["one\ntwo", ""]),
    `# one\\ntwo\n#\n["a.b"]\nexec = [\n  "${long}",\n  "${long}",\n]\n\n` +
      `["a.b".quadlet.Container]\nLabel = "a=b"\nRunInit = true\nMount = ["x", "y"]\n`,
  );
});

Deno.test("every name is valid for a Soulstone and unused", () => {
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

Deno.test("only time spans of whole seconds are read", () => {
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
  ["53:53/udp", "a Soulstone has one TCP port; udp is not supported"],
  ["8000-8010:8000-8010", "it is not a single port"],
  ["http", "it is not a single port"],
  ["70000:80", "a port is a number from 1 to 65535"],
  ["80:0", "a port is a number from 1 to 65535"],
];

Deno.test("published ports are read as Podman reads them", () => {
  for (const [published, expected] of PUBLISHED) {
    const read = parsePublished(published);
    const actual = "problem" in read
      ? read.problem
      : `${read.address ?? "-"} ${read.outside ?? "-"} ${read.inside}`;
    strictEqual(actual, expected, published);
  }
});

Deno.test("a port that is not free is replaced, with the reason", () => {
  const taken = new Map([[9090, "the Harvester (Prometheus)"]]);
  const wishes = [9090, 80, undefined, undefined, 65_535, 65_535, 70_000];
  const given = givePorts(wishes.map((wish, i) => ({ owner: `e${i}`, wish })), taken);
  deepStrictEqual(given.map(({ port }) => port), [9091, 8780, 8781, 8782, 65_535, 1024, 8783]);
  deepStrictEqual(given.map(({ why }) => why), [
    "port 9090 is used by the Harvester (Prometheus)",
    "only root can publish port 80",
    undefined,
    undefined,
    undefined,
    "port 65535 is used by e4",
    "70000 is not a port",
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
  // Podman reads a single `=` after a letter as the value.
  ["-l= image", "label== | image"],
  ["-itl==a image", "interactive tty label==a | image"],
  ["-d=false image", "detach=false | image"],
  ["-r image", "remote | image"],
  ["--name", "name= | "],
  ["-e", "env= | "],
  ["- image", " | - image"],
];

Deno.test("options of podman run are read up to the image", () => {
  for (const [words, expected] of OPTIONS) {
    const { options, rest } = parseRunOptions(words.split(" "));
    const actual = options.map(({ name, value }) =>
      value === undefined ? name : `${name}=${value}`
    );
    strictEqual(`${actual.join(" ")} | ${rest.join(" ")}`, expected, words);
    // The words of an option are kept, so that it can be passed on.
    const own = options.flatMap((option) => option.words).join("").replace(/-/g, "");
    strictEqual(words.replace(/[ =-]/g, "").startsWith(own.replace(/=/g, "")), true, words);
  }
});

Deno.test("an item without an outcome is lost, and parts replace it", () => {
  const report = newReport();
  const at = startOf("a.container");
  const first = report.add(at, "A=1");
  report.add(at, "B=2");
  const [x, y] = report.split(report.add(at, "C=x y"), ["C=x", "C=y"]);
  report.split(report.add(at, "D="), []);
  report.of("a").record(first, "carried", { to: "b" });
  if (x === undefined || y === undefined) throw new Error("the parts are missing");
  report.of("a").record(y, "changed", { to: "c", why: "because" });
  report.of("a").record(y, "changed", { to: "c", why: "because" });
  report.of("a").record(report.add(at, "E=1"), "carried", { to: "" });
  deepStrictEqual(report.entries().map((entry) => `${entry.outcome} ${entryLine(entry)}`), [
    "carried a.container:1:1 `A=1` -> a.b",
    "lost a.container:1:1 `B=2`: lychd has no field for it",
    "lost a.container:1:1 `C=x`: lychd has no field for it",
    "changed a.container:1:1 `C=y` -> a.c: because",
    "carried a.container:1:1 `D=`: it is empty",
    "carried a.container:1:1 `E=1` -> a",
  ]);
});
