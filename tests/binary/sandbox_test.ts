/**
 * The seal: from inside of each command's sandbox, everything is tried that a command must not do; and
 * what a hostile environment, Codex or neighbour can do from outside.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { dirname, join, relative } from "node:path/posix";
import { foldersOfHome } from "../../src/testing/folders_of_home.ts";
import { ATTEMPTS, type Outcome } from "../../src/sandbox/self_test/attempts.ts";
import type { SelfTestRequest } from "../../src/sandbox/self_test/report.ts";
import { grantedTo, programsNotThere } from "../sandbox.ts";
import { ALONE, binaryTest, exists, Home, household, notRoot, walk } from "./binary.ts";

/** A command line for each command, and for each that is granted something else. */
const COMMANDS: readonly string[] = [
  ...["check", "render", "render --dry-run", "render --output out", "rollback", "purge"],
  ...["doctor", "doctor --list", "plan eye", "list", "covens", "status", "logs eye", "summon eye"],
  ...[
    "banish",
    "init",
    "add vllm",
    "schema soulstones",
    "completions bash",
    "complete fish -- summon e",
  ],
  ...["import quadlet x.container", "import llama-swap x.yaml"],
];

/**
 * Holes of the runtime, which docs/security.md tells of. Deno 2.7.11 asks for no permission in
 * node:net, and a program that it compiled imports modules of the disk unasked; 2.9.6 refuses both,
 * as tests/cli/self_test_test.ts sees.
 */
const HOLES: Readonly<Record<string, readonly string[]>> = {
  "2.7.11": ["import a module of the disk", "open a connection as node:net"],
};

const NOBODY = 65534;
/** Where attempts outside of the home would leave a file, and its name. */
const ELSEWHERE = ["/tmp", "/var/tmp", "/dev/shm", "/etc"];
const LEFT = "lychd-self-test";

/** A home in which each attempt would find what it looks for. */
function bait(): Home {
  const home = new Home();
  for (
    const path of [".ssh", ".config/lychd/soulstones", ".config/containers", ".config/systemd"]
  ) {
    Deno.mkdirSync(join(home.dir, path), { recursive: true });
  }
  const files = [".bashrc", ".profile", ".ssh/id_ed25519", ".config/containers/auth.json"];
  for (const path of [...files, "x.container", "x.yaml"]) {
    Deno.writeTextFileSync(join(home.dir, path), "");
  }
  return home;
}

/** Every file of a home with what it holds, and those that attempts would leave elsewhere. */
function traces(home: Home): string {
  const files = [...walk(home.dir)].map((path) => `${path}: ${Deno.readTextFileSync(path)}`);
  const left = ELSEWHERE.map((folder) => `${folder}/${LEFT}`);
  return [...files, ...left.filter(exists)].join("\n");
}

binaryTest("all that is tried in the sandbox of any command is refused", async (t) => {
  ok(ATTEMPTS.length > 90);
  for (const command of COMMANDS) {
    await t.step(command, async () => {
      await using home = bait();
      const before = traces(home);
      const said = await home.run(["self-test", ...command.split(" ")]);
      const [, version = ""] = /\(Deno (\S+)\)/.exec(said.stdout) ?? [];
      const holes = HOLES[version] ?? [];
      const sandboxes = said.stdout.trimEnd().split(/^the sandbox .*\n?/m).slice(0, -1);
      strictEqual(sandboxes.length, command.startsWith("summon") ? 2 : 1, said.stderr);
      for (const [nth, lines] of sandboxes.entries()) {
        const granted = nth === 0 ? grantedTo(command) : [];
        const outcomes = Object.fromEntries(
          lines.trimEnd().split("\n").map((line) => {
            const [, outcome = "", name = ""] = /^([\w ]+): (.*?)(?: \(.*\))?$/.exec(line) ?? [];
            return [name, outcome];
          }),
        );
        deepStrictEqual(
          outcomes,
          Object.fromEntries(ATTEMPTS.map(({ name }) => [
            name,
            holes.includes(name) ? "not refused" : granted.includes(name) ? "granted" : "refused",
          ])),
        );
      }
      strictEqual(said.code, holes.length === 0 ? 0 : 1);
      strictEqual(traces(home), before);
    });
  }
});

binaryTest("what a command was granted is told as that, even if it is the whole host", async () => {
  await using home = bait();
  const said = await home.run(["self-test", "check", "--codex", "/"]);
  const [, version = ""] = /\(Deno (\S+)\)/.exec(said.stdout) ?? [];
  const told = (outcome: string) =>
    [...said.stdout.matchAll(new RegExp(`^${outcome}: (.*?)(?: \\(.*\\))?$`, "gm"))]
      .map(([, name]) => name);
  const reads = ATTEMPTS.filter(({ paths }) => paths?.kind === "read").map(({ name }) => name);
  deepStrictEqual(told("granted"), reads);
  const holes = HOLES[version] ?? [];
  deepStrictEqual(told("not refused"), holes.filter((name) => !reads.includes(name)));
  strictEqual(said.code, holes.length === 0 ? 0 : 1);
});

binaryTest("a sandbox brings no library of a GPU into the process", async () => {
  await using home = bait();
  const log = join(home.dir, "loader");
  // The loader of glibc notes what it looks for.
  Object.assign(home.env, { LD_DEBUG: "libs", LD_DEBUG_OUTPUT: log });
  await home.run(["self-test", "check"]);
  const sought = [...walk(home.dir)].filter((path) => path.startsWith(log))
    .flatMap((path) => Deno.readTextFileSync(path).match(/(?<=find library=)\S+/g) ?? []);
  ok(sought.includes("libc.so.6"), sought.join());
  deepStrictEqual(sought.filter((name) => /vulkan|GL|cuda|wayland|X11/.test(name)), []);
});

binaryTest("each attempt would be something, if it were not refused", async () => {
  await using home = bait();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("", { status: 404 }),
  );
  const module = join(home.dir, "module.js");
  Deno.writeTextFileSync(module, "export {};\n");
  const worker = new Worker(import.meta.resolve("../../src/sandbox/self_test_worker.ts"), {
    type: "module",
  });
  const outcomes = await new Promise<readonly Outcome[]>((done, fail) => {
    worker.onmessage = ({ data }) => done(data);
    worker.onerror = (event) => fail(new Error(event.message));
    worker.postMessage(
      {
        places: {
          home: home.dir,
          codex: join(home.config, "lychd"),
          config: home.config,
          program: "/bin/true",
          port: server.addr.port,
          module,
        },
        permissions: { read: [], write: [], run: [] },
      } satisfies SelfTestRequest,
    );
  });
  worker.terminate();
  for (const folder of ELSEWHERE) {
    if (exists(`${folder}/${LEFT}`)) Deno.removeSync(`${folder}/${LEFT}`);
  }
  deepStrictEqual(outcomes.filter(({ outcome }) => outcome !== "not refused"), []);
  const undone = outcomes.filter(({ said }) => said !== "it was done").map(({ name }) => name);
  // These are no libraries of Node or SQLite, and there is no such socket, no server that knows
  // names, no such module, and perhaps no GPU and not every program.
  const fruitless = [
    ...["load a library as Node does", "load a library as SQLite does"],
    ...["load the libraries of a GPU as WebGPU does"],
    ...["load the libraries of a GPU in a worker of its own", "speak to the session bus"],
    ...["ask for a name", "import a module of the network"],
    ...programsNotThere(),
  ];
  deepStrictEqual(undone.filter((name) => !fruitless.includes(name)), []);
}, notRoot());

binaryTest("variables and programs of somebody else change nothing", async () => {
  await using home = new Home();
  const codex = home.codex("a", household("a"));
  await home.render(codex);
  const expected = home.generation();
  const mark = join(home.dir, "mark");
  const bin = join(home.dir, "bin");
  Deno.mkdirSync(bin);
  for (const name of ["podman", "systemctl", "systemd-analyze", "cat", "ss", "test", "sh", "id"]) {
    Deno.writeTextFileSync(join(bin, name), `#!/bin/sh\necho ${name} >> ${mark}\n`, {
      mode: 0o755,
    });
  }
  Deno.writeTextFileSync(join(home.dir, "evil.js"), `Deno.writeTextFileSync("${mark}", "js");`);
  Object.assign(home.env, {
    PATH: bin,
    NODE_OPTIONS: `--require ${home.dir}/evil.js`,
    DENO_DIR: `${home.dir}/deno`,
    DENO_V8_FLAGS: "--prof",
    DENO_COVERAGE_DIR: `${home.dir}/coverage`,
    NODE_V8_COVERAGE: `${home.dir}/coverage`,
    DENO_AUDIT_PERMISSIONS: `${home.dir}/audit`,
    DENO_PERMISSION_BROKER_PATH: `${home.dir}/broker`,
    NODE_EXTRA_CA_CERTS: "/etc/shadow",
  });
  const before = [...walk(home.dir)];
  for (const args of [["check"], ["render", "--dry-run"], ["render", ...ALONE], ["list"]]) {
    const said = await home.run([...args, "--codex", codex]);
    strictEqual(said.code, 0, said.stderr);
  }
  await home.run(["doctor", "--codex", codex]);
  await home.run(["status"]);
  deepStrictEqual([...walk(home.dir)].filter((path) => !before.includes(path)), []);
  deepStrictEqual(home.generation(), expected);
});

/** The stage of a home, below `$XDG_RUNTIME_DIR`. */
function stageOf(home: Home): string {
  return relative("/", foldersOfHome(home.dir, { runtime: "/" }).stage ?? "");
}

binaryTest("variables that lead to folders of somebody else are refused", async () => {
  await using home = new Home();
  const codex = home.codex("a", household("a"));
  const foreign = join(home.dir, "foreign");
  Deno.mkdirSync(foreign);
  Deno.chownSync(foreign, NOBODY, NOBODY);
  for (const variable of ["XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"]) {
    home.env[variable] = foreign;
    const about = variable === "XDG_CONFIG_HOME"
      ? variable
      : `above ${join(foreign, stageOf(home))}, the stage below ${variable}`;
    for (const args of [["render", "--codex", codex], ["rollback"], ["purge", "--yes"]]) {
      const { code, stdout, stderr } = await home.run([...args, ...ALONE]);
      strictEqual(
        stderr,
        `lychd: ${foreign} (${about}) belongs to user ${NOBODY}, not to 0; nothing was changed\n` +
          "hint: who owns it can put another in its place: name a folder of your own, or " +
          `sudo chown 0 ${foreign}\n`,
      );
      deepStrictEqual([code, stdout], [1, ""]);
    }
    home.env[variable] = "relative";
    const { code, stderr } = await home.run(["render", "--codex", codex]);
    match(stderr, /^lychd: XDG_\w+ is the relative path `relative`; it must be absolute\n$/);
    strictEqual(code, 1);
    delete home.env[variable];
  }
  home.env["XDG_DATA_HOME"] = "relative";
  strictEqual((await home.run(["render", "--codex", codex, ...ALONE])).code, 1);
  deepStrictEqual([...walk(foreign), ...walk(home.ours)], []);
}, notRoot());

/** A folder that is nobody's, with the mode. */
function nobodys(path: string, mode = 0o755): string {
  Deno.mkdirSync(path);
  Deno.chmodSync(path, mode);
  Deno.chownSync(path, NOBODY, NOBODY);
  return path;
}

/** A folder of the user who runs the tests, with the mode. */
function own(path: string, mode = 0o755): string {
  Deno.mkdirSync(path);
  Deno.chmodSync(path, mode);
  return path;
}

const INIT = ["init", "--engine", "vllm", "--model", "a/b"];

/** Each lays folders out and tells what is then run, and what it is refused for. */
const FOREIGN: Readonly<Record<string, (home: Home, codex: string) => [string[], RegExp]>> = {
  "a home of somebody else that everybody may write to, without a .config": (home, codex) => {
    home.env["HOME"] = nobodys(join(home.dir, "x"), 0o777);
    return [["render", "--codex", codex], /x \(above \S+x\/\.config, XDG_CONFIG_HOME\) belongs/];
  },
  "an XDG_CONFIG_HOME that is not there, in a folder of somebody else": (home, codex) => {
    home.env["XDG_CONFIG_HOME"] = join(nobodys(join(home.dir, "x")), "config");
    return [["render", "--codex", codex], /x \(above \S+x\/config, XDG_CONFIG_HOME\) belongs/];
  },
  "an XDG_CONFIG_HOME in a folder of somebody else": (home, codex) => {
    home.env["XDG_CONFIG_HOME"] = own(join(nobodys(join(home.dir, "x")), "config"));
    return [["render", "--codex", codex], /x \(above \S+x\/config, XDG_CONFIG_HOME\) belongs/];
  },
  "an XDG_CONFIG_HOME that everybody may write to": (home, codex) => {
    home.env["XDG_CONFIG_HOME"] = own(join(home.dir, "x"), 0o777);
    return [["render", "--codex", codex], /everybody may write to \S+x \(XDG_CONFIG_HOME\)/];
  },
  "an XDG_CONFIG_HOME that is a link in a folder of somebody else": (home, codex) => {
    const link = join(nobodys(join(home.dir, "x")), "link");
    Deno.symlinkSync(own(join(home.dir, "config")), link);
    home.env["XDG_CONFIG_HOME"] = link;
    return [["render", "--codex", codex], /x \(above \S+x\/link, XDG_CONFIG_HOME\) belongs/];
  },
  "a Codex in a folder of somebody else": (home, codex) => {
    const moved = join(nobodys(join(home.dir, "x")), "codex");
    Deno.renameSync(codex, moved);
    return [["render", "--codex", moved], /x \(above \S+x\/codex, the Codex\) belongs/];
  },
  "a link to a Codex in a folder of somebody else": (home, codex) => {
    const moved = join(nobodys(join(home.dir, "x")), "codex");
    Deno.renameSync(codex, moved);
    Deno.symlinkSync(moved, codex);
    return [["render", "--codex", codex], /x \(on the way to \S+a, the Codex\) belongs/];
  },
  "a Codex with a link to a file in a folder that everybody may write to": (home, codex) => {
    const dots = own(join(home.dir, "x"), 0o777);
    Deno.renameSync(`${codex}/lychd.toml`, join(dots, "lychd.toml"));
    Deno.symlinkSync("../x/lychd.toml", `${codex}/lychd.toml`);
    const words =
      /everybody may write to \S+x \(on the way to \S+lychd\.toml, a link of the Codex\)/;
    return [["render", "--codex", codex], words];
  },
  "a stage that somebody laid as a link": (home, codex) => {
    home.env["XDG_RUNTIME_DIR"] = own(join(home.dir, "x"), 0o1777);
    const stage = join(home.dir, "x", stageOf(home));
    nobodys(dirname(stage));
    Deno.symlinkSync(home.config, stage);
    const words = /x\/lychd \(above \S+, the stage below XDG_RUNTIME_DIR\) belongs/;
    return [["render", "--codex", codex], words];
  },
  "a Codex that a foreign group may write to": (_, codex) => {
    Deno.chownSync(codex, 0, NOBODY);
    Deno.chmodSync(codex, 0o770);
    return [["render", "--codex", codex], /group 65534 may write to \S+a \(the Codex\)/];
  },
  "a file of a Codex that a foreign group may write to": (_, codex) => {
    Deno.chownSync(`${codex}/lychd.toml`, 0, NOBODY);
    Deno.chmodSync(`${codex}/lychd.toml`, 0o660);
    return [
      ["render", "--codex", codex],
      /group 65534 may write to \S+lychd\.toml: .*\nhint: .*g-w/,
    ];
  },
  "render --output into a folder of somebody else": (home, codex) => {
    const out = join(nobodys(join(home.dir, "x")), "out");
    return [["render", "--codex", codex, "--output", out], /x \(above \S+out, --output\) belongs/];
  },
  "import --output into a folder of somebody else": (home) => {
    const out = join(nobodys(join(home.dir, "x")), "out");
    Deno.writeTextFileSync(join(home.dir, "y.yaml"), "models: {}\n");
    const file = join(home.dir, "y.yaml");
    return [
      ["import", "llama-swap", file, "--output", out],
      /x \(above \S+out, --output\) belongs/,
    ];
  },
  "init into a folder of somebody else": (home) => {
    const codex = join(nobodys(join(home.dir, "x"), 0o777), "codex");
    return [[...INIT, "--codex", codex], /x \(above \S+codex, the Codex\) belongs/];
  },
  "init in a home that everybody may write to": (home) => {
    home.env["HOME"] = own(join(home.dir, "x"), 0o777);
    return [INIT, /everybody may write to \S+x \(above \S+lychd, the Codex\)/];
  },
  "add to a Codex of somebody else": (_, codex) => {
    Deno.chownSync(codex, NOBODY, NOBODY);
    return [["add", ...INIT.slice(2), "--codex", codex], /a \(the Codex\) belongs/];
  },
};

binaryTest("folders in whose place somebody else could put another are refused", async (t) => {
  for (const [name, lay] of Object.entries(FOREIGN)) {
    await t.step(name, async () => {
      await using home = new Home();
      const [args, words] = lay(home, home.codex("a", household("a")));
      const before = [...walk(home.dir)];
      const isRender = args[0] === "render" && !args.includes("--output");
      const said = await home.run([...args, ...isRender ? ALONE : []]);
      match(said.stderr, words);
      match(said.stderr, /nothing was changed\nhint: .*\n$/);
      deepStrictEqual([said.code, said.stdout, [...walk(home.dir)]], [1, "", before]);
      if (!isRender) return;
      const shown = await home.run([...args, "--dry-run"]);
      match(shown.stderr, /; render will refuse\n/);
      strictEqual(shown.code, 0, shown.stderr);
    });
  }
}, notRoot());

binaryTest(
  "that a folder is foreign is told in JSON too, and cannot steer a terminal",
  async () => {
    await using home = new Home();
    const name = join(own(join(home.dir, "\x1b[2J"), 0o777), "codex");
    const said = await home.run([...INIT, "--json", "--codex", name]);
    ok(JSON.parse(said.stdout).error.includes("\x1b[2J"));
    deepStrictEqual([said.code, said.stderr.includes("\x1b")], [1, false]);
  },
);

binaryTest("of a file of root that a Codex links to, nothing is shown", async () => {
  await using home = new Home();
  const codex = home.codex("a", household("a"));
  Deno.symlinkSync("/etc/shadow", `${codex}/soulstones/shadow.toml`);
  for (const args of [["check"], ["render", "--dry-run"], ["render", ...ALONE]]) {
    const { code, stdout, stderr } = await home.run([...args, "--codex", codex]);
    match(stderr, /it links to \/etc\/shadow, and only a link to a file with the same ending/);
    deepStrictEqual([code, stdout, stderr.includes("root:")], [3, "", false]);
  }
}, notRoot());

binaryTest("folders of a user with a group of their own, and below /tmp, are fine", async () => {
  await using home = new Home();
  const codex = home.codex("a", household("a"));
  for (const folder of [home.dir, codex]) Deno.chmodSync(folder, 0o775);
  home.env["XDG_CONFIG_HOME"] = join(own(join(home.dir, "sticky"), 0o1777), "config");
  await home.render(codex);
}, notRoot());

binaryTest(
  "a Codex that somebody else can change is read, but nothing is written of it",
  async () => {
    const changes: readonly (readonly [string, (codex: string) => void, RegExp])[] = [
      [
        "a folder",
        (codex) => Deno.chownSync(codex, NOBODY, NOBODY),
        /a \(the Codex\) belongs to user 65534, not to 0/,
      ],
      [
        "a file",
        (codex) => Deno.chownSync(`${codex}/soulstones/all.toml`, NOBODY, NOBODY),
        /all\.toml belongs to user 65534/,
      ],
      [
        "settings",
        (codex) => Deno.chmodSync(`${codex}/lychd.toml`, 0o666),
        /^lychd: everybody may write to .*lychd\.toml: .*\nhint: chmod -R o-w /m,
      ],
      [
        "a link",
        (codex) => {
          Deno.writeTextFileSync("/tmp/lychd-other.toml", "");
          Deno.chownSync("/tmp/lychd-other.toml", NOBODY, NOBODY);
          Deno.symlinkSync("/tmp/lychd-other.toml", `${codex}/soulstones/other.toml`);
        },
        /other\.toml belongs to user 65534/,
      ],
    ];
    for (const [name, change, words] of changes) {
      await using home = new Home();
      const codex = home.codex("a", household("a"));
      change(codex);
      const refused = await home.run(["render", "--codex", codex, ...ALONE]);
      match(refused.stderr, words, name);
      deepStrictEqual([refused.code, [...walk(home.config)]], [1, []], name);
      const shown = await home.run(["render", "--dry-run", "--codex", codex]);
      match(shown.stderr, /decides what runs as you; render will refuse\n/, name);
      strictEqual(shown.code, 0);
      strictEqual((await home.run(["check", "--codex", codex])).code, 0);
    }
    Deno.removeSync("/tmp/lychd-other.toml");
  },
  notRoot(),
);
