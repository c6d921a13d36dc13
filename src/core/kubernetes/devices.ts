/** GPUs: devices of a host become resources that a device plugin or a DRA driver hands out. */
import type { Codex, Soulstone } from "../codex/mod.ts";
import { commandOf, numberOfFlag, profileOf } from "../compile/mod.ts";
import { type Finding, finding } from "../report/mod.ts";
import type { Lose } from "./loss.ts";
import type { IContainer, IPodSpec, IResourceClaim, IToleration } from "./objects.ts";

/** The claim that all engines share. */
const CLAIM = "lychd-gpus";

/** The resources that device plugins hand out, by the vendor of a CDI name. */
const RESOURCES = ["nvidia.com/gpu", "amd.com/gpu"] as const;

type Resource = (typeof RESOURCES)[number];

/** The GPUs of one engine. */
interface Gpus {
  readonly resource: Resource | undefined;
  /** The names of single GPUs; empty for all of them. */
  readonly single: readonly string[];
  readonly findings: readonly Finding[];
}

/** The parts of a pod that give it GPUs. */
export interface GpuParts {
  readonly resources: NonNullable<IContainer["resources"]> | undefined;
  readonly pod: Pick<IPodSpec, "resourceClaims" | "tolerations">;
}

/** Returns the parts of the pod of a Soulstone that give it GPUs. */
export function gpuPartsOf(soulstone: Soulstone, codex: Codex): GpuParts {
  const { resource, single } = gpusOf(soulstone, codex);
  if (resource === undefined) return { resources: undefined, pod: {} };
  const tolerations: IToleration[] = [
    { key: resource, operator: "Exists", effect: "NoSchedule" },
  ];
  if (resource !== "nvidia.com/gpu" || codex.settings.kubernetes.gpu === "slices") {
    return {
      resources: { limits: { [resource]: gpuCount(soulstone) } },
      pod: { tolerations },
    };
  }
  const names = singleGpus(codex);
  const requests = single.length === 0 ? ["gpus"] : single.map((n) => `gpu-${names.indexOf(n)}`);
  return {
    resources: { claims: requests.map((request) => ({ name: request, request })) },
    pod: {
      tolerations,
      resourceClaims: requests.map((name) => ({ name, resourceClaimName: CLAIM })),
    },
  };
}

/** Returns the claim that the engines share; nothing unless `gpu = "dra"`. */
export function claimOf(codex: Codex): IResourceClaim | undefined {
  const claims = codex.soulstones.some((soulstone) =>
    gpuPartsOf(soulstone, codex).pod.resourceClaims !== undefined
  );
  if (!claims) return undefined;
  const deviceClassName = "gpu.nvidia.com";
  const single = singleGpus(codex);
  const requests = single.length === 0
    ? [{ name: "gpus", exactly: { deviceClassName, allocationMode: "All" as const } }]
    : single.map((_, i) => ({ name: `gpu-${i}`, exactly: { deviceClassName, count: 1 } }));
  return {
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceClaim",
    metadata: { name: CLAIM },
    spec: { devices: { requests } },
  };
}

/** Returns the number of GPUs that the command of an engine uses. */
export function gpuCount(soulstone: Soulstone): number {
  const words = commandOf(soulstone, profileOf(soulstone)).words.map(({ text }) => text);
  return numberOfFlag(words, "--tensor-parallel-size", "-tp", "--tp-size", "--tp") ?? 1;
}

/** Returns true if an engine takes slices of GPUs. */
export function hasSlices(soulstone: Soulstone, codex: Codex): boolean {
  return gpuPartsOf(soulstone, codex).resources?.limits !== undefined;
}

/** Returns an error or a loss for each device that the cluster cannot hand out. */
export function deviceFindings(codex: Codex, lose: Lose): Finding[] {
  return codex.soulstones.flatMap((soulstone) => gpusOf(soulstone, codex, lose).findings);
}

/** Returns the single GPUs that the engines name, sorted. */
function singleGpus(codex: Codex): string[] {
  return [...new Set(codex.soulstones.flatMap((s) => gpusOf(s, codex).single))].sort();
}

function gpusOf(soulstone: Soulstone, codex: Codex, lose?: Lose): Gpus {
  const { gpu, kubernetes } = codex.settings;
  const devices = soulstone.devices ?? gpu.default_devices ?? [];
  const found = devices.map(readDevice);
  const isAmd = found.some(({ resource }) => resource === "amd.com/gpu");
  const resource = found.find((each) => each.resource !== undefined)?.resource;
  const isMixed = kubernetes.gpu === "dra" && someUsesAll(codex);
  const findings = found.flatMap((each, i) => {
    const path = soulstone.devices === undefined ? ["gpu", "default_devices", i] : ["devices", i];
    const place = soulstone.devices === undefined
      ? codex.settingsPlaceOf(path)
      : soulstone.placeOf(path);
    const device = devices[i] ?? "";
    if (each.single !== undefined) {
      const hint = each.resource === "nvidia.com/gpu" && kubernetes.gpu === "dra"
        ? isMixed
          ? 'another engine uses "nvidia.com/gpu=all": name single GPUs in all, or in none'
          : ""
        : each.resource === "nvidia.com/gpu"
        ? 'write "nvidia.com/gpu=all", or set   [kubernetes] gpu = "dra"   in lychd.toml'
        : 'write "amd.com/gpu=all"';
      return hint === "" ? [] : [finding("kubernetes-gpu-index", place, { device, hint })];
    }
    if (each.resource !== undefined || each.isDri && isAmd) return [];
    return lose === undefined
      ? []
      : [lose(place, `devices: ${device}`, "no device plugin of Kubernetes hands it out")];
  });
  return { resource, single: found.flatMap(({ single }) => single ?? []), findings };
}

function someUsesAll(codex: Codex): boolean {
  const { default_devices: common = [] } = codex.settings.gpu;
  return codex.soulstones.some(({ devices = common }) => devices.includes("nvidia.com/gpu=all"));
}

function readDevice(device: string): {
  readonly resource: Resource | undefined;
  readonly single: string | undefined;
  readonly isDri: boolean;
} {
  const [vendor, name = ""] = device.split("=");
  const resource = device.startsWith("/dev/kfd")
    ? "amd.com/gpu"
    : RESOURCES.find((each) => each === vendor);
  const single = resource !== undefined && device.includes("=") && name !== "all"
    ? name
    : undefined;
  return { resource, single, isDri: device.startsWith("/dev/dri") };
}
