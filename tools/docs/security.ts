import { parseCommandLine, PROGRAM } from "../../src/cli/tree.ts";
import type { Permissions } from "../../src/run/permissions.ts";
import type { Folders } from "../../src/run/folders.ts";
import { foldersOfHome } from "../../src/testing/folders_of_home.ts";
import {
  clientPermissions,
  frontPermissions,
  permissionsFor,
  proberPermissions,
} from "../../src/sandbox/permissions.ts";
import { findPrograms, PROGRAM_PLACES } from "../../src/run/programs.ts";
import { ENGINE_RULES, REFUSED_OPTIONS, WEAKENING } from "../../src/core/compile/quadlet_rules.ts";
import { quadletKeyOf, RUN_OPTIONS } from "../../src/core/rune/mod.ts";
import { basename, dirname } from "node:path/posix";

const HOME = "/home/you";
const RUNTIME = "/run/user/1000";

/** The command lines in the table, at least one for each command. */
const LINES: readonly string[] = [
  "check",
  "render --dry-run",
  "render --output DIR",
  "render --output DIR --dry-run",
  "render",
  "edit",
  "render --restart",
  "apply",
  "apply --dry-run",
  "restart NAME",
  "rollback",
  "purge",
  "doctor",
  "doctor --facts FILE",
  "doctor --list",
  "plan WISH",
  "pull WISH",
  "summon WISH",
  "banish",
  "serve",
  "chat",
  "top",
  "status",
  "list",
  "covens",
  "explain UNIT",
  "logs NAME",
  "init",
  "add vllm",
  "import quadlet FILE",
  "import llama-swap FILE --output DIR",
  "schema soulstones",
  "completions bash",
  "licenses",
  "complete fish -- summon eye",
];

/** Returns `docs/security.md` with what is made of the permissions and of the rules for `quadlet`. */
export function securityPage(text: string): string {
  const made = {
    permissions: permissionTable(),
    refused: refusedList(),
    weakening: weakeningList(),
  };
  return Object.entries(made).reduce((page, [name, part]) => {
    const [start, end] = [`<!-- made: ${name} -->\n`, "<!-- /made -->"];
    const [before, after] = page.split(start);
    const next = after?.indexOf(end) ?? -1;
    if (next < 0) throw new Error(`docs/security.md has no place for ${name}`);
    return `${before}${start}\n${part}\n${after?.slice(next)}`;
  }, text);
}

/** Returns a list of what a `quadlet` table of a Soulstone cannot contain, by reason. */
function refusedList(): string {
  const settings = [
    ...Object.entries(ENGINE_RULES).map(([name, rule]) => ({ names: withOptions(name), rule })),
    ...[...REFUSED_OPTIONS].map(([name, rule]) => ({ names: [`--${name}`], rule })),
  ];
  const byReason = Map.groupBy(
    settings,
    ({ rule }) => `${rule.why}${rule.instead === undefined ? "" : ` (${rule.instead})`}`,
  );
  return [...byReason].map(([reason, all]) => {
    const some = all.every(({ rule }) => rule.refused !== undefined) ? "some values of " : "";
    return `- ${some}${all.flatMap(({ names }) => names).map(code).join(", ")}: ${reason}\n`;
  }).join("");
}

/** Returns a key, and the options of `podman run` that mean the same. */
function withOptions(name: string): string[] {
  const options = [...RUN_OPTIONS].filter((each) => `Container.${quadletKeyOf(each)}` === name);
  return [name, ...options.map((option) => `--${option}`)];
}

/** Returns a list of what weakens the isolation of a container. */
function weakeningList(): string {
  return WEAKENING.map(({ settings, why }) =>
    `- ${settings.split(" ").map(code).join(", ")}: ${why}\n`
  ).join("");
}

function code(name: string): string {
  return `\`${name}\``;
}

function permissionTable(): string {
  const missing = PROGRAM.commands.map(({ name }) => name)
    // Help starts no sandbox, and a self-test has that of another command.
    .filter((name) => name !== "help" && name !== "self-test")
    .filter((name) => !LINES.some((line) => line.split(" ")[0] === name));
  if (missing.length > 0) throw new Error(`the table has no line for ${missing.join(", ")}`);
  const rows = LINES.flatMap((line) => {
    const parsed = parseCommandLine(line.split(" "), "");
    if (parsed.kind !== "run") throw new Error(`${line}: ${parsed.stderr}`);
    const { invocation, named } = parsed;
    const folders = foldersOfHome(HOME, {
      runtime: RUNTIME,
      output: named.output,
      facts: named.facts,
      imports: named.imports ?? [],
    });
    const prober = proberPermissions(invocation, [8780]);
    const client = clientPermissions(invocation, { address: "127.0.0.1", port: 8081 });
    const places = {
      addresses: ["127.0.0.1"],
      port: 8081,
      enginePorts: new Set([8780]),
      portals: new Set(["garage.lan:443"]),
    };
    const front = frontPermissions(invocation, places);
    return [
      rowOf(
        `\`${line}\``,
        client ?? permissionsFor(invocation, folders, findPrograms(() => true)),
        folders,
      ),
      ...prober === undefined ? [] : [rowOf(`\`${line}\`, second sandbox`, prober, folders)],
      ...front === undefined ? [] : [rowOf(`\`${line}\`, the front`, front, folders)],
    ];
  });
  return [
    "| command | reads | writes | runs | network |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function rowOf(title: string, permissions: Permissions, folders: Folders): string {
  const isOfDoor = permissions.net?.some((place) => place.endsWith(":8081"));
  const cells = [
    pathsIn(permissions.read, folders),
    pathsIn(permissions.write, folders),
    [...new Set(permissions.run.map(programName))].sort(),
    permissions.net === undefined
      ? []
      : permissions.net.length === 1 && isOfDoor
      ? ["the port of the front door"]
      : isOfDoor
      ? [
        "its own port",
        "the ports of rendered engines and of `reserve_ports` on 127.0.0.1",
        "the host and port of each Portal",
      ]
      : ["the ports of rendered engines on 127.0.0.1"],
  ];
  return `| ${[title, ...cells.map((cell) => cell.join(", ") || "–")].join(" | ")} |`;
}

/** Returns the names of paths for readers, each once. */
function pathsIn(paths: readonly string[], folders: Folders): string[] {
  const others = [...folders.otherQuadlet, ...folders.otherSystemd];
  const named = paths.map((path) => {
    if (path === folders.codex) return "the Codex";
    if (path === folders.stage || path === dirname(folders.stage ?? "")) return "the stage";
    if (path === folders.output) return "`DIR`";
    if (path === folders.facts) return "`FILE`";
    const imported = folders.imports.find((each) => each.path === path);
    if (imported !== undefined) return "`FILE`";
    if (folders.imports.some((each) => each.dropIns.includes(path))) return "its drop-ins";
    const shown = [folders.quadlet, folders.systemd, folders.manager, folders.vessel];
    if (shown.includes(path)) {
      return `\`${short(path)}\``;
    }
    if (others.includes(path)) return "other folders of units";
    throw new Error(`no name for ${path}`);
  });
  return [...new Set(named)];
}

function short(path: string): string {
  return path.replace(HOME, "~").replace(RUNTIME, "$XDG_RUNTIME_DIR");
}

function programName(path: string): string {
  const places: Readonly<Record<string, readonly string[]>> = PROGRAM_PLACES;
  const [name = ""] = Object.entries(places).find(([, known]) => known.includes(path)) ?? [];
  return name === "generator" ? "the Quadlet generator" : `\`${basename(path)}\``;
}
