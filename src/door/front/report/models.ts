import type { EngineState } from "../../../core/dispatcher/events.ts";
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
 * Returns all models in the form of OpenAI's API, with their names and states. Engines are not queried.
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
) {
  const data = engines.filter(({ stray }) => !stray)
    .map((engine) => modelOf(engine, facts.get(engine.name), states.get(engine.name)));
  return { object: "list", data } as const;
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
