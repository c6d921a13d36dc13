import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import type { FileStatus } from "../host/host.ts";
import { hostWith } from "../testing/memory_context.ts";
import { memoryHost } from "../testing/memory_host.ts";
import { groupsOfOne, type PathEntry, pathProblem, refuseUntrustedFolders } from "./path.ts";

const ME = 1000;
const trust = { user: ME, ownGroups: [ME] };
const mine: PathEntry = { owner: ME, group: ME, mode: 0o755 };
const roots: PathEntry = { owner: 0, group: 0, mode: 0o755 };
const theirs: PathEntry = { owner: 1001, group: 1001, mode: 0o755 };

/** Returns `places` with a host where `/home/me` is mine and everything above it belongs to root. */
function host(places: Readonly<Record<string, PathEntry>>): Map<string, PathEntry> {
  const base = { "/": roots, "/home": roots, "/home/me": mine, "/tmp": { ...roots, mode: 0o1777 } };
  return new Map(Object.entries({ ...base, ...places }));
}

function problemOf(path: string, places: Readonly<Record<string, PathEntry>>): string | undefined {
  const all = host(places);
  return pathProblem({ name: "--output", path }, trust, (at) => all.get(at))?.problem;
}

const OUT = "/home/me/out";

Deno.test("a path is trusted if only the user and root can replace what it leads to", () => {
  const fine: Readonly<Record<string, readonly [string, Readonly<Record<string, PathEntry>>]>> = {
    "missing": [OUT, {}],
    "the user's": [OUT, { [OUT]: mine }],
    "root's": ["/nix/store/x", { "/nix": roots, "/nix/store": { ...roots, mode: 0o1775 } }],
    "writable by a group without other members": [OUT, { [OUT]: { ...mine, mode: 0o775 } }],
    "in a sticky folder": ["/tmp/out", { "/tmp/out": mine }],
    "after a symlink of the user": [OUT, {
      [OUT]: { ...mine, mode: 0o777, target: "../me/./real/" },
      "/home/me/real": mine,
    }],
    "an endless symlink": [OUT, { [OUT]: { ...mine, target: "out" } }],
  };
  for (const [name, [path, places]] of Object.entries(fine)) {
    strictEqual(problemOf(path, places), undefined, name);
  }
});

Deno.test("a path is untrusted if another user owns a part of it, or may write to it", () => {
  const untrusted: Readonly<
    Record<string, readonly [string, Readonly<Record<string, PathEntry>>, string]>
  > = {
    "owned by another user": [
      OUT,
      { [OUT]: theirs },
      `${OUT} (--output) belongs to user 1001, not to 1000`,
    ],
    "below a folder of another user": [
      OUT,
      { "/home/me": theirs, [OUT]: mine },
      `/home/me (above ${OUT}, --output) belongs to user 1001, not to 1000`,
    ],
    "missing, below a folder of another user": [
      `${OUT}/a/b`,
      { [OUT]: theirs },
      `${OUT} (above ${OUT}/a/b, --output) belongs to user 1001, not to 1000`,
    ],
    "writable by everyone": [
      OUT,
      { [OUT]: { ...mine, mode: 0o777 } },
      `${OUT} (--output) is writable by everyone`,
    ],
    "writable by a group": [
      OUT,
      { [OUT]: { ...mine, group: 100, mode: 0o770 } },
      `${OUT} (--output) is writable by group 100`,
    ],
    "owned by another user, in a sticky folder": [
      "/tmp/out",
      { "/tmp/out": theirs },
      "/tmp/out (--output) belongs to user 1001, not to 1000",
    ],
    "after a symlink of another user": [
      "/tmp/out",
      { "/tmp/out": { ...theirs, target: "/home/me" } },
      "/tmp/out (--output) belongs to user 1001, not to 1000",
    ],
    "after a symlink to a folder of another user": [
      OUT,
      { [OUT]: { ...mine, target: "/srv/theirs/mine" }, "/srv": roots, "/srv/theirs": theirs },
      `/srv/theirs (on the path to ${OUT}, --output) belongs to user 1001, not to 1000`,
    ],
    "a sticky folder": [
      "/tmp",
      {},
      `/tmp (--output) is writable by everyone`,
    ],
    "after a symlink to a sticky folder": [
      OUT,
      { [OUT]: { ...mine, target: "/tmp/" } },
      `/tmp (on the path to ${OUT}, --output) is writable by everyone`,
    ],
  };
  for (const [name, [path, places, problem]] of Object.entries(untrusted)) {
    strictEqual(problemOf(path, places), problem, name);
  }
});

Deno.test("a hint is a command that a shell accepts", () => {
  const all = host({ "/home/me/a b": { ...mine, mode: 0o777 } });
  const named = { name: "--output", path: "/home/me/a b/c" };
  match(
    pathProblem(named, trust, (at) => all.get(at))?.hint ?? "",
    /^chmod o-w '\/home\/me\/a b'$/,
  );
});

Deno.test("a hint is safe: chown follows no symlink, and /tmp stays sticky", () => {
  const all = host({
    "/tmp/link": { ...theirs, target: "/home/me/.ssh" },
    "/tmp/folder": theirs,
  });
  const hint = (path: string) =>
    pathProblem({ name: "--output", path }, trust, (at) => all.get(at))?.hint;
  strictEqual(hint("/tmp"), "use a folder of your own below it");
  strictEqual(
    hint("/tmp/link/x"),
    "use a path without this symlink: its owner can change the target",
  );
  match(hint("/tmp/folder/x") ?? "", /^sudo chown 1000 \/tmp\/folder$/);
});

Deno.test("the last entry after a symlink of the Codex is left to the command", () => {
  const link = "/home/me/codex/soulstones/e.toml";
  const end = { ...mine, mode: 0o666 };
  const problem = (dots: PathEntry) => {
    const all = host({
      "/home/me/codex": mine,
      "/home/me/codex/soulstones": mine,
      [link]: { ...mine, target: "../../dots/e.toml" },
      "/home/me/dots": dots,
      "/home/me/dots/e.toml": end,
    });
    const named = { name: "a symlink of the Codex", path: link, skipLast: true };
    return pathProblem(named, trust, (at) => all.get(at))?.problem;
  };
  strictEqual(problem(mine), undefined);
  strictEqual(
    problem({ ...mine, mode: 0o777 }),
    `/home/me/dots (on the path to ${link}, a symlink of the Codex) is writable by everyone`,
  );
});

Deno.test("a group is the user's own if root is its only other member", () => {
  const passwd = `root:x:0:0::/root:/bin/sh
me:x:1000:1000::/home/me:/bin/sh
you:x:1001:100::/home/you:/bin/sh
`;
  const group = `root:x:0:
me:x:1000:
users:x:100:
docker:x:990:me,root
video:x:44:me,you
ldap:x:991:me,no-one-knows
`;
  deepStrictEqual(groupsOfOne(1000, passwd, group), [0, 1000, 990]);
});

/** Returns the Refusal to write a unit below `/my conf` with another status for one folder. */
function refused(folder: string, status: Partial<FileStatus>, ownGroups: readonly number[] = []) {
  const memory = memoryHost({ "/my conf/systemd/user/x.target": "" });
  // By default the memory host belongs to root.
  const lstat: typeof memory.lstat = (path) => {
    const found = memory.lstat(path);
    return found && { ...found, owner: ME };
  };
  const host = { ...memory, lstat };
  const paths = ["systemd/user/x.target", "systemd/user/x.target.d/none/x.conf"];
  const context = { host: hostWith(host, folder, status), user: ME, ownGroups };
  return () => refuseUntrustedFolders(context, "/my conf", paths);
}

Deno.test("lychd writes to a folder that only the user and root may write to", () => {
  refused("", {})();
  refused("/my conf/systemd", { owner: ME, mode: 0o770, group: ME }, [ME])();
  // The gate checks the root, and the file itself is not a folder.
  refused("/my conf", { mode: 0o777 })();
  refused("/my conf/systemd/user/x.target", { mode: 0o666 })();
});

Deno.test("lychd does not write to a folder of another user, or through a symlink", () => {
  const at = "/my conf/systemd";
  throws(refused(at, { mode: 0o777 }), {
    message: `${at} is writable by everyone; nothing was changed`,
    hint: `chmod -R o-w '${at}'`,
  });
  throws(refused(`${at}/user`, { mode: 0o775, group: 100 }, [ME]), {
    message: `${at}/user is writable by group 100; nothing was changed`,
    hint: `chmod -R g-w '${at}/user'`,
  });
  for (const owner of [0, 65534]) {
    throws(refused(at, { owner, mode: 0o777 }), {
      message: `${at} belongs to user ${owner}, not to 1000; nothing was changed`,
      hint: `sudo chown -R 1000 '${at}'`,
    });
  }
  throws(refused(at, { kind: "symlink", mode: 0o777 }), {
    message: `${at} is a symlink; lychd never writes through symlinks; nothing was changed`,
    hint: "replace it with a folder (/my conf itself may be a symlink)",
  });
});
