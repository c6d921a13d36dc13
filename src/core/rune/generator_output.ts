/** What systemd and the Quadlet generator make of files, by name. */
import { SYSTEMD_FOLDER } from "./names.ts";

/** Which service a unit file becomes; nothing for a file that is no Quadlet unit. */
export function serviceOf(file: string): string | undefined {
  const match = /^(.+)\.(container|kube|pod|volume|network|image|build)$/.exec(file);
  if (match === null) return undefined;
  const [, name, kind] = match;
  return kind === "container" || kind === "kube" ? `${name}.service` : `${name}-${kind}.service`;
}

/**
 * The unit that systemd knows by a file at `path`: the service of a Quadlet unit, or the plain unit
 * itself; nothing for a file that is neither, such as a drop-in or what a container reads.
 *
 * @example
 * ```ts
 * import { unitOf } from "./generator_output.ts";
 * unitOf("containers/systemd/lychd/lychd.pod"); // "lychd-pod.service"
 * unitOf("systemd/user/lychd-observer.timer"); // "lychd-observer.timer"
 * unitOf("containers/systemd/lychd/harvester/prometheus.yml"); // undefined
 * ```
 */
export function unitOf(path: string): string | undefined {
  const file = path.slice(path.lastIndexOf("/") + 1);
  const isPlain = path === `${SYSTEMD_FOLDER}/${file}` && /\.(?:target|service|timer)$/.test(file);
  return isPlain ? file : serviceOf(file);
}

/**
 * The services in the output of `quadlet -dryrun`, with their texts. A unit that the generator drops
 * shows only by its service missing here: its exit code says less.
 */
export function parseGeneratorOutput(stdout: string): Map<string, string> {
  const services = new Map<string, string>();
  for (const block of stdout.split(/^---(?=\S+\.service---$)/m).slice(1)) {
    services.set(block.slice(0, block.indexOf("---")), block.slice(block.indexOf("\n") + 1));
  }
  return services;
}
