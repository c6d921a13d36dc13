/** The current states of the pod and the Watchers. */
import {
  type Condition,
  conditionOf,
  isUp,
  type UnitState,
} from "../core/orchestrator/condition.ts";
import { type Service, servicesBeside } from "../core/orchestrator/services.ts";
import type { Systemd } from "./systemd.ts";

/** A service and its state. */
export interface ServiceNow {
  readonly service: Service;
  readonly unit: UnitState | undefined;
  readonly condition: Condition;
}

/** The pod and the Watchers. */
export interface ServicesNow {
  readonly services: readonly ServiceNow[];
  /** Services that run but are no longer rendered. */
  readonly strays: readonly ServiceNow[];
}

/** Reads the states of the rendered services, and finds strays, in one call. */
export async function servicesNow(
  systemd: Systemd,
  rendered: readonly Service[],
): Promise<ServicesNow> {
  const others = servicesBeside(rendered);
  const states = await systemd.states([...rendered, ...others].map(({ service }) => service));
  const withState = (service: Service): ServiceNow => {
    const unit = states.get(service.service);
    return { service, unit, condition: conditionOf(unit) };
  };
  return {
    services: rendered.map(withState),
    strays: others.map(withState).filter(({ condition }) => isUp(condition)),
  };
}
