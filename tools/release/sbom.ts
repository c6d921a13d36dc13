/** What a release holds of others: a software bill of materials after CycloneDX 1.6. */
import { Buffer } from "node:buffer";
import config from "../../deno.json" with { type: "json" };

/** A package of npm that is part of the binary. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** SPDX identifier, as the package says it. */
  readonly license: string;
  /** Subresource integrity of its archive, as the lock file has it. */
  readonly integrity: string;
}

/** What `deno info --json` says, as far as it is used here. */
interface Info {
  readonly modules: readonly { readonly specifier: string; readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<Record<string, NpmPackage>>;
}

interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly localPath: string;
}

const ROOT = new URL("../../", import.meta.url);

/** The packages that the program imports, and those that these need; sorted by name. */
export async function packagesOf(entries: readonly string[]): Promise<Package[]> {
  const lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", ROOT)));
  const found = new Map<string, Package>();
  for (const entry of entries) {
    const { modules, npmPackages } = await info(entry);
    const add = async (id: string) => {
      const { name, version, dependencies, localPath } = npmPackages[id] ?? missing(id);
      if (found.has(id)) return;
      const manifest = JSON.parse(await Deno.readTextFile(`${localPath}/package.json`));
      const integrity = lock.npm[id]?.integrity ?? missing(`${id} in deno.lock`);
      found.set(id, { name, version, license: manifest.license ?? missing(id), integrity });
      for (const each of dependencies) await add(each);
    };
    for (const { npmPackage } of modules) if (npmPackage !== undefined) await add(npmPackage);
  }
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

async function info(entry: string): Promise<Info> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(`deno info ${entry} failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

function missing(what: string): never {
  throw new Error(`nothing is known of ${what}`);
}

/**
 * The bill of materials, without time and serial number: the same for the same lock file.
 *
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function sbomOf(packages: readonly Package[]): string {
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
    components: packages.map((each) => ({
      type: "library",
      "bom-ref": purlOf(each),
      name: each.name,
      version: each.version,
      purl: purlOf(each),
      licenses: [{ license: { id: each.license } }],
      hashes: [{ alg: "SHA-512", content: hexOf(each.integrity) }],
    })),
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function purlOf({ name, version }: Package): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function hexOf(integrity: string): string {
  return Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex");
}
