/** What the Quadlet generator makes of unit files, by name. */

/** Which service a unit file becomes; nothing for a file that is no Quadlet unit. */
export function serviceOf(file: string): string | undefined {
  const match = /^(.+)\.(container|kube|pod|volume|network|image|build)$/.exec(file);
  if (match === null) return undefined;
  const [, name, kind] = match;
  return kind === "container" || kind === "kube" ? `${name}.service` : `${name}-${kind}.service`;
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
