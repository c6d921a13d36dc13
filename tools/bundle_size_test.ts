/** Limits the code that each command loads: an unneeded import makes every run slower. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";

/** The output of `deno task bundle`. */
const BUNDLE = fileURLToPath(new URL("../dist/bundle", import.meta.url));
const WORKER = "src/sandbox/worker.js";

/** The most kilobytes that each command loads before it starts: about 10 % above the size today. */
const LIMITS: Readonly<Record<string, number>> = {
  main: 26,
  add: 760,
  apply: 144,
  banish: 54,
  chat: 40,
  check: 620,
  complete: 740,
  completions: 25,
  covens: 600,
  edit: 700,
  explain: 620,
  doctor: 740,
  import: 890,
  init: 760,
  licenses: 70,
  list: 625,
  logs: 58,
  plan: 620,
  pull: 630,
  purge: 62,
  render: 650,
  rollback: 650,
  schema: 213,
  serve: 125,
  status: 86,
  summon: 105,
  top: 45,
};

/** The most kilobytes of the page, compressed: it must load at once on a phone, too. */
const PAGE_LIMIT = 30;

/** Returns the files that `entries` load without a dynamic import, themselves included. */
function loadedBy(...entries: readonly string[]): string[] {
  const found = new Set(entries);
  for (const file of found) {
    const text = Deno.readTextFileSync(join(BUNDLE, file));
    for (const [, path = ""] of text.matchAll(/(?:from|import)"(\.[^"]+)"/g)) {
      found.add(join(dirname(file), path));
    }
  }
  return [...found];
}

function kilobytesOf(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + Deno.statSync(join(BUNDLE, file)).size, 0) / 1000;
}

/** Returns the entry of each command: a file such as `status-P4ABAHBO.js`. */
function commandEntries(): Map<string, string> {
  try {
    const names = [...Deno.readDirSync(BUNDLE)].map(({ name }) => name);
    return new Map(names.flatMap((name) => {
      const [, command] = /^([a-z]+)-[A-Z0-9]{8}\.js$/.exec(name) ?? [];
      return command === undefined || !(command in LIMITS) ? [] : [[command, name]];
    }));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Error("run first: deno task bundle");
    throw error;
  }
}

Deno.test("every command loads less code than its limit", () => {
  const entries = commandEntries();
  const sizes = Object.keys(LIMITS).map((name) => {
    const entry = entries.get(name);
    const files = name === "main" ? ["main.js"] : [WORKER, entry ?? `the bundle has no ${name}`];
    return { name, kilobytes: Math.ceil(kilobytesOf(loadedBy(...files))) };
  });
  deepStrictEqual(sizes.filter(({ name, kilobytes }) => kilobytes > (LIMITS[name] ?? 0)), []);
  // An import that is not found would make every command small.
  for (const { name, kilobytes } of sizes) {
    ok(kilobytes > (LIMITS[name] ?? 0) / 2, `the limit of ${name} is too high: ${kilobytes} KB`);
  }
});

Deno.test("the page of the front door is smaller than its limit, compressed", () => {
  const files = [...Deno.readDirSync(join(BUNDLE, "page"))].map(({ name }) => `page/${name}`);
  const kilobytes = kilobytesOf(files);
  ok(files.length > 3 && kilobytes < PAGE_LIMIT, `${files}: ${kilobytes} KB`);
});

Deno.test("no command that is used often loads a module of Node that is slow to load", () => {
  const entries = commandEntries();
  for (const name of ["banish", "logs", "status", "summon"]) {
    const modules = loadedBy(WORKER, entries.get(name) ?? "").flatMap((
      file,
    ) => [...Deno.readTextFileSync(join(BUNDLE, file)).matchAll(/(?:from|import)"(node:[^"]+)"/g)])
      .map(([, module]) => module);
    deepStrictEqual([...new Set(modules)], ["node:path/posix"], name);
  }
});
