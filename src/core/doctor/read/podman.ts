import * as z from "zod/mini";
import { type Facts, outputOf, whyUnknown } from "../../facts.ts";
import { readVersion, type Version } from "./version.ts";

/** Returns the schema of an object with only optional parts. */
function partial<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.partial(z.object(shape));
}

const helper = z.nullable(
  partial({ executable: z.string(), package: z.string(), version: z.string() }),
);
const idMap = z.nullable(z.array(partial({ size: z.number() })));

// podman-info(1), 4.3 to 6.0: only what doctor reads, each part optional.
const infoSchema = partial({
  host: partial({
    hostname: z.string(),
    memTotal: z.number(),
    rootlessNetworkCmd: z.string(),
    pasta: helper,
    slirp4netns: helper,
    databaseBackend: z.string(),
    cdiSpecDirs: z.nullable(z.array(z.string())),
    discoveredDevices: z.array(partial({ source: z.string(), id: z.string() })),
    idMappings: partial({ uidmap: idMap, gidmap: idMap }),
    // Null if Podman cannot run it.
    ociRuntime: z.nullable(partial({ name: z.string(), version: z.string() })),
    security: partial({ rootless: z.boolean() }),
    serviceIsRemote: z.boolean(),
  }),
  store: partial({
    graphDriverName: z.string(),
    graphRoot: z.string(),
    graphOptions: z.nullable(z.record(z.string(), z.unknown())),
    graphStatus: z.nullable(partial({ "Backing Filesystem": z.string() })),
  }),
  version: partial({ Version: z.string() }),
});

/** The output of `podman info`. */
export type PodmanInfo = z.infer<typeof infoSchema>;

/** The output for each host: parsing is slow, and most checks need it. */
const CACHE = new WeakMap<Facts, { readonly info: PodmanInfo | undefined }>();

/** Returns the output of `podman info --format json`, if it succeeded. */
export function podmanInfoOf(facts: Facts): PodmanInfo | undefined {
  const read = CACHE.get(facts) ?? { info: readJson(infoSchema, outputOf(facts, "podman-info")) };
  CACHE.set(facts, read);
  return read.info;
}

/** A line of Podman's log, whose text is quoted as in Go. */
const LOG_LINE = /^time="[^"]*" level=(\w+) msg="(.*)"$/;

/** The number of messages to show. */
const MOST_MESSAGES = 3;

/** Returns Podman's own words about the failure of `podman info`, without its warnings. */
export function podmanErrorOf(facts: Facts): string {
  const fact = facts.commands["podman-info"];
  const lines = fact !== undefined && "exit" in fact ? fact.stderr : [];
  const words = lines.flatMap((line) => {
    const [, level, text] = LOG_LINE.exec(line) ?? [];
    if (text === undefined) return line.replace(/^Error: /, "").trim();
    const isError = level === "error" || level === "fatal" || text.startsWith("Failed to read /");
    return isError ? text.replace(/\\n$/, "").replaceAll('\\"', '"') : [];
  }).filter((text) => text !== "");
  return words.length === 0
    ? whyUnknown(facts, "podman-info")
    : words.slice(-MOST_MESSAGES).join("; ");
}

/** The oldest Podman whose Quadlet supports everything that lychd writes. */
export const OLDEST_PODMAN = "5.4";

/** Returns Podman's version, from `podman --version` if `podman info` fails. */
export function podmanVersionOf(facts: Facts): Version | undefined {
  return readVersion(podmanInfoOf(facts)?.version?.Version) ??
    readVersion(outputOf(facts, "podman-version"));
}

const imagesSchema = z.array(z.object({
  Names: z.nullish(z.array(z.string())),
  RepoDigests: z.nullish(z.array(z.string())),
}));

/** Returns the tags and digests of every image; undefined if Podman does not report them. */
export function imageNamesOf(facts: Facts): ReadonlySet<string> | undefined {
  const images = readJson(imagesSchema, outputOf(facts, "podman-images"));
  return images && new Set(images.flatMap((i) => [...i.Names ?? [], ...i.RepoDigests ?? []]));
}

const podSchema = partial({
  State: z.string(),
  InfraConfig: z.nullable(partial({
    PortBindings: z.nullable(
      z.record(z.string(), z.nullable(z.array(partial({ HostPort: z.string() })))),
    ),
  })),
});

/** Returns the ports of the host that lychd's pod holds while it runs. */
export function podPortsOf(facts: Facts): ReadonlySet<number> {
  // Podman 4 prints an object, Podman 5 a list.
  const pods = readJson(
    z.union([z.array(podSchema), z.pipe(podSchema, z.transform((pod) => [pod]))]),
    outputOf(facts, "pod"),
  );
  return new Set(
    (pods ?? []).filter((pod) => pod.State === "Running" || pod.State === "Degraded")
      .flatMap((pod) => Object.values(pod.InfraConfig?.PortBindings ?? {}))
      .flatMap((bindings) => (bindings ?? []).map((binding) => Number(binding.HostPort))),
  );
}

const containersSchema = z.array(partial({
  Names: z.nullable(z.array(z.string())),
  PodName: z.string(),
  Labels: z.nullable(z.record(z.string(), z.string())),
  Ports: z.nullable(z.array(partial({ host_port: z.number(), range: z.number() }))),
}));

/** A container, or the pod that it is in, which publishes the ports. */
export interface Publisher {
  readonly kind: "container" | "pod";
  readonly name: string;
  /** The systemd unit that runs it, if it has one. */
  readonly unit: string | undefined;
}

/** Returns the running container or pod that publishes a port of the host. */
export function publisherOf(facts: Facts, port: number): Publisher | undefined {
  const containers = readJson(containersSchema, outputOf(facts, "containers")) ?? [];
  const found = containers.find(({ Ports }) =>
    Ports?.some(({ host_port: first = 0, range = 1 }) => port >= first && port < first + range)
  );
  if (found === undefined) return undefined;
  const { Names, PodName, Labels } = found;
  const unit = Labels?.["PODMAN_SYSTEMD_UNIT"];
  return PodName
    ? { kind: "pod", name: PodName, unit }
    : { kind: "container", name: Names?.[0] ?? "", unit };
}

function readJson<T>(schema: z.ZodMiniType<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
