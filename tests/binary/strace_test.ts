/**
 * What the binary does to the file system, by the system calls that it makes: nothing is written,
 * made, renamed or removed but below the folders that `permissions.ts` grants.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path/posix";
import type { Folders } from "../../src/run/folders.ts";
import { foldersOfHome } from "../../src/testing/folders_of_home.ts";
import type { Invocation } from "../../src/run/invocation.ts";
import { findPrograms } from "../../src/run/programs.ts";
import { permissionsFor } from "../../src/sandbox/permissions.ts";
import { ALONE, BINARY, binaryTest, Home, household, lacking } from "./binary.ts";

/** A system call that may change something, and the paths that it would change. */
interface Act {
  readonly call: string;
  readonly paths: readonly string[];
  readonly line: string;
}

/** The calls that change what their paths name; those by descriptors are told by strace's `-y`. */
const BY_PATH =
  /^(?:creat|mkdir|mkdirat|mknod|mknodat|rmdir|unlink|unlinkat|rename|renameat|renameat2|link|linkat|symlink|symlinkat|chmod|fchmodat|fchmodat2|chown|lchown|fchownat|truncate|utime|utimes|utimensat|futimesat|setxattr|lsetxattr|removexattr|lremovexattr|mount|umount2|bind)$/;
const BY_DESCRIPTOR =
  /^(?:write|writev|pwrite64|pwritev|pwritev2|sendfile|copy_file_range|splice|ftruncate|fallocate|fchmod|fchown|fsetxattr|fremovexattr)$/;
const TRACED = "%file,write,writev,pwrite64,pwritev,pwritev2,sendfile,copy_file_range,splice," +
  "ftruncate,fallocate,fchmod,fchown,fsetxattr,fremovexattr,bind,execve";

/** Runs the binary under strace. */
async function traced(home: Home, args: readonly string[]): Promise<{ code: number; acts: Act[] }> {
  const log = join(home.dir, "strace.log");
  const said = await home.run(
    ["-f", "-y", "-qq", "-s", "4096", "-e", `trace=${TRACED}`, "-o", log, BINARY, ...args],
    "strace",
  );
  const acts = Deno.readTextFileSync(log).split("\n").flatMap(actOf);
  Deno.removeSync(log);
  ok(said.code !== undefined, said.stderr);
  return { code: said.code, acts };
}

/** Reads a line of strace; nothing when what it tells cannot change anything. */
function actOf(line: string): Act[] {
  const found = /^\d+ +(\w+)\((.*)$/.exec(line);
  const call = found?.[1] ?? "";
  const rest = found?.[2] ?? "";
  if (/^open(?:at2?)?$/.test(call)) {
    if (!/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE/.test(rest)) return [];
    // Where it led is what counts, too.
    const opened = /= \d+<([^>]*)>$/.exec(rest)?.[1];
    return [{ call, paths: [...pathsIn(rest), ...opened === undefined ? [] : [opened]], line }];
  }
  if (call === "execve") return [{ call, paths: pathsIn(rest).slice(0, 1), line }];
  if (BY_PATH.test(call)) return [{ call, paths: pathsIn(rest), line }];
  if (BY_DESCRIPTOR.test(call)) {
    const path = /^\d+<([^>]*)>/.exec(rest)?.[1];
    return [{ call, paths: [path ?? "?"], line }];
  }
  return [];
}

/** The quoted paths of a call's arguments, each behind the folder that it counts from. */
function pathsIn(rest: string): string[] {
  const args = rest.replace(/\) += .*$/, "");
  return [...args.matchAll(/(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"/g)]
    .map(([, base, path]) => resolve(base ?? "/", path ?? ""));
}

/**
 * What lies outside of the granted folders and is no breach. Each is here for a reason:
 *
 * - stdout and stderr are the operator's, who names where they go;
 * - an eventfd, a pipe and a socket are how the threads of the runtime wake each other; they have no
 *   name in the file system; `ss` asks the kernel itself.
 */
function isStream(act: Act): boolean {
  return act.call === "bind" && act.line.includes("AF_NETLINK") ||
    /^(?:write|writev)$/.test(act.call) &&
      (/^\d+ +\w+\([12]</.test(act.line) ||
        act.paths.every((path) => /^(?:anon_inode:|pipe:|socket:|UNIX)/.test(path)));
}

/**
 * - the folders above ours, up to `~/.config`, which a first render makes: making is all that may be
 *   done to them.
 */
function isFolderAbove(act: Act, granted: readonly string[], home: string): boolean {
  return act.call === "mkdir" &&
    act.paths.every((path) =>
      path.startsWith(`${home}/`) && granted.some((folder) => folder.startsWith(`${path}/`))
    );
}

/** - the start of the binary itself, which strace shows as the first call. */
function isOwnStart(act: Act): boolean {
  return act.call === "execve" && act.paths[0] === BINARY;
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/** Everything that an act outside of what is granted, and of the exceptions above, did. */
function breaches(acts: readonly Act[], granted: readonly string[], home: string): string[] {
  return acts.filter((act) =>
    !isOwnStart(act) && !isStream(act) && !isFolderAbove(act, granted, home) &&
    !(act.paths.length > 0 && act.call !== "execve" &&
      act.paths.every((path) => isBelow(path, granted)))
  ).map((act) => act.line);
}

/** The folders that are granted for writing, in a home. */
function grantedIn(home: Home, invocation: Invocation, output?: string): readonly string[] {
  return permissionsFor(invocation, foldersOf(home, output), findPrograms(() => false)).write;
}

function foldersOf(home: Home, output?: string): Folders {
  return foldersOfHome(home.dir, { user: Deno.uid() ?? 0, output });
}

const DOCTOR: Invocation = {
  command: "doctor",
  mode: "check",
  json: false,
  strict: false,
  only: undefined,
};

const OPTIONS = {
  json: false,
  force: true,
  restart: false,
  verify: false,
  reload: false,
  waitSeconds: 10,
};
const INSCRIBE: Invocation = { command: "render", mode: "inscribe", ...OPTIONS };

binaryTest("render, rollback and purge write only where permissions.ts grants it", async () => {
  await using home = new Home();
  const [a, b] = [home.codex("a", household("a")), home.codex("b", household("b"))];
  const granted = grantedIn(home, INSCRIBE);
  deepStrictEqual(granted, [home.ours, home.units]);
  const edited = join(home.ours, "soulstone-eye.container");
  const runs: (readonly [string, readonly string[]])[] = [
    ["first render", ["render", "--codex", a, ...ALONE]],
    ["second render", ["render", "--codex", b, ...ALONE]],
    ["nothing to do", ["render", "--codex", b, ...ALONE, "--json"]],
    ["rollback", ["rollback", ...ALONE]],
    ["drift", ["render", "--codex", b, ...ALONE]],
    ["force", ["render", "--codex", b, ...ALONE, "--force"]],
    ["undo", ["render", "--codex", a, ...ALONE]],
    ["purge", ["purge", "--yes", "--no-reload"]],
  ];
  let written = 0;
  for (const [name, args] of runs) {
    if (name === "drift") Deno.writeTextFileSync(edited, "# mine\n");
    if (name === "undo") {
      Deno.writeTextFileSync(home.journal, JSON.stringify({ lychd: 1, entries: [] }));
    }
    const { code, acts } = await traced(home, args);
    strictEqual(code, name === "drift" ? 1 : 0, name);
    deepStrictEqual(breaches(acts, granted, home.dir), [], name);
    written += acts.filter((act) => act.paths.every((path) => isBelow(path, granted))).length;
  }
  // The reading of strace's lines is not to be trusted if it sees nothing.
  ok(written > 200, `only ${written} acts were seen`);
  // deno-lint-ignore no-console
  console.log(`${runs.length} runs, ${written} acts that write, all where they may be`);
}, lacking("strace"));

binaryTest("check and render --dry-run write nothing at all", async () => {
  await using home = new Home();
  const [a, b] = [home.codex("a", household("a")), home.codex("b", household("b"))];
  await home.render(a);
  for (
    const args of [
      ["check", "--codex", a],
      ["check", "--codex", a, "--json"],
      ["render", "--dry-run", "--codex", b],
      ["render", "--exit-code", "--codex", a, "--json"],
      ["schema", "soulstones"],
      ["completions", "fish"],
      ["complete", "fish", "--", "summon", "--codex", a, ""],
      ["--version"],
      ["render", "--help"],
    ]
  ) {
    const { code, acts } = await traced(home, args);
    strictEqual(code, 0, args.join(" "));
    deepStrictEqual(breaches(acts, [], home.dir), [], args.join(" "));
  }
}, lacking("strace"));

binaryTest("doctor writes nothing, and runs only what permissions.ts grants", async () => {
  await using home = new Home();
  const programs = findPrograms(existsSync);
  const { run, write } = permissionsFor(DOCTOR, foldersOf(home), programs);
  deepStrictEqual(write, []);
  for (
    const args of [["doctor", "--codex", home.codex("a", household("a"))], ["doctor", "--facts"]]
  ) {
    const { acts } = await traced(home, args);
    const started = acts.filter((act) => act.call === "execve" && !isOwnStart(act));
    ok(started.length > 10, `only ${started.length} programs were started`);
    deepStrictEqual(started.filter((act) => !run.includes(act.paths[0] ?? "")), []);
    deepStrictEqual(breaches(acts.filter((act) => act.call !== "execve"), [], home.dir), []);
  }
}, lacking("strace"));

binaryTest(
  "init and add write the Codex only, and run only what permissions.ts grants",
  async () => {
    await using home = new Home();
    const init: Invocation = { command: "init", json: false, requests: [], bootCoven: undefined };
    const folders = foldersOf(home);
    const granted = permissionsFor(init, folders, findPrograms(existsSync));
    deepStrictEqual(granted.write, [folders.codex]);
    for (
      const args of [
        ["init", "--engine", "vllm", "--model", "a/b", "--coven", "chat"],
        ["add", "llamacpp", "--model", "/srv/models/x.gguf"],
      ]
    ) {
      const { code, acts } = await traced(home, args);
      strictEqual(code, 0, args.join(" "));
      const started = acts.filter((act) => act.call === "execve" && !isOwnStart(act));
      ok(started.length > 5, `only ${started.length} programs were started`);
      deepStrictEqual(started.filter((act) => !granted.run.includes(act.paths[0] ?? "")), []);
      const written = acts.filter((act) => act.call !== "execve");
      ok(written.some((act) => act.paths.every((path) => isBelow(path, granted.write))));
      deepStrictEqual(breaches(written, granted.write, home.dir), []);
    }
  },
  lacking("strace"),
);

binaryTest("import reads, and writes below the folder of --output only", async () => {
  await using home = new Home();
  const unit = join(home.dir, "eye.container");
  Deno.writeTextFileSync(unit, "[Container]\nImage=localhost/eye:1\n");
  const output = join(home.dir, "imported");
  const invocation: Invocation = { command: "import", from: "quadlet", json: false, all: false };
  const granted = grantedIn(home, invocation, output);
  deepStrictEqual(granted, [output]);
  for (const [more, folders] of [[[], []], [["--output", output], granted]] as const) {
    const { code, acts } = await traced(home, ["import", "quadlet", unit, ...more]);
    strictEqual(code, 0);
    deepStrictEqual(breaches(acts, folders, home.dir), []);
  }
  ok(existsSync(join(output, "soulstones/eye.toml")));
}, lacking("strace"));

binaryTest("render --output writes below its folder only", async () => {
  await using home = new Home();
  const a = home.codex("a", household("a"));
  const output = join(home.dir, "out/put");
  const invocation: Invocation = {
    command: "render",
    mode: "output",
    json: false,
    exitCode: false,
  };
  const granted = grantedIn(home, invocation, output);
  deepStrictEqual(granted, [output]);
  for (let run = 0; run < 2; run++) {
    const { code, acts } = await traced(home, ["render", "--codex", a, "--output", output]);
    strictEqual(code, 0);
    deepStrictEqual(breaches(acts, granted, home.dir), []);
  }
}, lacking("strace"));
