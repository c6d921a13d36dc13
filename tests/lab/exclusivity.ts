/** A short, independent implementation of the exclusivity rule, to check lychd against. */

/** The fields of a Soulstone that the exclusivity rule uses. */
export interface Node {
  readonly name: string;
  readonly groups: readonly string[];
  readonly slot?: string;
  readonly resident: boolean;
}

/** Returns true if two Soulstones may run at the same time. */
export function mayRunTogether(a: Node, b: Node): boolean {
  return a.name === b.name || a.resident || b.resident ||
    a.groups.some((group) => b.groups.includes(group)) || haveOtherSlots(a, b);
}

function haveOtherSlots(a: Node, b: Node): boolean {
  return a.slot !== undefined && b.slot !== undefined && a.slot !== b.slot;
}

/** Returns the Soulstones that run when the Coven of a group runs. */
export function membersOf<N extends Node>(nodes: readonly N[], group: string): N[] {
  return nodes.filter((node) => node.resident || node.groups.includes(group));
}

/** Returns the Soulstones that keep running when the Coven of a group starts, members included. */
export function sparedBy<N extends Node>(nodes: readonly N[], group: string): N[] {
  const members = membersOf(nodes, group);
  const own = members.filter((node) => !node.resident);
  const isBeside = (node: N) => own.length > 0 && own.every((m) => haveOtherSlots(m, node));
  return nodes.filter((node) => members.includes(node) || isBeside(node));
}

/**
 * Gives Soulstones slots, `undefined` for none. Leaves out those that lychd refuses: the slot of a
 * resident, and one that another member of a group has.
 */
export function withSlots<N extends Node>(
  nodes: readonly N[],
  slots: readonly (string | undefined)[],
): N[] {
  const given: N[] = [];
  for (const [i, node] of nodes.entries()) {
    const slot = slots[i];
    const isRefused = node.resident ||
      given.some((n) => n.slot === slot && n.groups.some((group) => node.groups.includes(group)));
    given.push(slot === undefined || isRefused ? node : { ...node, slot });
  }
  return given;
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
