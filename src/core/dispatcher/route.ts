import { capabilityIndex, enginesNamed, type Inventory } from "../orchestrator/inventory.ts";
import { planTransition, type Running } from "../orchestrator/transition.ts";
import type { Wish } from "../orchestrator/wish.ts";
import { nearest } from "../report/nearest.ts";
import { quoted } from "../report/printable.ts";

/** The work of an endpoint: `text` generates text, the others need an engine made for it. */
export type Work = "text" | "embeddings" | "rerank" | "transcription" | "speech" | "images";

/** The names under which clients reach an engine, besides those of its Soulstone. */
export interface ModelNames {
  /** Names of the operator's choice. */
  readonly aliases: readonly string[];
  /** The id that the engine gives to its model, and expects in requests. */
  readonly served?: string;
}

/** The engine for a request. */
export interface Route {
  readonly engine: string;
  /** The goal that starts the engine if it does not run. */
  readonly wish: Wish;
  /** The model id that the engine expects; undefined if it ignores the id. */
  readonly served: string | undefined;
}

/** The reason for which no engine can be chosen. */
export interface RouteProblem {
  readonly reason: "unknown-model" | "unclear-model";
  readonly message: string;
}

/**
 * Capabilities of engines that are made for one kind of work. Capabilities are the operator's own
 * words, so these are the usual ones.
 */
const MADE_FOR: Readonly<Record<Exclude<Work, "text">, RegExp>> = {
  embeddings: /^(?:text-)?embed/,
  rerank: /^(?:re-?rank|text-ranking)/,
  transcription: /^(?:transcri|translation|speech-to-text|speech-recognition|asr$|stt$)/,
  speech: /^(?:speech$|speech-synthesis|text-to-speech|tts$)/,
  images: /^(?:image-generation|text-to-image|image-editing)/,
};

/**
 * Chooses the engine for the model name of a request: the first of Soulstone, alias, id that an engine
 * gives to its model, Coven, and capability that has this name.
 *
 * A Coven means its only member for this work. A capability means a running engine, otherwise the one
 * that `lychd plan` chooses. The hint for a name that leads to none also knows `otherNames`.
 *
 * @example
 * ```ts
 * import { route } from "./route.ts";
 * const running = { up: new Set<string>(), crashed: new Set<string>() };
 * const routed = route("gpt-4", "text", { engines: [], covens: [] }, new Map(), running);
 * routed; // { problem: { reason: "unknown-model", message: "there is no model `gpt-4`" } }
 * ```
 */
export function route(
  model: string,
  work: Work,
  inventory: Inventory,
  names: ReadonlyMap<string, ModelNames>,
  running: Running,
  otherNames: () => readonly string[] = () => [],
): Route | { readonly problem: RouteProblem } {
  const to = (engine: string, wish: Wish = { kind: "soulstone", name: engine }): Route => {
    return { engine, wish, served: names.get(engine)?.served };
  };
  const engines = inventory.engines.filter(({ stray }) => !stray).map(({ name }) => name);
  const direct = engines.find((name) => name === model) ??
    engines.find((name) => names.get(name)?.aliases.includes(model));
  if (direct !== undefined) return to(direct);
  const serving = engines.filter((name) => names.get(name)?.served === model);
  // Several engines may serve one model, for example with other settings.
  const [served] = [...serving.filter((name) => running.up.has(name)), ...serving];
  if (served !== undefined) return to(served);
  const coven = inventory.covens.find(({ name }) => name === model);
  if (coven !== undefined) {
    const members = membersFor(work, coven.members, inventory);
    const [engine, ...others] = members;
    if (engine !== undefined && others.length === 0) {
      return to(engine, { kind: "coven", name: coven.name });
    }
    return {
      problem: {
        reason: "unclear-model",
        message: engine === undefined
          ? `no Soulstone of the Coven ${quoted(model)} is made for ${work}`
          : `the Coven ${quoted(model)} has several models: name one of ${members.join(", ")}`,
      },
    };
  }
  const planned = planTransition({ kind: "capabilities", names: [model] }, inventory, running);
  if ("problem" in planned) {
    return { problem: unknownModel(model, inventory, names, otherNames()) };
  }
  const { choice, wanted } = planned.transition;
  const engine = enginesNamed(inventory, wanted)
    .find(({ capabilities }) => capabilities.includes(model))?.name ?? "";
  return choice.kind === "coven" ? to(engine, { kind: "coven", name: choice.name }) : to(engine);
}

/** Returns the members that are made for some work, or, if it is text, those made for nothing else. */
function membersFor(
  work: Work,
  members: readonly string[],
  inventory: Inventory,
): readonly string[] {
  return enginesNamed(inventory, members).filter(({ capabilities }) => {
    const made = Object.entries(MADE_FOR)
      .filter(([, word]) => capabilities.some((name) => word.test(name.toLowerCase())))
      .map(([kind]) => kind);
    return work === "text" ? made.length === 0 : made.includes(work);
  }).map(({ name }) => name);
}

function unknownModel(
  model: string,
  inventory: Inventory,
  names: ReadonlyMap<string, ModelNames>,
  otherNames: readonly string[],
): RouteProblem {
  const known = [
    ...otherNames,
    ...inventory.engines.flatMap(({ name }) => {
      const { aliases = [], served } = names.get(name) ?? {};
      return [name, ...aliases, ...served === undefined ? [] : [served]];
    }),
    ...inventory.covens.map(({ name }) => name),
    ...capabilityIndex(inventory).keys(),
  ];
  const near = nearest(model, known);
  return {
    reason: "unknown-model",
    message: `there is no model ${quoted(model)}` +
      (near === undefined ? "" : `; did you mean ${quoted(near)}?`),
  };
}
