import { isGroupOwned } from "../../compile/mod.ts";
import { couldNotRun, type Facts, linesOf, NO_PROGRAM, outputOf, whyUnknown } from "../../facts.ts";
import { KILLED_CONTAINERS } from "../../orchestrator/pod.ts";
import { command } from "../../report/mod.ts";
import { QUADLET_KEYS, type QuadletGroup } from "../../rune/mod.ts";
import { type Check, error, ok, see, skipped, unknown, warning } from "../check.ts";
import { OLDEST_PODMAN, podmanInfoOf, podmanVersionOf } from "../read/podman.ts";
import { userOf } from "../read/system.ts";
import { isOlder, readVersion } from "../read/version.ts";
import { remedy } from "../remedies.ts";
import { hasWrongSession } from "./systemd.ts";

/** Keys that every set of Runes contains. */
const REQUIRED_KEYS: readonly (readonly [QuadletGroup, string])[] = [
  ["Container", "HealthStartupCmd"],
  ["Container", "Pod"],
  ["Container", "StartWithPod"],
  ["Pod", "ShmSize"],
  ["Quadlet", "DefaultDependencies"],
];

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
            remedy(facts, "installPackages", { packages: "podman" }),
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
      if (couldNotRun(facts, "podman-info", "")) {
        return error(
          "Podman does not answer in time",
          command`podman --log-level=debug info    # shows what it waits for`,
        );
      }
      const reason = whyUnknown(facts, "podman-info");
      return reason.includes(KILLED_CONTAINERS.message)
        ? error(
          KILLED_CONTAINERS.words,
          KILLED_CONTAINERS.fix,
          "every command of Podman fails until it forgets them",
        )
        : error(`\`podman info\` fails (${reason})`, command`podman --log-level=debug info`);
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
      return host.security?.rootless === false
        ? error("Podman does not run rootless", command`podman info --debug`)
        : ok("Podman runs rootless");
    },
  },
  {
    id: "podman.runtime",
    about: "the OCI runtime keeps the user's groups in containers",
    why: "a group grants access to AMD and Intel GPUs, and only crun keeps it in a container",
    run({ facts, needs }) {
      const runtime = podmanInfoOf(facts)?.host?.ociRuntime;
      if (runtime?.name === undefined) return see("podman.info");
      const version = readVersion(runtime.version);
      const shown = `${runtime.name}${version === undefined ? "" : ` ${version.join(".")}`}`;
      return runtime.name === "crun" || !needs.devices.some(isGroupOwned) ? ok(shown) : error(
        `the OCI runtime is ${shown}, not crun`,
        remedy(facts, "installPackages", { packages: "crun" }),
      );
    },
  },
  {
    id: "podman.network",
    about: "the network program of rootless pods is installed",
    why: "the pod publishes the ports of all engines through it, and does not start without it",
    run({ facts }) {
      const host = podmanInfoOf(facts)?.host;
      if (host === undefined) return see("podman.info");
      // Before 5.0 Podman does not report it, and the default is slirp4netns.
      const name = host.rootlessNetworkCmd ?? "slirp4netns";
      const { executable = "" } = (name === "pasta" ? host.pasta : host.slirp4netns) ?? {};
      if (executable !== "") return ok(name);
      const fix = remedy(facts, "installPackages", {
        packages: name === "pasta" ? "passt" : name,
      });
      return error(`${name} is not installed`, fix);
    },
  },
  {
    id: "podman.storage",
    about: "images are stored with a fast driver",
    why: "the vfs driver copies every layer in full: a 10 GB image takes several times that space",
    run({ facts }) {
      const { graphDriverName: driver, graphRoot } = podmanInfoOf(facts)?.store ?? {};
      if (driver === undefined) return see("podman.info");
      return driver !== "vfs" ? ok(`${driver} in ${graphRoot}`) : warning(
        `images are stored with the vfs driver in ${graphRoot}`,
        command`podman system reset    # removes all images and containers; then uses overlay`,
      );
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
      const user = userOf(facts);
      if (user === undefined) return unknown(facts, "id");
      if (user.id === 0) return skipped("root needs no subordinate IDs");
      const sizes = (["uid", "gid"] as const).map((kind) => ({
        kind,
        size: idCount(facts, kind, [String(user.id), user.name]),
      }));
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
        command`sudo usermod ${options} ${user.name} && podman system migrate`,
      );
    },
  },
];

/** Returns true if there is no Podman. */
function isMissing(facts: Facts): boolean {
  return facts.commands["podman-info"] === undefined ||
    couldNotRun(facts, "podman-info", NO_PROGRAM);
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

/** Reads subuid(5): lines `USER:FIRST:SIZE`, USER a name or a number. */
function rangesOf(text = ""): { user: string; first: number; size: number }[] {
  return text.split("\n").flatMap((line) => {
    const [, user, first, size] = /^([^:#]+):(\d+):(\d+)$/.exec(line.trim()) ?? [];
    return user === undefined ? [] : [{ user, first: Number(first), size: Number(size) }];
  });
}
