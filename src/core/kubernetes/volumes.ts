/** Volumes: a path of the host stays one, a volume of Podman becomes a claim. */
import { type Codex, parseVolume, type Soulstone } from "../codex/mod.ts";
import { cachesOf, profileOf } from "../compile/mod.ts";
import { type Finding, finding } from "../report/mod.ts";
import type { IVolume, IVolumeMount } from "./objects.ts";
import { readSecret, SECRET_KEY } from "./secrets.ts";

/** The volumes of a pod, and where its container has them. */
export interface Mounts {
  readonly volumes: readonly IVolume[];
  readonly mounts: readonly IVolumeMount[];
}

/** A source and a target. */
interface Mount {
  readonly source: { readonly kind: "path" | "volume"; readonly text: string };
  readonly target: string;
  readonly isReadOnly: boolean;
}

/** Returns the volumes of a Soulstone: shared memory, those of the Codex, caches and secrets. */
export function mountsOf(soulstone: Soulstone, codex: Codex): Mounts {
  const mounts = ownMounts(soulstone);
  const sources = [...new Map(mounts.map(({ source }) => [keyOf(source), source])).entries()];
  const files = soulstone.secrets.map(readSecret).filter(({ type }) => type === "mount");
  const sizeLimit = `${codex.settings.sepulcher.shm_size_mib}Mi`;
  const hasOwnShm = mounts.some(({ target }) => /^\/dev\/shm\/?$/.test(target));
  return {
    volumes: [
      ...hasOwnShm ? [] : [{ name: "shm", emptyDir: { medium: "Memory", sizeLimit } }],
      ...sources.map(([, { kind, text }], i) => ({
        name: `volume-${i}`,
        ...kind === "path"
          ? { hostPath: { path: text, ...mayBeFile(text) ? {} : { type: "Directory" as const } } }
          : { persistentVolumeClaim: { claimName: text } },
      })),
      ...files.map(({ name, target, mode }, i) => ({
        name: `secret-${i}`,
        secret: {
          secretName: name,
          items: [{
            key: SECRET_KEY,
            path: fileName(target),
            ...mode === undefined ? {} : { mode },
          }],
        },
      })),
    ],
    mounts: [
      ...hasOwnShm ? [] : [{ name: "shm", mountPath: "/dev/shm" }],
      ...mounts.map(({ source, target, isReadOnly }) => ({
        name: `volume-${sources.findIndex(([key]) => key === keyOf(source))}`,
        mountPath: target,
        ...isReadOnly ? { readOnly: true } : {},
      })),
      // A mount of the whole volume would hide the folder of the target.
      ...files.map(({ target }, i) => ({
        name: `secret-${i}`,
        mountPath: target,
        subPath: fileName(target),
        readOnly: true,
      })),
    ],
  };
}

/** Returns the names of all volumes of the engines, sorted. */
export function claimsOf({ soulstones }: Codex): string[] {
  return sourcesOf(soulstones, "volume");
}

/** Returns the paths that must exist on each host, sorted. */
export function hostPathsOf({ soulstones }: Codex): string[] {
  return sourcesOf(soulstones, "path");
}

function sourcesOf(soulstones: readonly Soulstone[], kind: Mount["source"]["kind"]): string[] {
  const all = soulstones.flatMap((s) => ownMounts(s).map(({ source }) => source));
  return [...new Set(all.filter((s) => s.kind === kind).map(({ text }) => text))].sort();
}

/** Returns an error for each path below a home folder, and a warning for each option without meaning. */
export function volumeFindings({ soulstones }: Codex): Finding[] {
  return soulstones.flatMap(({ volumes, placeOf }) =>
    volumes.flatMap((text, i) => {
      const read = parseVolume(text);
      if ("problem" in read) return [];
      const { source, target, options = "" } = read.volume;
      const place = placeOf(["volumes", i]);
      if (source.kind === "home") {
        return [finding("kubernetes-home", place, { path: `~/${source.text}`, target })];
      }
      const lost = options.split(",").filter((option) => !["", "ro", "rw"].includes(option));
      const why = "hosts of a cluster label and own their files themselves";
      return lost.length === 0 ? [] : [
        finding("kubernetes-ignored", place, { setting: `volumes: :${lost.join(",")}`, why }),
      ];
    })
  );
}

function ownMounts(soulstone: Soulstone): Mount[] {
  const own = soulstone.volumes.flatMap((text): Mount[] => {
    const read = parseVolume(text);
    if ("problem" in read || read.volume.source.kind === "home") return [];
    const { source: { kind, text: name }, target, options = "" } = read.volume;
    return [{
      source: { kind, text: name },
      target,
      isReadOnly: options.split(",").includes("ro"),
    }];
  });
  const caches = cachesOf(soulstone, profileOf(soulstone)).map(({ volume, target }): Mount => ({
    source: { kind: "volume", text: volume },
    target,
    isReadOnly: false,
  }));
  return [...own, ...caches];
}

function keyOf({ kind, text }: Mount["source"]): string {
  return `${kind}:${text}`;
}

/** Returns true for a path that looks like a file. With a type, the kubelet would refuse it as a folder. */
function mayBeFile(path: string): boolean {
  return /\.[A-Za-z][A-Za-z0-9]*$/.test(path);
}

function fileName(path: string): string {
  return path.replace(/^.*\//s, "");
}
