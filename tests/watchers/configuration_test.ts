/**
 * Checks the configuration that lychd writes: promtool reads that of every golden case, and a server
 * reads unusual strings.
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import fc from "fast-check";
import { readCodex } from "../../src/core/codex/mod.ts";
import { compile } from "../../src/core/compile/mod.ts";
import { goldenCases, writeTree } from "../golden/golden.ts";
import { findProgramFolders, freePort, versionOf, waitUntil } from "../dashboards/prometheus.ts";
import { CHARACTER } from "../character.ts";

const FILE = "containers/systemd/lychd/harvester/prometheus.yml";

const folders = findProgramFolders();
if (folders.length === 0) {
  // deno-lint-ignore no-console
  console.error("tests/watchers: NOT RUN: no Prometheus; name its folder by LYCHD_PROMETHEUS");
}

const seed = Number(Deno.env.get("LYCHD_SEED") ?? Math.floor(Math.random() * 2 ** 31));

for (const folder of folders) {
  Deno.test(`promtool ${versionOf(folder)} accepts prometheus.yml of every golden case`, async (t) => {
    let checked = 0;
    for (const golden of goldenCases()) {
      const tree = await Deno.makeTempDir();
      try {
        writeTree(golden, tree);
        if (!withSecrets(join(tree, FILE), join(tree, "secrets"))) continue;
        checked++;
        await t.step(golden.name, () => check(folder, join(tree, FILE)));
      } finally {
        await Deno.remove(tree, { recursive: true });
      }
    }
    assert.ok(checked >= 6, `${checked} cases have a prometheus.yml`);
  });

  Deno.test(`Prometheus ${versionOf(folder)} reads every string as it was written, seed ${seed}`, async () => {
    const names = hostileNames();
    const tree = await Deno.makeTempDir();
    const port = freePort();
    try {
      const file = join(tree, FILE);
      for (const rune of await compileWith(names, port)) {
        await Deno.mkdir(dirname(join(tree, rune.path)), { recursive: true });
        await Deno.writeTextFile(join(tree, rune.path), rune.text);
      }
      await check(folder, file);
      await using _ = prometheus(folder, file, port, join(tree, "data"));
      const pools = await scrapePools(port);
      const wanted = ["harvester", "lychd-units", "soulstone", ...names];
      const lost = wanted.filter((name) => !pools.has(name));
      assert.deepEqual({ count: pools.size, lost }, { count: wanted.length, lost: [] });
    } finally {
      await Deno.remove(tree, { recursive: true });
    }
  });
}

/** Replaces the paths of secrets by existing files, which promtool requires. */
function withSecrets(file: string, secrets: string): boolean {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  Deno.mkdirSync(secrets);
  for (const [, name] of text.matchAll(/\/run\/secrets\/([A-Za-z0-9_.-]+)/g)) {
    Deno.writeTextFileSync(join(secrets, name ?? ""), "key");
  }
  Deno.writeTextFileSync(file, text.replaceAll("/run/secrets", secrets));
  return true;
}

async function check(folder: string, file: string): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(join(folder, "promtool"), {
    args: ["check", "config", file],
  }).output();
  const decoder = new TextDecoder();
  const said = decoder.decode(stdout) + decoder.decode(stderr);
  assert.ok(success, said);
  assert.match(said, /SUCCESS: \d+ rules found/);
}

/** Names of jobs; Prometheus accepts any string. */
function hostileNames(): string[] {
  // TOML has no lone surrogates, and go-yaml refuses Unicode noncharacters.
  const name = fc.string({ unit: CHARACTER, minLength: 1, maxLength: 30 })
    .filter((text) => !/\p{Noncharacter_Code_Point}|\p{Surrogate}/u.test(text));
  const words = "yes no on off null ~ 012 0x1f 1:30 1e3 2026-11-22 = << - : # {{x}} é 💀".split(
    " ",
  );
  return [...new Set([...words, ...fc.sample(name, { numRuns: 1000, seed })])];
}

async function compileWith(names: readonly string[], port: number) {
  const toml = (text: string) => JSON.stringify(text).replaceAll("\u007f", "\\u007f");
  const jobs = names.map((name) =>
    `[[harvester.extra_scrape_configs]]\njob_name = ${toml(name)}\n`
  );
  const files = {
    "lychd.toml": `[harvester]\nport = ${port}\n${jobs.join("")}`,
    "soulstones/eye.toml":
      '[eye]\nimage = "vllm/vllm-openai"\nmodel = "m"\nport = 1\ndevices = []\n',
  };
  const { codex, findings } = readCodex({
    folder: "codex",
    files: Object.entries(files).map(([path, text]) => ({
      path,
      bytes: new TextEncoder().encode(text),
    })),
  });
  const compiled = await compile(codex);
  assert.deepEqual([...findings, ...compiled.findings], []);
  return compiled.runes;
}

function prometheus(folder: string, file: string, port: number, data: string): AsyncDisposable {
  const process = new Deno.Command(join(folder, "prometheus"), {
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
  }).spawn();
  return {
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}

/** Returns the names of all jobs after Prometheus has loaded its configuration. */
async function scrapePools(port: number): Promise<Set<string>> {
  let names: readonly string[] = [];
  await waitUntil("Prometheus has its jobs", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/scrape_pools`)
      .catch(() => undefined);
    if (answer?.ok !== true) return await answer?.body?.cancel(), false;
    names = (await answer.json()).data.scrapePools ?? [];
    return names.length > 0;
  });
  return new Set(names);
}
