/**
 * Fault injection: the host crashes at every step of a transaction and of its undo, and the
 * next run finds the old state or the new one.
 */
import assert from "node:assert/strict";
import { dirname } from "node:path/posix";
import { DENO_HOST } from "../host/deno_host.ts";
import { type Host, HostError } from "../host/host.ts";
import { type MemoryHost, memoryHost } from "../testing/memory_host.ts";
import { Crash, mortalHost, MUTATING } from "../testing/mortal_host.ts";
import { MANIFESTS, receiptOf } from "../core/plan/receipt.ts";
import { beginTransaction, isTransient, recover, type Write } from "./transaction.ts";

const ROOT = "/home/.config";
const UNITS = "containers/systemd/lychd";

/** The state of before: three files of ours and one of the operator. */
const OLD: Readonly<Record<string, string>> = {
  [`${UNITS}/a.container`]: "a 1",
  [`${UNITS}/b.container`]: "b 1",
  [`${UNITS}/.lychd-receipt.json`]: "receipt 1",
  "systemd/user/own.target": "the operator's",
};

const WRITES: readonly Write[] = [
  { path: `${UNITS}/a.container`, content: "a 2", mode: 0o600 },
  { path: `${UNITS}/b.container`, content: undefined, mode: 0o600 },
  { path: `${UNITS}/c.container`, content: "c 2", mode: 0o600 },
  { path: "systemd/user/default.target.d/lychd.conf", content: "boot 2", mode: 0o600 },
  { path: `${UNITS}/.lychd-receipt.json`, content: "receipt 2", mode: 0o600 },
];

const NEW: Readonly<Record<string, string>> = {
  [`${UNITS}/a.container`]: "a 2",
  [`${UNITS}/c.container`]: "c 2",
  "systemd/user/default.target.d/lychd.conf": "boot 2",
  [`${UNITS}/.lychd-receipt.json`]: "receipt 2",
  "systemd/user/own.target": "the operator's",
};

function oldHost(): MemoryHost {
  return memoryHost(
    Object.fromEntries(Object.entries(OLD).map(([path, text]) => [`${ROOT}/${path}`, text])),
  );
}

/** Returns the files below the root, and separately those that only a transaction uses. */
function filesOf(host: MemoryHost): { files: Record<string, string>; transient: string[] } {
  const files: Record<string, string> = {};
  const transient: string[] = [];
  for (const [path, { bytes }] of host.files) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (isTransient(name) || /^\.lychd-(?:journal|done)\.json$/.test(name)) transient.push(path);
    else files[path.slice(ROOT.length + 1)] = new TextDecoder().decode(bytes);
  }
  return { files, transient };
}

function isState(files: Record<string, string>, state: Readonly<Record<string, string>>): boolean {
  return Object.keys(files).length === Object.keys(state).length &&
    Object.entries(state).every(([path, text]) => files[path] === text);
}

/** Runs `work` on a host that dies at `deadline`; true when it died. */
function runUntil(memory: MemoryHost, deadline: number, work: (host: Host) => void): boolean {
  return diesIn(() => work(mortalHost(memory, deadline)));
}

Deno.test("a crash at any step leaves the old state or the new one after the next run has started", () => {
  let crashes = 0;
  let old = 0;
  for (let deadline = 0;; deadline++) {
    const memory = oldHost();
    const died = runUntil(memory, deadline, (h) => beginTransaction(h, ROOT, WRITES).commit());
    if (!died) break;
    crashes++;
    recover(memory, ROOT);
    const { files } = filesOf(memory);
    const isOld = isState(files, OLD);
    assert.ok(isOld || isState(files, NEW), `crash point ${deadline}: ${JSON.stringify(files)}`);
    if (isOld) old++;
    // And the next transaction goes through, whatever the crash left.
    beginTransaction(memory, ROOT, WRITES).commit();
    const after = filesOf(memory);
    assert.ok(isState(after.files, NEW), `crash point ${deadline}: ${JSON.stringify(after.files)}`);
    assert.deepEqual(after.transient, [], `crash point ${deadline}`);
  }
  // deno-lint-ignore no-console
  console.log(`${crashes} crash points: ${old} left the old state, ${crashes - old} the new one`);
  assert.ok(crashes > 40 && old > 0 && old < crashes);
});

Deno.test("a crash at any step leaves objects of Kubernetes as they were, or as they should be", () => {
  const receipt = receiptOf(MANIFESTS);
  const old = {
    "base/a.yaml": "a 1",
    "covens/b/kustomization.yaml": "b 1",
    [receipt]: "receipt 1",
    "mine/a.yaml": "the operator's",
  };
  const writes: readonly Write[] = [
    { path: "base/a.yaml", content: "a 2", mode: 0o600 },
    { path: "covens/b/kustomization.yaml", content: undefined, mode: 0o600 },
    { path: receipt, content: "receipt 2", mode: 0o600 },
  ];
  const { "covens/b/kustomization.yaml": _, ...rest } = old;
  const wanted = { ...rest, "base/a.yaml": "a 2", [receipt]: "receipt 2" };
  const begin = (host: Host) => beginTransaction(host, ROOT, writes, MANIFESTS);
  const found = new Set<boolean>();
  for (let deadline = 0;; deadline++) {
    const memory = memoryHost(
      Object.fromEntries(Object.entries(old).map(([path, text]) => [`${ROOT}/${path}`, text])),
    );
    if (!runUntil(memory, deadline, (host) => begin(host).commit())) break;
    recover(memory, ROOT, MANIFESTS);
    const { files } = filesOf(memory);
    found.add(isState(files, old));
    assert.ok(isState(files, old) || isState(files, wanted), JSON.stringify(files));
    begin(memory).commit();
    assert.ok(isState(filesOf(memory).files, wanted), `crash point ${deadline}`);
    assert.deepEqual(filesOf(memory).transient, [], `crash point ${deadline}`);
  }
  assert.equal(found.size, 2);
});

Deno.test("a crash at any step of an undo is completed by the next run", () => {
  let crashes = 0;
  for (let first = 0;; first++) {
    const template = oldHost();
    if (!runUntil(template, first, (h) => beginTransaction(h, ROOT, WRITES).commit())) break;
    for (let second = 0;; second++) {
      const memory = oldHost();
      runUntil(memory, first, (h) => beginTransaction(h, ROOT, WRITES).commit());
      const died = runUntil(memory, second, (h) => void recover(h, ROOT));
      if (!died) break;
      crashes++;
      recover(memory, ROOT);
      const { files } = filesOf(memory);
      assert.ok(isState(files, OLD) || isState(files, NEW), `crash points ${first}, ${second}`);
    }
  }
  // deno-lint-ignore no-console
  console.log(`${crashes} pairs of crash points`);
  assert.ok(crashes > 200);
});

Deno.test("a step that fails restores the old state at once", () => {
  let refusals = 0;
  for (let deadline = 0;; deadline += 2) {
    const memory = oldHost();
    const host = refusing(memory, deadline);
    try {
      beginTransaction(host, ROOT, WRITES).commit();
      break;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
    }
    refusals++;
    recover(memory, ROOT);
    const { files } = filesOf(memory);
    assert.ok(
      isState(files, OLD) || isState(files, NEW),
      `step ${deadline}: ${JSON.stringify(files)}`,
    );
  }
  assert.ok(refusals > 15);
});

/** Returns a host where one mutating operation fails, as on a full disk. */
function refusing(host: Host, refused: number): Host {
  let step = 0;
  const wrapped: Record<string, unknown> = { ...host };
  for (const name of MUTATING) {
    const act = host[name] as (...args: unknown[]) => unknown;
    wrapped[name] = (...args: unknown[]) => {
      if (step === refused) {
        step += 2;
        throw new HostError("no-space", String(args[0]), "no space left on the device");
      }
      step += 2;
      return act(...args);
    };
  }
  return wrapped as unknown as Host;
}

Deno.test("undo restores the old files, and commit keeps the new ones", () => {
  const undone = oldHost();
  const transaction = beginTransaction(undone, ROOT, WRITES);
  assert.ok(isState(filesOf(undone).files, NEW));
  transaction.undo();
  assert.deepEqual(filesOf(undone), { files: OLD, transient: [] });
  const kept = oldHost();
  beginTransaction(kept, ROOT, WRITES).commit();
  assert.deepEqual(filesOf(kept), { files: NEW, transient: [] });
});

Deno.test("undo does not remove a file that replaced a written one", () => {
  const memory = oldHost();
  const transaction = beginTransaction(memory, ROOT, WRITES);
  const path = `${ROOT}/${UNITS}/c.container`;
  memory.remove(path);
  memory.create(path, "not lychd's", 0o644);
  transaction.undo();
  assert.equal(filesOf(memory).files[`${UNITS}/c.container`], "not lychd's");
});

for (
  const journal of [
    "",
    "[]",
    '{"lychd": 2, "entries": []}',
    '{"lychd": 1, "entries": [{"path": "../../.ssh/authorized_keys", "hadBefore": false}]}',
    '{"lychd": 1, "entries": [{"path": "/etc/passwd", "hadBefore": false}]}',
    '{"lychd": 1, "entries": [{"path": 5}]}',
  ]
) {
  Deno.test(`a journal that lychd did not write is refused, and nothing is changed: ${journal}`, () => {
    const memory = memoryHost({ [`${ROOT}/${UNITS}/.lychd-journal.json`]: journal });
    assert.throws(() => recover(memory, ROOT), HostError);
    assert.equal(memory.files.size, 1);
  });
}

Deno.test("an edit after a crash is kept when the crash is undone", () => {
  const memory = oldHost();
  const path = `${UNITS}/a.container`;
  for (let deadline = 0; !isState(filesOf(memory).files, NEW); deadline++) {
    memory.files.clear();
    for (const [name, file] of oldHost().files) memory.files.set(name, file);
    runUntil(memory, deadline, (h) => void beginTransaction(h, ROOT, WRITES));
  }
  memory.remove(`${ROOT}/${path}`);
  memory.create(`${ROOT}/${path}`, "an edit", 0o644);
  recover(memory, ROOT);
  assert.deepEqual(filesOf(memory), {
    files: { ...OLD, [`${path}.edited`]: "an edit" },
    transient: [],
  });
});

Deno.test("a file that changed since the plan is not replaced", () => {
  const memory = oldHost();
  const [first, ...others] = WRITES;
  const writes = [...others, { ...first as Write, expected: "the digest of something else" }];
  assert.throws(() => beginTransaction(memory, ROOT, writes), /edited while lychd was running/);
  assert.deepEqual(filesOf(memory), { files: OLD, transient: [] });
});

Deno.test("a crash is undone even if the root has another path", () => {
  const memory = oldHost();
  runUntil(memory, 60, (h) => void beginTransaction(h, ROOT, WRITES));
  const moved = memoryHost();
  moved.makeFolder("/elsewhere");
  for (const folder of memory.folders) moved.makeFolder(folder.replace(ROOT, "/elsewhere"));
  for (const [name, file] of memory.files) moved.files.set(name.replace(ROOT, "/elsewhere"), file);
  recover(moved, "/elsewhere");
  const names = [...moved.files.keys()].map((name) => name.slice("/elsewhere/".length)).sort();
  assert.deepEqual(names, Object.keys(OLD).sort());
});

/** Returns the files below a real folder, as {@linkcode filesOf} does for those in memory. */
function realFiles(root: string, folder = root): Record<string, string> {
  const files: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) Object.assign(files, realFiles(root, path));
    else files[path.slice(root.length + 1)] = Deno.readTextFileSync(path);
  }
  return files;
}

Deno.test("a crash at any step leaves the old state or the new one on a real file system", () => {
  let crashes = 0;
  for (let died = true, deadline = 0; died; deadline++) {
    const root = Deno.makeTempDirSync({ prefix: "lychd-crash-" });
    try {
      for (const [path, text] of Object.entries(OLD)) {
        DENO_HOST.makeFolder(dirname(`${root}/${path}`));
        DENO_HOST.create(`${root}/${path}`, text, 0o600);
      }
      died = diesIn(() => beginTransaction(mortalHost(DENO_HOST, deadline), root, WRITES).commit());
      if (died) crashes++;
      recover(DENO_HOST, root);
      const files = realFiles(root);
      assert.ok(
        isState(files, OLD) || isState(files, NEW),
        `${deadline}: ${JSON.stringify(files)}`,
      );
      beginTransaction(DENO_HOST, root, WRITES).commit();
      assert.deepEqual(realFiles(root), NEW, `crash point ${deadline}`);
    } finally {
      Deno.removeSync(root, { recursive: true });
    }
  }
  // deno-lint-ignore no-console
  console.log(`${crashes} crash points on a real file system`);
  assert.ok(crashes > 40);
});

function diesIn(work: () => void): boolean {
  try {
    work();
    return false;
  } catch (error) {
    if (error instanceof Crash) return true;
    throw error;
  }
}
