import { join } from "node:path/posix";
import { parseGeneratorOutput, serviceOf } from "../../src/core/rune/mod.ts";

/** The places in which distributions install the generator. */
const KNOWN_PLACES = [
  "/usr/libexec/podman/quadlet",
  "/usr/lib/podman/quadlet",
  "/usr/lib/systemd/user-generators/podman-user-generator",
];

/** Returns the generator: the one that LYCHD_QUADLET names, otherwise that of the host. */
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

/** The output of the generator for a folder of units. */
export interface Generated {
  /** The text of each service, by name. */
  readonly services: ReadonlyMap<string, string>;
  /** The messages on stderr. */
  readonly messages: string;
}

/**
 * Runs the real generator on a folder of units. The exit code is not reliable: the only sign of a dropped
 * unit is its missing service.
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

/** Returns the services that the units below `folder` must give, sorted. */
export function expectedServices(folder: string): string[] {
  const services: string[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    const service = serviceOf(entry.name);
    if (entry.isDirectory) services.push(...expectedServices(join(folder, entry.name)));
    else if (service !== undefined) services.push(service);
  }
  return services.sort();
}
