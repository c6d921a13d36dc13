/** The types of the objects that lychd writes. Only types: no code of the library is in the program. */
import type { IPodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import type { IPrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import type { INamespace } from "kubernetes-models/v1/Namespace";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IService } from "kubernetes-models/v1/Service";

export type { IAffinity } from "kubernetes-models/v1/Affinity";
export type { IContainer } from "kubernetes-models/v1/Container";
export type { IEnvVar } from "kubernetes-models/v1/EnvVar";
export type { IPodAffinityTerm } from "kubernetes-models/v1/PodAffinityTerm";
export type { IPodSpec } from "kubernetes-models/v1/PodSpec";
export type { IProbe } from "kubernetes-models/v1/Probe";
export type { IToleration } from "kubernetes-models/v1/Toleration";
export type { IVolume } from "kubernetes-models/v1/Volume";
export type { IVolumeMount } from "kubernetes-models/v1/VolumeMount";
export type { IDeployment, IPodMonitor, IPrometheusRule, IResourceClaim };

/** A file of kustomize. It is not an object of the cluster. */
export interface Kustomization {
  readonly apiVersion: "kustomize.config.k8s.io/v1beta1";
  readonly kind: "Kustomization";
  readonly namespace?: string;
  readonly resources: readonly string[];
  readonly replicas?: readonly { readonly name: string; readonly count: number }[];
  readonly configMapGenerator?: readonly {
    readonly name: string;
    readonly files: readonly string[];
    readonly options: {
      readonly disableNameSuffixHash: true;
      readonly labels: Readonly<Record<string, string>>;
    };
  }[];
}

/** An object that lychd writes. */
export type KubernetesObject =
  | IDeployment
  | INamespace
  | INetworkPolicy
  | IPersistentVolumeClaim
  | IPodMonitor
  | IPrometheusRule
  | IResourceClaim
  | IService
  | Kustomization;
