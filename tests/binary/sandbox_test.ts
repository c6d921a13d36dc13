/**
 * Tests of the sandbox. From inside, each command attempts everything that it must not do. From
 * outside, the environment, the Codex and the folders are hostile.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { dirname, join, relative } from "node:path/posix";
import { EXIT } from "../../src/run/invocation.ts";
import { foldersOfHome } from "../../src/testing/folders_of_home.ts";
import { ATTEMPTS, type Outcome } from "../../src/sandbox/self_test/attempts.ts";
import type { SelfTestRequest } from "../../src/sandbox/self_test/report.ts";
import { grantedTo, programsNotThere } from "../sandbox.ts";
import {
  BINARY,
  binaryTest,
  exampleCodex,
  exists,
  Home,
  missingProgram,
  missingRoot,
  walk,
  WITHOUT_SYSTEMD,
} from "./binary.ts";

/** The command lines: one for each set of permissions. */
const COMMANDS: readonly string[] = [
  ...["check", "render", "render --dry-run", "render --output out", "rollback", "purge"],
  ...["apply", "apply --dry-run", "restart eye", "render --restart", "edit"],
  ...[
    "doctor",
    "doctor --list",
    "plan eye",
    "pull eye",
    "list",
    "covens",
    "status",
    "logs eye",
    "summon eye",
  ],
  ...[
    "banish",
    "serve",
    "init",
    "add vllm",
    "schema soulstones",
    "completions bash",
    "licenses",
    "complete fish -- summon e",
  ],
  ...["import quadlet x.container", "import llama-swap x.yaml"],
];

/** The command lines that start engines: a second sandbox asks for their health, a third one speaks HTTP. */
const STARTING: readonly string[] = ["summon eye", "apply", "restart eye", "render --restart"];
const SANDBOXES: Readonly<Record<string, number>> = {
  ...Object.fromEntries(STARTING.map((line) => [line, 2])),
  serve: 3,
};

/**
 * Holes of the runtime, which docs/security.md describes. Deno 2.7.11 checks no permission when a
 * compiled program imports JavaScript or JSON of the disk. 2.9.6 refuses that, which tests/cli/self_test_test.ts
 * checks.
 */
const HOLES: Readonly<Record<string, readonly string[]>> = {
  "2.7.11": ["import a module of the disk", "import JSON of the disk"],
};

const OTHER_USER = 65534;
/** The folders outside the home in which an attempt would leave a file, and its name. */
const ELSEWHERE = ["/tmp", "/var/tmp", "/dev/shm", "/etc"];
const LEFT = "lychd-self-test";

/** Creates a home with the files that the attempts access. */
function homeWithTargets(): Home {
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

/** Lists the files of a home with their content, and the files that attempts would leave elsewhere. */
function traces(home: Home): string {
  const files = [...walk(home.dir)].map((path) => `${path}: ${Deno.readTextFileSync(path)}`);
  const left = ELSEWHERE.map((folder) => `${folder}/${LEFT}`);
  return [...files, ...left.filter(exists)].join("\n");
}

binaryTest("every attempt in the sandbox of every command is refused", async (t) => {
  ok(ATTEMPTS.length > 90);
  for (const command of COMMANDS) {
    await t.step(command, async () => {
      await using home = homeWithTargets();
      const before = traces(home);
      const result = await home.run(["self-test", ...command.split(" ")]);
      const [, version = ""] = /\(Deno (\S+)\)/.exec(result.stdout) ?? [];
      const holes = HOLES[version] ?? [];
      const sandboxes = result.stdout.trimEnd().split(/^the sandbox .*\n?/m).slice(0, -1);
      strictEqual(sandboxes.length, SANDBOXES[command] ?? 1, result.stderr);
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
      strictEqual(result.code, holes.length === 0 ? 0 : 1);
      strictEqual(traces(home), before);
    });
  }
});

binaryTest("the front door refuses to start with a runtime that has holes", async () => {
  await using home = homeWithTargets();
  const { code, stderr } = await home.run(["serve"]);
  const [, version = ""] = /\(Deno (\S+)\)/.exec((await home.run(["self-test", "check"])).stdout) ??
    [];
  const isWeak = /^lychd: the runtime of this binary is too weak: not refused: import a module/;
  strictEqual(isWeak.test(stderr), version in HOLES, stderr);
  strictEqual(code, EXIT.hostRefused);
  // With the option it continues, and then finds no session.
  const accepted = await home.run(["serve", "--accept-weak-runtime"]);
  match(
    accepted.stderr,
    /^lychd: (?!the runtime).*\nhint: systemctl --user start lychd-vessel\n$/m,
  );
});

binaryTest("permitted attempts are reported as granted, even for the whole host", async () => {
  await using home = homeWithTargets();
  const result = await home.run(["self-test", "check", "--codex", "/"]);
  const [, version = ""] = /\(Deno (\S+)\)/.exec(result.stdout) ?? [];
  const withOutcome = (outcome: string) =>
    [...result.stdout.matchAll(new RegExp(`^${outcome}: (.*?)(?: \\(.*\\))?$`, "gm"))]
      .map(([, name]) => name);
  const reads = ATTEMPTS.filter(({ paths }) => paths?.kind === "read").map(({ name }) => name);
  deepStrictEqual(withOutcome("granted"), reads);
  const holes = (HOLES[version] ?? []).filter((name) => !reads.includes(name));
  deepStrictEqual(withOutcome("not refused"), holes);
  strictEqual(result.code, holes.length === 0 ? 0 : 1);
});

binaryTest("a sandbox loads no GPU library into the process", async () => {
  await using home = homeWithTargets();
  const log = join(home.dir, "loader");
  // The loader of glibc logs the libraries that it searches for.
  Object.assign(home.env, { LD_DEBUG: "libs", LD_DEBUG_OUTPUT: log });
  await home.run(["self-test", "check"]);
  const searched = [...walk(home.dir)].filter((path) => path.startsWith(log))
    .flatMap((path) => Deno.readTextFileSync(path).match(/(?<=find library=)\S+/g) ?? []);
  ok(searched.includes("libc.so.6"), searched.join());
  deepStrictEqual(searched.filter((name) => /vulkan|GL|cuda|wayland|X11/.test(name)), []);
});

binaryTest("without a sandbox the attempts succeed", async () => {
  await using home = homeWithTargets();
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
  const unsuccessful = outcomes.filter(({ said }) => said !== "it was done").map(({ name }) =>
    name
  );
  // These fail on any machine, or on one without a session bus, name server, GPU or some programs: the
  // files are not libraries of Node or SQLite, the module of the disk is not JSON, and that of the
  // network does not exist.
  const expected = [
    ...["load a library as Node does", "load a library as SQLite does"],
    ...["load the libraries of a GPU as WebGPU does"],
    ...["load the libraries of a GPU in a worker of its own", "connect to the session bus"],
    ...["resolve a host name", "import JSON of the disk", "import a module of the network"],
    ...programsNotThere(),
  ];
  deepStrictEqual(unsuccessful.filter((name) => !expected.includes(name)), []);
}, missingRoot());

/** The variables that the runtime reads at its start, before the gate; docs/security.md lists them. */
const RUNTIME = (dir: string) => ({
  SSLKEYLOGFILE: `${dir}/made/keys`,
  DENO_UNSTABLE_CRON_SOCK: `unix:${dir}/made/cron`,
  ICU_DATA: `${dir}/made/icu`,
  ICU_TIMEZONE_FILES_DIR: `${dir}/made/icu`,
  TZ: `:${dir}/made/zone`,
});

/** Variables that the binary ignores, although Deno reads them. */
const IGNORED = (dir: string) => ({
  NODE_OPTIONS: `--require ${dir}/evil.js`,
  DENO_DIR: `${dir}/deno`,
  DENO_V8_FLAGS: "--prof",
  DENO_COVERAGE_DIR: `${dir}/coverage`,
  NODE_V8_COVERAGE: `${dir}/coverage`,
  DENO_AUDIT_PERMISSIONS: `${dir}/audit`,
  DENO_PERMISSION_BROKER_PATH: `${dir}/broker`,
  NODE_EXTRA_CA_CERTS: "/etc/shadow",
  DENO_CERT: `${dir}/certificate`,
  DENO_TLS_CA_STORE: "system",
  OTEL_DENO: "true",
  OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
  DENO_SERVE_ADDRESS: "tcp:127.0.0.1:1",
  TMPDIR: `${dir}/tmp`,
  HTTP_PROXY: "http://127.0.0.1:1",
  ALL_PROXY: "http://127.0.0.1:1",
});

binaryTest("the runtime uses the variables that the documents list, and no others", async () => {
  await using home = new Home();
  const codex = home.codex("a", exampleCodex("a"));
  Deno.mkdirSync(join(home.dir, "made"));
  const variables = RUNTIME(home.dir);
  Object.assign(home.env, variables, IGNORED(home.dir));
  const log = join(home.dir, "strace.log");
  const args = ["-f", "-qq", "-s", "4096", "-e", "trace=%file,connect,bind", "-o", log, BINARY];
  const { code, stderr } = await home.run([...args, "check", "--codex", codex], "strace");
  deepStrictEqual([code, stderr], [0, ""]);
  const calls = Deno.readTextFileSync(log).split("\n");
  const paths = calls.flatMap((call) => call.match(/(?<=")\/[^"]*(?=")/g) ?? []);
  const isUsed = (value: string) => {
    const path = value.slice(value.indexOf("/"));
    return paths.some((each) => `${each}/`.startsWith(`${path}/`));
  };
  const used = Object.entries(home.env).filter(([, value]) => isUsed(value)).map(([name]) => name);
  deepStrictEqual(used, Object.keys(variables));
  deepStrictEqual(calls.filter((call) => /^\d+ +(?:connect|bind)\(.*AF_INET/.test(call)), []);
  deepStrictEqual([...walk(join(home.dir, "made"))], [variables.SSLKEYLOGFILE]);
  strictEqual(Deno.statSync(variables.SSLKEYLOGFILE).size, 0);
}, missingProgram("strace"));

binaryTest("untrusted variables and programs change nothing", async () => {
  await using home = new Home();
  const codex = home.codex("a", exampleCodex("a"));
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
    ...IGNORED(home.dir),
    PATH: bin,
  });
  const before = [...walk(home.dir)];
  for (
    const args of [["check"], ["render", "--dry-run"], ["render", ...WITHOUT_SYSTEMD], ["list"]]
  ) {
    const result = await home.run([...args, "--codex", codex]);
    strictEqual(result.code, 0, result.stderr);
  }
  await home.run(["doctor", "--codex", codex]);
  await home.run(["status"]);
  deepStrictEqual([...walk(home.dir)].filter((path) => !before.includes(path)), []);
  deepStrictEqual(home.generation(), expected);
});

/** Returns the path of the stage of a home, relative to `$XDG_RUNTIME_DIR`. */
function stageOf(home: Home): string {
  return relative("/", foldersOfHome(home.dir, { runtime: "/" }).stage ?? "");
}

binaryTest("variables that name folders of another user are refused", async () => {
  await using home = new Home();
  const codex = home.codex("a", exampleCodex("a"));
  const notOwned = join(home.dir, "not-owned");
  Deno.mkdirSync(notOwned);
  Deno.chownSync(notOwned, OTHER_USER, OTHER_USER);
  for (const variable of ["XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"]) {
    home.env[variable] = notOwned;
    const about = variable === "XDG_CONFIG_HOME"
      ? variable
      : `above ${join(notOwned, stageOf(home))}, the stage below ${variable}`;
    for (const args of [["render", "--codex", codex], ["rollback"], ["purge", "--yes"]]) {
      const { code, stdout, stderr } = await home.run([...args, ...WITHOUT_SYSTEMD]);
      strictEqual(
        stderr,
        `lychd: ${notOwned} (${about}) belongs to user ${OTHER_USER}, not to 0; nothing was changed\n` +
          `hint: sudo chown 0 ${notOwned}\n`,
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
  strictEqual((await home.run(["render", "--codex", codex, ...WITHOUT_SYSTEMD])).code, 1);
  deepStrictEqual([...walk(notOwned), ...walk(home.quadlets)], []);
}, missingRoot());

/** Creates a folder of another user. */
function notOwnedFolder(path: string, mode = 0o755): string {
  Deno.mkdirSync(path);
  Deno.chmodSync(path, mode);
  Deno.chownSync(path, OTHER_USER, OTHER_USER);
  return path;
}

/** Creates a folder of the user who runs the tests. */
function ownFolder(path: string, mode = 0o755): string {
  Deno.mkdirSync(path);
  Deno.chmodSync(path, mode);
  return path;
}

const INIT = ["init", "--engine", "vllm", "--model", "a/b"];

/** Each creates untrusted folders, and returns the arguments of a run and the pattern of its refusal. */
const UNTRUSTED: Readonly<Record<string, (home: Home, codex: string) => [string[], RegExp]>> = {
  "a home of another user that anyone may write to, without a .config": (home, codex) => {
    home.env["HOME"] = notOwnedFolder(join(home.dir, "x"), 0o777);
    return [["render", "--codex", codex], /x \(above \S+x\/\.config, XDG_CONFIG_HOME\) belongs/];
  },
  "a missing XDG_CONFIG_HOME in a folder of another user": (home, codex) => {
    home.env["XDG_CONFIG_HOME"] = join(notOwnedFolder(join(home.dir, "x")), "config");
    return [["render", "--codex", codex], /x \(above \S+x\/config, XDG_CONFIG_HOME\) belongs/];
  },
  "an XDG_CONFIG_HOME in a folder of another user": (home, codex) => {
    home.env["XDG_CONFIG_HOME"] = ownFolder(join(notOwnedFolder(join(home.dir, "x")), "config"));
    return [["render", "--codex", codex], /x \(above \S+x\/config, XDG_CONFIG_HOME\) belongs/];
  },
  "an XDG_CONFIG_HOME that anyone may write to": (home, codex) => {
    home.env["XDG_CONFIG_HOME"] = ownFolder(join(home.dir, "x"), 0o777);
    return [["render", "--codex", codex], /x \(XDG_CONFIG_HOME\) is writable by everyone/];
  },
  "an XDG_CONFIG_HOME that is a symlink in a folder of another user": (home, codex) => {
    const link = join(notOwnedFolder(join(home.dir, "x")), "link");
    Deno.symlinkSync(ownFolder(join(home.dir, "config")), link);
    home.env["XDG_CONFIG_HOME"] = link;
    return [["render", "--codex", codex], /x \(above \S+x\/link, XDG_CONFIG_HOME\) belongs/];
  },
  "a Codex in a folder of another user": (home, codex) => {
    const moved = join(notOwnedFolder(join(home.dir, "x")), "codex");
    Deno.renameSync(codex, moved);
    return [["render", "--codex", moved], /x \(above \S+x\/codex, the Codex\) belongs/];
  },
  "a symlink to a Codex in a folder of another user": (home, codex) => {
    const moved = join(notOwnedFolder(join(home.dir, "x")), "codex");
    Deno.renameSync(codex, moved);
    Deno.symlinkSync(moved, codex);
    return [["render", "--codex", codex], /x \(on the path to \S+a, the Codex\) belongs/];
  },
  "a Codex with a symlink to a file in a folder that anyone may write to": (home, codex) => {
    const dots = ownFolder(join(home.dir, "x"), 0o777);
    Deno.renameSync(`${codex}/lychd.toml`, join(dots, "lychd.toml"));
    Deno.symlinkSync("../x/lychd.toml", `${codex}/lychd.toml`);
    const words =
      /x \(on the path to \S+lychd\.toml, a symlink of the Codex\) is writable by everyone/;
    return [["render", "--codex", codex], words];
  },
  "a stage that another user created as a symlink": (home, codex) => {
    home.env["XDG_RUNTIME_DIR"] = ownFolder(join(home.dir, "x"), 0o1777);
    const stage = join(home.dir, "x", stageOf(home));
    notOwnedFolder(dirname(stage));
    Deno.symlinkSync(home.config, stage);
    const words = /x\/lychd \(above \S+, the stage below XDG_RUNTIME_DIR\) belongs/;
    return [["render", "--codex", codex], words];
  },
  "a Codex that another group may write to": (_, codex) => {
    Deno.chownSync(codex, 0, OTHER_USER);
    Deno.chmodSync(codex, 0o770);
    return [["render", "--codex", codex], /a \(the Codex\) is writable by group 65534/];
  },
  "a file of a Codex that another group may write to": (_, codex) => {
    Deno.chownSync(`${codex}/lychd.toml`, 0, OTHER_USER);
    Deno.chmodSync(`${codex}/lychd.toml`, 0o660);
    return [
      ["render", "--codex", codex],
      /lychd\.toml is writable by group 65534, .*\nhint: .*g-w/,
    ];
  },
  "render --output to a folder of another user": (home, codex) => {
    const out = join(notOwnedFolder(join(home.dir, "x")), "out");
    return [["render", "--codex", codex, "--output", out], /x \(above \S+out, --output\) belongs/];
  },
  "import --output to a folder of another user": (home) => {
    const out = join(notOwnedFolder(join(home.dir, "x")), "out");
    Deno.writeTextFileSync(join(home.dir, "y.yaml"), "models: {}\n");
    const file = join(home.dir, "y.yaml");
    return [
      ["import", "llama-swap", file, "--output", out],
      /x \(above \S+out, --output\) belongs/,
    ];
  },
  "init in a folder of another user": (home) => {
    const codex = join(notOwnedFolder(join(home.dir, "x"), 0o777), "codex");
    return [[...INIT, "--codex", codex], /x \(above \S+codex, the Codex\) belongs/];
  },
  "init in a home that anyone may write to": (home) => {
    home.env["HOME"] = ownFolder(join(home.dir, "x"), 0o777);
    return [INIT, /x \(above \S+lychd, the Codex\) is writable by everyone/];
  },
  "add to a Codex of another user": (_, codex) => {
    Deno.chownSync(codex, OTHER_USER, OTHER_USER);
    return [["add", ...INIT.slice(2), "--codex", codex], /a \(the Codex\) belongs/];
  },
};

binaryTest("folders that another user could replace are refused", async (t) => {
  for (const [name, create] of Object.entries(UNTRUSTED)) {
    await t.step(name, async () => {
      await using home = new Home();
      const [args, words] = create(home, home.codex("a", exampleCodex("a")));
      const before = [...walk(home.dir)];
      const isRender = args[0] === "render" && !args.includes("--output");
      const result = await home.run([...args, ...isRender ? WITHOUT_SYSTEMD : []]);
      match(result.stderr, words);
      match(result.stderr, /nothing was changed\nhint: .*\n$/);
      deepStrictEqual([result.code, result.stdout, [...walk(home.dir)]], [1, "", before]);
      if (!isRender) return;
      const shown = await home.run([...args, "--dry-run"]);
      match(shown.stderr, /; render will refuse\n/);
      strictEqual(shown.code, 0, shown.stderr);
    });
  }
}, missingRoot());

binaryTest("a refusal has the exact path in JSON, and no control codes in text", async () => {
  await using home = new Home();
  const name = join(ownFolder(join(home.dir, "\x1b[2J"), 0o777), "codex");
  const result = await home.run([...INIT, "--json", "--codex", name]);
  ok(JSON.parse(result.stdout).error.includes("\x1b[2J"));
  deepStrictEqual([result.code, result.stderr.includes("\x1b")], [1, false]);
});

binaryTest("a Codex with a symlink to a file of root does not show its content", async () => {
  await using home = new Home();
  const codex = home.codex("a", exampleCodex("a"));
  Deno.symlinkSync("/etc/shadow", `${codex}/soulstones/shadow.toml`);
  for (const args of [["check"], ["render", "--dry-run"], ["render", ...WITHOUT_SYSTEMD]]) {
    const { code, stdout, stderr } = await home.run([...args, "--codex", codex]);
    match(
      stderr,
      /it is a symlink to \/etc\/shadow; only symlinks to files with the same extension are followed/,
    );
    deepStrictEqual([code, stdout, stderr.includes("root:")], [3, "", false]);
  }
}, missingRoot());

binaryTest("folders with a private group and folders in a sticky folder are accepted", async () => {
  await using home = new Home();
  const codex = home.codex("a", exampleCodex("a"));
  for (const folder of [home.dir, codex]) Deno.chmodSync(folder, 0o775);
  home.env["XDG_CONFIG_HOME"] = join(ownFolder(join(home.dir, "sticky"), 0o1777), "config");
  await home.render(codex);
}, missingRoot());

binaryTest("a Codex that another user can change is shown but not rendered", async () => {
  const changes: readonly (readonly [string, (codex: string) => void, RegExp])[] = [
    [
      "a folder",
      (codex) => Deno.chownSync(codex, OTHER_USER, OTHER_USER),
      /a \(the Codex\) belongs to user 65534, not to 0/,
    ],
    [
      "a file",
      (codex) => Deno.chownSync(`${codex}/soulstones/all.toml`, OTHER_USER, OTHER_USER),
      /all\.toml belongs to user 65534/,
    ],
    [
      "settings",
      (codex) => Deno.chmodSync(`${codex}/lychd.toml`, 0o666),
      /^lychd: .*lychd\.toml is writable by everyone, .*\nhint: read it first, then: chmod -R o-w /m,
    ],
    [
      "a symlink",
      (codex) => {
        Deno.writeTextFileSync("/tmp/lychd-other.toml", "");
        Deno.chownSync("/tmp/lychd-other.toml", OTHER_USER, OTHER_USER);
        Deno.symlinkSync("/tmp/lychd-other.toml", `${codex}/soulstones/other.toml`);
      },
      /other\.toml belongs to user 65534/,
    ],
  ];
  for (const [name, change, words] of changes) {
    await using home = new Home();
    const codex = home.codex("a", exampleCodex("a"));
    change(codex);
    const refused = await home.run(["render", "--codex", codex, ...WITHOUT_SYSTEMD]);
    match(refused.stderr, words, name);
    deepStrictEqual([refused.code, [...walk(home.config)]], [1, []], name);
    const shown = await home.run(["render", "--dry-run", "--codex", codex]);
    match(shown.stderr, /decides what runs as you; render will refuse\n/, name);
    strictEqual(shown.code, 0);
    strictEqual((await home.run(["check", "--codex", codex])).code, 0);
  }
  Deno.removeSync("/tmp/lychd-other.toml");
}, missingRoot());
