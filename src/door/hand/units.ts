import {
  type Door,
  type DoorNetwork,
  doorNetwork,
  readDoor,
} from "../../core/orchestrator/door.ts";
import { formatReceipt } from "../../core/plan/receipt.ts";
import type { CommandContext } from "../../run/context.ts";
import { Refusal } from "../../run/refusal.ts";
import { type Rendered, requireRendered } from "../../units/rendered.ts";

/** The units of one render. */
export interface Units {
  readonly rendered: Rendered;
  readonly door: Door;
}

/** Reads the units on disk; refuses if there was no render, or one without a front door. */
export function readUnits(context: CommandContext): Units {
  const rendered = requireRendered(context);
  const door = readDoor(rendered.files);
  if (door !== undefined) return { rendered, door };
  throw new Refusal("the front door is not enabled", {
    hint: "set enabled = true in [vessel] of lychd.toml, then run lychd render",
  });
}

/** Returns the address and the port of the door, such as `127.0.0.1:8081`. */
export function addressOf({ door: { settings } }: Units): string {
  return `${settings.bindAddress}:${settings.port}`;
}

/** Returns true if two renders wrote the same files. */
export function isSameRender(a: Units, b: Units): boolean {
  return formatReceipt(a.rendered.tree.receipt) === formatReceipt(b.rendered.tree.receipt);
}

/**
 * Returns true if a front for one render has the network that another one needs: the same addresses, and
 * at least the ports of its engines and the addresses of its Portals. After some were removed, a front
 * stays.
 */
export function hasNetworkFor(own: Units, other: Units): boolean {
  const [mine, theirs] = [networkOf(own), networkOf(other)];
  return mine.port === theirs.port && String(mine.addresses) === String(theirs.addresses) &&
    theirs.enginePorts.isSubsetOf(mine.enginePorts) && theirs.portals.isSubsetOf(mine.portals);
}

/** Returns the network of a render: the gate grants exactly this. */
function networkOf({ door, rendered: { inventory } }: Units): DoorNetwork {
  return doorNetwork(door, inventory);
}
