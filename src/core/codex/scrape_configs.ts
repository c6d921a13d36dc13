import { type Finding, finding } from "../report/mod.ts";
import type { Codex } from "./codex.ts";
import { type ShapeFault, shapeFaults } from "./scrape_config_shape.ts";
import type { TomlPath } from "./toml.ts";

/** What TOML and YAML both have. */
type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

/** Jobs that lychd writes itself; those of Soulstones with a key are called `soulstone/NAME`. */
const OWN_JOB = /^(?:soulstone(?:\/.*)?|lychd-units|harvester|gpu)$/;

/** What Unicode reserves for ever, and Prometheus' reader of YAML refuses. */
const NONCHARACTER = /\p{Noncharacter_Code_Point}/u;
const UNREADABLE = "it holds a Unicode noncharacter such as U+FFFE, which Prometheus cannot read";

/** The entries of `extra_scrape_configs`, without those that YAML cannot hold. */
export function extraScrapeConfigs({ settings }: Codex): Plain[] {
  return settings.harvester.extra_scrape_configs.filter((config) =>
    unfitValue(config, []) === undefined
  ) as Plain[];
}

/** Faults of `extra_scrape_configs` for which Prometheus would not start, or lose a job of ours. */
export function scrapeConfigFaults(codex: Codex): Finding[] {
  const seen = new Set<string>();
  return codex.settings.harvester.extra_scrape_configs.flatMap((config, i) => {
    const entry = ["harvester", "extra_scrape_configs", i];
    const name = config["job_name"];
    const told = (problem: string, path: TomlPath) => [
      finding("scrape-config-invalid", codex.settingsPlaceOf([...entry, ...path]), { problem }),
    ];
    if (name === undefined) return told("it has no `job_name`", []);
    if (typeof name !== "string" || name === "") {
      return told("its `job_name` is no text", ["job_name"]);
    }
    if (OWN_JOB.test(name)) return told("lychd writes a job of that name itself", ["job_name"]);
    if (seen.has(name)) return told("another one has the same `job_name`", ["job_name"]);
    seen.add(name);
    const unfit = unfitValue(config, []);
    if (unfit !== undefined) return told(unfit.problem, unfit.path);
    return [...shapeFaults(config), ...lateTimeout(config, codex)].flatMap((fault) =>
      "unknown" in fault
        ? [
          finding("field-unknown", codex.settingsKeyOf([...entry, ...fault.path, fault.unknown]), {
            field: fault.unknown,
            owner: [entry[1], ...fault.path.filter((step) => typeof step === "string")].join("."),
            known: fault.known,
          }),
        ]
        : told(`\`${fieldOf(fault.path)}\` takes ${fault.takes}`, fault.path)
    );
  });
}

function fieldOf(path: TomlPath): string {
  return path.map((step) => typeof step === "number" ? `[${step}]` : `.${step}`).join("").slice(1);
}

/** Where an entry has no pause of its own, lychd's holds for it. */
function lateTimeout(config: Readonly<Record<string, unknown>>, { settings }: Codex): ShapeFault[] {
  const seconds = settings.harvester.scrape_interval_seconds;
  const { scrape_interval, scrape_timeout } = config;
  if (scrape_interval !== undefined || scrape_timeout === undefined) return [];
  return shapeFaults({ scrape_interval: `${seconds}s`, scrape_timeout }).map(({ path }) => ({
    path,
    takes: `no more than \`scrape_interval_seconds\`, which is ${seconds}; or set a ` +
      "`scrape_interval` here",
  }));
}

/** The first value in a table that TOML can hold and YAML cannot, or not as Prometheus reads it. */
function unfitValue(
  value: unknown,
  path: TomlPath,
): { path: TomlPath; problem: string } | undefined {
  if (value instanceof Date) return { path, problem: "a date must be a string" };
  if (typeof value === "bigint") return { path, problem: "the number is too large" };
  if (typeof value === "number" && !Number.isFinite(value)) {
    return { path, problem: "Prometheus takes no such number" };
  }
  if (typeof value === "string" && NONCHARACTER.test(value)) return { path, problem: UNREADABLE };
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, below] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    const found = NONCHARACTER.test(key)
      ? { path: at, problem: UNREADABLE }
      : unfitValue(below, at);
    if (found !== undefined) return found;
  }
  return undefined;
}
