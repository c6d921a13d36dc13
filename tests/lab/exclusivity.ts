/** The law of Covens in its shortest words, written apart from the program, to judge it by. */

/** A Soulstone as the law sees it. */
export interface Node {
  readonly name: string;
  readonly groups: readonly string[];
  readonly resident: boolean;
}

/** Whether two Soulstones may run at the same time. */
export function together(a: Node, b: Node): boolean {
  return a.name === b.name || a.resident || b.resident ||
    a.groups.some((group) => b.groups.includes(group));
}

/** Whoever runs while the Coven of a group does. */
export function membersOf<N extends Node>(nodes: readonly N[], group: string): N[] {
  return nodes.filter((node) => node.resident || node.groups.includes(group));
}

/** Pairs that were in the GPU at once though the law forbids it, from the engines' own log. */
export function overlaps(nodes: readonly Node[], log: string): string[] {
  const held = new Set<string>();
  const found: string[] = [];
  const nodeOf = (name: string) => nodes.find((node) => node.name === name);
  for (const line of log.trim().split("\n")) {
    const [, , event, name = ""] = line.split(" ");
    if (event === "gone") held.delete(name);
    if (event !== "start") continue;
    const me = nodeOf(name);
    for (const other of [...held].map(nodeOf)) {
      if (me && other && !together(me, other)) found.push(`${other.name}+${name}`);
    }
    held.add(name);
  }
  return found;
}
