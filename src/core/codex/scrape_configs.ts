import { type Finding, finding, isSecretName } from "../report/mod.ts";
import type { Codex } from "./codex.ts";
import { unfitValue } from "./plain_value.ts";
import type { Plain } from "./toml.ts";
import { shapeProblems } from "./scrape_config_shape.ts";
import { fieldName, type TomlPath } from "./toml.ts";

/** The jobs that lychd writes itself; `soulstone/NAME` is that of a Soulstone with a key. */
const OWN_JOB = /^(?:soulstone(?:\/.*)?|lychd-units|lychd-vessel|harvester|gpu)$/;

/** Code points that the YAML parser of Prometheus refuses. */
const NONCHARACTER = /\p{Noncharacter_Code_Point}/u;
const UNREADABLE = "Prometheus cannot read a Unicode noncharacter such as U+FFFE";

/** Returns the entries of `extra_scrape_configs` that YAML can represent. */
export function extraScrapeConfigs({ settings }: Codex): Plain[] {
  return settings.harvester.extra_scrape_configs.filter((config) =>
    unfitForPrometheus(config) === undefined
  ) as Plain[];
}

/** Returns the problems for which Prometheus would not start, or would lose a job of lychd. */
export function scrapeConfigFindings(codex: Codex): Finding[] {
  const { extra_scrape_configs, scrape_interval_seconds } = codex.settings.harvester;
  const seen = new Set<string>();
  return extra_scrape_configs.flatMap((config, i) => {
    const entry = ["harvester", "extra_scrape_configs", i];
    const invalid = (problem: string, path: TomlPath) => [
      finding("scrape-config-invalid", codex.settingsPlaceOf([...entry, ...path]), { problem }),
    ];
    const name = config["job_name"];
    if (name === undefined) return invalid("`job_name` is missing", []);
    if (typeof name !== "string" || name === "") {
      return invalid("`job_name` must be text", ["job_name"]);
    }
    if (OWN_JOB.test(name)) return invalid("`job_name` is reserved for lychd", ["job_name"]);
    if (seen.has(name)) return invalid("`job_name` is already used above", ["job_name"]);
    seen.add(name);
    const unfit = unfitForPrometheus(config);
    if (unfit !== undefined) return invalid(unfit.problem, unfit.path);
    return [
      ...secretFindings(codex, config, entry),
      ...shapeProblems(config, scrape_interval_seconds).flatMap((problem) => {
        const { path } = problem;
        if ("rule" in problem) return invalid(`\`${fieldName(path)}\` must ${problem.rule}`, path);
        const { unknown: field, known } = problem;
        const owner = ["extra_scrape_configs", ...path.filter((step) => typeof step === "string")];
        const place = codex.settingsKeyOf([...entry, ...path, field]);
        return [finding("field-unknown", place, { value: field, owner: owner.join("."), known })];
      }),
    ];
  });
}

/** Returns a warning for each secret below `value`, which is at `path` of lychd.toml. */
function secretFindings(codex: Codex, value: unknown, path: TomlPath): Finding[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    if (typeof below !== "string") return secretFindings(codex, below, at);
    if (below === "" || !isSecretName(key)) return [];
    const secret = `scrape-${key.replaceAll("_", "-")}`;
    return [finding("secret-in-scrape-config", codex.settingsPlaceOf(at), { field: key, secret })];
  });
}

/** Returns the first value that TOML can represent but YAML, as Prometheus reads it, cannot. */
function unfitForPrometheus(config: unknown) {
  return unfitValue(config, (text) => NONCHARACTER.test(text) ? UNREADABLE : undefined);
}
