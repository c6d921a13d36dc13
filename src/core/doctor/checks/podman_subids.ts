import { type Facts, outputOf, partOf, whyUnknown } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { type Check, error, ok, skipped } from "../check.ts";
import { installCommand, osOf } from "../read/os.ts";
import { podmanInfoOf } from "../read/podman.ts";
import { userOf } from "../read/user.ts";

/** Sixteen bits of ids: what images may use. */
const RANGE = 65_536;

/** Whether the user has ids for containers. */
export const PODMAN_SUBIDS: Check = {
  id: "podman.subids",
  about: "the user has sub-uids and sub-gids for containers",
  why: "images hold files of many users; without a range of ids their layers cannot be unpacked",
  run({ facts }) {
    const os = osOf(facts);
    const helpers = partOf(facts, "id-helpers") ?? "";
    const missing = ["newuidmap", "newgidmap"].filter((name) => !helpers.includes(`/${name}`));
    if (missing.length > 0) {
      const name = os.family.includes("debian")
        ? "uidmap"
        : os.family.includes("arch")
        ? "shadow"
        : "shadow-utils";
      return [error(`there is no ${missing.join(" and no ")}`, installCommand(os, name))];
    }
    const user = userOf(facts);
    if (user === undefined) return [skipped(whyUnknown(facts, "id"))];
    if (user.id === 0) return [skipped("root needs none")];
    const sizes = (["uid", "gid"] as const).map((kind) => ({
      kind,
      size: idsOf(facts, kind, [String(user.id), user.name]),
    }));
    const lacking = sizes.filter(({ size }) => size < RANGE).map(({ kind }) => kind);
    if (lacking.length === 0) {
      return [ok(`${Math.min(...sizes.map(({ size }) => size))} ids for containers`)];
    }
    if (partOf(facts, "nsswitch") !== "") {
      const what = `the directory service gives ${user.name} fewer than ${RANGE} ids`;
      return [error(what, command`getsubids ${user.name}    # shows what it gives`)];
    }
    const taken = ["subuid", "subgid"].flatMap((file) => rangesOf(outputOf(facts, file)));
    const first = Math.max(100_000, ...taken.map((range) => range.first + range.size));
    const options = lacking.flatMap((kind) => [
      `--add-sub${kind}s`,
      `${first}-${first + RANGE - 1}`,
    ]);
    return [error(
      `${user.name} has fewer than ${RANGE} ${lacking.map((kind) => `sub-${kind}s`).join(" and ")}`,
      command`sudo usermod ${options} ${user.name} && podman system migrate`,
    )];
  },
};

/** How many ids of a kind the user's containers have. */
function idsOf(facts: Facts, kind: "uid" | "gid", names: readonly string[]): number {
  // Where a directory service gives them they are in no file, but Podman knows. Else the file
  // counts: what Podman says it took from there when the user's first container began.
  if (partOf(facts, "nsswitch") !== "") {
    const map = podmanInfoOf(facts)?.host?.idMappings?.[`${kind}map`] ?? [];
    return map.reduce((sum, range) => sum + (range.size ?? 0), 0);
  }
  return rangesOf(outputOf(facts, `sub${kind}`))
    .filter(({ user }) => names.includes(user))
    .reduce((sum, { size }) => sum + size, 0);
}

/** Reads subuid(5): lines `USER:FIRST:SIZE`, USER a name or a number. */
function rangesOf(text: string | undefined): { user: string; first: number; size: number }[] {
  return (text ?? "").split("\n").flatMap((line) => {
    const found = /^([^:#]+):(\d+):(\d+)$/.exec(line.trim());
    return found === null
      ? []
      : [{ user: found[1] ?? "", first: Number(found[2]), size: Number(found[3]) }];
  });
}
