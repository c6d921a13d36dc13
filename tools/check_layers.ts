/**
 * Checks that imports point down: main → gate → worker → commands → {host, core}, host → types of
 * core, core → core; that the source and the target language do not know each other; and that each
 * library with a place of its own is named nowhere else.
 *
 * `deno run -R --allow-run=deno tools/check_layers.ts [ENTRY…]`
 */

/** A module and what it imports, types apart. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** A layer, by the beginning of its modules' paths, and the layers that it may import. */
const LAYERS: readonly {
  readonly name: string;
  readonly imports: readonly string[];
  readonly types?: readonly string[];
}[] = [
  { name: "main.ts", imports: ["src/gate.ts"] },
  {
    name: "src/gate.ts",
    imports: [
      "src/cli.ts",
      "src/folders.ts",
      "src/invocation.ts",
      "src/permissions.ts",
      "src/programs.ts",
      "src/terminal.ts",
      "src/core/report/printable.ts",
      "deno.json",
    ],
    types: ["src/worker.ts"],
  },
  { name: "src/cli.ts", imports: ["src/invocation.ts", "npm:commander"] },
  { name: "src/folders.ts", imports: ["src/core/rune/names.ts"] },
  { name: "src/invocation.ts", imports: [] },
  {
    name: "src/permissions.ts",
    imports: ["src/folders.ts", "src/invocation.ts", "src/programs.ts"],
  },
  { name: "src/programs.ts", imports: [] },
  { name: "src/terminal.ts", imports: ["src/core/report/"] },
  {
    name: "src/worker.ts",
    imports: [
      "src/commands/",
      "src/host/",
      "src/invocation.ts",
      "src/folders.ts",
      "src/programs.ts",
      "src/terminal.ts",
    ],
  },
  {
    name: "src/commands/",
    imports: [
      "src/commands/",
      "src/core/",
      "src/host/host.ts",
      "src/invocation.ts",
      "src/folders.ts",
      "src/programs.ts",
      "src/terminal.ts",
    ],
  },
  { name: "src/host/", imports: ["src/host/"], types: ["src/core/"] },
  { name: "src/core/report/", imports: ["src/core/report/", "npm:fastest-levenshtein"] },
  { name: "src/core/rune/", imports: ["src/core/rune/", "src/core/report/"] },
  {
    name: "src/core/codex/",
    imports: [
      "src/core/codex/",
      "src/core/report/",
      "npm:zod",
      "npm:toml-eslint-parser",
      "npm:shlex",
    ],
  },
  {
    name: "src/core/compile/",
    imports: [
      "src/core/compile/",
      "src/core/codex/",
      "src/core/rune/",
      "src/core/report/",
      "templates/",
      "npm:ventojs",
    ],
  },
  {
    name: "src/core/plan/",
    imports: [
      "src/core/plan/",
      "src/core/compile/",
      "src/core/rune/",
      "src/core/report/",
      "npm:diff",
    ],
  },
  { name: "templates/", imports: [] },
  { name: "deno.json", imports: [] },
];

/**
 * The edges that no layer allows, each as a sentence. A module that is in no layer is told too, so
 * that the table stays whole.
 */
export function layerFaults(edges: readonly Edge[]): string[] {
  return edges.flatMap(({ from, to, typeOnly }) => {
    const layer = LAYERS.find((l) => from.startsWith(l.name));
    if (layer === undefined) return [`${from} is in no layer: add it to tools/check_layers.ts`];
    // Tests and modules of the runtime itself are judged by other rules.
    if (to.startsWith("node:")) return [];
    const allowed = typeOnly ? [...layer.imports, ...layer.types ?? []] : layer.imports;
    return allowed.some((name) => to.startsWith(name))
      ? []
      : [`${from} imports ${typeOnly ? "types of " : ""}${to}, which ${layer.name} may not`];
  });
}

interface GraphModule {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: { readonly specifier?: string };
    readonly type?: { readonly specifier?: string };
  }[];
}

/** The import graph of `entry`, paths relative to `root`, libraries as `npm:NAME`. */
async function readGraph(root: string, entry: string): Promise<Edge[]> {
  const { stdout, success, stderr } = await new Deno.Command("deno", {
    args: ["info", "--json", entry],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const graph: { modules: GraphModule[] } = JSON.parse(new TextDecoder().decode(stdout));
  const base = `file://${root}`;
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
  const root = new URL("..", import.meta.url).pathname;
  const entries = Deno.args.length > 0 ? Deno.args : ["main.ts", "src/worker.ts"];
  const edges = (await Promise.all(entries.map((entry) => readGraph(root, entry)))).flat();
  const faults = [...new Set(layerFaults(edges))];
  // A graph that was not read would have no faults either.
  if (edges.length < 50) {
    faults.push(`only ${edges.length} imports were found: the graph is broken`);
  }
  for (const fault of faults) console.error(fault);
  if (faults.length === 0) console.log(`${edges.length} imports, all of them point down`);
  Deno.exitCode = faults.length === 0 ? 0 : 1;
}
