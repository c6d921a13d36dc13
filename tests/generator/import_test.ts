/**
 * Tests imports with the real generator: the unit that is compiled from the import gives Podman the
 * same options as the original unit, or the import report says why not.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { basename, dirname, join } from "node:path/posix";
import { readCodex } from "../../src/core/codex/mod.ts";
import { compile } from "../../src/core/compile/mod.ts";
import type { ReportEntry } from "../../src/core/import/mod.ts";
import { parseRunOptions, quadletKeyOf } from "../../src/core/rune/mod.ts";
import { wholeSeconds } from "../../src/core/import/seconds.ts";
import { expand, splitWords } from "../../src/core/rune/mod.ts";
import { type ImportCase, importCase, importCases } from "../import/import.ts";
import { findGenerator, generate } from "./generator.ts";

const generator = findGenerator();

/** Cases with a unit that the generator of 5.4 refuses: newer keys, references to other units, odd names. */
const REFUSED = new Set([
  "group-without-user",
  "image-of-a-build",
  "key-unknown",
  "mount-volume-nosource",
  "names",
  "network",
  "newer-keys",
  "odd, name!",
  "odd-names",
  "reload",
  "reload-one-word",
  "requires-network",
  "starts-with-its-pod",
  "volumes",
]);

/** Options that Quadlet adds itself: the same for every container, or those of the pod. */
const BOILERPLATE =
  /^(?:name|cidfile|replace|rm|cgroups|sdnotify|detach|pod|pod-id-file|health-startup-\w+|stop-timeout|env-host)$/;

/** The options that lychd adds on purpose: labels, caches, health checks and groups of devices. */
const ADDED: readonly (readonly [option: RegExp, value: RegExp])[] = [
  [/^label$/, /^lychd\./],
  [/^volume$/, /^lychd-\w+:/],
  [/^health-(?:cmd|interval|timeout|retries)$/, /^/],
  [/^group-add$/, /^keep-groups$/],
  [/^env$/, /^OLLAMA_HOST=0\.0\.0\.0:/],
];

/** The words that lychd adds on purpose: the address, the model, and the switch for metrics. */
const ADDED_WORDS =
  /^(?:--(?:host|port|metrics|enable-metrics|model|model-path)|-hf|-m|0\.0\.0\.0|\d+)$/;

interface PodmanRun {
  readonly options: readonly (readonly [string, string])[];
  readonly words: readonly string[];
}

/** Returns the arguments of `podman run` in a service: options, and the image with its command. */
function podmanRun(service: string, text: string): PodmanRun {
  const line = /^ExecStart=\S+ run (.*)$/m.exec(text)?.[1] ?? "";
  const split = splitWords(line, "words");
  const name = service.replace(/\.service$/, "");
  const [prefix = "", instance = ""] = name.split("@");
  const pairs = [...text.matchAll(/^Environment=(.*)$/mg)].flatMap(([, value = ""]) => {
    const words = splitWords(value, "words");
    return "words" in words ? words.words : [];
  });
  const home = "/home/lich";
  const known = {
    specifiers: {
      ...{ h: home, t: "/run/user/1000", E: `${home}/.config`, U: "1000", u: "lich" },
      ...{ S: `${home}/.local/state`, C: `${home}/.cache` },
      ...{ N: name, n: service, p: prefix, i: instance },
    },
    variables: {
      HOME: home,
      ...Object.fromEntries(pairs.map((pair) => {
        return [pair.replace(/=.*$/s, ""), pair.replace(/^[^=]*=/, "")];
      })),
    },
  };
  const literal = ("words" in split ? split.words : []).flatMap((word) => {
    const read = expand(word, known, "word");
    if (!("text" in read)) return [word];
    const parts = /^\$\w+$/.test(word) ? splitWords(read.text, "words") : undefined;
    return parts !== undefined && "words" in parts ? parts.words : [read.text];
  });
  const { options, rest } = parseRunOptions(literal);
  return {
    options: options.filter(({ name }) => !BOILERPLATE.test(name))
      .map(({ name, value = "" }) => [
        name,
        /^health-(?:interval|timeout)$/.test(name) ? `${wholeSeconds(value) ?? value}` : value,
      ]),
    words: rest,
  };
}

/** Returns true if the import report has an entry for a changed or lost option. */
function isReported(notes: readonly ReportEntry[], option: string): boolean {
  const key = quadletKeyOf(option);
  const isOption = new RegExp(`^PodmanArgs=--${option}(?:[ =]|$)`);
  return notes.some(({ outcome, item, to = "", why }) =>
    // A published port moves to the pod, and so does a variable with the port, even if it stays the same.
    (outcome !== "carried" || key === "PublishPort" || /\.port$/.test(to) ||
        why.startsWith("it has no effect")) && item.startsWith(`${key}=`) ||
    (outcome !== "carried" || why.startsWith("it has no effect")) && isOption.test(item) ||
    outcome !== "carried" && item.startsWith(`Remap${key?.[0] === "U" ? "Uid" : "Gid"}=`)
  );
}

/** Returns true if an option became another one: a user namespace a user, or an option a device. */
function isConverted(notes: readonly ReportEntry[], option: string): boolean {
  const key = quadletKeyOf(option);
  return notes.some(({ outcome, to }) =>
    outcome === "changed" &&
    (to?.endsWith(`.quadlet.Container.${key}`) || key === "AddDevice" && to?.endsWith(".devices"))
  );
}

/** Writes units and drop-ins to a new folder, and returns what the generator makes of them. */
async function generated(files: Readonly<Record<string, string>>) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
      await Deno.writeTextFile(join(folder, path), text);
    }
    return await generate(generator ?? "", folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns the files of a case by their path in its folder. */
function filesOf({ input, isFolder }: ImportCase): Record<string, string> {
  if (!isFolder) return { [basename(input)]: Deno.readTextFileSync(input) };
  const below = (path: string): [string, string][] =>
    [...Deno.readDirSync(join(input, path))].flatMap((entry) => {
      const inner = join(path, entry.name);
      return entry.isDirectory
        ? below(inner)
        : [[inner, Deno.readTextFileSync(join(input, inner))]];
    });
  return Object.fromEntries(below(""));
}

for (const test of importCases("quadlet")) {
  Deno.test({
    name: `${test.name}: Podman gets the same options as before, or the import report says why not`,
    ignore: generator === undefined,
    async fn() {
      const { imported } = await importCase(test);
      if (imported === undefined) return;
      const text = imported.soulstones.map((soulstone) => soulstone.text).join("\n");
      const bytes = new TextEncoder().encode(text);
      const { codex } = readCodex({ folder: "", files: [{ path: "soulstones/a.toml", bytes }] });
      const { runes } = await compile(codex);
      const now = await generated(Object.fromEntries(
        runes.filter(({ path }) => path.startsWith("containers/"))
          .map((rune) => [basename(rune.path), rune.text]),
      ));
      const before = await generated(filesOf(test));
      for (const soulstone of imported.soulstones) {
        const unit = /^# From (.*\.container)\.$/m.exec(soulstone.text)?.[1] ?? "";
        const notes = imported.report.filter((note) => note.soulstone === soulstone.name);
        const service = unit.replace(/container$/, "service");
        const old = before.services.get(service);
        if (old === undefined) {
          ok(REFUSED.has(test.name), `no ${service}: ${before.messages}`);
          continue;
        }
        const name = `soulstone-${soulstone.name}.service`;
        const made = now.services.get(name);
        ok(made !== undefined, `no ${name}: ${now.messages}`);
        compare(podmanRun(service, old), podmanRun(name, made), notes);
      }
    },
  });
}

/** Compares what Podman got with what it gets now. */
function compare(before: PodmanRun, now: PodmanRun, notes: readonly ReportEntry[]): void {
  const without = (some: PodmanRun, others: PodmanRun) => {
    const found = new Set(others.options.map((option) => JSON.stringify(option)));
    return some.options.filter((option) => !found.has(JSON.stringify(option)))
      .filter(([name]) => !isReported(notes, name));
  };
  deepStrictEqual(without(before, now), []);
  const added = without(now, before).filter(([name, value]) =>
    !isConverted(notes, name) &&
    !ADDED.some(([option, values]) => option.test(name) && values.test(value))
  );
  deepStrictEqual(added, []);
  const isExecReported = notes.some(({ outcome, item }) =>
    outcome !== "carried" && /^(?:Exec|Image)=/.test(item)
  );
  if (isExecReported) return;
  const port = /^--port/;
  const reported = new Set(
    notes.filter(({ outcome }) => outcome === "lost").flatMap(({ item }) => item.split(" ")),
  );
  const lost = before.words.filter((word, i) =>
    !now.words.includes(word) && !reported.has(word) && !port.test(word) &&
    !port.test(before.words[i - 1] ?? "")
  );
  deepStrictEqual(lost.filter((word) => !/^--?(?:model|m|hf-repo)$/.test(word)), []);
  const isSglang = now.words.includes("sglang.launch_server");
  const more = now.words.filter((word) => !before.words.includes(word) && !ADDED_WORDS.test(word));
  deepStrictEqual(isSglang ? [] : more, []);
}
