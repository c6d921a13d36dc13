/** A model with everything that the fields of its Soulstone depend on. */
import type { GivenPort } from "../ports.ts";
import type { PortPlan, Setting } from "../setting.ts";
import type { ModelInput } from "./model.ts";

/** Defaults for all models. */
export interface Top {
  /** The port of the first model that needs one. */
  readonly startPort: number;
  /** The limit of a startup, if set. */
  readonly waitSeconds: number | undefined;
  /** The time from SIGTERM to SIGKILL, if set. */
  readonly stopSeconds: number | undefined;
  /** The time after which an idle engine is unloaded; 0 means never. */
  readonly ttlSeconds: number;
  /** True if streams that wait get the state as text. */
  readonly hasLoadingMessage: boolean;
}

/** A model with its port. */
export interface PlacedModel extends ModelInput {
  readonly plan: PortPlan;
  readonly given: GivenPort;
  readonly settings: readonly Setting[];
}
