import { modelsOf, type PortalOffer } from "../../../core/dispatcher/portals.ts";
import type { PortalState } from "../../../core/dispatcher/state_file.ts";
import type { Units } from "../dispatch/driver.ts";
import { Portal, type PortalPorts } from "./portal.ts";

/** The Portals of the units, by name. */
export class Portals {
  readonly #ports: PortalPorts;
  #portals = new Map<string, { readonly portal: Portal; readonly made: string }>();

  constructor(ports: PortalPorts) {
    this.#ports = ports;
  }

  /** Takes the Portals of a render. One that is the same as before keeps what is known about it. */
  load({ door: { portals }, portalKeys }: Pick<Units, "door" | "portalKeys">): void {
    const former = this.#portals;
    this.#portals = new Map(portals.map((settings) => {
      const key = portalKeys.get(settings.name);
      const made = JSON.stringify([settings, key]);
      const known = former.get(settings.name);
      if (known?.made === made) return [settings.name, known];
      return [settings.name, { portal: new Portal(settings, key, this.#ports), made }];
    }));
    for (const [name, { portal }] of former) {
      if (this.#portals.get(name)?.portal !== portal) portal.close();
    }
  }

  /** Their models, for the choice of a place. */
  get offers(): readonly PortalOffer[] {
    return [...this.#portals.values()].map(({ portal }) => portal.offer);
  }

  /** Their states, with the requests under way at each. */
  states(underWay: ReadonlyMap<string, number>): readonly PortalState[] {
    return [...this.#portals].map(([name, { portal }]) => ({
      name,
      models: modelsOf(portal.offer).length,
      underWay: underWay.get(name) ?? 0,
      problem: portal.problem,
      missing: portal.missing,
    }));
  }

  get(name: string): Portal | undefined {
    return this.#portals.get(name)?.portal;
  }

  close(): void {
    for (const { portal } of this.#portals.values()) portal.close();
  }
}
