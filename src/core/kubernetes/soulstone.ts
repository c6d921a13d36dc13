import type { Codex, Soulstone } from "../codex/mod.ts";
import { commandOf, type Coven, factsOf, listenVariable, profileOf } from "../compile/mod.ts";
import { type Finding, finding } from "../report/mod.ts";
import { gpuPartsOf } from "./devices.ts";
import { affinityOf, labelsOf, objectName, PART_OF, SOULSTONE_LABEL } from "./exclusion.ts";
import { literal } from "./literal.ts";
import type { IDeployment, IEnvVar, KubernetesObject } from "./objects.ts";
import { passedParts } from "./passed.ts";
import { probesOf, startSeconds } from "./probes.ts";
import { readSecret, SECRET_KEY } from "./secrets.ts";
import { mountsOf } from "./volumes.ts";

/** The name of the port of every engine. */
const PORT = "http";

/** Seconds between the time limit of a start and the time when Kubernetes reports it as failed. */
const PROGRESS_GRACE_SECONDS = 60;

/** Facts that labels have already, or that hold only on the host of the engine. */
const NO_ANNOTATION = ["Soulstone", "Slot", "Resident", "Uri"];

/** Returns the Deployment and the Service of a Soulstone. */
export function soulstoneObjects(
  soulstone: Soulstone,
  { codex, covens, isAtBoot }: {
    readonly codex: Codex;
    readonly covens: readonly Coven[];
    readonly isAtBoot: boolean;
  },
): KubernetesObject[] {
  const { name, port } = soulstone;
  const selector = { [SOULSTONE_LABEL]: name };
  const metadata = { name: objectName(name), labels: labelsOf(soulstone) };
  const deployment: IDeployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...metadata, annotations: annotationsOf(soulstone, covens) },
    spec: {
      replicas: isAtBoot ? 1 : 0,
      strategy: { type: "Recreate" },
      progressDeadlineSeconds: startSeconds(soulstone) + PROGRESS_GRACE_SECONDS,
      selector: { matchLabels: selector },
      template: { metadata: { labels: labelsOf(soulstone) }, spec: podOf(soulstone, codex) },
    },
  };
  return [deployment, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...metadata, labels: { ...PART_OF, ...selector } },
    spec: { selector, ports: [{ name: PORT, port, targetPort: PORT }] },
  }];
}

type Pod = NonNullable<NonNullable<IDeployment["spec"]>["template"]["spec"]>;

function podOf(soulstone: Soulstone, codex: Codex): Pod {
  const { image, port, stop_timeout_seconds } = soulstone;
  const { image_pull_secrets: pullSecrets, node_selector: labels } = codex.settings.kubernetes;
  const args = commandOf(soulstone, profileOf(soulstone)).words.map(({ text }) => literal(text));
  const env = variablesOf(soulstone);
  const gpus = gpuPartsOf(soulstone, codex);
  const { volumes, mounts } = mountsOf(soulstone, codex);
  return {
    // Without a grace period the pod would be gone before its container.
    terminationGracePeriodSeconds: Math.max(1, stop_timeout_seconds),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: { seccompProfile: { type: "RuntimeDefault" } },
    affinity: affinityOf(soulstone),
    ...gpus.pod,
    ...pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) },
    ...labels.length === 0
      ? {}
      : { nodeSelector: Object.fromEntries(labels.map((label) => label.split("="))) },
    containers: [{
      name: "engine",
      image,
      ...args.length === 0 ? {} : { args },
      ...env.length === 0 ? {} : { env },
      ports: [{ name: PORT, containerPort: port }],
      ...probesOf(soulstone),
      ...gpus.resources === undefined ? {} : { resources: gpus.resources },
      volumeMounts: [...mounts],
      ...passedParts(soulstone),
    }],
    volumes: [...volumes],
  };
}

/** Returns the variables, sorted by name. */
function variablesOf(soulstone: Soulstone): IEnvVar[] {
  const secret = soulstone.secrets.map(readSecret).filter(({ type }) => type === "env");
  const fromSecret = new Set(secret.map(({ target }) => target));
  const plain = { ...listenVariable(soulstone, profileOf(soulstone)), ...soulstone.env };
  const variables: IEnvVar[] = [
    ...Object.entries(plain).filter(([name]) => !fromSecret.has(name))
      .map(([name, value]) => ({ name, value: literal(value) })),
    ...secret.map(({ name, target }) => ({
      name: target,
      valueFrom: { secretKeyRef: { name, key: SECRET_KEY } },
    })),
  ];
  return variables.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Returns the facts about an engine that the unit of systemd has in `[X-Lychd]`. */
function annotationsOf(soulstone: Soulstone, covens: readonly Coven[]): Record<string, string> {
  const own = covens.filter(({ members }) => members.includes(soulstone.name));
  const facts = factsOf(soulstone, own.map(({ name }) => name))
    .filter(([key]) => !NO_ANNOTATION.includes(key));
  const { description } = soulstone;
  return Object.fromEntries([
    ...description === undefined ? [] : [["lychd.dev/description", description]],
    ...facts.map(([key, value]) => [`lychd.dev/${kebab(key)}`, String(value)]),
  ]);
}

function kebab(key: string): string {
  return key.replace(/(?<!^)[A-Z]/g, "-$&").toLowerCase();
}

/** Finds an image that only this host has, and addresses that lead to another engine only on one host. */
export function addressFindings({ soulstones }: Codex): Finding[] {
  const names = new Map(soulstones.map(({ name, port }) => [port, name]));
  return soulstones.flatMap((soulstone) => {
    const { image, exec = [], env, placeOf } = soulstone;
    const texts = [
      ...exec.map((text, i) => ({ text, place: placeOf(["exec", i]) })),
      ...Object.entries(env).map(([name, text]) => ({ text, place: placeOf(["env", name]) })),
    ];
    return [
      ...image.startsWith("localhost/")
        ? [finding("kubernetes-image-local", placeOf(["image"]), { image })]
        : [],
      ...texts.flatMap(({ text, place }) =>
        [...text.matchAll(/(?:localhost|127\.0\.0\.1|\[::1\]):(\d+)/g)].flatMap(([found, port]) => {
          const name = names.get(Number(port));
          if (name === undefined || name === soulstone.name) return [];
          const address = `${objectName(name)}:${port}`;
          return [finding("kubernetes-localhost", place, { found, name, address })];
        })
      ),
    ];
  });
}
