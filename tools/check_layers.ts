/**
 * Checks that imports point down, and prints how the folders depend on each other.
 *
 * `deno run -R -W --allow-run tools/check_layers.ts [--table]`
 */
import { fileURLToPath, pathToFileURL } from "node:url";

/** An import of one module by another. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/**
 * The layers, top first. A module imports from its own folder and from layers below; folders of one
 * layer do not know each other, so the source language (codex) never meets the target language (rune).
 */
const LAYERS: readonly (readonly string[])[] = [
  ["main.ts"],
  ["src/sandbox/", "src/testing/", "src/page/"],
  ["src/commands/"],
  ["src/apply/"],
  ["src/door/front/", "src/door/hand/"],
  ["src/client/", "src/summon/", "src/inscribe/", "src/scaffold/", "src/door/channel/"],
  ["src/units/"],
  ["src/trust/"],
  ["src/run/"],
  ["src/cli/", "src/host/"],
  ["src/core/completion/", "src/core/scaffold/"],
  ["src/core/doctor/", "src/core/import/", "src/core/kubernetes/", "src/core/plan/"],
  ["src/core/dispatcher/"],
  ["src/core/compile/", "src/core/orchestrator/"],
  ["src/core/codex/", "src/core/rune/"],
  ["src/core/api/", "src/core/report/", "src/core/facts.ts", "src/core/gpus.ts"],
  ["templates/", "dashboards/", "deno.json", "THIRD_PARTY_NOTICES.txt"],
];

/** The only folder that may import each library of the product. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  "npm:commander": ["src/cli/"],
  "npm:@inquirer/confirm": ["src/run/"],
  "npm:@inquirer/input": ["src/run/"],
  "npm:@inquirer/select": ["src/run/"],
  "npm:sisteransi": ["src/run/", "src/commands/", "src/summon/"],
  "npm:preact": ["src/page/"],
  "npm:@preact/signals": ["src/page/"],
  "npm:prom-client": ["src/door/front/"],
  "npm:pretty-ms": ["src/units/"],
  "npm:diff": ["src/core/plan/"],
  "npm:ventojs": ["src/core/compile/"],
  "npm:toml-eslint-parser": ["src/core/codex/"],
  "npm:js-yaml": ["src/core/rune/", "src/core/doctor/", "src/core/import/"],
  "npm:shlex": ["src/core/codex/", "src/core/completion/", "src/core/import/"],
  "npm:kubernetes-models": ["src/core/kubernetes/"],
  "npm:@kubernetes-models/prometheus-operator": ["src/core/kubernetes/"],
  "npm:zod": ["src/core/api/", "src/core/codex/", "src/core/doctor/", "src/core/facts.ts"],
  "npm:fastest-levenshtein": ["src/core/report/"],
};

/** The folders that take part in the layers, each with its layer; the top one is 0. */
const FOLDERS = LAYERS.flatMap((folders, layer) => folders.map((name) => ({ name, layer })));

/**
 * Returns a sentence for each edge that the layers do not allow, and for each module in no layer.
 *
 * @example
 * ```ts
 * import { layerFaults } from "./check_layers.ts";
 * layerFaults([{ from: "src/host/host.ts", to: "src/run/terminal.ts", typeOnly: false }]).length; // 1
 * ```
 */
export function layerFaults(edges: readonly Edge[]): string[] {
  return edges.flatMap((edge) => faultOf(edge) ?? []);
}

function faultOf({ from, to, typeOnly }: Edge): string | undefined {
  const source = folderOf(from);
  if (source === undefined) {
    return `${from} is in no layer: add its folder to tools/check_layers.ts`;
  }
  // A rule of the lint plugin decides which parts of the runtime a module may use.
  if (to.startsWith("node:")) return undefined;
  if (to.startsWith("npm:")) {
    const owners = LIBRARIES[to];
    if (owners === undefined) return `${from} imports ${to}: add it to tools/check_layers.ts`;
    return owners.includes(source.name) ? undefined : `${from} imports ${to}; only ${owners} may`;
  }
  const target = folderOf(to);
  if (target === undefined) return `${from} imports ${to}, which is in no layer`;
  if (source.name === "main.ts" && to !== "src/sandbox/gate.ts") {
    return `${from} imports ${to}; it may import only the gate`;
  }
  if (source.name === "src/host/" && to.startsWith("src/core/") && !typeOnly) {
    return `${from} imports ${to}; host knows only the types of core`;
  }
  if (source.name === "src/door/front/" && !isForFront(to, typeOnly)) {
    return `${from} imports ${to}; the front knows only core and the types of host`;
  }
  if (source.name === target.name || source.layer < target.layer) return undefined;
  return `${from} imports ${to}, which is not in a layer below it`;
}

/** The front of the door speaks HTTP: it may not reach code that reads files or runs programs. */
function isForFront(to: string, typeOnly: boolean): boolean {
  return /^src\/(?:core|door\/(?:front|channel))\//.test(to) ||
    to === "deno.json" || typeOnly && to.startsWith("src/host/");
}

function folderOf(path: string) {
  return FOLDERS.find(({ name }) => path.startsWith(name));
}

/**
 * Returns the groups of modules that import each other in a circle, each sorted, types included.
 *
 * @example
 * ```ts
 * import { circles } from "./check_layers.ts";
 * const edge = (from: string, to: string) => ({ from, to, typeOnly: false });
 * circles([edge("a.ts", "b.ts"), edge("b.ts", "a.ts"), edge("b.ts", "c.ts")]); // [["a.ts", "b.ts"]]
 * ```
 */
export function circles(edges: readonly Edge[]): string[][] {
  const imports = new Map<string, Set<string>>();
  for (const { from, to } of edges) {
    imports.set(from, (imports.get(from) ?? new Set()).add(to));
  }
  const reached = new Map([...imports.keys()].map((from) => [from, reachable(from, imports)]));
  const found = new Map<string, string[]>();
  for (const [from, all] of reached) {
    if (!all.has(from)) continue;
    const members = [...all].filter((to) => reached.get(to)?.has(from)).sort();
    found.set(members.join(), members);
  }
  return [...found.values()];
}

function reachable(from: string, imports: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const seen = new Set<string>();
  const open = [...imports.get(from) ?? []];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    open.push(...imports.get(at) ?? []);
  }
  return seen;
}

/** Prints each folder with its files, lines, and the imports between its own and other folders. */
function printTable(root: string, modules: readonly string[], edges: readonly Edge[]): void {
  const paths = modules.map((path) => path.slice(root.length));
  const folders = [...new Set(paths.map(dirname))].sort();
  console.log("files  lines  inside  outside  folder");
  for (const folder of folders) {
    const files = paths.filter((path) => dirname(path) === folder);
    const lines = files.reduce((sum, path) => sum + linesOf(root + path), 0);
    const own = edges.filter(({ from }) => dirname(from) === folder);
    const inside = own.filter(({ to }) => dirname(to) === folder).length;
    const row = [files.length, lines, inside, own.length - inside];
    const widths = [5, 5, 6, 7];
    console.log(`${row.map((n, i) => String(n).padStart(widths[i]!)).join("  ")}  ${folder}`);
  }
  const lines = paths.reduce((sum, path) => sum + linesOf(root + path), 0);
  console.log(`${paths.length} files, ${lines} lines, ${edges.length} imports`);
  const found = circles(edges);
  console.log(`${found.length} circles`);
  for (const circle of found) console.log(`  ${circle.join(" ")}`);
}

function dirname(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/"))) || ".";
}

function linesOf(path: string): number {
  return Deno.readTextFileSync(path).split("\n").length - 1;
}

interface GraphModule {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: { readonly specifier?: string };
    readonly type?: { readonly specifier?: string };
  }[];
}

/** Lists every module of lychd except tests, including those that nothing imports. */
function modulesBelow(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return modulesBelow(path);
    return /(?<!_test)\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

/** Reads the import graph of `entry`: paths relative to `root`, libraries as `npm:NAME`. */
async function readGraph(root: string, entry: string): Promise<Edge[]> {
  const { stdout, success, stderr } = await new Deno.Command("deno", {
    args: ["info", "--json", entry],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const graph: { modules: GraphModule[] } = JSON.parse(new TextDecoder().decode(stdout));
  const base = pathToFileURL(root).href;
  const relative = (specifier: string) =>
    specifier.startsWith(base) ? specifier.slice(base.length) : specifier;
  return graph.modules.filter((m) => m.specifier.startsWith(base)).flatMap((m) =>
    (m.dependencies ?? []).map((d) => {
      const target = d.code?.specifier ?? d.type?.specifier ?? d.specifier;
      const to = target.replace(/^npm:\/?((?:@[^/@]+\/)?[^/@]+).*$/, "npm:$1");
      return { from: relative(m.specifier), to: relative(to), typeOnly: d.code === undefined };
    })
  );
}

if (import.meta.main) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const folder = await Deno.makeTempDir();
  try {
    // One module that imports all the others gives the whole graph in one call.
    const modules = [`${root}main.ts`, ...modulesBelow(`${root}src`)];
    const entry = `${folder}/all.ts`;
    const imports = modules.map((path) => `import ${JSON.stringify(pathToFileURL(path).href)};\n`);
    await Deno.writeTextFile(entry, imports.join(""));
    const edges = await readGraph(root, entry);
    if (Deno.args.includes("--table")) printTable(root, modules, edges);
    const faults = [
      ...new Set(layerFaults(edges)),
      ...circles(edges).map((c) => `a circle: ${c.join(", ")}`),
    ];
    const seen = new Set(edges.map((edge) => edge.from));
    // An empty graph would have no faults either.
    if (seen.size < modules.length / 2) faults.push(`read only ${seen.size} modules`);
    for (const fault of faults) console.error(fault);
    if (faults.length === 0) console.log(`${edges.length} imports, all point down`);
    Deno.exitCode = faults.length === 0 ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
