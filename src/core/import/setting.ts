/** A container as settings with the names that Quadlet has for them. */
import type { Command } from "./command.ts";
import type { Assignment, Proposal, Way } from "./draft.ts";
import type { Item } from "./ledger.ts";
import type { Published } from "./ports.ts";

/** One value of one key, as text that means nothing but itself. */
export interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** The words of a command. */
  readonly words?: readonly string[];
  readonly item: Item;
  /** What is already different from the input. */
  readonly how?: string | undefined;
}

/** One container of the input. */
export interface Container {
  /** The name that its Soulstone will have. */
  readonly name: string;
  readonly settings: readonly Setting[];
  /** Lines above its table. */
  readonly heading: readonly string[];
  /** Fields that do not come from settings, such as `groups`. */
  readonly fixed: readonly Assignment[];
  /** What else becomes fields. */
  readonly proposals: readonly Proposal[];
  /** Whether the host reaches it though it publishes no port, and where if that is known. */
  readonly onHost: { readonly port: number | undefined } | undefined;
  /** What other units are called from now on. */
  readonly renamed: ReadonlyMap<string, string>;
  /** Services that it is ordered against by the law of Covens already. */
  readonly rivals: ReadonlySet<string>;
}

/** What is known of a container's command and ports before it is given one. */
export interface PortPlan {
  readonly command: Command;
  /** The setting that publishes the port of the engine. */
  readonly main: { readonly setting: Setting; readonly published: Published } | undefined;
  /** Where the engine should listen, if that is free. */
  readonly wish: number | undefined;
}

/** Every setting of a key of the container. */
export function all(settings: readonly Setting[], key: string): Setting[] {
  return settings.filter((s) => s.section === "Container" && s.key === key);
}

/** Changes as one sentence; nothing when there are none. */
export function join(...parts: readonly (string | undefined)[]): string | undefined {
  const given = parts.filter((part) => part !== undefined);
  return given.length === 0 ? undefined : given.join("; ");
}

/** A setting as a key of `quadlet`. */
export function passed(setting: Setting, how = setting.how, value = setting.value): Way {
  return { assign: [{ path: ["quadlet", setting.section, setting.key], value }], how };
}
