/** Lists what is in the binary: its packages, and the bill of materials in the format CycloneDX 1.6. */
import { Buffer } from "node:buffer";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path/posix";
import config from "../../deno.json" with { type: "json" };

/** An npm package that is part of the binary. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** SPDX identifier from the package. */
  readonly license: string;
  /** The texts of its license and notice files. */
  readonly licenseText: string;
  /** Subresource integrity of its archive, from the lock file. */
  readonly integrity: string;
}

/** The used part of a package in `deno info --json`. */
interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly localPath: string;
}

const ROOT = new URL("../../", import.meta.url).pathname;

/** Returns the packages that are part of the bundle, sorted by name. */
export async function packagesOf(): Promise<Package[]> {
  const { npm } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.lock")));
  const infos = await Promise.all(
    ["main.ts", "src/page/page.tsx"].map((entry) => deno("info", "--json", entry)),
  );
  const all = infos.flatMap((info) => Object.entries<NpmPackage>(JSON.parse(info).npmPackages));
  const found = new Map<string, Package>();
  for (const source of await bundled()) {
    // A release has its cache of packages below dist.
    if (source.startsWith(ROOT) && !source.startsWith(join(ROOT, "dist/"))) continue;
    const [id, { name, version, localPath }] = all.find(([, each]) =>
      source.startsWith(`${each.localPath}/`)
    ) ?? missing(source);
    if (found.has(id)) continue;
    const manifest = JSON.parse(await Deno.readTextFile(join(localPath, "package.json")));
    const integrity = npm[id]?.integrity ?? missing(`${id} in deno.lock`);
    const license = manifest.license ?? missing(`the license of ${id}`);
    found.set(id, { name, version, license, licenseText: await licenseOf(localPath), integrity });
  }
  return [...found.values()].sort((a, b) => purlOf(a) < purlOf(b) ? -1 : 1);
}

/** Reads the license and notice files in the folder of a package. */
async function licenseOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) =>
    /^(?:licen[cs]e|copying|notice)/i.test(name)
  );
  if (names.length === 0) missing(`the license of ${folder}`);
  const texts = await Promise.all(
    names.sort().map((name) => Deno.readTextFile(join(folder, name))),
  );
  return texts.map((text) => text.replaceAll("\r\n", "\n").trim()).join("\n\n");
}

/** Lists the files that are part of the bundle, from its source maps. */
async function bundled(): Promise<Set<string>> {
  const folder = await Deno.makeTempDir({ prefix: "lychd-sbom-" });
  try {
    const { bundle, "bundle:page": page } = config.tasks;
    for (const [i, { command }] of [bundle, page].entries()) {
      const bundling = command.split(" && ").find((each) => each.startsWith("deno bundle "));
      const args = bundling?.split(" ").filter((arg) => !arg.startsWith("--outdir=")) ?? [];
      await deno(...args.slice(1), "--sourcemap=external", `--outdir=${folder}/${i}`);
    }
    const sources = new Set<string>();
    for (
      const { parentPath, name } of await readdir(folder, { recursive: true, withFileTypes: true })
    ) {
      if (!name.endsWith(".map")) continue;
      const map = JSON.parse(await Deno.readTextFile(join(parentPath, name)));
      for (const source of map.sources) sources.add(resolve(parentPath, source));
    }
    return sources;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function deno(...args: readonly string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`deno ${args.join(" ")} failed\n${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

function missing(what: string): never {
  throw new Error(`nothing is known of ${what}`);
}

/**
 * Formats the bill of materials without time and serial number: the same for the same lock file. The
 * runtime is the Deno that runs this, because a compiler takes only a base of its own version.
 *
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function sbomOf(packages: readonly Package[]): string {
  const v8 = Deno.version.v8.replace("-rusty", "");
  const bom = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": "lychd",
        name: "lychd",
        version: config.version,
        licenses: [{ license: { id: config.license } }],
      },
    },
    components: [
      component("platform", "deno", Deno.version.deno, {
        purl: `pkg:github/denoland/deno@v${Deno.version.deno}`,
        license: "MIT",
      }),
      component("library", "v8", v8, { purl: `pkg:github/v8/v8@${v8}`, license: "BSD-3-Clause" }),
      ...packages.map((each) => ({
        ...component("library", each.name, each.version, {
          purl: purlOf(each),
          license: each.license,
        }),
        hashes: [{ alg: "SHA-512", content: hexOf(each.integrity) }],
      })),
    ],
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function component(
  type: string,
  name: string,
  version: string,
  { purl, license }: { readonly purl: string; readonly license: string },
) {
  return { type, "bom-ref": purl, name, version, purl, licenses: [{ license: { id: license } }] };
}

function purlOf({ name, version }: Package): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function hexOf(integrity: string): string {
  return Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex");
}
