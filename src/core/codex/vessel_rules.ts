/** The rules for `[vessel]`, and for the fields of Soulstones that only the Vessel uses. */
import { type Finding, finding, type Place, quoted } from "../report/mod.ts";
import type { Codex, Soulstone } from "./codex.ts";
import type { RuleContext } from "./rule_context.ts";
import { isLoopback } from "./loopback.ts";
import { unfitValue } from "./plain_value.ts";
import { NAME } from "./schema.ts";
import { fieldName, type TomlPath } from "./toml.ts";

/** The value of `idle_coven` that stops all engines. */
const NO_COVEN = "none";

/** Checks the settings of the Vessel against each other and against the Covens. */
export function vesselFindings(
  codex: Codex,
  { settingsPlace, isComplete }: RuleContext,
): Finding[] {
  const { vessel, sepulcher, boot_coven } = codex.settings;
  const { bind_address: address, keys, idle_coven: goal, idle_minutes: minutes } = vessel;
  const known = [...new Set(codex.soulstones.flatMap((s) => s.groups)), NO_COVEN].sort();
  // The Vessel connects to engines at 127.0.0.1.
  const isReachable = ["127.0.0.1", "0.0.0.0"].includes(sepulcher.bind_address);
  const rules: readonly (readonly [boolean, TomlPath, (place: Place) => Finding])[] = [
    [
      !isLoopback(address) && Object.keys(keys).length === 0,
      ["vessel", "bind_address"],
      (place) => finding("vessel-open", place, { address }),
    ],
    [
      goal !== undefined && isComplete && !known.includes(goal),
      ["vessel", "idle_coven"],
      (place) => finding("coven-unknown", place, { value: goal ?? "", known }),
    ],
    [
      goal !== undefined && minutes === undefined,
      ["vessel", "idle_coven"],
      (place) => finding("idle-incomplete", place, { field: "idle_coven", other: "idle_minutes" }),
    ],
    [
      minutes !== undefined && (goal ?? boot_coven) === undefined,
      ["vessel", "idle_minutes"],
      (place) => finding("idle-incomplete", place, { field: "idle_minutes", other: "idle_coven" }),
    ],
    [
      vessel.enabled && !isReachable,
      ["sepulcher", "bind_address"],
      (place) => finding("vessel-apart", place, { address: sepulcher.bind_address }),
    ],
  ];
  return [
    ...rules.flatMap(([applies, path, make]) => {
      const place = settingsPlace(path);
      return applies && place !== undefined ? [make(place)] : [];
    }),
    ...Object.keys(keys).filter((name) => !NAME.test(name)).map((value) =>
      finding("key-name-invalid", codex.settingsKeyOf(["vessel", "keys", value]), { value })
    ),
  ];
}

/**
 * Returns the owners of the names of Soulstones, Covens and capabilities, and what adds another one. The
 * first owner of a name keeps it.
 */
export function nameOwners(soulstones: readonly Soulstone[]) {
  const owners = new Map<string, { readonly owner: string; readonly place: Place }>();
  const add = (name: string, owner: string, place: Place) => {
    if (!owners.has(name)) owners.set(name, { owner, place });
  };
  for (const s of soulstones) add(s.name, "the name of a Soulstone", s.placeOf([]));
  for (const s of soulstones) {
    for (const name of s.groups) add(name, "the name of a Coven", s.placeOf(["groups"]));
    for (const name of s.capabilities) add(name, "a capability", s.placeOf(["capabilities"]));
  }
  return { owners, add };
}

/** Finds aliases that already name something else. */
export function aliasFindings(soulstones: readonly Soulstone[]): Finding[] {
  const { owners, add } = nameOwners(soulstones);
  return soulstones.flatMap((soulstone) =>
    // A repetition in one list is only a warning.
    [...new Set(soulstone.aliases)].flatMap((alias) => {
      const place = soulstone.placeOf(["aliases", soulstone.aliases.indexOf(alias)]);
      const taken = owners.get(alias);
      add(alias, `an alias of ${quoted(soulstone.name)}`, place);
      return taken === undefined ? [] : [
        finding("alias-taken", place, { alias, owner: taken.owner }, {
          place: taken.place,
          label: "the other use",
        }),
      ];
    })
  );
}

/** Checks the parameters that a Soulstone sets and strips. */
export function requestFindings({ request, placeOf, keyOf }: Soulstone): Finding[] {
  const { set = {}, strip = [] } = request ?? {};
  const placeOfSet = (name: string) => keyOf(["request", "set", name]);
  const isModel = (name: string) => name === "model";
  return [
    ...Object.entries(set).flatMap(([name, value]) => {
      const unfit = unfitValue(value, undefined, ["request", "set", name]);
      if (unfit === undefined) return [];
      const { path, problem } = unfit;
      return [finding("parameter-invalid", placeOf(path), { field: fieldName(path), problem })];
    }),
    ...[
      ...Object.keys(set).filter(isModel).map(placeOfSet),
      ...strip.flatMap((name, i) => isModel(name) ? [placeOf(["request", "strip", i])] : []),
    ].map((place) => finding("parameter-model", place, {})),
    ...strip.flatMap((name, i) =>
      !isModel(name) && Object.hasOwn(set, name)
        ? [
          finding("parameter-twice", placeOf(["request", "strip", i]), { name }, {
            place: placeOfSet(name),
            label: "set here",
          }),
        ]
        : []
    ),
  ];
}
