import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { foreignWay, groupsOfOne, type Place, waysOf } from "./path.ts";
import { foldersOfHome } from "../testing/folders_of_home.ts";
import type { Invocation } from "../run/invocation.ts";
import { permissionsFor } from "../sandbox/permissions.ts";
import { findPrograms } from "../run/programs.ts";

const ME = 1000;
const trust = { user: ME, ownGroups: [ME] };
const mine: Place = { owner: ME, group: ME, mode: 0o755 };
const roots: Place = { owner: 0, group: 0, mode: 0o755 };
const theirs: Place = { owner: 1001, group: 1001, mode: 0o755 };

/** A host on which `/home/me` is mine and all above it is root's, and what else there is. */
function host(places: Readonly<Record<string, Place>>): Map<string, Place> {
  const base = { "/": roots, "/home": roots, "/home/me": mine, "/tmp": { ...roots, mode: 0o1777 } };
  return new Map(Object.entries({ ...base, ...places }));
}

function problemOf(path: string, places: Readonly<Record<string, Place>>): string | undefined {
  const all = host(places);
  return foreignWay({ name: "--output", path }, trust, (at) => all.get(at))?.problem;
}

const OUT = "/home/me/out";

Deno.test("a folder is relied on if only the user and root can put another in its place", () => {
  const fine: Readonly<Record<string, readonly [string, Readonly<Record<string, Place>>]>> = {
    "not there yet": [OUT, {}],
    "the user's": [OUT, { [OUT]: mine }],
    "root's": ["/nix/store/x", { "/nix": roots, "/nix/store": { ...roots, mode: 0o1775 } }],
    "writable for a group in which nobody else is": [OUT, { [OUT]: { ...mine, mode: 0o775 } }],
    "in a folder with the sticky bit": ["/tmp/out", { "/tmp/out": mine }],
    "behind a link of the user": [OUT, {
      [OUT]: { ...mine, mode: 0o777, target: "../me/./real/" },
      "/home/me/real": mine,
    }],
    "behind links without an end": [OUT, { [OUT]: { ...mine, target: "out" } }],
  };
  for (const [name, [path, places]] of Object.entries(fine)) {
    strictEqual(problemOf(path, places), undefined, name);
  }
});

Deno.test("a folder is foreign if somebody else owns it, may write to it, or to one above it", () => {
  const foreign: Readonly<
    Record<string, readonly [string, Readonly<Record<string, Place>>, string]>
  > = {
    "of somebody else": [
      OUT,
      { [OUT]: theirs },
      `${OUT} (--output) belongs to user 1001, not to 1000`,
    ],
    "below a folder of somebody else": [
      OUT,
      { "/home/me": theirs, [OUT]: mine },
      `/home/me (above ${OUT}, --output) belongs to user 1001, not to 1000`,
    ],
    "not there yet, below a folder of somebody else": [
      `${OUT}/a/b`,
      { [OUT]: theirs },
      `${OUT} (above ${OUT}/a/b, --output) belongs to user 1001, not to 1000`,
    ],
    "writable for everybody": [
      OUT,
      { [OUT]: { ...mine, mode: 0o777 } },
      `everybody may write to ${OUT} (--output), and put something else in the place of yours`,
    ],
    "writable for a group": [
      OUT,
      { [OUT]: { ...mine, group: 100, mode: 0o770 } },
      `group 100 may write to ${OUT} (--output), and put something else in the place of yours`,
    ],
    "of somebody else, in a folder with the sticky bit": [
      "/tmp/out",
      { "/tmp/out": theirs },
      "/tmp/out (--output) belongs to user 1001, not to 1000",
    ],
    "behind a link of somebody else": [
      "/tmp/out",
      { "/tmp/out": { ...theirs, target: "/home/me" } },
      "/tmp/out (--output) belongs to user 1001, not to 1000",
    ],
    "behind a link to a folder of somebody else": [
      OUT,
      { [OUT]: { ...mine, target: "/srv/theirs/mine" }, "/srv": roots, "/srv/theirs": theirs },
      `/srv/theirs (on the way to ${OUT}, --output) belongs to user 1001, not to 1000`,
    ],
    "everybody's, with the sticky bit": [
      "/tmp",
      {},
      "everybody may write to /tmp (--output), and put something else in the place of yours",
    ],
    "behind a link to a folder with the sticky bit": [
      OUT,
      { [OUT]: { ...mine, target: "/tmp/" } },
      `everybody may write to /tmp (on the way to ${OUT}, --output), and put something else in ` +
      "the place of yours",
    ],
  };
  for (const [name, [path, places, problem]] of Object.entries(foreign)) {
    strictEqual(problemOf(path, places), problem, name);
  }
});

Deno.test("a hint can be typed as it is", () => {
  const all = host({ "/home/me/a b": { ...mine, mode: 0o777 } });
  const way = { name: "--output", path: "/home/me/a b/c" };
  match(foreignWay(way, trust, (at) => all.get(at))?.hint ?? "", /^chmod o-w '\/home\/me\/a b'$/);
});

Deno.test("a hint does no harm: a link is not followed, and /tmp stays everybody's", () => {
  const all = host({
    "/tmp/link": { ...theirs, target: "/home/me/.ssh" },
    "/tmp/folder": theirs,
  });
  const hint = (path: string) =>
    foreignWay({ name: "--output", path }, trust, (at) => all.get(at))?.hint;
  strictEqual(hint("/tmp"), "name a folder of your own below it");
  strictEqual(
    hint("/tmp/link/x"),
    "who owns the link can have it lead elsewhere: name a folder of your own",
  );
  match(hint("/tmp/folder/x") ?? "", /, or sudo chown 1000 \/tmp\/folder$/);
});

Deno.test("of what a link of the Codex leads to, the end is for the command to judge", () => {
  const link = "/home/me/codex/soulstones/e.toml";
  const end = { ...mine, mode: 0o666 };
  const problem = (dots: Place) => {
    const all = host({
      "/home/me/codex": mine,
      "/home/me/codex/soulstones": mine,
      [link]: { ...mine, target: "../../dots/e.toml" },
      "/home/me/dots": dots,
      "/home/me/dots/e.toml": end,
    });
    const way = { name: "a link of the Codex", path: link, isEndJudged: true };
    return foreignWay(way, trust, (at) => all.get(at))?.problem;
  };
  strictEqual(problem(mine), undefined);
  strictEqual(
    problem({ ...mine, mode: 0o777 }),
    `everybody may write to /home/me/dots (on the way to ${link}, a link of the Codex), and put ` +
      "something else in the place of yours",
  );
});

Deno.test("a group is the user's own if nobody but root is in it besides", () => {
  const passwd = `root:x:0:0::/root:/bin/sh
me:x:1000:1000::/home/me:/bin/sh
you:x:1001:100::/home/you:/bin/sh
`;
  const group = `root:x:0:
me:x:1000:
users:x:100:
docker:x:990:me,root
video:x:44:me,you
ldap:x:991:me,nobody-knows
`;
  deepStrictEqual(groupsOfOne(1000, passwd, group), [0, 1000, 990]);
});

Deno.test("what a command writes, and what it makes units of, must be relied on", () => {
  const folders = foldersOfHome("/home/me", { runtime: "/run/user/1000", output: "/out" });
  const options = { json: false, verify: true, reload: true, force: false, restart: false };
  const draft = { json: false, requests: [], bootCoven: undefined };
  const units = ["XDG_CONFIG_HOME", "the stage below XDG_RUNTIME_DIR"];
  const ofCodex = ["the Codex", "a link of the Codex"];
  const table: readonly (readonly [Invocation, readonly string[]])[] = [
    [{ command: "render", mode: "inscribe", ...options, waitSeconds: 0 }, [...units, ...ofCodex]],
    [{ command: "render", mode: "dry-run", json: false, exitCode: false }, [
      ...units,
      ...ofCodex,
    ]],
    [{ command: "render", mode: "output", json: false, exitCode: false }, ["--output"]],
    [{ command: "rollback", ...options, waitSeconds: 0 }, units],
    [{ command: "purge", yes: true, ...options, waitSeconds: 0 }, units],
    [{ command: "init", ...draft }, ["the Codex"]],
    [{ command: "add", json: false, engine: undefined, request: undefined }, ["the Codex"]],
    [{ command: "import", from: "quadlet", json: false, all: false }, ["--output"]],
    [{ command: "check", json: false }, []],
    [{ command: "status", json: false, watch: false }, []],
  ];
  for (const [invocation, names] of table) {
    const permissions = permissionsFor(invocation, folders, findPrograms(() => true));
    const ways = waysOf(invocation, permissions, folders, (codex) => [`${codex}/link.toml`]);
    deepStrictEqual(ways.map(({ name }) => name), names, invocation.command);
  }
});
