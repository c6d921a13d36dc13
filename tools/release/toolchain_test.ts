/** Tests that a binary is made only by programs with the digests of the list `toolchain`. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import { sha256 } from "../../src/core/plan/digest.ts";
import { toolchain } from "./toolchain.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const ARCHITECTURES = ["x86_64", "aarch64"];

Deno.test("the list has the compiler, the bundler and the base of each architecture, with digests", () => {
  const programs = toolchain();
  for (const name of ["deno", "esbuild", "denort"]) {
    for (const arch of ARCHITECTURES) {
      ok(programs.some((program) => program.name === `${name}-${arch}`), `${name}-${arch}`);
    }
  }
  for (const { name, digest, version } of programs) {
    match(version, /^\d+\.\d+\.\d+$/, name);
    // No release can be made before a maintainer fills in those of the bases.
    match(
      digest,
      name.startsWith("denort-") ? /^(?:missing|[0-9a-f]{64})$/ : /^[0-9a-f]{64}$/,
      name,
    );
  }
});

Deno.test("the compiler, the bases and every document are of one version of Deno", () => {
  const versions = toolchain().filter(({ name }) => /^deno(?:rt)?-/.test(name))
    .map(({ version }) => version);
  const documents = [
    ".ci/run",
    ".github/workflows/release.yml",
    "README.md",
    "docs/installing.md",
    "docs/tutorial.md",
    "tools/release/toolchain",
  ];
  for (const path of documents) {
    const named = Deno.readTextFileSync(`${ROOT}${path}`).matchAll(
      /deno(?:@|\/releases\/tags\/v)(\d+\.\d+\.\d+)/g,
    );
    const found = [...named].map(([, version = ""]) => version);
    ok(found.length > 0, path);
    versions.push(...found);
  }
  deepStrictEqual(new Set(versions).size, 1, versions.join());
});

Deno.test({
  name: "fetch.sh unpacks a program only if its archive has the digest of the list",
  ignore: Deno.env.get("LYCHD_TOOLS") !== "require" && !existsSync("/usr/bin/npm"),
  fn: tryFetch,
});

async function tryFetch(t: Deno.TestContext): Promise<void> {
  const dir = Deno.makeTempDirSync({ prefix: "lychd-toolchain-" });
  const archive = `${dir}/program.tgz`;
  /** Fetches `program` with the list that has this line for it. */
  const fetch = async (...line: readonly string[]) => {
    Deno.writeTextFileSync(`${dir}/toolchain`, `${line.join(" ")}\n`);
    const { code, stderr } = await run("bash", `${dir}/fetch.sh`, "program", `${dir}/out/program`);
    return { code, stderr: stderr.replaceAll(dir, "DIR"), made: existsSync(`${dir}/out/program`) };
  };
  try {
    Deno.copyFileSync(`${ROOT}tools/release/fetch.sh`, `${dir}/fetch.sh`);
    Deno.mkdirSync(`${dir}/package`);
    Deno.writeTextFileSync(`${dir}/package/package.json`, '{"name":"program","version":"1.0.0"}');
    Deno.writeTextFileSync(`${dir}/package/program`, "#!/bin/sh\necho it runs\n");
    strictEqual((await run("tar", "-czf", archive, "-C", dir, "package")).code, 0);
    const digest = sha256(Deno.readFileSync(archive));
    const others = ["package/program", `npm:${archive}`];

    await t.step("refuses a digest of which one digit differs", async () => {
      const flipped = digest.replace(/^./, (digit) => digit === "0" ? "1" : "0");
      deepStrictEqual(await fetch("program", flipped, ...others), {
        code: 1,
        stderr: "fetch: npm:DIR/program.tgz does not have the digest in DIR/toolchain; " +
          "nothing was unpacked\n",
        made: false,
      });
    });
    await t.step("refuses a program without a digest", async () => {
      const { code, stderr, made } = await fetch("program", "missing", ...others);
      match(stderr, /^fetch: DIR\/toolchain has no digest of program: fill it in with /);
      deepStrictEqual([code, made], [1, false]);
    });
    await t.step("refuses a program that is not in the list", async () => {
      const { code, stderr } = await fetch("other", digest, ...others);
      deepStrictEqual([code, stderr], [
        1,
        "fetch: DIR/toolchain has no program; nothing was unpacked\n",
      ]);
    });
    await t.step("downloads only by HTTPS", async () => {
      const { code, stderr } = await fetch("program", digest, "program", `file://${archive}`);
      match(stderr, /fetch: cannot get file:\/\/DIR\/program.tgz; nothing was unpacked\n$/);
      strictEqual(code, 1);
    });
    await t.step("unpacks the program", async () => {
      deepStrictEqual(await fetch("program", digest, ...others), {
        code: 0,
        stderr: "",
        made: true,
      });
      strictEqual((await run(`${dir}/out/program`)).stdout, "it runs\n");
    });
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

async function run(program: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
