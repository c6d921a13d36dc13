import type { Codex } from "../codex/mod.ts";
import { covensOf } from "../compile/mod.ts";
import { claimOf, gpuCount, hasSlices } from "./devices.ts";
import { objectName } from "./exclusion.ts";
import { hostPathsOf } from "./volumes.ts";

/** Returns what the operator must know about a cluster that runs the Codex, one sentence each. */
export function notesOf(codex: Codex): string[] {
  const { soulstones, settings: { kubernetes: { namespace } } } = codex;
  const covens = covensOf(soulstones);
  const paths = hostPathsOf(codex);
  const slices = slicesNeeded(codex);
  const addresses = soulstones.slice(0, 1).map(({ name, port }) =>
    `, such as http://${objectName(name)}:${port}`
  );
  return [
    `engines reach each other by Service${addresses}, not by localhost`,
    ...slices === 0
      ? []
      : [`each host with GPUs needs at least ${slices} of them, or as many slices by time slicing`],
    ...claimOf(codex) === undefined ? [] : [
      "the claim lychd-gpus needs Kubernetes 1.34 and a DRA driver, and keeps all engines on one host",
    ],
    ...paths.length === 0 ? [] : [`every host needs these paths: ${paths.join(", ")}`],
    ...covens.length > 0 && soulstones.some(({ slot }) => slot !== undefined)
      ? ["a Coven stops the engines of all other slots too"]
      : [],
    ...soulstones.filter(({ groups, resident }) => groups.length === 0 && !resident).map((
      { name },
    ) =>
      `${name} is in no Coven; to start it: kubectl --namespace ${namespace} scale ` +
      `deployment/${objectName(name)} --replicas 1`
    ),
    "these go past the exclusivity rule: kubectl delete --force, pods with nodeName, a second " +
    "scheduler, and a host that is lost while its engines run",
  ];
}

/** Returns the largest number of slices that engines of one Coven need at the same time. */
function slicesNeeded(codex: Codex): number {
  const { soulstones } = codex;
  const countOf = (names: readonly string[]) =>
    soulstones.filter((s) => names.includes(s.name) && hasSlices(s, codex))
      .reduce((sum, soulstone) => sum + gpuCount(soulstone), 0);
  return Math.max(
    0,
    ...covensOf(soulstones).map(({ members }) => countOf(members)),
    ...soulstones.map(({ name }) => countOf([name])),
  );
}
