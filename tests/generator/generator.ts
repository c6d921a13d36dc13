import { join } from "node:path/posix";
import { parseGeneratorOutput, serviceOf } from "../../src/core/rune/mod.ts";

/** Where distributions put the generator. */
const KNOWN_PLACES = [
  "/usr/libexec/podman/quadlet",
  "/usr/lib/podman/quadlet",
  "/usr/lib/systemd/user-generators/podman-user-generator",
];

/** The generator to ask: the one that LYCHD_QUADLET names, else the host's own. */
export function findGenerator(): string | undefined {
  const named = Deno.env.get("LYCHD_QUADLET");
  if (named) return named;
  return KNOWN_PLACES.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** What the generator made of a folder of units. */
export interface Generated {
  /** The text of each service, by its name. */
  readonly services: ReadonlyMap<string, string>;
  /** What it said on the way. */
  readonly messages: string;
}

/**
 * Runs the real generator on a folder below which units lie. Its exit code is not believed: a unit
 * that it drops shows only by its service missing.
 */
export async function generate(generator: string, folder: string): Promise<Generated> {
  const { stdout, stderr } = await new Deno.Command(generator, {
    args: ["-dryrun", "-user"],
    env: { QUADLET_UNIT_DIRS: folder },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const services = parseGeneratorOutput(new TextDecoder().decode(stdout));
  return { services, messages: new TextDecoder().decode(stderr) };
}

/** The services that the units below `folder` should give, sorted. */
export function expectedServices(folder: string): string[] {
  const services: string[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    const service = serviceOf(entry.name);
    if (entry.isDirectory) services.push(...expectedServices(join(folder, entry.name)));
    else if (service !== undefined) services.push(service);
  }
  return services.sort();
}
