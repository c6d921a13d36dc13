/** From the lines of a unit to values that mean nothing but themselves. */
import { join } from "node:path/posix";
import {
  expand,
  type Expansions,
  QUADLET_KEYS,
  type QuadletKey,
  splitWords,
  SYSTEMD_COMMANDS,
} from "../../rune/mod.ts";
import { trimEnds } from "../../report/mod.ts";
import { whyReserved } from "../../compile/mod.ts";
import type { Setting } from "../setting.ts";
import type { ImportContext } from "../imported.ts";
import type { Item, Ledger } from "../ledger.ts";
import { parseRunOptions, quadletKeyOf } from "../podman_run.ts";
import { effectiveLines, type Line, type QuadletUnit } from "./units.ts";

/** Keys of `[Unit]` and `[Install]` that name units, one or several on a line. */
const NAMES_UNITS =
  /^(?:After|Before|BindsTo|Conflicts|OnFailure|OnSuccess|PartOf|RequiredBy|Requires|Requisite|UpheldBy|Upholds|WantedBy|Wants)$/;

/** Keys of the container of which the last of equal names wins. */
const BY_NAME = new Set(["Annotation", "Environment", "Label"]);

/** What systemd fills in, as far as it is the same in every unit of this user. */
export function expansionsOf(
  { home, runtime, config, user }: ImportContext,
  lines: readonly Line[],
): Expansions {
  const some = (table: Record<string, string | undefined>) =>
    Object.fromEntries(
      Object.entries(table).filter((e): e is [string, string] => e[1] !== undefined),
    );
  const specifiers = some({ h: home, t: runtime, E: config, U: String(user) });
  const variables = lines.filter(({ section, key }) =>
    section === "Service" && key === "Environment"
  ).flatMap(({ value }) => {
    const split = splitWords(value, "words");
    const words = "words" in split ? split.words : [];
    return words.filter((word) => /^\w+=/.test(word)).map((word) => {
      const equals = word.indexOf("=");
      const text = expand(word.slice(equals + 1), { specifiers, variables: {} }, "text");
      return [word.slice(0, equals), "text" in text ? text.text : undefined] as const;
    });
  });
  return { specifiers, variables: some({ HOME: home, ...Object.fromEntries(variables) }) };
}

/** Every value of a unit that has an effect; those that Quadlet drops or nobody knows are noted. */
export function settingsOf(
  unit: QuadletUnit,
  soulstone: string,
  context: ImportContext,
  ledger: Ledger,
): Setting[] {
  const lines = effectiveLines(unit, ledger);
  const known = expansionsOf(context, lines);
  const settings = lines.flatMap((line) => readLine(line, soulstone, known, ledger));
  return dropOverridden(settings, soulstone, ledger)
    .map((setting) => withAbsolutePath(setting, unit.folder));
}

/** The values of one line. */
function readLine(
  line: Line,
  soulstone: string,
  known: Expansions,
  ledger: Ledger,
): Setting[] {
  const { section, key, value, item } = line;
  const isQuadlet = section === "Container" || section === "Quadlet";
  const table = isQuadlet ? QUADLET_KEYS[section] : {};
  const entry: QuadletKey | undefined = Object.hasOwn(table, key) ? table[key] : undefined;
  const as = isQuadlet ? "word" : isCommand(section, key) ? "line" : "text";

  function literal(text: string, of: Item): { text: string; how?: string } | undefined {
    // The home folder of a volume's source has a form of its own.
    const isHome = key === "Volume" && isQuadlet && text.startsWith("%h/");
    const expanded = expand(isHome ? text.slice(2) : text, known, as);
    if ("unknown" in expanded) {
      const why = `systemd fills in ${expanded.unknown} when the unit starts; write the value`;
      ledger.note(of, "lost", { soulstone, why });
      return undefined;
    }
    const filled = [...new Set(expanded.filled)].map((name) => {
      const alone = expand(name, known, name.startsWith("%") ? "text" : "word");
      return `${name} is ${"text" in alone ? alone.text : ""}`;
    });
    return {
      text: isHome ? `~${expanded.text}` : expanded.text,
      ...filled.length === 0 ? {} : { how: filled.join(", ") },
    };
  }
  function one(text: string, of = item): Setting[] {
    const read = literal(text, of);
    return read === undefined
      ? []
      : [{ section, key, value: read.text, item: of, ...read.how && { how: read.how } }];
  }
  /** Each word as an item of its own, when there are several. */
  function each(words: readonly string[], refuse: (word: string) => string | undefined): Setting[] {
    const items = words.length === 1
      ? [item]
      : ledger.split(item, words.map((word) => `${key}=${word}`));
    return words.flatMap((word, i) => {
      const own = items[i] ?? item;
      const why = refuse(word);
      if (why === undefined) return one(word, own);
      ledger.note(own, "lost", { soulstone, why });
      return [];
    });
  }

  switch (entry?.value) {
    case undefined:
      return section === "Unit" || section === "Install"
        ? NAMES_UNITS.test(key) ? each(value.split(/\s+/), () => undefined) : one(value)
        : one(value);
    case "text":
      return one(entry.list ? value : trimEnds(value, /"/));
    case "boolean":
      return one(/^"*(?:1|yes|true|on)"*$/i.test(value) ? "true" : "false");
    case "number":
      return one(value);
    case "words":
    case "tokens":
    case "pairs": {
      const split = splitWords(value, entry.value === "tokens" ? "tokens" : "words");
      if ("problem" in split) {
        const why = `${split.problem}, and so it has no effect in the unit itself`;
        ledger.note(item, "lost", { soulstone, why });
        return [];
      }
      if (split.rest !== "") {
        const why = "Quadlet reads nothing from an empty word on";
        ledger.note(ledger.enter(item.place, split.rest), "lost", { soulstone, why });
      }
      if (key === "PodmanArgs") return podmanArgs(split.words);
      if (entry.list) return each(split.words, (word) => whyDropped(entry, word));
      return command(split.words);
    }
  }

  /** Options that have a key of their own which lychd must know of are read as that key. */
  function podmanArgs(words: readonly string[]): Setting[] {
    const { options, rest } = parseRunOptions(words);
    const parts = [...options.map((option) => option.words), ...rest.map((word) => [word])];
    const items = parts.length === 1
      ? [item]
      : ledger.split(item, parts.map((part) => `PodmanArgs=${part.join(" ")}`));
    return parts.flatMap((part, i): Setting[] => {
      const own = items[i] ?? item;
      const option = options[i];
      const name = option === undefined ? undefined : quadletKeyOf(option.name);
      if (option?.value !== undefined && name !== undefined && whyReserved(section, name)) {
        return one(option.value, own).map((setting) => ({ ...setting, key: name }));
      }
      return command(part, own);
    });
  }

  /** A command keeps its words together. */
  function command(words: readonly string[], of = item): Setting[] {
    const read = words.map((word) => literal(word, of));
    if (read.some((word) => word === undefined)) return [];
    const texts = read.map((word) => word?.text ?? "");
    const hows = [...new Set(read.flatMap((word) => word?.how ?? []))];
    const how = hows.length === 0 ? {} : { how: hows.join(", ") };
    return [{ section, key, value: texts.join(" "), words: texts, item: of, ...how }];
  }
}

/** Why Quadlet itself drops a word. */
function whyDropped({ value }: QuadletKey, word: string): string | undefined {
  return value === "pairs" && !word.includes("=") ? "Quadlet drops it: it has no `=`" : undefined;
}

function isCommand(section: string, key: string): boolean {
  return section === "Service" && SYSTEMD_COMMANDS.has(key);
}

/** Leaves out pairs of which a later line sets the same name. */
function dropOverridden(
  settings: readonly Setting[],
  soulstone: string,
  ledger: Ledger,
): Setting[] {
  const last = new Map<string, Setting>();
  const nameOf = ({ key, value }: Setting) => `${key} ${value.slice(0, value.indexOf("="))}`;
  const isPair = ({ section, key }: Setting) => section === "Container" && BY_NAME.has(key);
  for (const setting of settings) if (isPair(setting)) last.set(nameOf(setting), setting);
  return settings.filter((setting) => {
    if (!isPair(setting) || last.get(nameOf(setting)) === setting) return true;
    const why = "it has no effect in the unit itself: it is set again behind";
    ledger.note(setting.item, "carried", { soulstone, why });
    return false;
  });
}

/** Paths that Quadlet takes from the folder of the unit, absolute. */
function withAbsolutePath(setting: Setting, folder: string): Setting {
  const { section, key, value } = setting;
  if (section !== "Container") return setting;
  const absolute = (path: string) => path.startsWith("/") ? path : join(folder, path);
  const moved = key === "EnvironmentFile" && !value.startsWith("-")
    ? absolute(value)
    : key === "Volume" && value.startsWith(".")
    ? value.replace(/^[^:]*/, absolute)
    : key === "Mount"
    ? value.replace(/(?<=(?:^|,)(?:src|source)=)\.[^,]*/, absolute)
    : value;
  return moved === value ? setting : { ...setting, value: moved, how: `relative to ${folder}` };
}
