import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { foldersAbove } from "../run/folders.ts";
import { foldersOfHome } from "../testing/folders_of_home.ts";
import type { Invocation } from "../run/invocation.ts";
import {
  frontPermissions,
  permissionsFor,
  proberPermissions,
  workerPermissions,
} from "./permissions.ts";
import { findPrograms } from "../run/programs.ts";

const folders = foldersOfHome("/home");
const programs = findPrograms(() => true);
const base = { json: false, wish: ["eye"] };
const SUMMON: Invocation = {
  command: "summon",
  ...base,
  dryRun: false,
  wait: true,
  timeoutSeconds: undefined,
  memoryTimeoutSeconds: 60,
  fallback: undefined,
  hold: false,
  release: false,
};
const SERVE: Invocation = { command: "serve", acceptWeakRuntime: false };
const READING: readonly Invocation[] = [
  SUMMON,
  { command: "banish", json: false, wish: undefined },
  { command: "plan", ...base },
  { command: "pull", ...base, dryRun: false },
  { command: "list", json: false },
  {
    command: "render",
    mode: "compare",
    target: "kubernetes",
    allowLoss: false,
    json: false,
    exitCode: false,
  },
  { command: "covens", json: false },
  { command: "explain", json: false, unit: "eye" },
  { command: "status", name: undefined, short: false, json: false, watch: true },
  {
    command: "logs",
    json: false,
    name: "eye",
    follow: true,
    lines: 1,
    since: undefined,
    all: false,
  },
  { command: "import", from: "quadlet", json: false, all: false },
  { command: "import", from: "llama-swap", images: [], variables: [], json: false, all: false },
];

for (const invocation of READING) {
  const from = "from" in invocation ? ` from ${invocation.from}` : "";
  Deno.test(`${invocation.command}${from} writes nothing and has no network`, () => {
    const granted = permissionsFor(invocation, folders, programs);
    deepStrictEqual(granted.write, []);
    const { net, env, ffi, sys } = workerPermissions(granted);
    deepStrictEqual([net, env, ffi, sys], [false, false, false, false]);
    // Only commands that write units verify them.
    strictEqual(granted.run.some((path) => /quadlet|systemd-analyze/.test(path)), false);
  });
}

Deno.test("render writes only to --output, and with --dry-run it only reads there", () => {
  const given = foldersOfHome("/home", { workingFolder: "/here", output: "out" });
  const options = { target: "kubernetes", allowLoss: false, json: false, exitCode: false } as const;
  for (const [mode, write] of [["output", ["/here/out"]], ["compare", []]] as const) {
    const granted = permissionsFor({ command: "render", mode, ...options }, given, programs);
    deepStrictEqual(granted, { read: [given.codex, "/here/out"], write, run: [] });
  }
});

Deno.test("a command that writes units reads the folder above the stage, and does not write there", () => {
  const given = foldersOfHome("/home", { runtime: "/run/user/1000" });
  const options = { json: false, verify: true, reload: true, force: false, restart: false };
  const rollback: Invocation = { command: "rollback", ...options, waitSeconds: 0 };
  const { read, write } = permissionsFor(rollback, given, programs);
  const above = "/run/user/1000/lychd";
  deepStrictEqual([read.includes(above), write.includes(above)], [true, false]);
  deepStrictEqual(write.filter((path) => path.startsWith(above)), [given.stage]);
});

Deno.test("init and add read and write the Codex, and nothing else", () => {
  for (
    const invocation of [
      { command: "init", json: false, requests: [], bootCoven: undefined, vessel: undefined },
      { command: "add", json: false, engine: undefined, request: undefined },
    ] as const
  ) {
    const granted = permissionsFor(invocation, folders, programs);
    deepStrictEqual([granted.read, granted.write], [[folders.codex], [folders.codex]]);
    strictEqual(granted.run.some((path) => /quadlet|systemd|systemctl/.test(path)), false);
  }
});

Deno.test("edit reads and writes the Codex and the units, and may run neither the editor nor a shell", () => {
  const options = { json: false, verify: true, reload: true, force: false, restart: false };
  const edit: Invocation = { command: "edit", name: "eye", ...options, waitSeconds: 0 };
  const { read, write, run } = permissionsFor(edit, folders, programs);
  deepStrictEqual(write, [folders.quadlet, folders.systemd, folders.codex]);
  strictEqual(read.includes(folders.codex), true);
  strictEqual(run.some((path) => /\/(?:sh|vi)$/.test(path)), false);
  strictEqual(proberPermissions(edit, [8780]), undefined);
});

const APPLY = { json: false, names: [], waitSeconds: 1 } as const;

Deno.test("apply writes its notes and asks engines for their health, but not with --dry-run", () => {
  const apply: Invocation = { command: "apply", ...APPLY, dryRun: false };
  const dry: Invocation = { command: "apply", ...APPLY, dryRun: true };
  deepStrictEqual(permissionsFor(apply, folders, programs).write, [
    folders.quadlet,
    folders.systemd,
  ]);
  strictEqual(proberPermissions(apply, [8780])?.net?.length, 1);
  deepStrictEqual(permissionsFor(dry, folders, programs).write, []);
  strictEqual(proberPermissions(dry, [8780]), undefined);
});

Deno.test("commands that only print have no permissions, and `complete` reads the Codex", () => {
  const nothing = { read: [], write: [], run: [] };
  const printing = [
    { command: "schema", kind: "lychd" },
    { command: "completions", shell: "bash" },
    { command: "licenses" },
  ] as const;
  for (const invocation of printing) {
    deepStrictEqual(permissionsFor(invocation, folders, programs), nothing);
  }
  const question = { kind: "lookup", lookup: "wish", taken: [] } as const;
  const completion = { question, before: "", typed: "", codex: undefined };
  const complete = { command: "complete", shell: "bash", completion, shellWords: [] } as const;
  deepStrictEqual(permissionsFor(complete, folders, programs), {
    ...nothing,
    read: [folders.codex],
  });
});

Deno.test("a prober may connect to the given ports of 127.0.0.1 and nothing else", () => {
  deepStrictEqual(workerPermissions(proberPermissions(SUMMON, [8780, 8781]) ?? never()), {
    read: [],
    write: [],
    run: [],
    net: ["127.0.0.1:8780", "127.0.0.1:8781"],
    env: false,
    ffi: false,
    sys: false,
    import: false,
  });
});

Deno.test("the hand of the door has no network, and writes only to the folder of the door", () => {
  const given = foldersOfHome("/home", { runtime: "/run/user/1000" });
  const granted = permissionsFor(SERVE, given, programs);
  deepStrictEqual([granted.write, granted.net], [["/run/user/1000/lychd-vessel"], undefined]);
  strictEqual(granted.read.includes(given.codex), false);
  strictEqual(granted.run.some((path) => /quadlet|systemd-analyze/.test(path)), false);
});

Deno.test("the front of the door listens on its addresses, connects to engines, and does nothing else", () => {
  const places = {
    addresses: ["127.0.0.1", "::1"],
    port: 8081,
    enginePorts: new Set([8780]),
    portals: new Set(["garage.lan:443", "[fd00::1]:8081"]),
  };
  deepStrictEqual(frontPermissions(SERVE, places), {
    read: [],
    write: [],
    run: [],
    net: ["127.0.0.1:8081", "[::1]:8081", "127.0.0.1:8780", "garage.lan:443", "[fd00::1]:8081"],
  });
  for (
    const portal of ["*.lan:443", "10.0.0.0/8:80", "garage.lan", "garage.lan:0", ":80", "*:80"]
  ) {
    strictEqual(frontPermissions(SERVE, { ...places, portals: new Set([portal]) }), undefined);
  }
  strictEqual(frontPermissions(SUMMON, places), undefined);
  for (const port of [0, 65_536, 1.5, NaN]) {
    strictEqual(frontPermissions(SERVE, { ...places, port }), undefined);
    strictEqual(
      frontPermissions(SERVE, { ...places, enginePorts: new Set([8780, port]) }),
      undefined,
    );
  }
});

Deno.test("no other command gets a prober, and no invalid port is granted", () => {
  for (const invocation of READING) {
    if (invocation !== SUMMON) strictEqual(proberPermissions(invocation, [8780]), undefined);
  }
  for (const port of [0, 65_536, 1.5, NaN, "80" as unknown as number]) {
    strictEqual(proberPermissions(SUMMON, [8780, port]), undefined);
  }
});

function never(): never {
  throw new Error("nothing was granted");
}

Deno.test("an import reads the given files and their drop-ins, and writes to --output", () => {
  const invocation: Invocation = { command: "import", from: "quadlet", json: false, all: false };
  const read = [
    "/here/units/my-eye.container",
    "/here/units/my-eye.container.d",
    "/here/units/my-.container.d",
    "/here/units/container.d",
  ];
  for (const output of [undefined, "codex"]) {
    const imports = ["units/my-eye.container"];
    const given = foldersOfHome("/home", { workingFolder: "/here", imports, output });
    const granted = permissionsFor(invocation, given, programs);
    const write = output === undefined ? [] : ["/here/codex"];
    deepStrictEqual(granted, { read: [...read, ...write], write, run: [] });
  }
});

Deno.test("a command that writes units may not read the folders above them, where Podman keeps passwords", () => {
  const options = {
    json: false,
    force: false,
    restart: false,
    verify: true,
    reload: true,
    waitSeconds: 1,
  };
  const invocations: readonly Invocation[] = [
    { command: "render", mode: "inscribe", ...options },
    { command: "rollback", ...options },
    { command: "purge", yes: true, ...options },
  ];
  const passwords = `${folders.config}/containers/auth.json`;
  for (const invocation of invocations) {
    const { read, write } = permissionsFor(invocation, folders, programs);
    strictEqual(write.includes(folders.quadlet), true);
    const reading = [...read, ...write].filter((path) => passwords.startsWith(`${path}/`));
    deepStrictEqual(reading, [], invocation.command);
  }
  deepStrictEqual(
    foldersAbove(folders),
    ["containers/systemd", "containers", "systemd"].map((path) => `${folders.config}/${path}`),
  );
});
