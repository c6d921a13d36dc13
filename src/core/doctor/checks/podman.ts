import { couldNotRun, type Facts, linesOf, NO_ANSWER, NO_PROGRAM, outputOf } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { QUADLET_KEYS, type QuadletGroup } from "../../rune/mod.ts";
import {
  type Check,
  error,
  ok,
  see,
  skipped,
  type Subject,
  unknown,
  type Verdict,
  warning,
} from "../check.ts";
import {
  OLDEST_PODMAN,
  podmanErrorOf,
  type PodmanInfo,
  podmanInfoOf,
  podmanVersionOf,
} from "../read/podman.ts";
import { idRangesOf, kernelSettingOf } from "../read/kernel.ts";
import { isNetworkFileSystem, propertiesOf, userOf } from "../read/system.ts";
import { isOlder, readVersion } from "../read/version.ts";
import { moveStorage, remedy } from "../remedies.ts";
import {
  allowAllNamespaces,
  explainFailure,
  helpersWithoutBit,
  NAMESPACE_SETTINGS,
  restoreIdHelpers,
} from "./podman_failures.ts";
import { hasWrongSession } from "./systemd.ts";

/** File systems that the kernel's overlayfs works on without root privileges, since Linux 5.13. */
const NATIVE_FILE_SYSTEM = /^(?:extfs|xfs|btrfs)$/;

/** Keys that every set of Runes contains. */
const REQUIRED_KEYS: readonly (readonly [QuadletGroup, string])[] = [
  ["Container", "HealthStartupCmd"],
  ["Container", "Pod"],
  ["Container", "StartWithPod"],
  ["Pod", "ShmSize"],
  ["Quadlet", "DefaultDependencies"],
];

/** Commands of Podman that read its storage as `podman info` does. */
const OTHER_COMMANDS = ["podman-images", "podman-secrets"];

/** The oldest crun that ignores the version of the OCI specification: older ones accept only 1.0 (podman#27272). */
const OLDEST_CRUN = "1.14.3";

/** Since this release pasta starts without a network too ("local mode"). */
const FIRST_PASTA_WITHOUT_NETWORK = "2024-11-27";

/** The number of ids that images may use: 16 bits. */
const ID_COUNT = 65_536;

/** The checks of Podman. */
export const PODMAN_CHECKS: readonly Check[] = [
  {
    id: "podman.version",
    about: "Podman is installed and new enough",
    why: "Podman's Quadlet generator turns the units into services",
    run({ facts }) {
      const version = podmanVersionOf(facts);
      if (version === undefined) {
        return isMissing(facts)
          ? error(
            "Podman is not installed",
            remedy(facts, "installPodman"),
          )
          : see("podman.info");
      }
      const shown = `Podman ${version.join(".")}`;
      if (!isOlder(version, OLDEST_PODMAN)) return ok(shown);
      const missing = REQUIRED_KEYS.flatMap(([group, key]) => {
        const since = QUADLET_KEYS[group][key]?.since;
        return isOlder(version, since) ? [`${group}.${key} (${since})`] : [];
      });
      if (isOlder(version, "4.4")) missing.unshift("Quadlet itself (4.4)");
      return error(
        `${shown} is older than ${OLDEST_PODMAN}; it lacks ${missing.join(", ")}`,
        remedy(facts, "upgradePodman"),
      );
    },
  },
  {
    id: "podman.info",
    about: "Podman answers",
    why: "each engine is started by Podman",
    run({ facts }) {
      if (podmanInfoOf(facts) !== undefined) return ok("Podman answers");
      if (isMissing(facts)) return see("podman.version");
      if (hasWrongSession(facts)) return see("systemd.session");
      if (couldNotRun(facts, "podman-info", NO_ANSWER)) {
        const fix = command`podman --log-level=debug info    # shows what it waits for`;
        const isSlow = OTHER_COMMANDS.some((id) => outputOf(facts, id) !== undefined);
        return isSlow
          ? warning("Podman answers, but `podman info` takes too long", fix)
          : error("Podman does not answer in time", fix);
      }
      const words = podmanErrorOf(facts);
      if (/cgroups v1/i.test(words) && outputOf(facts, "cgroup-type") !== "cgroup2fs") {
        return see("cgroup.version");
      }
      const { what, why, fix } = explainFailure(facts, words);
      return error(what, fix, why);
    },
  },
  {
    id: "podman.rootless",
    about: "Podman runs rootless on this machine",
    why: "the engines are units of the user's own systemd",
    run({ facts }) {
      if (userOf(facts)?.id === 0) {
        return error(
          "lychd runs as root",
          command`su - USER    # a regular user; then lychd doctor`,
          "lychd writes units for the systemd of its user, and engines need no root privileges",
        );
      }
      const host = podmanInfoOf(facts)?.host;
      if (host === undefined) return see("podman.info");
      if (host.serviceIsRemote === true) {
        return error(
          "Podman is connected to another machine",
          command`unset CONTAINER_HOST CONTAINER_CONNECTION`,
        );
      }
      if (host.security?.rootless === false) {
        return error("Podman does not run rootless", command`podman info --debug`);
      }
      // podman.info fails, unless a namespace is left from before.
      const setting = NAMESPACE_SETTINGS.find((name) => kernelSettingOf(facts, name) === 0);
      return setting === undefined ? ok("Podman runs rootless") : error(
        `${setting} is 0, so Podman cannot create another user namespace`,
        allowAllNamespaces(facts, setting),
        "Podman works only until the next boot, with the namespace that it still has",
      );
    },
  },
  {
    id: "podman.runtime",
    about: "the OCI runtime fits to Podman and keeps the user's groups",
    why: "a group grants access to AMD and Intel GPUs, and only crun keeps it in a container",
    run({ facts, needs }) {
      const host = podmanInfoOf(facts)?.host;
      if (host === undefined) return see("podman.info");
      const { name, version: text } = host.ociRuntime ?? {};
      if (name === undefined) {
        const fix = remedy(facts, "installPackages", { packages: "crun" });
        return error("Podman finds no OCI runtime", fix, "it starts every container");
      }
      const version = readVersion(text);
      const shown = `${name}${version === undefined ? "" : ` ${version.join(".")}`}`;
      const podman = podmanVersionOf(facts);
      if (name !== "crun") {
        return needs.engines.some(({ keepsGroups }) => keepsGroups)
          ? error(
            `the OCI runtime is ${shown}, not crun`,
            remedy(facts, "installPackages", { packages: "crun" }),
          )
          : ok(shown);
      }
      // Podman 5.0 and newer write 1.2.0 or higher (go.mod: runtime-spec).
      return isOlder(version, OLDEST_CRUN) && podman !== undefined && !isOlder(podman, "5.0")
        ? error(
          `Podman ${podman.join(".")} needs crun ${OLDEST_CRUN}, but this is ${version?.join(".")}`,
          remedy(facts, "upgradeCrun"),
          'every container fails with "crun: unknown version specified"',
        )
        : ok(shown);
    },
  },
  {
    id: "podman.network",
    about: "the network program of rootless pods works",
    why: "the pod publishes the ports of all engines through it, and does not start without it",
    run(subject) {
      const { facts } = subject;
      const host = podmanInfoOf(facts)?.host;
      if (host === undefined) return see("podman.info");
      // Before 5.0 Podman does not report it, and the default is slirp4netns.
      const name = host.rootlessNetworkCmd ?? "slirp4netns";
      if (name !== "pasta" && !isOlder(podmanVersionOf(facts) ?? [0, 0, 0], "6.0")) {
        return error(
          `default_rootless_network_cmd in containers.conf is ${name}, which Podman 6 does not support`,
          command`grep -rls default_rootless_network_cmd /etc/containers ~/.config/containers | xargs sudo sed -i '/default_rootless_network_cmd/d'`,
          "Podman creates no container with another network program than pasta",
        );
      }
      const { executable = "" } = (name === "pasta" ? host.pasta : host.slirp4netns) ?? {};
      if (executable !== "") return networkAtBoot(subject, host) ?? ok(name);
      const fix = remedy(facts, "installPackages", {
        packages: name === "pasta" ? "passt" : name,
      });
      return error(`${name} is not installed`, fix);
    },
  },
  {
    id: "podman.storage",
    about: "images are on a local disk, with a fast, current driver",
    why: "the vfs driver copies every layer in full: a 10 GB image takes several times that space",
    run({ facts }) {
      const info = podmanInfoOf(facts);
      if (info?.store?.graphDriverName === undefined) return see("podman.info");
      const storage = storageVerdict(facts, info.store);
      if (info.host?.databaseBackend !== "boltdb") return storage;
      const database = warning(
        "Podman's database is BoltDB, which Podman 6 does not read",
        // Podman 5.8 moves it when it first runs after a boot, unless containers.conf sets database_backend.
        isOlder(podmanVersionOf(facts), "5.8")
          ? remedy(facts, "moveDatabase")
          : command`sudo reboot    # when Podman first runs after it, it moves its database to SQLite`,
        "after an upgrade to Podman 6 every command fails until the next boot",
      );
      return storage.state === "ok" ? database : [storage, database];
    },
  },
  {
    id: "podman.subids",
    about: "the user has subordinate UIDs and GIDs for containers",
    why: "images contain files of many users; without enough IDs Podman cannot unpack them",
    run({ facts }) {
      const helpers = linesOf(facts, "id-helpers").join("\n");
      const absent = ["newuidmap", "newgidmap"].filter((name) => !helpers.includes(`/${name}`));
      if (absent.length > 0) {
        const are = absent.length === 1 ? "is" : "are";
        return error(
          `${absent.join(" and ")} ${are} not installed`,
          remedy(facts, "installIdHelpers"),
        );
      }
      const bare = helpersWithoutBit(facts);
      if (bare.length > 0 && podmanInfoOf(facts) === undefined) return see("podman.info");
      if (bare.length > 0) {
        return error(
          `${bare.join(" and ")} ${bare.length === 1 ? "has" : "have"} no setuid bit`,
          restoreIdHelpers(facts),
          "Podman works only until the next boot, with the namespace that it still has",
        );
      }
      const user = userOf(facts);
      if (user === undefined) return unknown(facts, "id");
      if (user.id === 0) return skipped("root needs no subordinate IDs");
      const sizes = (["uid", "gid"] as const).map((kind) => ({
        kind,
        size: idCount(facts, kind, [String(user.id), user.name]),
      }));
      const outside = rangeOutside(facts, [String(user.id), user.name]);
      if (outside !== undefined) return error(outside, remedy(facts, "addIdsToLxc"));
      const lacking = sizes.filter(({ size }) => size < ID_COUNT).map(({ kind }) => kind);
      if (lacking.length === 0) {
        return ok(`${Math.min(...sizes.map(({ size }) => size))} IDs for containers`);
      }
      if (usesDirectory(facts)) {
        return error(
          `the directory service provides fewer than ${ID_COUNT} subordinate IDs for ${user.name}`,
          command`getsubids ${user.name}    # shows the ranges that it provides`,
        );
      }
      const used = ["subuid", "subgid"].flatMap((file) => rangesOf(outputOf(facts, file)));
      const first = Math.max(100_000, ...used.map((range) => range.first + range.size));
      const options = lacking
        .flatMap((kind) => [`--add-sub${kind}s`, `${first}-${first + ID_COUNT - 1}`]);
      const kinds = lacking.map((kind) => `${kind.toUpperCase()}s`).join(" and ");
      return error(
        `${user.name} has fewer than ${ID_COUNT} subordinate ${kinds}`,
        remedy(facts, "addIds", { options, user: user.name }),
      );
    },
  },
];

/** Warns if the pod waits too long for the network at boot, or not long enough. */
function networkAtBoot(
  { facts, codex }: Subject,
  host: NonNullable<PodmanInfo["host"]>,
): Verdict | undefined {
  if (codex.kind === "none") return undefined;
  const { wait_for_network, boot_coven } = codex.codex.settings;
  const online = propertiesOf(facts, "system").get("network-online.target")?.get("ActiveState");
  if (wait_for_network && online === "inactive") {
    // podman#24588, podman#24796.
    return warning(
      "wait_for_network is true, but nothing on this host starts network-online.target",
      command`sudo systemctl add-wants multi-user.target network-online.target && sudo systemctl start network-online.target`,
      "the first start after a boot waits 90 seconds for it",
    );
  }
  // Debian's pasta prints no version, but its package has one.
  const { version = "", package: packaged = "" } = host.pasta ?? {};
  const date = /(20\d\d)_?(\d\d)_?(\d\d)/.exec(`${version} ${packaged}`)?.slice(1).join("-") ??
    FIRST_PASTA_WITHOUT_NETWORK;
  if (!wait_for_network && boot_coven !== undefined && date < FIRST_PASTA_WITHOUT_NETWORK) {
    // podman#22197.
    return warning(
      `pasta of ${date} does not start before the network is up, and ${boot_coven} starts at boot`,
      command`lychd edit    # set wait_for_network = true in lychd.toml`,
      "the pod fails at boot, and all engines with it",
    );
  }
  return undefined;
}

function storageVerdict(facts: Facts, store: NonNullable<PodmanInfo["store"]>): Verdict {
  const { graphDriverName: driver, graphRoot, graphStatus, graphOptions } = store;
  const disk = graphStatus?.["Backing Filesystem"] ?? "";
  if (isNetworkFileSystem(disk)) {
    return error(
      `images are stored on ${disk.toUpperCase()}, in ${graphRoot}`,
      moveStorage(facts),
      "a file server does not know the user's subordinate IDs, so most images cannot be unpacked",
    );
  }
  if (driver === "vfs") {
    return warning(
      `images are stored with the vfs driver in ${graphRoot}`,
      command`podman system reset    # removes all images and containers; then uses overlay`,
    );
  }
  if (disk === "ecryptfs") {
    return warning(
      `images are stored on eCryptfs, in ${graphRoot}`,
      moveStorage(facts),
      "its file names have at most 143 characters, and it is slow",
    );
  }
  const usesFuse = Object.keys(graphOptions ?? {}).some((key) => key.endsWith("mount_program"));
  return usesFuse && NATIVE_FILE_SYSTEM.test(disk)
    ? warning(
      `images in ${graphRoot} are mounted by fuse-overlayfs, which ${disk} does not need`,
      command`grep -rls mount_program /etc/containers ~/.config/containers | xargs sudo sed -i '/^ *mount_program/d' && podman system reset    # removes all images and containers`,
      "each access to a file of an image takes a program in user space",
    )
    : ok(`${driver} in ${graphRoot}`);
}

/** Returns true if there is no Podman. */
function isMissing(facts: Facts): boolean {
  return podmanVersionOf(facts) === undefined &&
    (facts.commands["podman-info"] === undefined || couldNotRun(facts, "podman-info", NO_PROGRAM));
}

/** Returns true if a directory service provides the ids: then they are in no file. */
function usesDirectory(facts: Facts): boolean {
  const fact = facts.commands["nsswitch"];
  return fact === undefined || "failed" in fact || fact.stdout.length > 0;
}

/** Returns the number of ids of a kind that the user's containers have. */
function idCount(facts: Facts, kind: "uid" | "gid", names: readonly string[]): number {
  // Podman reports the ids too, but those of a file only as they were when its first container started.
  const ranges = usesDirectory(facts)
    ? podmanInfoOf(facts)?.host?.idMappings?.[`${kind}map`] ?? []
    : rangesOf(outputOf(facts, `sub${kind}`)).filter(({ user }) => names.includes(user));
  return ranges.reduce((sum, { size = 0 }) => sum + size, 0);
}

/** Reports a range of the user that does not exist on a host that is a container itself. */
function rangeOutside(facts: Facts, names: readonly string[]): string | undefined {
  for (const kind of ["uid", "gid"] as const) {
    const existing = idRangesOf(facts, kind) ?? [];
    const outside = rangesOf(outputOf(facts, `sub${kind}`)).find((range) =>
      names.includes(range.user) &&
      !existing.some(({ first, size }) =>
        range.first >= first && range.first + range.size <= first + size
      )
    );
    if (outside !== undefined && existing.length > 0) {
      const { user, first, size } = outside;
      const has = existing.map((range) => `${range.first}-${range.first + range.size - 1}`);
      return `${user} has the subordinate ${kind.toUpperCase()}s ${first}-${first + size - 1}, ` +
        `but this host is a container with only ${has.join(", ")}`;
    }
  }
  return undefined;
}

/** Reads subuid(5): lines `USER:FIRST:SIZE`, USER a name or a number. */
function rangesOf(text = ""): { user: string; first: number; size: number }[] {
  return text.split("\n").flatMap((line) => {
    const [, user, first, size] = /^([^:#]+):(\d+):(\d+)$/.exec(line.trim()) ?? [];
    return user === undefined ? [] : [{ user, first: Number(first), size: Number(size) }];
  });
}
