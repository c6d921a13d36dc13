/** Finds the effect of a field: the difference between the units without it and with it. */
import type { SchemaKind } from "../../src/core/codex/mod.ts";
import { hasErrors } from "../../src/core/report/mod.ts";
import { readUnit } from "../../src/core/rune/mod.ts";
import { PORTAL, SETTINGS_BESIDE, SOULSTONE } from "./field_examples.ts";
import { judge } from "./judge.ts";

const SETTINGS = { "gpu.default_devices": '["nvidia.com/gpu=all"]' };

/** Two other Soulstones: one of the same Coven, and one of another Coven that has a slot. */
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
slot = "chat"
`;

/** Describes the effect of `field` on the units if it has the TOML value `example`. */
export async function becomes(kind: SchemaKind, field: string, example: string): Promise<string> {
  const changed = { [field]: example };
  const settings = {
    ...SETTINGS,
    ...kind === "lychd" ? SETTINGS_BESIDE[field] : {},
    ...kind === "portals" ? { "vessel.enabled": "true" } : {},
  };
  const portal = kind === "portals" ? PORTAL : undefined;
  const [without, having] = await Promise.all([
    unitsOf(SOULSTONE, settings, portal),
    kind === "lychd"
      ? unitsOf(SOULSTONE, { ...settings, ...changed })
      : kind === "portals"
      ? unitsOf(SOULSTONE, settings, { ...portal, ...changed })
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
  return differences.size === 0 ? "no change in a unit" : described(differences);
}

/** The values of a file, by key. */
type Lines = ReadonlyMap<string, readonly string[]>;

/** Returns every file that a Codex compiles to. */
async function unitsOf(
  soulstone: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, string>>,
  portal?: Readonly<Record<string, string>>,
): Promise<Map<string, Lines>> {
  const { findings, runes } = await judge({
    "lychd.toml": tomlOf(settings),
    "soulstones/eye.toml": `[eye]\n${tomlOf(soulstone)}`,
    "soulstones/others.toml": OTHERS,
    ...portal === undefined ? {} : {
      "portals/garage.toml": tomlOf(portal),
      "portals/home-ca.pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    },
  });
  if (hasErrors(findings)) throw new Error(findings.map(({ message }) => message).join("; "));
  return new Map(runes.map(({ path, text }) => {
    const read = readUnit(text);
    const lines = new Map<string, string[]>();
    // A file that is not a unit has one value without a key.
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

/** Writes fields with dotted keys, so that their order does not matter. */
function tomlOf(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields).map(([path, value]) => `${path} = ${value}\n`).join("");
}

function differenceOf(before: Lines | undefined, after: Lines | undefined): string[] {
  if (before === undefined) return ["created"];
  if (after === undefined) return ["not created"];
  const keys = [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key)?.join("\n") !== after.get(key)?.join("\n"));
  const own = keys.filter((key) => !key.startsWith("[X-Lychd]"));
  return (own.length > 0 ? own : keys).map((key) => key === "" ? "changed" : `\`${key}=\``);
}

const OWN = "";
const OF_OTHERS = "other Soulstones";

/** Returns the name of a file in the reference. */
function titleOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "soulstone-eye.container") return OWN;
  if (/^soulstone-.*\.container$/.test(name)) return OF_OTHERS;
  if (/^lychd-coven-.*\.target$/.test(name)) return "`lychd-coven-GROUP.target`";
  return `\`${path.replace(/^containers\/systemd\/lychd\/|^systemd\/user\//, "")}\``;
}

/** Sorts the unit of the Soulstone first and those of others last. */
function order(title: string): number {
  return title === OWN ? 0 : title === OF_OTHERS ? 2 : 1;
}

/** Lists the differences. Files with the same difference are listed together. */
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
    ...own === "" ? [] : [same.length === 0 ? own : `${own}, also in ${same.join(", ")}`],
    ...[...titlesOf].map(([list, titles]) => `${titles.join(", ")}: ${list}`),
  ].join("; ");
}
