/** Compiles a Codex to plain objects of Kubernetes. Nothing of lychd runs in the cluster. */
export { exclusionTerms, labelsOf } from "./exclusion.ts";
export { type Manifests, manifestsOf } from "./manifests.ts";
