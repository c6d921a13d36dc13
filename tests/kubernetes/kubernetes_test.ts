import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { loadAll } from "js-yaml";
import { readCodex } from "../../src/core/codex/mod.ts";
import { covensOf } from "../../src/core/compile/mod.ts";
import { manifestsOf } from "../../src/core/kubernetes/mod.ts";
import { CATALOGUE } from "../../src/core/report/catalogue.ts";
import { hasErrors } from "../../src/core/report/mod.ts";
import { codexFiles } from "../golden/golden.ts";
import { expectedOutcome, kubernetesCases, outcomeOfCase, validCodices } from "./kubernetes.ts";

const HERE = import.meta.dirname ?? ".";

/** An object of a rendered file, as far as the tests look at it. */
interface Read {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly replicas?: number };
}

for (const name of kubernetesCases()) {
  Deno.test(`${name} compiles to its golden files`, async () => {
    const [outcome, expected] = [await outcomeOfCase(name), expectedOutcome(name)];
    deepStrictEqual([...outcome.keys()].sort(), [...expected.keys()].sort());
    for (const [path, text] of expected) strictEqual(outcome.get(path), text, path);
  });
}

Deno.test("every problem of a cluster is in a golden report", () => {
  const shown = new Set(
    kubernetesCases().flatMap((name) => [
      ...(expectedOutcome(name).get("report.txt") ?? "").matchAll(/^(?:error|warning)\[(.+?)\]:/gm),
    ]).map((match) => match[1]),
  );
  const known = Object.keys(CATALOGUE).filter((code) => code.startsWith("kubernetes-"));
  ok(known.length > 0);
  deepStrictEqual(known.filter((code) => !shown.has(code)), []);
});

const CODICES = validCodices();

Deno.test("every golden Codex renders as YAML, or is refused at a place and with a hint", async () => {
  const counts = { rendered: 0, refused: 0 };
  for (const { name, codex } of CODICES) {
    const { files, findings } = await manifestsOf(codex, { allowLoss: true });
    counts[files.length === 0 ? "refused" : "rendered"]++;
    strictEqual(files.length === 0, hasErrors(findings), name);
    for (const { severity, place, hint } of findings) {
      ok(place.start.line > 1 || place.end.column > place.start.column, name);
      if (severity === "error") ok(hint, name);
    }
    for (const { path, text } of files.filter((file) => file.path.endsWith(".yaml"))) {
      for (const read of loadAll(text) as Read[]) {
        match(read.apiVersion, /^(?:v1|[a-z0-9.-]+\/v\d\w*)$/, `${name}: ${path}`);
        match(read.kind, /^[A-Z]\w+$/, `${name}: ${path}`);
      }
    }
  }
  ok(counts.rendered > 20 && counts.refused > 5, JSON.stringify(counts));
});

Deno.test("the order of files does not change a tree, and a second run gives the same bytes", async () => {
  const files = codexFiles(join(HERE, "two-covens-and-a-resident", "codex"));
  const trees = await Promise.all([files, files, files.toReversed()].map(async (each) => {
    const { codex } = readCodex({ folder: "codex", files: each });
    return (await manifestsOf(codex, { allowLoss: false })).files.map((f) => [f.path, f.text]);
  }));
  deepStrictEqual(trees[1], trees[0]);
  deepStrictEqual(trees[2], trees[0]);
});

/** Cases that kustomize builds too: it needs a quarter of a second for each folder. */
const BUILT = ["hostile-file-names", "overlapping-groups", "same-members-two-names"];

/** Builds a folder, with the kustomize of kubectl. */
async function build(folder: string): Promise<Read[]> {
  const { stdout, stderr, success } = await new Deno.Command("kubectl", {
    args: ["kustomize", folder],
  }).output();
  const read = new TextDecoder();
  if (!success) throw new Error(`${folder}: ${read.decode(stderr)}`);
  return loadAll(read.decode(stdout)) as Read[];
}

async function hasKubectl(): Promise<boolean> {
  try {
    await new Deno.Command("kubectl", { args: ["version", "--client"] }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const IS_MISSING = !await hasKubectl();
if (IS_MISSING) {
  console.error("tests/kubernetes: NOT TESTED with kustomize, because kubectl is missing");
}

Deno.test({
  name: "kubectl builds the trees, and a Coven scales its members to 1 and all others to 0",
  ignore: IS_MISSING,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      let built = 0;
      const names = [...BUILT, ...kubernetesCases()];
      for (const { name, codex } of CODICES.filter((each) => names.includes(each.name))) {
        const { files } = await manifestsOf(codex, { allowLoss: true });
        const root = join(folder, name);
        for (const { path, text } of files) {
          Deno.mkdirSync(dirname(join(root, path)), { recursive: true });
          Deno.writeTextFileSync(join(root, path), text);
        }
        const kustomizations = files.filter(({ path }) => path.endsWith("/kustomization.yaml"))
          .map(({ path }) => dirname(path));
        for (const path of kustomizations) {
          const objects = await build(join(root, path));
          ok(objects.length > 0);
          const { namespace } = codex.settings.kubernetes;
          for (const { kind, metadata } of objects) {
            if (kind !== "Namespace") {
              strictEqual(metadata?.namespace, namespace, `${name}: ${kind}`);
            }
          }
          const coven = covensOf(codex.soulstones).find((each) => path === `covens/${each.name}`);
          if (coven !== undefined) {
            const started = objects.filter(({ spec }) => spec?.replicas === 1)
              .map(({ metadata }) => metadata?.name.replace("soulstone-", ""));
            deepStrictEqual(started.sort(), [...coven.members], `${name}: ${path}`);
          }
          built++;
        }
      }
      ok(built > 15, `${built}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
