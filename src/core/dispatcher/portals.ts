/** The models of Portals, and the choice between them and the engines of this host. */
import type { DoorPortal } from "../orchestrator/door.ts";
import type { Route } from "./route.ts";

/** A model that a Portal lists. */
export interface PortalModel {
  readonly id: string;
  /** Its other names there. */
  readonly names: readonly string[];
  readonly capabilities: readonly string[];
  /** False if the Portal says that it has to load the model first. */
  readonly isLoaded: boolean;
}

/** A Portal, and what is known about it now. */
export interface PortalOffer
  extends Pick<DoorPortal, "name" | "models" | "aliases" | "capabilities" | "prefer"> {
  /** The models that it lists; undefined if it has not said. */
  readonly listed: readonly PortalModel[] | undefined;
  /** True if it did not answer when it was last asked. */
  readonly isDown: boolean;
}

/** The outlook of a request at an engine of this host. */
export type Prospect =
  /** The engine runs, and takes the request soon. */
  | "running"
  /** It has to start, and that is soon. */
  | "starts"
  /** The request would wait longer than a swap is worth. */
  | "late"
  /** It cannot run, or its last start failed. */
  | "failed";

/** A place that can answer a request. */
export type Place =
  | ({ readonly kind: "engine" } & Route)
  | {
    readonly kind: "portal";
    readonly portal: string;
    /** The name of the model there. */
    readonly model: string;
  };

/** The most models that are read of one Portal, and the most characters of a name. */
const MOST_MODELS = 5000;
const LONGEST_NAME = 256;

/**
 * Reads the list of models of a server that speaks the API of OpenAI; undefined if it is none. A front
 * door and llama.cpp say which models are loaded; of others, each that is listed counts as loaded.
 *
 * @example
 * ```ts
 * import { readPortalModels } from "./portals.ts";
 * const list = { data: [{ id: "eye", status: { value: "unloaded" } }] };
 * readPortalModels(list); // [{ id: "eye", names: [], capabilities: [], isLoaded: false }]
 * ```
 */
export function readPortalModels(list: unknown): PortalModel[] | undefined {
  const data = fieldOf(list, "data");
  if (!Array.isArray(data)) return undefined;
  return data.slice(0, MOST_MODELS).flatMap((model) => {
    const id = fieldOf(model, "id");
    if (!isName(id)) return [];
    const state = fieldOf(fieldOf(model, "status"), "value");
    return [{
      id,
      names: [...namesIn(fieldOf(model, "aliases")), ...namesIn([fieldOf(model, "served_id")])],
      capabilities: namesIn(fieldOf(model, "capabilities")),
      isLoaded: state === undefined || state === "loaded",
    }];
  });
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function namesIn(list: unknown): string[] {
  return Array.isArray(list) ? list.slice(0, MOST_MODELS).filter(isName) : [];
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= LONGEST_NAME &&
    /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u.test(value);
}

/**
 * Returns the model of a Portal for a name of a request: the first of its model, an alias of the Codex, an
 * alias there, and a capability. Of several models with a capability it takes one that is loaded.
 */
export function modelAt(
  name: string,
  offer: Pick<PortalOffer, "models" | "aliases" | "capabilities" | "listed">,
): { readonly id: string; readonly isLoaded: boolean } | undefined {
  const models = modelsOf(offer);
  const named = (id: string | undefined) =>
    id === undefined
      ? undefined
      : models.find((model) => model.id === id) ?? { id, isLoaded: true };
  const having = models.filter(({ capabilities }) => capabilities.includes(name));
  return models.find(({ id }) => id === name) ??
    named(own(offer.aliases, name)) ??
    models.find(({ names }) => names.includes(name)) ??
    named(own(offer.capabilities, name)) ??
    having.find(({ isLoaded }) => isLoaded) ?? having[0];
}

/** Returns the models of a Portal that may be used: those of the Codex, otherwise those that it lists. */
export function modelsOf(
  { models, listed = [] }: Pick<PortalOffer, "models" | "listed">,
): readonly PortalModel[] {
  return models?.map((id) =>
    listed.find((model) => model.id === id) ??
      { id, names: [], capabilities: [], isLoaded: true }
  ) ?? listed;
}

function own(record: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The order of places. A lower number comes first; `soon` is a model that is loaded. */
const RANKS = {
  portal: { soon: 0, later: 1 },
  running: 2,
  local: { soon: 3, later: 5 },
  starts: 4,
  fallback: { soon: 6, later: 7 },
  late: 8,
  down: 9,
  failed: 10,
} as const;

/**
 * Returns the places that can answer a request, best first: what runs here, then a Portal that has the
 * model loaded, then a start here, then the other Portals, and last what would take too long here. With
 * `prefer`, a Portal comes first, or only before what would take too long. A Portal that does not answer
 * comes after all of them.
 *
 * @example
 * ```ts
 * import { placesFor } from "./portals.ts";
 * const garage = { name: "garage", models: ["eye"], aliases: {}, capabilities: {} };
 * const offer = { ...garage, prefer: "local", listed: undefined, isDown: false } as const;
 * placesFor("eye", undefined, [offer]); // [{ kind: "portal", portal: "garage", model: "eye" }]
 * ```
 */
export function placesFor(
  name: string,
  here: { readonly route: Route; readonly prospect: Prospect } | undefined,
  offers: readonly PortalOffer[],
): Place[] {
  const places: { place: Place; rank: number }[] = offers.flatMap((offer) => {
    const model = modelAt(name, offer);
    if (model === undefined) return [];
    const place = { kind: "portal", portal: offer.name, model: model.id } as const;
    const ranks = RANKS[offer.prefer];
    const rank = offer.isDown ? RANKS.down : model.isLoaded ? ranks.soon : ranks.later;
    return [{ place, rank }];
  });
  if (here !== undefined) {
    places.push({ place: { kind: "engine", ...here.route }, rank: RANKS[here.prospect] });
  }
  return places.sort((a, b) => a.rank - b.rank).map(({ place }) => place);
}

/** Returns all names under which Portals are reached. */
export function portalNames(offers: readonly PortalOffer[]): string[] {
  return offers.flatMap((offer) => [
    ...modelsOf(offer).flatMap(({ id, names, capabilities }) => [id, ...names, ...capabilities]),
    ...Object.keys(offer.aliases),
    ...Object.keys(offer.capabilities),
  ]);
}
