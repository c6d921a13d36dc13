import { type Finding, finding, type Place } from "../report/mod.ts";
import {
  GLOBAL_OPTIONS,
  lacksValue,
  parseRunOptions,
  RUN_OPTIONS,
  type RunOption,
} from "../rune/mod.ts";
import { type Refusal, type Rules, weaknesses, whyOptionRefused } from "./quadlet_rules.ts";

const ONE_WORD = "write an option and its value as one word";
const KNOWN: ReadonlySet<string> = new Set([...RUN_OPTIONS, ...GLOBAL_OPTIONS]);
const KNOWN_WORDS = [...KNOWN].map((name) => `--${name}`);

/**
 * Checks the words of `PodmanArgs` or `GlobalArgs` as Podman reads them: an option can take the next
 * word as its value, and the first word that is not an option would be the image.
 */
export function optionFindings(
  words: readonly string[],
  { key, rules, placeOf }: {
    readonly key: "PodmanArgs" | "GlobalArgs";
    readonly rules: Rules;
    readonly placeOf: (index: number) => Place;
  },
): Finding[] {
  const { options, end } = parseRunOptions(words);
  const stray = words[end];
  return [
    ...options.flatMap(findingsOf),
    ...stray === undefined ? [] : [refused(end, stray, {
      why: "Podman would read the first word that is not an option as the image",
      instead: `${ONE_WORD}: --option=value`,
    })],
  ];

  function refused(index: number, value: string, { why, instead }: Refusal): Finding {
    const section = "Container";
    return finding("quadlet-value-reserved", placeOf(index), { section, key, value, why, instead });
  }

  function findingsOf(option: RunOption): Finding[] {
    const { name, value = "", index, words: [first = "", second] } = option;
    if (!KNOWN.has(name)) {
      const known = KNOWN_WORDS;
      return [finding("podman-option-unknown", placeOf(index), { option: first, known })];
    }
    const refusal = whyOptionRefused(rules, key, option);
    if (refusal !== undefined) return [refused(index, first, refusal)];
    const instead = `${ONE_WORD}: --${name}=VALUE`;
    if (lacksValue(option)) return [refused(index, first, { why: "it has no value", instead })];
    // The option that it looks like would have no effect.
    if (second?.startsWith("-")) {
      return [refused(index + 1, second, { why: `it would be the value of --${name}`, instead })];
    }
    return weaknesses(`--${name}`, value)
      .map((why) => finding("isolation-weak", placeOf(index), { setting: first, why }));
  }
}
