/** Reads the lines of a unit as literal values. */
import { join } from "node:path/posix";
import { whyReserved } from "../../compile/mod.ts";
import { trimEnds } from "../../report/mod.ts";
import {
  expand,
  type Expansions,
  parseRunOptions,
  QUADLET_KEYS,
  type QuadletKey,
  quadletKeyOf,
  splitWords,
  SYSTEMD_COMMANDS,
  SYSTEMD_VERBATIM,
  wordOf,
} from "../../rune/mod.ts";
import type { ImportContext } from "../imported.ts";
import type { ImportReport } from "../report.ts";
import type { Setting } from "../setting.ts";
import { effectiveLines, type Line, type QuadletUnit } from "./units.ts";

/** Keys of `[Unit]` and `[Install]` that name units, one or several on a line. */
const NAMES_UNITS =
  /^(?:After|Before|BindsTo|Conflicts|OnFailure|OnSuccess|PartOf|RequiredBy|Requires|Requisite|UpheldBy|Upholds|WantedBy|Wants)$/;

/** Returns the specifiers and variables of systemd that are the same in every unit of the user. */
export function expansionsOf(
  { home, runtime, config, user }: ImportContext,
  lines: readonly Line[],
): Expansions {
  const defined = (table: Record<string, string | undefined>) =>
    Object.fromEntries(
      Object.entries(table).filter((e): e is [string, string] => e[1] !== undefined),
    );
  const specifiers = defined({ h: home, t: runtime, E: config, U: String(user) });
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
  return { specifiers, variables: defined({ HOME: home, ...Object.fromEntries(variables) }) };
}

/** Returns every value of a unit that has an effect. Records values that Quadlet drops. */
export function settingsOf(
  unit: QuadletUnit,
  context: ImportContext,
  report: ImportReport,
): Setting[] {
  const lines = effectiveLines(unit, report);
  const known = expansionsOf(context, lines);
  return dropOverridden(lines.flatMap((line) => readLine(line, known, report)), report)
    .map((setting) => withAbsolutePath(setting, unit.folder));
}

/** Returns the values of one line. */
function readLine(
  { section, key, value, item }: Line,
  known: Expansions,
  report: ImportReport,
): Setting[] {
  const isQuadlet = section === "Container" || section === "Quadlet";
  const table = isQuadlet ? QUADLET_KEYS[section] : {};
  const entry: QuadletKey | undefined = Object.hasOwn(table, key) ? table[key] : undefined;
  const as = isQuadlet
    ? "word"
    : section === "Service" && SYSTEMD_COMMANDS.has(key)
    ? "line"
    : "text";

  /** Expands a text; an unknown specifier is lost. */
  function literal(text: string, of: typeof item): { value: string; change?: string } | undefined {
    if (section === "Service" && SYSTEMD_VERBATIM.has(key)) return { value: text };
    // A Codex has a form of its own for a volume in the home folder.
    const isHome = key === "Volume" && isQuadlet && text.startsWith("%h/");
    const expanded = expand(isHome ? text.slice(2) : text, known, as);
    if ("unknown" in expanded) {
      const why = `systemd replaces ${expanded.unknown} at startup; write the value`;
      report.lost(of, why);
      return undefined;
    }
    const filled = [...new Set(expanded.filled)].map((name) => {
      const alone = expand(name, known, name.startsWith("%") ? "text" : "word");
      return `${name} is ${"text" in alone ? alone.text : ""}`;
    });
    return {
      value: isHome ? `~${expanded.text}` : expanded.text,
      ...filled.length === 0 ? {} : { change: filled.join(", ") },
    };
  }
  function one(text: string, of = item): Setting[] {
    const read = literal(text, of);
    return read === undefined ? [] : [{ section, key, item: of, ...read }];
  }
  /** Adds each of several parts as an item of its own. */
  function itemsOf(parts: readonly string[]) {
    return parts.length === 1 ? [item] : report.split(item, parts.map((part) => `${key}=${part}`));
  }
  function each(words: readonly string[], why: (word: string) => string | undefined): Setting[] {
    return itemsOf(words).flatMap((own, i) => {
      const word = words[i] ?? "";
      const dropped = why(word);
      if (dropped === undefined) return one(word, own);
      report.lost(own, dropped);
      return [];
    });
  }

  switch (entry?.value) {
    case undefined:
      return (section === "Unit" || section === "Install") && NAMES_UNITS.test(key)
        ? each(value.split(/\s+/), () => undefined)
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
        report.lost(item, `${split.problem}, so it has no effect in the unit either`);
        return [];
      }
      if (split.rest !== "") {
        report.lost(report.add(item.place, split.rest), "Quadlet stops at an empty word");
      }
      if (key === "PodmanArgs") return podmanArgs(split.words);
      return entry.list
        ? each(
          split.words,
          (word) =>
            entry.value === "pairs" && !word.includes("=")
              ? "Quadlet drops it: it has no `=`"
              : undefined,
        )
        : command(split.words);
    }
  }

  /** Reads options that lychd relies on as their keys. */
  function podmanArgs(words: readonly string[]): Setting[] {
    const { options, rest } = parseRunOptions(words);
    const parts = [...options.map((option) => option.words), ...rest.map((word) => [word])];
    return itemsOf(parts.map((part) => part.join(" "))).flatMap((own, i): Setting[] => {
      const option = options[i];
      const name = option === undefined ? undefined : quadletKeyOf(option.name);
      return option?.value !== undefined && name !== undefined && whyReserved(section, name)
        ? one(option.value, own).map((setting) => ({ ...setting, key: name }))
        : command(option === undefined ? parts[i] ?? [] : [wordOf(option)], own);
    });
  }

  /** Keeps the words of a command together. */
  function command(words: readonly string[], of = item): Setting[] {
    const read = words.flatMap((word) => literal(word, of) ?? []);
    if (read.length < words.length) return [];
    const texts = read.map((word) => word.value);
    const change = [...new Set(read.flatMap((word) => word.change ?? []))].join(", ") || undefined;
    return [{ section, key, value: texts.join(" "), words: texts, item: of, change }];
  }
}

/** Drops pairs of the container whose name a later line sets again. */
function dropOverridden(settings: readonly Setting[], report: ImportReport): Setting[] {
  const nameOf = ({ section, key, value }: Setting) =>
    section === "Container" && /^(?:Annotation|Environment|Label)$/.test(key)
      ? `${key} ${value.slice(0, value.indexOf("="))}`
      : undefined;
  const last = new Map(settings.map((setting) => [nameOf(setting), setting]));
  return settings.filter((setting) => {
    const name = nameOf(setting);
    if (name === undefined || last.get(name) === setting) return true;
    report.record(setting.item, "carried", { why: "it has no effect: a later line sets it again" });
    return false;
  });
}

/** Makes paths absolute that Quadlet resolves from the folder of the unit. */
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
  return moved === value ? setting : { ...setting, value: moved, change: `relative to ${folder}` };
}
