import { type Codex, watchersOf } from "../codex/mod.ts";
import { covensOf, type DocumentsLayout, render, type Rune } from "../compile/mod.ts";
import { type Finding, finding, hasErrors, startOf } from "../report/mod.ts";
import { claimOf, deviceFindings } from "./devices.ts";
import { objectName, PART_OF, SOULSTONE_LABEL } from "./exclusion.ts";
import { loser, settingFindings } from "./loss.ts";
import { nameFindings } from "./names.ts";
import { notesOf } from "./notes.ts";
import type { KubernetesObject, Kustomization } from "./objects.ts";
import { passedFindings } from "./passed.ts";
import { readSecret, secretCommand, secretsOf } from "./secrets.ts";
import { addressFindings, soulstoneObjects } from "./soulstone.ts";
import { claimsOf, volumeFindings } from "./volumes.ts";
import { watcherManifests } from "./watchers.ts";

/** The result of {@linkcode manifestsOf}. */
export interface Manifests {
  /** Sorted by path, relative to the output folder; empty when a finding is an error. */
  readonly files: readonly Rune[];
  readonly findings: readonly Finding[];
  /** Differences that the operator must know, one sentence each. */
  readonly notes: readonly string[];
  /** The commands that copy the secrets to the cluster. lychd reads no secret. */
  readonly secrets: readonly string[];
}

/** A file before it is rendered. */
type Layout = { readonly path: string } & (DocumentsLayout | { readonly text: string });

/**
 * Returns the files that make a Kubernetes cluster run a Codex: `base/` with all objects, a folder for
 * each Coven in `covens/`, which `kubectl apply -k` summons, and `watchers/` for the Prometheus operator.
 *
 * The output depends on the arguments alone. Refuses what a cluster cannot run, with its place. Settings
 * that have no counterpart are errors, and warnings with `allowLoss`. Every file is read back.
 */
export async function manifestsOf(
  codex: Codex,
  { allowLoss }: { readonly allowLoss: boolean },
): Promise<Manifests> {
  const findings = manifestFindings(codex, allowLoss);
  if (hasErrors(findings)) return { files: [], findings, notes: [], secrets: [] };
  const files: Rune[] = [];
  for (const layout of layOut(codex)) {
    const rendered = await render(layout);
    if ("wrong" in rendered) {
      const source = "source" in layout ? layout.source : "lychd.toml";
      const mismatch = { rune: layout.path, line: rendered.wrong };
      findings.push(finding("rune-mismatch", startOf(source), mismatch));
      // Only the owner may read it, because `env` can contain passwords.
    } else files.push({ path: layout.path, mode: 0o600, ...rendered });
  }
  if (hasErrors(findings)) return { files: [], findings, notes: [], secrets: [] };
  const { namespace } = codex.settings.kubernetes;
  return {
    files: files.sort((a, b) => a.path < b.path ? -1 : 1),
    findings,
    notes: notesOf(codex),
    secrets: secretsOf(codex).map((name) => secretCommand(name, namespace)),
  };
}

function manifestFindings(codex: Codex, allowLoss: boolean): Finding[] {
  const lose = loser(allowLoss);
  return [
    ...nameFindings(codex),
    ...addressFindings(codex),
    ...deviceFindings(codex, lose),
    ...volumeFindings(codex),
    ...codex.soulstones.flatMap((soulstone) => [
      ...passedFindings(soulstone, lose),
      ...soulstone.secrets.flatMap((text, i) =>
        readSecret(text).lost.map((option) =>
          lose(soulstone.placeOf(["secrets", i]), `secrets: ${option}`, "root owns the file")
        )
      ),
    ]),
    ...settingFindings(codex),
  ];
}

function layOut(codex: Codex): Layout[] {
  const { settings, soulstones } = codex;
  const { kubernetes: { namespace }, boot_coven } = settings;
  const covens = covensOf(soulstones);
  const atBoot = covens.find(({ name }) => name === boot_coven)?.members ?? [];
  const claim = claimOf(codex);
  const base = new Map<string, Layout>();
  const add = (name: string, title: string, source: string, objects: KubernetesObject[]) => {
    if (objects.length > 0) base.set(name, file(`base/${name}`, title, source, objects));
  };
  add("namespace.yaml", "LychD: the namespace", "lychd.toml", [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
  ]);
  add("network.yaml", "LychD: engines answer only to their own namespace", "lychd.toml", [
    networkOf(codex),
  ]);
  add("volumes.yaml", "LychD: the volumes", "soulstones/", volumesOf(codex));
  add("gpus.yaml", "LychD: the GPUs that all engines share", "lychd.toml", claim ? [claim] : []);
  for (const soulstone of soulstones) {
    const { name } = soulstone;
    const isAtBoot = atBoot.includes(name);
    const objects = soulstoneObjects(soulstone, { codex, covens, isAtBoot });
    add(`${objectName(name)}.yaml`, `LychD Soulstone ${name}`, soulstone.file, objects);
  }
  const watchers = watcherManifests(codex, covens);
  return [
    ...base.values(),
    kustomize("base", "LychD: everything", {
      ...KUSTOMIZATION,
      namespace,
      resources: [...base.keys()],
    }),
    ...covens.map(({ name, members }) =>
      kustomize(`covens/${name}`, `LychD Coven ${name}`, {
        ...KUSTOMIZATION,
        resources: ["../../base"],
        replicas: soulstones.map((soulstone) => ({
          name: objectName(soulstone.name),
          count: members.includes(soulstone.name) ? 1 : 0,
        })),
      })
    ),
    ...watchers === undefined ? [] : [
      kustomize("watchers", "LychD Watchers", watchers.kustomization),
      ...[...watchers.objects].map(([name, objects]) =>
        file(`watchers/${name}`, "LychD Watchers", "lychd.toml and soulstones/", objects)
      ),
      ...[...watchers.texts].map(([name, text]) => ({ path: `watchers/${name}`, text })),
    ],
  ];
}

const KUSTOMIZATION = {
  apiVersion: "kustomize.config.k8s.io/v1beta1",
  kind: "Kustomization",
} as const;

function kustomize(folder: string, title: string, content: Kustomization): Layout {
  const source = "lychd.toml and soulstones/";
  return file(`${folder}/kustomization.yaml`, title, source, [content]);
}

function file(
  path: string,
  title: string,
  source: string,
  objects: readonly KubernetesObject[],
): Layout {
  // The types have no index signature, and may contain undefined.
  return { path, title, source, documents: JSON.parse(JSON.stringify(objects)) };
}

/** Lets only pods of the namespace, and Prometheus, connect to engines: most have no password. */
function networkOf({ settings }: Codex): KubernetesObject {
  const prometheus = {
    namespaceSelector: {},
    podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } },
  };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "lychd-engines", labels: PART_OF },
    spec: {
      podSelector: { matchExpressions: [{ key: SOULSTONE_LABEL, operator: "Exists" }] },
      policyTypes: ["Ingress"],
      ingress: [{
        from: [{ podSelector: {} }, ...watchersOf(settings).harvester ? [prometheus] : []],
      }],
    },
  };
}

function volumesOf(codex: Codex): KubernetesObject[] {
  const { storage_class, access_mode, volume_gib } = codex.settings.kubernetes;
  return claimsOf(codex).map((name) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, labels: PART_OF },
    spec: {
      accessModes: [access_mode],
      ...storage_class === undefined ? {} : { storageClassName: storage_class },
      resources: { requests: { storage: `${volume_gib}Gi` } },
    },
  }));
}
