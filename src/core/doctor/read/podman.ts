import * as z from "zod";
import { type Facts, outputOf } from "../../facts.ts";
import { readVersion, type Version } from "./version.ts";

// podman-info(1), 4.3 to 6.0: only what doctor reads, each part optional.
const infoSchema = z.object({
  host: z.object({
    cgroupVersion: z.string(),
    cgroupControllers: z.array(z.string()).nullable(),
    hostname: z.string(),
    rootlessNetworkCmd: z.string(),
    pasta: z.object({ executable: z.string() }).partial().nullable(),
    slirp4netns: z.object({ executable: z.string() }).partial().nullable(),
    idMappings: z.object({
      uidmap: z.array(z.object({ size: z.number() }).partial()).nullable(),
      gidmap: z.array(z.object({ size: z.number() }).partial()).nullable(),
    }).partial(),
    ociRuntime: z.object({ name: z.string(), version: z.string() }).partial(),
    security: z.object({ rootless: z.boolean(), selinuxEnabled: z.boolean() }).partial(),
    serviceIsRemote: z.boolean(),
  }).partial(),
  store: z.object({
    graphDriverName: z.string(),
    graphRoot: z.string(),
    graphStatus: z.record(z.string(), z.string()),
  }).partial(),
  version: z.object({ Version: z.string() }).partial(),
}).partial();

/** What `podman info --format json` says. */
export type PodmanInfo = z.infer<typeof infoSchema>;

/** Podman's own report, if it could make one. */
export function podmanInfoOf(facts: Facts): PodmanInfo | undefined {
  return readJson(infoSchema, outputOf(facts, "podman-info"));
}

/** The oldest Podman whose Quadlet reads everything that lychd writes. */
export const OLDEST_PODMAN: Version = [5, 4, 0];

/** Podman's version: by its report, or by `podman --version` when it can make none. */
export function podmanVersionOf(facts: Facts): Version | undefined {
  return readVersion(podmanInfoOf(facts)?.version?.Version) ??
    readVersion(outputOf(facts, "podman-version"));
}

const imagesSchema = z.array(z.object({
  Names: z.array(z.string()).nullish(),
  RepoDigests: z.array(z.string()).nullish(),
}));

/** The names of every image, tags and digests; nothing when Podman does not tell. */
export function imageNamesOf(facts: Facts): ReadonlySet<string> | undefined {
  const images = readJson(imagesSchema, outputOf(facts, "podman-images"));
  if (images === undefined) return undefined;
  return new Set(images.flatMap((i) => [...i.Names ?? [], ...i.RepoDigests ?? []]));
}

const podSchema = z.object({
  State: z.string(),
  InfraConfig: z.object({
    PortBindings: z.record(
      z.string(),
      z.array(z.object({ HostPort: z.string() }).partial()).nullable(),
    ).nullable(),
  }).partial().nullable(),
}).partial();

/** The ports of the host that our pod holds, when it runs. */
export function podPortsOf(facts: Facts): ReadonlySet<number> {
  // One object in Podman 4, a list of them in 5.
  const pods = readJson(
    z.union([z.array(podSchema), podSchema.transform((pod) => [pod])]),
    outputOf(facts, "pod"),
  );
  return new Set(
    (pods ?? []).filter((pod) => pod.State === "Running" || pod.State === "Degraded")
      .flatMap((pod) => Object.values(pod.InfraConfig?.PortBindings ?? {}))
      .flatMap((bindings) => (bindings ?? []).map((binding) => Number(binding.HostPort))),
  );
}

function readJson<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
