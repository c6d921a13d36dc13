/**
 * Tests of the system calls of the binary: it writes, creates, renames and removes files only below
 * the folders that `permissions.ts` grants.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path/posix";
import type { Folders } from "../../src/run/folders.ts";
import { foldersOfHome } from "../../src/testing/folders_of_home.ts";
import type { Invocation } from "../../src/run/invocation.ts";
import { findPrograms } from "../../src/run/programs.ts";
import { permissionsFor } from "../../src/sandbox/permissions.ts";
import {
  BINARY,
  binaryTest,
  exampleCodex,
  Home,
  missingProgram,
  WITHOUT_SYSTEMD,
} from "./binary.ts";

/** A system call that may change files, and the paths that it would change. */
interface SystemCall {
  readonly name: string;
  readonly paths: readonly string[];
  readonly line: string;
}

/** The system calls that change files by path, and those that do it by descriptor (strace's `-y`). */
const BY_PATH =
  /^(?:creat|mkdir|mkdirat|mknod|mknodat|rmdir|unlink|unlinkat|rename|renameat|renameat2|link|linkat|symlink|symlinkat|chmod|fchmodat|fchmodat2|chown|lchown|fchownat|truncate|utime|utimes|utimensat|futimesat|setxattr|lsetxattr|removexattr|lremovexattr|mount|umount2|bind)$/;
const BY_DESCRIPTOR =
  /^(?:write|writev|pwrite64|pwritev|pwritev2|sendfile|copy_file_range|splice|ftruncate|fallocate|fchmod|fchown|fsetxattr|fremovexattr)$/;
const TRACED = "%file,write,writev,pwrite64,pwritev,pwritev2,sendfile,copy_file_range,splice," +
  "ftruncate,fallocate,fchmod,fchown,fsetxattr,fremovexattr,bind,execve";

/** Runs the binary under strace. */
async function trace(
  home: Home,
  args: readonly string[],
): Promise<{ code: number; calls: SystemCall[] }> {
  const log = join(home.dir, "strace.log");
  const { code, stderr } = await home.run(
    ["-f", "-y", "-qq", "-s", "4096", "-e", `trace=${TRACED}`, "-o", log, BINARY, ...args],
    "strace",
  );
  const calls = Deno.readTextFileSync(log).split("\n").flatMap(parseCall);
  Deno.removeSync(log);
  ok(code !== undefined, stderr);
  return { code, calls };
}

/** Parses a line of strace; returns nothing for a call that cannot change files. */
function parseCall(line: string): SystemCall[] {
  const found = /^\d+ +(\w+)\((.*)$/.exec(line);
  const name = found?.[1] ?? "";
  const rest = found?.[2] ?? "";
  if (/^open(?:at2?)?$/.test(name)) {
    if (!/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE/.test(rest)) return [];
    // The opened path counts too, in case the given one is a symlink.
    const opened = /= \d+<([^>]*)>$/.exec(rest)?.[1];
    return [{ name, paths: [...pathsIn(rest), ...opened === undefined ? [] : [opened]], line }];
  }
  if (name === "execve") return [{ name, paths: pathsIn(rest).slice(0, 1), line }];
  if (BY_PATH.test(name)) return [{ name, paths: pathsIn(rest), line }];
  if (BY_DESCRIPTOR.test(name)) {
    const path = /^\d+<([^>]*)>/.exec(rest)?.[1];
    return [{ name, paths: [path ?? "?"], line }];
  }
  return [];
}

/** Returns the quoted paths in the arguments of a call, resolved against their base folders. */
function pathsIn(rest: string): string[] {
  const args = rest.replace(/\) += .*$/, "");
  return [...args.matchAll(/(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"/g)]
    .map(([, base, path]) => resolve(base ?? "/", path ?? ""));
}

/**
 * Returns true for calls that do not write to the file system:
 *
 * - to stdout and stderr, which the operator redirects;
 * - to an eventfd, a pipe or a socket, with which the threads of the runtime wake each other;
 * - to the kernel by netlink, as `ss` does.
 */
function isStream(call: SystemCall): boolean {
  return call.name === "bind" && call.line.includes("AF_NETLINK") ||
    /^(?:write|writev)$/.test(call.name) &&
      (/^\d+ +\w+\([12]</.test(call.line) ||
        call.paths.every((path) => /^(?:anon_inode:|pipe:|socket:|UNIX)/.test(path)));
}

/** Returns true if a call only creates a parent of a granted folder, as a first render does. */
function isFolderAbove(call: SystemCall, granted: readonly string[], home: string): boolean {
  return call.name === "mkdir" &&
    call.paths.every((path) =>
      path.startsWith(`${home}/`) && granted.some((folder) => folder.startsWith(`${path}/`))
    );
}

/** Returns true for the start of the binary itself, which is the first call. */
function isOwnStart(call: SystemCall): boolean {
  return call.name === "execve" && call.paths[0] === BINARY;
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/** Returns the calls that are neither within the granted folders nor one of the exceptions above. */
function violations(
  calls: readonly SystemCall[],
  granted: readonly string[],
  home: string,
): string[] {
  return calls.filter((call) =>
    !isOwnStart(call) && !isStream(call) && !isFolderAbove(call, granted, home) &&
    !(call.paths.length > 0 && call.name !== "execve" &&
      call.paths.every((path) => isBelow(path, granted)))
  ).map((call) => call.line);
}

/** Returns the folders of a home to which a command may write. */
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

binaryTest("render, rollback and purge write only to the granted folders", async () => {
  await using home = new Home();
  const [a, b] = [home.codex("a", exampleCodex("a")), home.codex("b", exampleCodex("b"))];
  const granted = grantedIn(home, INSCRIBE);
  deepStrictEqual(granted, [home.quadlets, home.units]);
  const edited = join(home.quadlets, "soulstone-eye.container");
  const runs: (readonly [string, readonly string[]])[] = [
    ["first render", ["render", "--codex", a, ...WITHOUT_SYSTEMD]],
    ["second render", ["render", "--codex", b, ...WITHOUT_SYSTEMD]],
    ["nothing to do", ["render", "--codex", b, ...WITHOUT_SYSTEMD, "--json"]],
    ["rollback", ["rollback", ...WITHOUT_SYSTEMD]],
    ["drift", ["render", "--codex", b, ...WITHOUT_SYSTEMD]],
    ["force", ["render", "--codex", b, ...WITHOUT_SYSTEMD, "--force"]],
    ["undo", ["render", "--codex", a, ...WITHOUT_SYSTEMD]],
    ["purge", ["purge", "--yes", "--no-reload"]],
  ];
  let written = 0;
  for (const [name, args] of runs) {
    if (name === "drift") Deno.writeTextFileSync(edited, "# mine\n");
    if (name === "undo") {
      Deno.writeTextFileSync(home.journal, JSON.stringify({ lychd: 1, entries: [] }));
    }
    const { code, calls } = await trace(home, args);
    strictEqual(code, name === "drift" ? 1 : 0, name);
    deepStrictEqual(violations(calls, granted, home.dir), [], name);
    written += calls.filter((call) => call.paths.every((path) => isBelow(path, granted))).length;
  }
  // A parser of strace's output that finds no call would pass every test.
  ok(written > 200, `only ${written} calls were found`);
  // deno-lint-ignore no-console
  console.log(`${runs.length} runs, ${written} calls that write, all in granted folders`);
}, missingProgram("strace"));

binaryTest("check and render --dry-run write nothing", async () => {
  await using home = new Home();
  const [a, b] = [home.codex("a", exampleCodex("a")), home.codex("b", exampleCodex("b"))];
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
    const { code, calls } = await trace(home, args);
    strictEqual(code, 0, args.join(" "));
    deepStrictEqual(violations(calls, [], home.dir), [], args.join(" "));
  }
}, missingProgram("strace"));

binaryTest("doctor writes nothing and runs only the granted programs", async () => {
  await using home = new Home();
  const programs = findPrograms(existsSync);
  const { run, write } = permissionsFor(DOCTOR, foldersOf(home), programs);
  deepStrictEqual(write, []);
  for (
    const args of [["doctor", "--codex", home.codex("a", exampleCodex("a"))], [
      "doctor",
      "--facts",
    ]]
  ) {
    const { calls } = await trace(home, args);
    const started = calls.filter((call) => call.name === "execve" && !isOwnStart(call));
    ok(started.length > 10, `only ${started.length} programs were started`);
    deepStrictEqual(started.filter((call) => !run.includes(call.paths[0] ?? "")), []);
    deepStrictEqual(violations(calls.filter((call) => call.name !== "execve"), [], home.dir), []);
  }
}, missingProgram("strace"));

binaryTest("init and add write only the Codex and run only the granted programs", async () => {
  await using home = new Home();
  const init: Invocation = {
    command: "init",
    json: false,
    requests: [],
    bootCoven: undefined,
    vessel: undefined,
  };
  const folders = foldersOf(home);
  const granted = permissionsFor(init, folders, findPrograms(existsSync));
  deepStrictEqual(granted.write, [folders.codex]);
  for (
    const args of [
      ["init", "--engine", "vllm", "--model", "a/b", "--coven", "chat"],
      ["add", "llamacpp", "--model", "/srv/models/x.gguf"],
    ]
  ) {
    const { code, calls } = await trace(home, args);
    strictEqual(code, 0, args.join(" "));
    const started = calls.filter((call) => call.name === "execve" && !isOwnStart(call));
    ok(started.length > 5, `only ${started.length} programs were started`);
    deepStrictEqual(started.filter((call) => !granted.run.includes(call.paths[0] ?? "")), []);
    const written = calls.filter((call) => call.name !== "execve");
    ok(written.some((call) => call.paths.every((path) => isBelow(path, granted.write))));
    deepStrictEqual(violations(written, granted.write, home.dir), []);
  }
}, missingProgram("strace"));

binaryTest("import writes only below the folder of --output", async () => {
  await using home = new Home();
  const unit = join(home.dir, "eye.container");
  Deno.writeTextFileSync(unit, "[Container]\nImage=localhost/eye:1\n");
  const output = join(home.dir, "imported");
  const invocation: Invocation = { command: "import", from: "quadlet", json: false, all: false };
  const granted = grantedIn(home, invocation, output);
  deepStrictEqual(granted, [output]);
  for (const [more, folders] of [[[], []], [["--output", output], granted]] as const) {
    const { code, calls } = await trace(home, ["import", "quadlet", unit, ...more]);
    strictEqual(code, 0);
    deepStrictEqual(violations(calls, folders, home.dir), []);
  }
  ok(existsSync(join(output, "soulstones/eye.toml")));
}, missingProgram("strace"));

binaryTest("render --output writes only below its folder", async () => {
  await using home = new Home();
  const a = home.codex("a", exampleCodex("a"));
  const output = join(home.dir, "out/put");
  const invocation: Invocation = {
    command: "render",
    mode: "output",
    target: "systemd",
    allowLoss: false,
    json: false,
    exitCode: false,
  };
  const granted = grantedIn(home, invocation, output);
  deepStrictEqual(granted, [output]);
  for (let run = 0; run < 2; run++) {
    const { code, calls } = await trace(home, ["render", "--codex", a, "--output", output]);
    strictEqual(code, 0);
    deepStrictEqual(violations(calls, granted, home.dir), []);
  }
}, missingProgram("strace"));
