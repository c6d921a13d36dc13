/** The exclusivity rule as labels and anti-affinity, which the scheduler of Kubernetes enforces. */
import type { Member } from "../compile/mod.ts";
import type { IAffinity, IPodAffinityTerm } from "./objects.ts";

/** The label with the name of the Soulstone. */
export const SOULSTONE_LABEL = "lychd.dev/soulstone";

/** The label of everything that lychd writes. */
export const PART_OF: Readonly<Record<string, string>> = { "app.kubernetes.io/part-of": "lychd" };

const RESIDENT_LABEL = "lychd.dev/resident";
const SLOT_LABEL = "lychd.dev/slot";

/** Exclusion is per host, as it is with systemd. */
const HOST = { topologyKey: "kubernetes.io/hostname" };

function covenLabel(coven: string): string {
  return `coven.lychd.dev/${coven}`;
}

/** Returns the name of the Deployment and the Service of a Soulstone. */
export function objectName(soulstone: string): string {
  return `soulstone-${soulstone}`;
}

/** Returns the labels of the pods of a Soulstone, which the terms of all others refer to. */
export function labelsOf({ name, groups, slot, resident }: Member): Record<string, string> {
  return {
    ...PART_OF,
    [SOULSTONE_LABEL]: name,
    ...Object.fromEntries(groups.map((group) => [covenLabel(group), "member"])),
    ...slot === undefined ? {} : { [SLOT_LABEL]: slot },
    ...resident ? { [RESIDENT_LABEL]: "true" } : {},
  };
}

/**
 * Returns the terms of required anti-affinity: no pod of the Soulstone starts on a host with a pod that
 * one of them selects, and none that it selects starts beside it. The first one sends a second copy to
 * another host; the others are {@linkcode mayCoexist}, in any namespace.
 *
 * @example
 * ```ts
 * import { exclusionTerms } from "./exclusion.ts";
 * exclusionTerms({ name: "eye", groups: ["vision"], slot: undefined, resident: false }).length; // 2
 * ```
 */
export function exclusionTerms({ name, groups, slot, resident }: Member): IPodAffinityTerm[] {
  const copy = { ...HOST, labelSelector: { matchLabels: { [SOULSTONE_LABEL]: name } } };
  if (resident) return [copy];
  const absent = (key: string) => ({ key, operator: "DoesNotExist" });
  const strangers = [
    { key: SOULSTONE_LABEL, operator: "Exists" },
    absent(RESIDENT_LABEL),
    ...groups.map((group) => absent(covenLabel(group))),
  ];
  // A selector has no `or`, so the slot needs two terms: another engine has none, or the same one.
  const slots = slot === undefined
    ? [[]]
    : [[absent(SLOT_LABEL)], [{ key: SLOT_LABEL, operator: "In", values: [slot] }]];
  return [
    copy,
    ...slots.map((more) => ({
      ...HOST,
      namespaceSelector: {},
      labelSelector: { matchExpressions: [...strangers, ...more] },
    })),
  ];
}

/** Returns the affinity of a Soulstone: the rule, and a preference for the hosts of its Covens. */
export function affinityOf(member: Member): IAffinity {
  const preferred = member.groups.map((group) => ({
    weight: 100,
    podAffinityTerm: {
      ...HOST,
      labelSelector: { matchLabels: { [covenLabel(group)]: "member" } },
    },
  }));
  return {
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: exclusionTerms(member) },
    ...preferred.length === 0
      ? {}
      : { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } },
  };
}
