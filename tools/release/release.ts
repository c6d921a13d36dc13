/**
 * Builds a release in dist/release: a binary for each architecture, the manual page, completions, the
 * bill of materials, the third-party notices, checksums, and the install script.
 *
 * build.sh runs it with the compiler and the runtime bases of the list `toolchain`. Stops if the
 * self-test of the binary for this machine is not refused everything.
 */
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { join } from "node:path/posix";
import config from "../../deno.json" with { type: "json" };
import { sha256 } from "../../src/core/plan/digest.ts";
import { noticesOf } from "./notices.ts";
import { packagesOf, sbomOf } from "./sbom.ts";

const TARGETS = { x86_64: "x86_64-unknown-linux-gnu", aarch64: "aarch64-unknown-linux-gnu" };
/** One command line for each set of permissions. */
const SELF_TESTS = ["check", "render --dry-run", "render", "doctor", "summon x", "init"];
const ROOT = new URL("../../", import.meta.url).pathname;
const FOLDER = join(ROOT, "dist/release");
const BUNDLE = join(ROOT, "dist/bundle");

const { values: options } = parseArgs({ options: { url: { type: "string" } } });
const url = options.url ??
  stop("missing --url URL, the folder from which users download the release");

await Deno.mkdir(FOLDER, { recursive: true });
run(Deno.execPath(), "task", "bundle");
// A binary contains the times of its files. Fixed times make the build reproducible.
for (const { parentPath, name } of readdirSync(BUNDLE, { recursive: true, withFileTypes: true })) {
  Deno.utimeSync(join(parentPath, name), 0, 0);
}
for (const [arch, target] of Object.entries(TARGETS)) {
  Deno.env.set("DENORT_BIN", join(ROOT, `dist/toolchain/denort-${arch}`));
  const [program = "", ...args] = config.tasks["compile:bundle"].command
    .replace(" -o dist/lychd ", ` --target ${target} -o dist/release/lychd-${arch} `).split(" ");
  run(program === "deno" ? Deno.execPath() : program, ...args);
}

const binary = join(FOLDER, `lychd-${Deno.build.arch}`);
for (const line of SELF_TESTS) run(binary, "self-test", ...line.split(" "));
for (const shell of ["bash", "zsh", "fish"]) {
  write(`lychd.${shell}`, run(binary, "completions", shell));
}
write("lychd.1", Deno.readTextFileSync(join(ROOT, "docs/lychd.1")));
const packages = await packagesOf();
write("lychd.cdx.json", sbomOf(packages));
const notices = run(binary, "licenses");
if (notices !== noticesOf(packages)) {
  stop("THIRD_PARTY_NOTICES.txt does not match the bundle: run deno task notices");
}
write("THIRD_PARTY_NOTICES.txt", notices);
write(
  "install.sh",
  Deno.readTextFileSync(join(ROOT, "tools/release/install.sh")).replace("@URL@", url),
);
const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).sort();
write(
  "SHA256SUMS",
  names.map((name) => `${sha256(Deno.readFileSync(join(FOLDER, name)))}  ${name}\n`).join(""),
);

function write(name: string, text: string): void {
  Deno.writeTextFileSync(join(FOLDER, name), text);
}

/** Runs a program, which must succeed, and returns its output. */
function run(program: string, ...args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, { args: [...args], cwd: ROOT })
    .outputSync();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  return stop(
    `${program} ${args.join(" ")} failed\n${decoder.decode(stdout)}${decoder.decode(stderr)}`,
  );
}

function stop(words: string): never {
  throw new Error(words);
}
