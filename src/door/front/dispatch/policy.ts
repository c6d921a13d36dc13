import type { EnginePolicy, Policy } from "../../../core/dispatcher/events.ts";
import type { Door, DoorEngine, DoorSettings } from "../../../core/orchestrator/door.ts";

/** The time for requests at an engine that others stop. */
const OTHER_DRAIN_MILLISECONDS = 30_000;

/** The most requests that wait for one engine. */
export const ENGINE_QUEUE_LIMIT = 128;

/** Returns the settings of the dispatcher. */
export function policyOf({ settings, engines }: Door): Policy {
  const idle = idleOf(settings);
  return {
    lingerMilliseconds: settings.lingerSeconds * 1000,
    waitMilliseconds: settings.waitSeconds * 1000,
    drainMilliseconds: settings.drainSeconds * 1000,
    otherDrainMilliseconds: OTHER_DRAIN_MILLISECONDS,
    queueLimit: settings.queueLimit,
    engineQueueLimit: ENGINE_QUEUE_LIMIT,
    ...idle !== undefined && { idle },
    engines: new Map([...engines].map(([name, engine]) => [name, enginePolicyOf(engine)])),
  };
}

function idleOf({ idleCoven, idleMinutes }: DoorSettings): Policy["idle"] {
  if (idleCoven === undefined || idleMinutes === undefined) return undefined;
  const wish = idleCoven === "none" ? idleCoven : { kind: "coven", name: idleCoven } as const;
  return { wish, afterMilliseconds: idleMinutes * 60_000 };
}

function enginePolicyOf({ concurrency, idleMinutes }: DoorEngine): EnginePolicy {
  return {
    ...concurrency !== undefined && { concurrency },
    ...idleMinutes !== undefined && { idleMilliseconds: idleMinutes * 60_000 },
  };
}
