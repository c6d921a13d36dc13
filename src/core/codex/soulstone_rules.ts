import { type Finding, finding, isSecretName, quoted, secretsIn, trimEnd } from "../report/mod.ts";
import type { Soulstone } from "./codex.ts";
import type { TomlPath } from "./toml.ts";
import { duplicates } from "./duplicates.ts";
import { SECRET_NAME, SECRET_OPTION, VARIABLE } from "./patterns.ts";
import type { SoulstoneFields } from "./schema.ts";
import { requestFindings } from "./vessel_rules.ts";
import { parseVolume } from "./volume.ts";

/**
 * Checks the rules inside one Soulstone that a schema cannot express. `fields` is its table before
 * lists are sorted, so that indexes match positions.
 */
export function soulstoneFindings(soulstone: Soulstone, fields: SoulstoneFields): Finding[] {
  const { groups, capabilities, aliases, devices = [], secrets, volumes, env, health } = fields;
  return [
    ...Object.entries({ groups, capabilities, aliases, devices, secrets }).flatMap((
      [field, list],
    ) =>
      duplicates([...list.entries()], ([, value]) => value).map(({ item: [i, value] }) =>
        finding("entry-repeated", soulstone.placeOf([field, i]), { field, value })
      )
    ),
    ...volumeFindings(soulstone, volumes),
    ...secrets.flatMap((value, i) => {
      const problem = secretProblem(value);
      return problem === undefined
        ? []
        : [finding("secret-invalid", soulstone.placeOf(["secrets", i]), { value, problem })];
    }),
    ...Object.entries(env).flatMap((pair) => variableFindings(soulstone, pair)),
    ...quadletSecrets(soulstone),
    ...requestFindings(soulstone),
    ...swapVariableFindings(soulstone, fields),
    ...soulstone.resident && soulstone.slot !== undefined
      ? [finding("slot-of-resident", soulstone.placeOf(["slot"]), {})]
      : [],
    ...health?.path !== undefined && health.cmd !== undefined
      ? [finding("health-both", soulstone.placeOf(["health"]), {})]
      : [],
  ];
}

/** Finds variables of llama-swap, which only an import with `--env` fills in. */
function swapVariableFindings(soulstone: Soulstone, fields: SoulstoneFields): Finding[] {
  const { exec, env, model, volumes, quadlet } = fields;
  const visit = (value: unknown, path: TomlPath): Finding[] => {
    if (typeof value === "string") {
      const [text, variable] = /\$\{env\.(\w+)\}/.exec(value) ?? [];
      return text === undefined || variable === undefined
        ? []
        : [finding("llama-swap-variable", soulstone.placeOf(path), { text, variable })];
    }
    if (typeof value !== "object" || value === null) return [];
    const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
    return [...entries].flatMap(([key, inner]) => visit(inner, [...path, key]));
  };
  return visit({ exec, env, model, volumes, quadlet }, []);
}

function volumeFindings(soulstone: Soulstone, volumes: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  const targets: { place: Finding["place"]; target: string }[] = [];
  for (const [i, value] of volumes.entries()) {
    const place = soulstone.placeOf(["volumes", i]);
    const read = parseVolume(value);
    if ("volume" in read) targets.push({ place, target: trimEnd(read.volume.target, /\//) });
    else findings.push(finding("volume-invalid", place, { value, problem: read.problem }));
  }
  const repeated = duplicates(targets, ({ target }) => target).map(({ item, first }) =>
    finding("volume-target-taken", item.place, { target: item.target }, {
      place: first.place,
      label: "first mounted here",
    })
  );
  return [...repeated, ...findings];
}

function secretProblem(value: string): string | undefined {
  const [name = "", ...options] = value.split(",");
  if (!SECRET_NAME.test(name)) {
    return "a name has letters, digits, `_`, `.` and `-`, and starts with a letter or digit";
  }
  const wrong = options.find((option) => !SECRET_OPTION.test(option));
  return wrong === undefined ? undefined : `Podman has no option ${quoted(wrong)}`;
}

function variableFindings(
  soulstone: Soulstone,
  [variable, value]: readonly [string, string],
): Finding[] {
  const place = soulstone.keyOf(["env", variable]);
  if (!VARIABLE.test(variable)) return [finding("variable-invalid", place, { value: variable })];
  return secretFindings(place, variable, value);
}

function secretFindings(place: Finding["place"], variable: string, value: string): Finding[] {
  if (value === "" || !isSecretName(variable) && secretsIn(value).length === 0) return [];
  const secret = variable.toLowerCase().replaceAll("_", "-").replace(/^-+/, "");
  return [finding("secret-in-env", place, { variable, secret })];
}

/** Finds secrets in the variables that a `quadlet` table passes to the container. */
function quadletSecrets(soulstone: Soulstone): Finding[] {
  const { Environment = [], PodmanArgs = [] } = soulstone.quadlet["Container"] ?? {};
  const args = [PodmanArgs].flat().map(String);
  const pairs = [
    ...[Environment].flat().map((value, i) => ["Environment", i, String(value)] as const),
    ...args.flatMap((word, i) => {
      const [, joined] = /^(?:--env=|-e=?)(.+)$/.exec(word) ?? [];
      const isSeparate = ["--env", "-e"].includes(args[i - 1] ?? "");
      const pair = joined ?? (isSeparate ? word : undefined);
      return pair === undefined ? [] : [["PodmanArgs", i, pair] as const];
    }),
  ];
  return pairs.flatMap(([key, i, pair]) => {
    const [, variable = "", value = ""] = /^([^=]*)=([^]*)$/.exec(pair) ?? [];
    return secretFindings(soulstone.placeOf(["quadlet", "Container", key, i]), variable, value);
  });
}
