/** Reads the lines of a unit as literal values. */
import { basename, join } from "node:path/posix";
import { whyReserved } from "../../compile/mod.ts";
import { secretsIn, trimEnds } from "../../report/mod.ts";
import {
  expand,
  type Expansions,
  parseRunOptions,
  QUADLET_KEYS,
  type QuadletKey,
  quadletKeyOf,
  type RunOption,
  splitWords,
  SYSTEMD_COMMANDS,
  SYSTEMD_VERBATIM,
  wordOf,
} from "../../rune/mod.ts";
import type { ImportContext } from "../imported.ts";
import type { ImportReport } from "../report.ts";
import { join as joined, type Setting, type UnknownWord } from "../setting.ts";
import { effectiveLines, EMPTY_ENTRYPOINT, type Line, type QuadletUnit } from "./units.ts";

/** Keys of `[Unit]` and `[Install]` that name units, one or several on a line. */
const NAMES_UNITS =
  /^(?:After|Before|BindsTo|Conflicts|OnFailure|OnSuccess|PartOf|RequiredBy|Requires|Requisite|UpheldBy|Upholds|WantedBy|Wants)$/;

/**
 * Returns the specifiers and variables of systemd in the service of a unit, as far as they depend only
 * on its name and the user.
 */
export function expansionsOf(
  { home, runtime, config, user }: ImportContext,
  { base, lines }: Pick<QuadletUnit, "base" | "lines">,
): Known {
  const defined = (table: Record<string, string | undefined>) =>
    Object.fromEntries(
      Object.entries(table).filter((e): e is [string, string] => e[1] !== undefined),
    );
  const below = (path: string) => home === undefined ? undefined : join(home, path);
  const state = below(".local/state");
  const specifiers = defined({
    ...nameSpecifiers(base, lines),
    ...{ h: home, E: config, U: String(user), u: home === undefined ? undefined : basename(home) },
    ...{
      t: runtime ?? `/run/user/${user}`,
      S: state,
      C: below(".cache"),
      L: below(".local/state/log"),
    },
    ...{ T: "/tmp", V: "/var/tmp" },
  });
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
  return {
    specifiers,
    variables: defined({ HOME: home, ...Object.fromEntries(variables) }),
    environmentFiles: environmentFilesOf(lines),
  };
}

/** Returns the files with variables for the commands of a service. */
export function environmentFilesOf(lines: readonly Line[]): string[] {
  return lines.filter(({ section, key }) => section === "Service" && key === "EnvironmentFile")
    .map(({ value }) => value.replace(/^-/, ""));
}

/** Returns the specifiers that depend on the name of the service; `%i` of a template without instance is unknown. */
function nameSpecifiers(
  base: string,
  lines: readonly Line[],
): Record<string, string | undefined> {
  const lastOf = (section: string, key: string) =>
    lines.findLast((line) => line.section === section && line.key === key && line.value !== "")
      ?.value;
  const service = lastOf("Container", "ServiceName") ?? base;
  const at = service.indexOf("@");
  if (at < 0) {
    const last = service.split("-").at(-1);
    return { N: service, n: `${service}.service`, p: service, P: service, j: last, i: "", I: "" };
  }
  const prefix = service.slice(0, at);
  const instance = service.slice(at + 1) || lastOf("Install", "DefaultInstance");
  const whole = instance === undefined ? undefined : `${prefix}@${instance}`;
  return {
    N: whole,
    n: whole === undefined ? undefined : `${whole}.service`,
    p: prefix,
    j: prefix.split("-").at(-1),
    i: instance,
    // systemd unescapes it; most instances have nothing to unescape.
    I: instance !== undefined && /[\\-]/.test(instance) ? undefined : instance,
  };
}

/** Returns every value of a unit that has an effect. Records values that Quadlet drops. */
export function settingsOf(
  unit: QuadletUnit,
  context: ImportContext,
  report: ImportReport,
): Setting[] {
  const lines = effectiveLines(unit, report);
  const known = expansionsOf(context, { base: unit.base, lines });
  return dropOverridden(lines.flatMap((line) => readLine(line, known, report)), report)
    .map((setting) => withAbsolutePath(setting, unit.folder));
}

/** The expansions of a unit, and the files that can define more variables. */
interface Known extends Expansions {
  readonly environmentFiles: readonly string[];
}

/** Returns the values of one line. */
function readLine(
  { section, key, value, item }: Line,
  known: Known,
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

  /** Expands a text, or returns why it is lost. `before` is the word before it in a command. */
  function literal(
    text: string,
    before = "",
  ): { value: string; change?: string | undefined } | { unknown: string } {
    if (section === "Service" && SYSTEMD_VERBATIM.has(key)) return { value: text };
    if (as === "word" && isSplit(text) && /\s/.test(known.variables[text.slice(1)] ?? "")) {
      return { unknown: `systemd splits ${text} into several words; write them` };
    }
    // A Codex has a form of its own for a volume in the home folder.
    const isHome = key === "Volume" && isQuadlet && text.startsWith("%h/");
    const expanded = expand(isHome ? text.slice(2) : text, known, as);
    if ("unknown" in expanded) return { unknown: whyUnknown(expanded.unknown, known) };
    const filled = [...new Set(expanded.filled)].map((name) => {
      const alone = expand(name, known, name.startsWith("%") ? "text" : "word");
      return meaningOf(name, "text" in alone ? alone.text : "", `${before} ${expanded.text}`);
    });
    return {
      value: isHome ? `~${expanded.text}` : expanded.text,
      change: joined(
        filled.join(", ") || undefined,
        key === "Volume" && text.startsWith("~/") ? "Podman does not expand `~`" : undefined,
      ),
    };
  }
  function one(text: string, of = item): Setting[] {
    const read = literal(text);
    if (!("unknown" in read)) return [{ section, key, item: of, ...read }];
    report.lost(of, read.unknown);
    return [];
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
      if (key === "Entrypoint" && trimEnds(value, /"/) === "") {
        report.lost(item, EMPTY_ENTRYPOINT);
        return [];
      }
      return key === "HealthCmd" || key === "HealthStartupCmd"
        ? healthCommand(value)
        : one(entry.list ? value : trimEnds(value, /"/));
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
            entry.value === "pairs" && key !== "Environment" && !word.includes("=")
              ? "Quadlet drops it: it has no `=`"
              : undefined,
        ).map(passedVariable)
        : command(split.words);
    }
  }

  /** Keeps a double quote at one end, which Podman 5.4 strips, so that the command was broken. */
  function healthCommand(text: string): Setting[] {
    const [first, last] = [text.startsWith('"'), text.endsWith('"') && text.length > 1];
    return first === last ? one(trimEnds(text, /"/)) : one(text).map((setting) => ({
      ...setting,
      change: joined(setting.change, "Podman 5.4 strips the quote at its end; lychd keeps it"),
    }));
  }

  /** Passes on a variable of the session, which Podman 5.4 does not do. */
  function passedVariable(setting: Setting): Setting {
    const { value } = setting;
    if (key !== "Environment" || value.includes("=")) return setting;
    const change = "Podman 5.4 drops it, later versions pass the variable of your systemd session";
    return {
      ...setting,
      key: "PodmanArgs",
      value: `--env=${value}`,
      words: [`--env=${value}`],
      change,
    };
  }

  /** Reads options that have a key as that key. */
  function podmanArgs(words: readonly string[]): Setting[] {
    const { options, rest } = parseRunOptions(words);
    const parts = [...options.map((option) => option.words), ...rest.map((word) => [word])];
    return itemsOf(parts.map((part) => part.join(" "))).flatMap((own, i): Setting[] => {
      const option = options[i];
      const name = option === undefined ? undefined : keyOfOption(section, option);
      if (option?.name === "gpus" && GPU_NAMES.test(option.value ?? "")) {
        return (option.value ?? "").split(",").map((gpu) => ({
          ...{ section, key: "AddDevice", value: `nvidia.com/gpu=${gpu}`, item: own },
          change: "as a CDI device",
        }));
      }
      return option?.value !== undefined && name !== undefined
        ? one(option.value, own).map((setting) => ({ ...setting, key: name }))
        : command(option === undefined ? parts[i] ?? [] : [wordOf(option)], own);
    });
  }

  /**
   * Keeps the words of a command together. A variable that is a whole word becomes several. A word with
   * an unknown variable is lost alone, with the flag whose value it is.
   */
  function command(words: readonly string[], of = item): Setting[] {
    const read = words.flatMap((word, i) => {
      const split = isSplit(word)
        ? splitWords(known.variables[word.slice(1)] ?? "", "words")
        : undefined;
      return split !== undefined && "words" in split && split.words.length !== 1 &&
          Object.hasOwn(known.variables, word.slice(1))
        ? split.words.map((value) => ({
          word,
          value,
          change: meaningOf(word, known.variables[word.slice(1)] ?? ""),
        }))
        : [{ word, ...literal(word, words[i - 1]) }];
    });
    const kept: { value: string; change?: string | undefined }[] = [];
    const unknown: UnknownWord[] = [];
    for (const [i, one] of read.entries()) {
      if (!("unknown" in one)) {
        kept.push(one);
        continue;
      }
      const { word, unknown: why } = one;
      const before = kept.at(-1)?.value ?? "";
      const flag = /^-[^=]*$/.test(before) && !HAS_FLAGS.test(word) ? before : undefined;
      if (flag !== undefined) kept.pop();
      const isFirst = read.slice(0, i).every((other) =>
        /^(?:.*\/)?(?:vllm|serve)$/.test(other.word)
      );
      const text = flag === undefined ? word : `${flag} ${word}`;
      unknown.push({ flag, word, isFirst, why });
      report.lost(read.length === 1 ? of : report.add(of.place, text), why);
    }
    if (kept.length === 0 && key !== "Exec") return [];
    const texts = kept.map(({ value }) => value);
    const change = [...new Set(kept.flatMap((word) => word.change ?? []))].join(", ") || undefined;
    return [{ section, key, value: texts.join(" "), words: texts, unknown, item: of, change }];
  }
}

/** Returns what a specifier or variable means, without the secrets in its value or its context. */
function meaningOf(name: string, value: string, context = ""): string {
  const secrets = [`${name.replace(/\W/g, "")}=${value}`, context].flatMap(secretsIn);
  const shown = secrets.reduce((text, secret) => text.replaceAll(secret, "***"), value);
  return `${name} is ${shown}`;
}

/** Variables with flags and their values, as far as the name shows it. */
const HAS_FLAGS = /^\$[A-Za-z_]*(?:ARG|EXTRA|FLAG|OPT|PARAM)/i;

/** The GPUs of `--gpus`, which Podman reads as NVIDIA's CDI devices. */
const GPU_NAMES = /^(?:all|\d+(?:,\d+)*)$/;

/** Returns true for a variable that systemd splits into words, unlike `${NAME}`. */
function isSplit(word: string): boolean {
  return /^\$[A-Za-z_]\w*$/.test(word);
}

/** Variables that systemd sets for the commands of a service, which differ between runs. */
const RUN_VARIABLES = /^\$\{?(?:EXIT_CODE|EXIT_STATUS|INVOCATION_ID|MAINPID|SERVICE_RESULT)\}?$/;

/** Returns why an unknown specifier or variable is not carried over, and what helps. */
function whyUnknown(shown: string, { environmentFiles }: Known): string {
  const files = environmentFiles.join(", ");
  const where = RUN_VARIABLES.test(shown)
    ? "only a shell can read it: write /bin/sh -c 'COMMAND'"
    : /^%[iIN]|^%n/.test(shown)
    ? "import a copy of the unit whose name has the instance, or write the value"
    : files !== "" && shown.startsWith("$")
    ? `write the value, which may be in ${files}`
    : "write the value";
  return `systemd replaces ${shown} at startup; ${where}`;
}

/** Returns the key that means the same as an option, unless the key would mean something else. */
function keyOfOption(section: string, { name, value = "" }: RunOption): string | undefined {
  const key = quadletKeyOf(name);
  if (key === undefined || whyReserved(section, key) !== undefined) return key;
  // A path that Podman and Quadlet resolve from different folders, and a name without a value.
  const isRelative = key === "Volume" && value.startsWith(".") ||
    key === "EnvironmentFile" && !/^[/%]/.test(value);
  const isBare = /^(?:Annotation|Environment|Label)$/.test(key) && !value.includes("=");
  // Quadlet strips quotes, and an empty value is none.
  const isChanged = value === "" || /^"|"$/.test(value);
  return isRelative || isBare || isChanged ? undefined : key;
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
  const withValue = (changed: string, why: string): Setting =>
    changed === value
      ? setting
      : { ...setting, value: changed, change: joined(setting.change, why) };
  const absolute = (path: string) => path.startsWith("/") ? path : join(folder, path);
  const relative = `relative to ${folder}`;
  if (key === "EnvironmentFile") {
    return value.startsWith("-")
      ? withValue(absolute(value.slice(1)), "Quadlet knows no optional file, so it must exist")
      : withValue(absolute(value), relative);
  }
  if (key === "Volume") {
    return value.startsWith(".") ? withValue(value.replace(/^[^:]*/, absolute), relative) : setting;
  }
  return key === "Mount"
    ? withValue(value.replace(/(?<=(?:^|,)(?:src|source)=)\.[^,]*/, absolute), relative)
    : setting;
}
