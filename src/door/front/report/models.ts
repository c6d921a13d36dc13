import type { EngineState } from "../../../core/dispatcher/events.ts";
import { modelAt, modelsOf, type PortalOffer } from "../../../core/dispatcher/portals.ts";
import type { DoorEngine } from "../../../core/orchestrator/door.ts";
import type { Engine } from "../../../core/orchestrator/inventory.ts";
import type { Units } from "../dispatch/driver.ts";

/** The states of models in the words of llama.cpp's router. */
const STATUS: Readonly<Record<EngineState, string>> = {
  down: "unloaded",
  starting: "loading",
  ready: "loaded",
  stopping: "unloaded",
  crashed: "loading",
};

/**
 * Returns all models in the form of OpenAI's API, with their names and states, and the Portals that have
 * them. Engines and Portals are not queried.
 *
 * @example
 * ```ts
 * import { modelList } from "./models.ts";
 * modelList([], new Map(), new Map()); // { object: "list", data: [] }
 * ```
 */
export function modelList(
  engines: readonly Engine[],
  facts: Units["door"]["engines"],
  states: ReadonlyMap<string, EngineState>,
  offers: readonly PortalOffer[] = [],
) {
  const own = engines.filter(({ stray }) => !stray).map((engine) => ({
    ...modelOf(engine, facts.get(engine.name), states.get(engine.name)),
    ...portalsWith(engine.name, offers),
  }));
  const names = new Set(own.flatMap(({ id, aliases }) => [id, ...aliases]));
  const ofPortals = offers.flatMap((offer) => [
    ...modelsOf(offer).map(({ id }) => id),
    ...Object.keys(offer.aliases),
  ]);
  const others = [...new Set(ofPortals)].filter((id) => !names.has(id))
    .map((id) => portalModelOf(id, offers));
  return { object: "list", data: [...own, ...others] } as const;
}

/** Returns the names of the Portals that have a model, if any has. */
function portalsWith(name: string, offers: readonly PortalOffer[]) {
  const portals = offers.filter((offer) => modelAt(name, offer) !== undefined)
    .map((offer) => offer.name);
  return portals.length === 0 ? {} : { portals };
}

function portalModelOf(id: string, offers: readonly PortalOffer[]) {
  const having = offers.flatMap((offer) => {
    const model = modelAt(id, offer);
    return model === undefined ? [] : [{ offer, model }];
  });
  const known = having.map(({ offer, model }) =>
    modelsOf(offer).find((listed) => listed.id === model.id)
  );
  const isLoaded = having.some(({ offer, model }) => model.isLoaded && !offer.isDown);
  const declared = having.flatMap(({ offer, model }) =>
    Object.entries(offer.capabilities).flatMap(([name, of]) => of === model.id ? [name] : [])
  );
  const unique = (names: readonly string[]) => [...new Set(names)].sort();
  return {
    id,
    object: "model",
    created: 0,
    owned_by: having[0]?.offer.name ?? "",
    aliases: unique(known.flatMap((model) => model?.names ?? [])),
    capabilities: unique([...known.flatMap((model) => model?.capabilities ?? []), ...declared]),
    covens: [] as readonly string[],
    status: { value: isLoaded ? "loaded" : "unloaded" },
    portals: having.map(({ offer }) => offer.name),
  } as const;
}

function modelOf(
  { name, capabilities, covens, slot }: Engine,
  { aliases = [], served, contextTokens }: Partial<DoorEngine> = {},
  state: EngineState = "down",
) {
  return {
    id: name,
    object: "model",
    created: 0,
    owned_by: "lychd",
    aliases,
    ...served !== undefined && { served_id: served },
    capabilities,
    covens,
    ...slot !== undefined && { slot },
    status: { value: STATUS[state] },
    ...contextTokens !== undefined && { meta: { n_ctx: contextTokens } },
  } as const;
}
