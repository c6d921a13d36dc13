import { modelsOf, type PortalOffer } from "../../../core/dispatcher/portals.ts";
import type { PortalState } from "../../../core/dispatcher/state_file.ts";
import type { ToFront } from "../../channel/messages.ts";
import { Portal, type PortalPorts } from "./portal.ts";

/** The Portals of the units, by name. */
export class Portals {
  readonly #ports: PortalPorts;
  #portals = new Map<string, { readonly portal: Portal; readonly made: string }>();

  constructor(ports: PortalPorts) {
    this.#ports = ports;
  }

  /** Takes the Portals of a render. One that is the same as before keeps what is known about it. */
  load(
    { door: { portals }, portalKeys }: Pick<
      Extract<ToFront, { kind: "units" }>,
      "door" | "portalKeys"
    >,
  ): void {
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

  /** Resolves when each Portal has answered once, or failed; undefined if that is so already. */
  get firstLooks(): Promise<unknown> | undefined {
    const looks = [...this.#portals.values()].flatMap(({ portal }) => portal.firstLook ?? []);
    return looks.length === 0 ? undefined : Promise.all(looks);
  }

  /** The Portals that may have any model, since they have never listed theirs, and why not. */
  get unlisted(): readonly { readonly name: string; readonly why: string }[] {
    return [...this.#portals].flatMap(([name, { portal: { offer, problem } }]) =>
      offer.models === undefined && offer.listed === undefined && problem !== undefined
        ? [{ name, why: problem.why }]
        : []
    );
  }

  get(name: string): Portal | undefined {
    return this.#portals.get(name)?.portal;
  }

  close(): void {
    for (const { portal } of this.#portals.values()) portal.close();
  }
}
