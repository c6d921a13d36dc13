/** The names that Kubernetes accepts: stricter than those of a Codex. */
import { type Codex, parseVolume, type Soulstone } from "../codex/mod.ts";
import { type Finding, finding, type Place } from "../report/mod.ts";
import { readSecret } from "./secrets.ts";

interface NameRule {
  readonly kind: string;
  readonly pattern: RegExp;
  readonly limit: number;
  readonly rule: string;
}

const LOWER = "lower-case letters, digits and `-`, and start and end with a letter or digit";
const LABEL = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const DOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** The name of a Service is one label of DNS, `soulstone-` included. */
const SOULSTONE: NameRule = {
  kind: "Soulstone",
  pattern: /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/,
  limit: 53,
  rule: `use at most 53 ${LOWER}`,
};
const COVEN: NameRule = {
  kind: "Coven",
  pattern: LABEL,
  limit: 63,
  rule: "use at most 63 characters, and end with a letter or digit",
};
const SLOT: NameRule = { ...COVEN, kind: "slot" };
const SECRET: NameRule = {
  kind: "secret",
  pattern: DOMAIN,
  limit: 253,
  rule: `use ${LOWER}`,
};
const VOLUME: NameRule = { ...SECRET, kind: "volume" };

/** Returns an error for each name in a Codex that Kubernetes refuses. */
export function nameFindings({ soulstones }: Codex): Finding[] {
  return soulstones.flatMap(findingsOf);
}

function findingsOf(soulstone: Soulstone): Finding[] {
  const { name, groups, slot, secrets, volumes, metrics, placeOf } = soulstone;
  return [
    ...check(SOULSTONE, name, placeOf([])),
    ...groups.flatMap((group) => check(COVEN, group, placeOf(["groups"]))),
    ...slot === undefined ? [] : check(SLOT, slot, placeOf(["slot"])),
    ...secrets.flatMap((text, i) => check(SECRET, readSecret(text).name, placeOf(["secrets", i]))),
    ...metrics?.secret === undefined
      ? []
      : check(SECRET, metrics.secret, placeOf(["metrics", "secret"])),
    ...volumes.flatMap((text, i) => {
      const read = parseVolume(text);
      return "volume" in read && read.volume.source.kind === "volume"
        ? check(VOLUME, read.volume.source.text, placeOf(["volumes", i]))
        : [];
    }),
  ];
}

function check({ kind, pattern, limit, rule }: NameRule, value: string, place: Place): Finding[] {
  return pattern.test(value) && value.length <= limit
    ? []
    : [finding("kubernetes-name", place, { kind, value, rule })];
}
