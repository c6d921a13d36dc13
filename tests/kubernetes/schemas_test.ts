/** Checks the objects against the strict schemas of Kubernetes, which know no other fields. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { manifestsOf } from "../../src/core/kubernetes/mod.ts";
import { validCodices } from "./kubernetes.ts";

/** The first version with ResourceClaims, which `gpu = "dra"` needs. */
const KUBERNETES = "1.34";

const PROGRAM = Deno.env.get("LYCHD_KUBERNETES_VALIDATE");
const ignore = PROGRAM === undefined;
if (ignore) {
  console.error(
    "tests/kubernetes: NOT TESTED with the schemas, because LYCHD_KUBERNETES_VALIDATE is not set " +
      "to the path of kubernetes-validate; .ci/fetch-kubernetes-schemas installs it",
  );
}

/** Returns the lines of the program about files with errors, and the number of objects without. */
async function validate(files: readonly string[]): Promise<{ errors: string[]; valid: number }> {
  const { stdout, stderr } = await new Deno.Command(PROGRAM ?? "", {
    args: ["--strict", "--kubernetes-version", KUBERNETES, ...files],
  }).output();
  const lines = [stdout, stderr].flatMap((each) => new TextDecoder().decode(each).split("\n"));
  const valid = lines.filter((line) => line.includes(" passed for resource ")).length;
  return { errors: lines.filter((line) => line !== "" && !line.startsWith("INFO ")), valid };
}

Deno.test({
  name: "the strict schemas of Kubernetes accept every object, and refuse a typo",
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const paths: string[] = [];
      for (const { name, codex } of validCodices()) {
        const { files } = await manifestsOf(codex, { allowLoss: true });
        // The schemas are those of the API server: without custom resources, and without kustomize.
        const own = files.filter(({ path }) => /^base\/(?!kustomization)/.test(path));
        for (const { path, text } of own) {
          const place = join(folder, name, path);
          Deno.mkdirSync(dirname(place), { recursive: true });
          Deno.writeTextFileSync(place, text);
          paths.push(place);
        }
      }
      const { errors, valid } = await validate(paths);
      deepStrictEqual(errors, []);
      ok(valid > paths.length, `${valid} objects in ${paths.length} files`);
      const path = paths.find((each) => each.endsWith("/soulstone-eye.yaml")) ?? "";
      const text = Deno.readTextFileSync(path);
      Deno.writeTextFileSync(path, text.replace("enableServiceLinks", "enableServiceLink"));
      match((await validate([path])).errors.join(), /enableServiceLink' was unexpected/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
