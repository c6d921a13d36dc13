import * as z from "zod";
import { type Facts, outputOf } from "../../facts.ts";
import { readVersion, type Version } from "./version.ts";

const pasta = z.object({ executable: z.string() }).partial().nullable();
const idMap = z.array(z.object({ size: z.number() }).partial()).nullable();

// podman-info(1), 4.3 to 6.0: only what doctor reads, each part optional.
const infoSchema = z.object({
  host: z.object({
    hostname: z.string(),
    rootlessNetworkCmd: z.string(),
    pasta,
    slirp4netns: pasta,
    idMappings: z.object({ uidmap: idMap, gidmap: idMap }).partial(),
    ociRuntime: z.object({ name: z.string(), version: z.string() }).partial(),
    security: z.object({ rootless: z.boolean() }).partial(),
    serviceIsRemote: z.boolean(),
  }).partial(),
  store: z.object({ graphDriverName: z.string(), graphRoot: z.string() }).partial(),
  version: z.object({ Version: z.string() }).partial(),
}).partial();

/** The output of `podman info --format json`. */
export type PodmanInfo = z.infer<typeof infoSchema>;

/** Returns the output of `podman info`, if it succeeded. */
export function podmanInfoOf(facts: Facts): PodmanInfo | undefined {
  return readJson(infoSchema, outputOf(facts, "podman-info"));
}

/** The oldest Podman whose Quadlet supports everything that lychd writes. */
export const OLDEST_PODMAN = "5.4";

/** Returns Podman's version, from `podman --version` if `podman info` fails. */
export function podmanVersionOf(facts: Facts): Version | undefined {
  return readVersion(podmanInfoOf(facts)?.version?.Version) ??
    readVersion(outputOf(facts, "podman-version"));
}

const imagesSchema = z.array(z.object({
  Names: z.array(z.string()).nullish(),
  RepoDigests: z.array(z.string()).nullish(),
}));

/** Returns the tags and digests of every image; undefined if Podman does not report them. */
export function imageNamesOf(facts: Facts): ReadonlySet<string> | undefined {
  const images = readJson(imagesSchema, outputOf(facts, "podman-images"));
  return images && new Set(images.flatMap((i) => [...i.Names ?? [], ...i.RepoDigests ?? []]));
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

/** Returns the ports of the host that lychd's pod holds while it runs. */
export function podPortsOf(facts: Facts): ReadonlySet<number> {
  // Podman 4 prints an object, Podman 5 a list.
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
