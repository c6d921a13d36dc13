import { deepStrictEqual } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import type { Invocation } from "../run/invocation.ts";
import { findPrograms } from "../run/programs.ts";
import { foldersOfHome } from "../testing/folders_of_home.ts";
import { isEditedCopy, pathsToCheck, symlinksOfCodex } from "./gate_files.ts";
import { permissionsFor } from "./permissions.ts";

Deno.test("the symlinks of a Codex are those that it is read through", () => {
  const root = Deno.makeTempDirSync({ prefix: "lychd-symlinks-" });
  const write = (path: string) => {
    Deno.mkdirSync(dirname(join(root, path)), { recursive: true });
    Deno.writeTextFileSync(join(root, path), "");
  };
  const link = (path: string, target: string) => {
    Deno.mkdirSync(dirname(join(root, path)), { recursive: true });
    Deno.symlinkSync(target, join(root, path));
  };
  try {
    write("codex/soulstones/own.toml");
    write("dots/eye.toml");
    write("dots/below/deep.toml");
    link("codex/lychd.toml", "../dots/eye.toml");
    link("codex/soulstones/eye.toml", "../../dots/eye.toml");
    link("codex/soulstones/gone.toml", "nowhere");
    link("codex/soulstones/below", "../../dots/below");
    link("dots/below/again", "../below");
    link("codex/soulstones/back", "../soulstones");
    // lychd does not read these.
    link("codex/soulstones/README", "/etc/hostname");
    link("codex/soulstones/.git", "../../dots");
    link("codex/other.toml", "../dots/eye.toml");
    deepStrictEqual(
      symlinksOfCodex(join(root, "codex")),
      [
        "lychd.toml",
        "soulstones/back",
        "soulstones/below",
        "soulstones/below/again",
        "soulstones/eye.toml",
        "soulstones/gone.toml",
      ].map((path) => join(root, "codex", path)),
    );
    deepStrictEqual(symlinksOfCodex(join(root, "nowhere")), []);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

Deno.test("the editor opens copies in the Codex that belong to the user, and nothing else", () => {
  const root = Deno.makeTempDirSync({ prefix: "lychd-copies-" });
  const user = Deno.uid() ?? 0;
  const name = ".eye.edit-0123456789ab.toml";
  try {
    Deno.mkdirSync(join(root, "codex/soulstones"), { recursive: true });
    const files = [`codex/soulstones/${name}`, `codex/${name}`, "codex/eye.toml", name];
    for (const path of files) Deno.writeTextFileSync(join(root, path), "");
    Deno.symlinkSync(join(root, "codex"), join(root, "named"));
    Deno.symlinkSync(join(root, name), join(root, "codex/.x.edit-0123456789ab.toml"));
    Deno.symlinkSync(root, join(root, "codex/out"));
    const isOpened = (path: string, codex = "codex", owner = user) =>
      isEditedCopy(join(root, path), join(root, codex), owner);
    deepStrictEqual(
      [
        [isOpened(`codex/soulstones/${name}`), isOpened(`codex/${name}`)],
        isOpened(`named/soulstones/${name}`, "named"),
        [isOpened("codex/eye.toml"), isOpened(name), isOpened(`codex/../${name}`)],
        [isOpened("codex/.x.edit-0123456789ab.toml"), isOpened(`codex/out/${name}`)],
        [isOpened("codex/.gone.edit-0123456789ab.toml"), isOpened(`codex/${name}`, "codex", 65534)],
      ],
      [[true, true], true, [false, false, false], [false, false], [false, false]],
    );
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

Deno.test("the gate checks the folders that a command writes to or makes units of", () => {
  const folders = foldersOfHome("/home/me", { runtime: "/run/user/1000", output: "/out" });
  const options = { json: false, verify: true, reload: true, force: false, restart: false };
  const scaffold = { json: false, requests: [], bootCoven: undefined, vessel: undefined };
  const units = ["XDG_CONFIG_HOME", "the stage below XDG_RUNTIME_DIR"];
  const ofCodex = ["the Codex", "a symlink of the Codex"];
  const table: readonly (readonly [Invocation, readonly string[]])[] = [
    [{ command: "render", mode: "inscribe", ...options, waitSeconds: 0 }, [...units, ...ofCodex]],
    [{ command: "render", mode: "dry-run", json: false, exitCode: false }, [
      ...units,
      ...ofCodex,
    ]],
    [{
      command: "render",
      mode: "output",
      target: "systemd",
      allowLoss: false,
      json: false,
      exitCode: false,
    }, ["--output"]],
    [{
      command: "render",
      mode: "compare",
      target: "systemd",
      allowLoss: false,
      json: false,
      exitCode: false,
    }, []],
    [{ command: "rollback", ...options, waitSeconds: 0 }, units],
    [{ command: "edit", name: undefined, ...options, waitSeconds: 0 }, [...units, ...ofCodex]],
    [{ command: "apply", json: false, names: [], dryRun: false, waitSeconds: 0 }, units],
    [{ command: "purge", yes: true, ...options, waitSeconds: 0 }, units],
    [{ command: "init", ...scaffold }, ["the Codex"]],
    [{ command: "add", json: false, engine: undefined, request: undefined }, ["the Codex"]],
    [{ command: "import", from: "quadlet", json: false, all: false }, ["--output"]],
    [{ command: "check", json: false }, []],
    [{ command: "status", name: undefined, short: false, json: false, watch: false }, []],
  ];
  for (const [invocation, names] of table) {
    const permissions = permissionsFor(invocation, folders, findPrograms(() => true));
    const paths = pathsToCheck(invocation, permissions, folders, (codex) => [`${codex}/link.toml`]);
    deepStrictEqual(paths.map(({ name }) => name), names, invocation.command);
  }
});
