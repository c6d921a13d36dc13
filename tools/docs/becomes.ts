/** What a field becomes: the difference between a Codex without it and one with it. */
import type { SchemaKind } from "../../src/core/codex/mod.ts";
import { hasErrors } from "../../src/core/report/mod.ts";
import { readUnit } from "../../src/core/rune/mod.ts";
import { SETTINGS_BESIDE, SOULSTONE } from "./field_examples.ts";
import { judge } from "./judge.ts";

const SETTINGS = { "gpu.default_devices": '["nvidia.com/gpu=all"]' };

/** Beside the Soulstone whose field is set: one of its Coven, and one of another. */
const OTHERS = `[scribe]
image = "docker.io/vllm/vllm-openai:v0.33.0"
port = 8781
model = "Qwen/Qwen3-4B"
groups = ["vision"]

[sage]
image = "docker.io/vllm/vllm-openai:v0.33.0"
port = 8782
model = "Qwen/Qwen3-32B"
groups = ["think"]
`;

/** What becomes of `field` when it has the value that `example` writes in TOML, in words. */
export async function becomes(kind: SchemaKind, field: string, example: string): Promise<string> {
  const changed = { [field]: example };
  const settings = kind === "lychd" ? { ...SETTINGS, ...SETTINGS_BESIDE[field] } : SETTINGS;
  const [without, having] = await Promise.all([
    unitsOf(SOULSTONE, settings),
    kind === "lychd"
      ? unitsOf(SOULSTONE, { ...settings, ...changed })
      : unitsOf({ ...SOULSTONE, ...changed }, settings),
  ]);
  const files = [...new Set([...without.keys(), ...having.keys()])];
  const differences = new Map<string, Set<string>>();
  for (const file of files) {
    const title = titleOf(file);
    for (const words of differenceOf(without.get(file), having.get(file))) {
      differences.set(title, (differences.get(title) ?? new Set()).add(words));
    }
  }
  return differences.size === 0 ? "nothing in a unit" : described(differences);
}

/** The lines of a file by their keys. */
type Lines = ReadonlyMap<string, readonly string[]>;

/** Every file that comes of a Codex. */
async function unitsOf(
  soulstone: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, string>>,
): Promise<Map<string, Lines>> {
  const { findings, runes } = await judge({
    "lychd.toml": tomlOf(settings),
    "soulstones/eye.toml": `[eye]\n${tomlOf(soulstone)}`,
    "soulstones/others.toml": OTHERS,
  });
  if (hasErrors(findings)) throw new Error(findings.map(({ message }) => message).join("; "));
  return new Map(runes.map(({ path, text }) => {
    const read = readUnit(text);
    const lines = new Map<string, string[]>();
    // A file of another kind is one line without a key.
    if (!("lines" in read)) lines.set("", [text]);
    else {
      for (const { section, key, value } of read.lines) {
        const name = section === "X-Lychd" ? `[X-Lychd] ${key}` : key;
        lines.set(name, [...lines.get(name) ?? [], value]);
      }
    }
    return [path, lines];
  }));
}

/** Dotted keys: the order of tables does not matter to them. */
function tomlOf(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields).map(([path, value]) => `${path} = ${value}\n`).join("");
}

function differenceOf(before: Lines | undefined, after: Lines | undefined): string[] {
  if (before === undefined) return ["made"];
  if (after === undefined) return ["not made"];
  const keys = [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key)?.join("\n") !== after.get(key)?.join("\n"));
  const own = keys.filter((key) => !key.startsWith("[X-Lychd]"));
  return (own.length > 0 ? own : keys).map((key) => key === "" ? "changed" : `\`${key}=\``);
}

const OWN = "";
const OF_OTHERS = "other Soulstones";

/** What a file is called in the reference. */
function titleOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "soulstone-eye.container") return OWN;
  if (/^soulstone-.*\.container$/.test(name)) return OF_OTHERS;
  if (/^lychd-coven-.*\.target$/.test(name)) return "`lychd-coven-GROUP.target`";
  return `\`${path.replace(/^containers\/systemd\/lychd\/|^systemd\/user\//, "")}\``;
}

/** The own unit first, those of others last. */
function order(title: string): number {
  return title === OWN ? 0 : title === OF_OTHERS ? 2 : 1;
}

/** What is different in which files; those with the same difference are told together. */
function described(differences: ReadonlyMap<string, ReadonlySet<string>>): string {
  const listOf = (title: string) => [...differences.get(title) ?? []].sort().join(", ");
  const titlesOf = new Map<string, string[]>();
  for (const title of [...differences.keys()].sort((a, b) => order(a) - order(b))) {
    if (title === OWN) continue;
    titlesOf.set(listOf(title), [...titlesOf.get(listOf(title)) ?? [], title]);
  }
  const own = listOf(OWN);
  const same = titlesOf.get(own) ?? [];
  titlesOf.delete(own);
  return [
    ...own === "" ? [] : [same.length === 0 ? own : `${own}, also of ${same.join(", ")}`],
    ...[...titlesOf].map(([list, titles]) => `${titles.join(", ")}: ${list}`),
  ].join("; ");
}
