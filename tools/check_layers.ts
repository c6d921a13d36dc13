/**
 * Checks that imports point down: main → gate → worker → commands → {host, core}, host → types of
 * core, core → core; that the source and the target language do not know each other; and that each
 * library with a place of its own is named nowhere else.
 *
 * `deno run -R -W --allow-run tools/check_layers.ts`
 */
import { fileURLToPath, pathToFileURL } from "node:url";

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
      "src/foreign.ts",
      "src/invocation.ts",
      "src/permissions.ts",
      "src/prober.ts",
      "src/programs.ts",
      "src/seal/self_test.ts",
      "src/terminal.ts",
      "src/look.ts",
      "src/variables.ts",
      "src/core/orchestrator/inventory.ts",
      "src/core/report/printable.ts",
      "deno.json",
    ],
    types: ["src/worker.ts"],
  },
  { name: "src/cli.ts", imports: ["src/cli/", "src/invocation.ts", "npm:commander"] },
  {
    name: "src/cli/",
    imports: [
      "src/cli/",
      "src/core/codex/kinds.ts",
      "src/core/completion/question.ts",
      "src/core/completion/shell.ts",
      "src/core/report/nearest.ts",
      "src/core/report/printable.ts",
      "npm:commander",
    ],
    types: ["src/core/completion/tree.ts", "src/core/draft/request.ts", "src/invocation.ts"],
  },
  {
    name: "src/folders.ts",
    imports: ["src/core/rune/drop_ins.ts", "src/core/rune/names.ts"],
    types: ["src/variables.ts"],
  },
  {
    name: "src/invocation.ts",
    imports: [],
    types: ["src/core/codex/kinds.ts", "src/core/completion/", "src/core/draft/request.ts"],
  },
  {
    name: "src/permissions.ts",
    imports: ["src/folders.ts", "src/invocation.ts", "src/programs.ts"],
  },
  {
    name: "src/foreign.ts",
    imports: ["src/core/report/shell.ts"],
    types: ["src/folders.ts", "src/invocation.ts", "src/permissions.ts"],
  },
  {
    name: "src/look.ts",
    imports: [
      "src/foreign.ts",
      "src/host/status.ts",
      "src/core/codex/limits.ts",
      "src/core/plan/limits.ts",
      "src/core/rune/names.ts",
    ],
    types: ["src/core/orchestrator/inventory.ts", "src/host/host.ts", "src/host/seen.ts"],
  },
  { name: "src/folders_of_home.ts", imports: ["src/folders.ts"] },
  { name: "src/programs.ts", imports: [] },
  { name: "src/prober.ts", imports: [], types: ["src/host/probe.ts"] },
  { name: "src/health_worker.ts", imports: ["src/host/probe.ts"], types: ["src/prober.ts"] },
  {
    name: "src/seal_worker.ts",
    imports: ["src/seal/attempts.ts"],
    types: ["src/seal/self_test.ts"],
  },
  {
    name: "src/seal/",
    imports: ["src/seal/", "src/invocation.ts", "src/programs.ts", "src/variables.ts"],
    types: ["src/permissions.ts", "src/terminal.ts"],
  },
  { name: "src/terminal.ts", imports: ["src/core/report/"], types: ["src/variables.ts"] },
  { name: "src/variables.ts", imports: [] },
  {
    name: "src/prompts.ts",
    imports: [
      "src/core/report/",
      "src/terminal.ts",
      "npm:@inquirer/confirm",
      "npm:@inquirer/input",
      "npm:@inquirer/select",
    ],
  },
  {
    name: "src/worker.ts",
    imports: [
      "src/commands/",
      "src/host/",
      "src/invocation.ts",
      "src/folders.ts",
      "src/prober.ts",
      "src/programs.ts",
      "src/terminal.ts",
    ],
  },
  {
    name: "src/commands/",
    imports: [
      "src/commands/",
      "src/core/",
      "src/host/facts.ts",
      "src/host/host.ts",
      "src/invocation.ts",
      "src/folders.ts",
      "src/foreign.ts",
      "src/programs.ts",
      "src/prompts.ts",
      "src/terminal.ts",
      "npm:pretty-ms",
      "npm:sisteransi",
    ],
    types: ["src/prober.ts"],
  },
  { name: "src/host/", imports: ["src/host/"], types: ["src/core/"] },
  { name: "src/core/report/", imports: ["src/core/report/", "npm:fastest-levenshtein"] },
  { name: "src/core/rune/", imports: ["src/core/rune/", "src/core/report/", "npm:js-yaml"] },
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
      "dashboards/",
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
  {
    name: "src/core/import/",
    imports: [
      "src/core/import/",
      "src/core/codex/",
      "src/core/compile/",
      "src/core/rune/",
      "src/core/report/",
      "npm:js-yaml",
      "npm:shlex",
    ],
  },
  { name: "src/core/facts.ts", imports: ["npm:zod"] },
  {
    name: "src/core/doctor/",
    imports: [
      "src/core/doctor/",
      "src/core/facts.ts",
      "src/core/codex/",
      "src/core/compile/",
      "src/core/orchestrator/",
      "src/core/rune/",
      "src/core/report/",
      "npm:js-yaml",
      "npm:zod",
    ],
  },
  {
    name: "src/core/completion/",
    imports: [
      "src/core/completion/",
      "src/core/codex/",
      "src/core/compile/",
      "src/core/doctor/",
      "src/core/report/",
      "templates/completions/",
      "npm:shlex",
    ],
  },
  {
    name: "src/core/draft/",
    imports: [
      "src/core/draft/",
      "src/core/codex/",
      "src/core/compile/",
      "src/core/doctor/",
      "src/core/report/",
    ],
  },
  {
    name: "src/core/orchestrator/",
    imports: ["src/core/orchestrator/", "src/core/rune/", "src/core/report/"],
  },
  { name: "dashboards/", imports: [] },
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
    // What of the runtime itself may be used is a rule of the lint plugin.
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

/** Every module of lychd but the tests, also one that nothing imports yet. */
function modulesBelow(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return modulesBelow(path);
    return /(?<!_test)\.ts$/.test(entry.name) ? [path] : [];
  });
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
    // One module that imports all of them gives the graph of all in one call.
    const modules = [`${root}main.ts`, ...modulesBelow(`${root}src`)];
    const entry = `${folder}/all.ts`;
    const imports = modules.map((path) => `import ${JSON.stringify(pathToFileURL(path).href)};\n`);
    await Deno.writeTextFile(entry, imports.join(""));
    const edges = await readGraph(root, entry);
    const faults = [...new Set(layerFaults(edges))];
    const seen = new Set(edges.map((edge) => edge.from));
    // A graph that was not read would have no faults either.
    if (seen.size < modules.length / 2) faults.push(`only ${seen.size} modules were read`);
    for (const fault of faults) console.error(fault);
    if (faults.length === 0) console.log(`${edges.length} imports, all of them point down`);
    Deno.exitCode = faults.length === 0 ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
