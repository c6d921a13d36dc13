/** A container as Quadlet settings. */
import type { EngineName } from "../codex/mod.ts";
import type { Command } from "./command.ts";
import type { GivenPort, Published } from "./ports.ts";
import type { ImportReport, Item } from "./report.ts";
import type { Alternative, Assignment, Proposal } from "./resolve.ts";

/** One value of one key, as literal text. */
export interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** The words of a command. */
  readonly words?: readonly string[];
  /** The words of a command that are lost because only systemd can expand them. */
  readonly unknown?: readonly UnknownWord[];
  readonly item: Item;
  /** The difference from the input so far. */
  readonly change?: string | undefined;
}

/** A word that only systemd can expand. */
export interface UnknownWord {
  /** The flag whose value it is, if any. */
  readonly flag: string | undefined;
  readonly word: string;
  /** True if it is the first word, `vllm serve` apart. */
  readonly isFirst: boolean;
  /** The reason, and what helps. */
  readonly why: string;
}

/** One container of the input. */
export interface Container {
  /** The name of its Soulstone. */
  readonly name: string;
  readonly settings: readonly Setting[];
  /** The engine of its program, if its image need not show it. */
  readonly engine?: EngineName | undefined;
  /** Comment lines above its table. */
  readonly heading: readonly string[];
  /** Fields that do not come from settings, such as `groups`. */
  readonly fixed: readonly Assignment[];
  /** Returns further fields, which may depend on the port. */
  readonly moreFields?: (plan: PortPlan, given: GivenPort) => {
    readonly fixed: readonly Assignment[];
    readonly proposals: readonly Proposal[];
  };
  /** Set if the host reaches it without a published port; the port may be unknown. */
  readonly onHost?: { readonly port: number | undefined } | undefined;
  /** The new names of other units. */
  readonly renamed?: ReadonlyMap<string, string>;
  /** The new names of containers, for commands of the host. */
  readonly containers?: ReadonlyMap<string, string>;
  /** The names by which other containers reach it. */
  readonly hosts?: readonly string[];
  /** The pod whose other containers reach it at localhost. */
  readonly pod?: string | undefined;
  /** The services that the exclusivity rule already orders it against, each with the field for it. */
  readonly rivals?: ReadonlyMap<string, string>;
}

/** The command and ports of a container before it is given a port. */
export interface PortPlan {
  readonly command: Command;
  /** The setting that publishes the port of the engine. */
  readonly main: { readonly setting: Setting; readonly published: Published } | undefined;
  /** The preferred port. */
  readonly wish: number | undefined;
}

/** A container with its port. */
export interface PlacedContainer {
  readonly container: Container;
  readonly plan: PortPlan;
  readonly given: GivenPort;
  /** The report for its Soulstone. */
  readonly report: ImportReport;
}

/** Returns every setting of a key of [Container]. */
export function all({ settings }: Pick<Container, "settings">, key: string): Setting[] {
  return settings.filter((s) => s.section === "Container" && s.key === key);
}

/** Returns changes as one sentence, or nothing if there are none. */
export function join(...changes: readonly (string | undefined)[]): string | undefined {
  return changes.filter((change) => change !== undefined).join("; ") || undefined;
}

/** Returns a setting as a key of `quadlet`. */
export function passed(
  { section, key, ...setting }: Setting,
  change = setting.change,
  value = setting.value,
): Alternative {
  return { assign: [{ path: ["quadlet", section, key], value }], change };
}

/** Splits `NAME=VALUE`. */
export function splitPair(pair: string): readonly [name: string, value: string] {
  const equals = pair.indexOf("=");
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}
