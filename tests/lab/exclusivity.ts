/** A short, independent implementation of the exclusivity rule, to check lychd against. */

/** The fields of a Soulstone that the exclusivity rule uses. */
export interface Node {
  readonly name: string;
  readonly groups: readonly string[];
  readonly resident: boolean;
}

/** Returns true if two Soulstones may run at the same time. */
export function mayRunTogether(a: Node, b: Node): boolean {
  return a.name === b.name || a.resident || b.resident ||
    a.groups.some((group) => b.groups.includes(group));
}

/** Returns the Soulstones that run when the Coven of a group runs. */
export function membersOf<N extends Node>(nodes: readonly N[], group: string): N[] {
  return nodes.filter((node) => node.resident || node.groups.includes(group));
}

/** Returns the pairs of engines that used the GPU together against the rule, from their log. */
export function overlaps(nodes: readonly Node[], log: string): string[] {
  const running = new Set<string>();
  const found: string[] = [];
  const nodeOf = (name: string) => nodes.find((node) => node.name === name);
  for (const line of log.trim().split("\n")) {
    const [, , event, name = ""] = line.split(" ");
    if (event === "gone") running.delete(name);
    if (event !== "start") continue;
    const node = nodeOf(name);
    for (const other of [...running].map(nodeOf)) {
      if (node && other && !mayRunTogether(node, other)) found.push(`${other.name}+${name}`);
    }
    running.add(name);
  }
  return found;
}
