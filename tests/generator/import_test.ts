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
import { importCase, importCases } from "../import/import.ts";
import { findGenerator, generate } from "./generator.ts";

const generator = findGenerator();

/** Cases that the generator of 5.4 refuses: newer keys, references to other units, a name with a space. */
const REFUSED = new Set([
  "group-without-user",
  "image-of-a-build",
  "key-unknown",
  "names",
  "network",
  "newer-keys",
  "odd, name!",
  "reload",
  "reload-one-word",
  "starts-with-its-pod",
  "volumes",
]);

/** Options that Quadlet adds itself: the same for every container, or those of the pod. */
const BOILERPLATE =
  /^(?:name|cidfile|replace|rm|cgroups|sdnotify|detach|pod|pod-id-file|health-startup-\w+|stop-timeout|env-host)$/;

/** Returns the arguments of `podman run` in a service: options, and the image with its command. */
function podmanRun(service: string): { options: [string, string][]; words: readonly string[] } {
  const line = /^ExecStart=\S+ run (.*)$/m.exec(service)?.[1] ?? "";
  const split = splitWords(line, "words");
  const words = "words" in split ? split.words : [];
  const known = {
    specifiers: { h: "/home/lich", t: "/run/user/1000", E: "/home/lich/.config", U: "1000" },
    variables: { HOME: "/home/lich", PORT: "9300" },
  };
  const literal = words.map((word) => {
    const read = expand(word, known, "word");
    return "text" in read ? read.text : word;
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
  return notes.some(({ outcome, item }) =>
    // A published port moves to the pod, even if it stays the same.
    (outcome !== "carried" || key === "PublishPort") && item.startsWith(`${key}=`) ||
    outcome !== "carried" && item.startsWith(`PodmanArgs=--${option} `) ||
    outcome !== "carried" && item.startsWith(`Remap${key?.[0] === "U" ? "Uid" : "Gid"}=`)
  );
}

async function serviceOf(folder: string, files: Record<string, string>, service: string) {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeTextFile(join(folder, path), text);
  }
  const { services, messages } = await generate(generator ?? "", folder);
  const text = services.get(service);
  ok(text !== undefined, `no ${service}: ${messages}`);
  return podmanRun(text);
}

for (const test of importCases("quadlet").filter(({ name }) => !REFUSED.has(name))) {
  Deno.test({
    name: `${test.name}: Podman gets the same options as before, or the import report says why not`,
    ignore: generator === undefined,
    async fn() {
      const { imported } = await importCase(test);
      if (imported === undefined) return;
      const [soulstone] = imported.soulstones;
      const bytes = new TextEncoder().encode(soulstone?.text);
      const { codex } = readCodex({ folder: "", files: [{ path: "soulstones/a.toml", bytes }] });
      const { runes } = await compile(codex);
      const folder = await Deno.makeTempDir();
      try {
        const now = await serviceOf(
          join(folder, "now"),
          Object.fromEntries(
            runes.filter(({ path }) => path.startsWith("containers/"))
              .map(({ path, text }) => [basename(path), text]),
          ),
          `soulstone-${soulstone?.name}.service`,
        );
        const before = await serviceOf(
          join(folder, "before"),
          { [basename(test.input)]: await Deno.readTextFile(test.input) },
          basename(test.input).replace(/container$/, "service"),
        );
        const options = new Set(now.options.map((option) => JSON.stringify(option)));
        const missing = before.options.filter((option) => !options.has(JSON.stringify(option)))
          .filter(([name]) => !isReported(imported.report, name));
        deepStrictEqual(missing, []);
        const port = /^--port/;
        const isExecReported = imported.report.some(({ outcome, item }) =>
          outcome !== "carried" && item.startsWith("Exec=")
        );
        const lost = isExecReported
          ? []
          : before.words.filter((word, i) =>
            !now.words.includes(word) && !port.test(word) && !port.test(before.words[i - 1] ?? "")
          );
        deepStrictEqual(lost.filter((word) => !/^--?(?:model|m)$/.test(word)), []);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
