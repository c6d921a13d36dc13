import { type Finding, finding, quoted, trimEnd } from "../report/mod.ts";
import type { Soulstone } from "./codex.ts";
import type { SoulstoneFields } from "./schema.ts";
import { parseVolume } from "./volume.ts";
import { SECRET_NAME, SECRET_OPTION, VARIABLE } from "./patterns.ts";

/**
 * Faults inside one Soulstone that a schema cannot tell: how its volumes, secrets and variables are
 * written, what stands twice, and what looks like a secret. `fields` is the table before lists were
 * sorted, so that positions fit.
 */
export function valueFaults(soulstone: Soulstone, fields: SoulstoneFields): Finding[] {
  return [
    ...repeated(soulstone, "groups", fields.groups),
    ...repeated(soulstone, "capabilities", fields.capabilities),
    ...repeated(soulstone, "devices", fields.devices ?? []),
    ...repeated(soulstone, "secrets", fields.secrets),
    ...targetFaults(soulstone, fields.volumes),
    ...fields.volumes.flatMap((value, i) => {
      const read = parseVolume(value);
      return "volume" in read ? [] : [
        finding("volume-invalid", soulstone.placeOf(["volumes", i]), {
          value,
          problem: read.problem,
        }),
      ];
    }),
    ...fields.secrets.flatMap((value, i) => {
      const problem = secretProblem(value);
      return problem === undefined
        ? []
        : [finding("secret-invalid", soulstone.placeOf(["secrets", i]), { value, problem })];
    }),
    ...Object.keys(fields.env).flatMap((variable) => envFaults(soulstone, variable)),
    ...healthFaults(soulstone),
  ];
}

function repeated(soulstone: Soulstone, field: string, list: readonly string[]): Finding[] {
  const seen = new Set<string>();
  return list.flatMap((value, i) => {
    if (!seen.has(value)) {
      seen.add(value);
      return [];
    }
    return [finding("entry-repeated", soulstone.placeOf([field, i]), { field, value })];
  });
}

/** Podman refuses two mounts at one path. */
function targetFaults(soulstone: Soulstone, volumes: readonly string[]): Finding[] {
  const first = new Map<string, number>();
  return volumes.flatMap((text, i) => {
    const read = parseVolume(text);
    if ("problem" in read) return [];
    const target = trimEnd(read.volume.target, /\//);
    const other = first.get(target);
    if (other === undefined) {
      first.set(target, i);
      return [];
    }
    return [
      finding("volume-target-taken", soulstone.placeOf(["volumes", i]), { target }, {
        place: soulstone.placeOf(["volumes", other]),
        label: "mounted here too",
      }),
    ];
  });
}

function secretProblem(value: string): string | undefined {
  const [name = "", ...options] = value.split(",");
  if (!SECRET_NAME.test(name)) {
    return "the name has letters, digits, `_`, `.` and `-`";
  }
  const wrong = options.find((option) => !SECRET_OPTION.test(option));
  return wrong === undefined ? undefined : `Podman knows no option ${quoted(wrong)}`;
}

function envFaults(soulstone: Soulstone, variable: string): Finding[] {
  const place = soulstone.keyOf(["env", variable]);
  if (!VARIABLE.test(variable)) {
    return [finding("variable-invalid", place, { value: variable })];
  }
  if (!/(?:TOKEN|KEY|SECRET|PASSWORD)$/i.test(variable)) return [];
  const secret = variable.toLowerCase().replaceAll("_", "-").replace(/^-+/, "");
  return [finding("secret-in-env", place, { variable, secret })];
}

function healthFaults(soulstone: Soulstone): Finding[] {
  const { health } = soulstone;
  return health?.path !== undefined && health.cmd !== undefined
    ? [finding("health-both", soulstone.placeOf(["health"]), {})]
    : [];
}
