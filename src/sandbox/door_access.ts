/** The address of the front door, for the commands that are its clients. */
import { doorAddresses, readDoor } from "../core/orchestrator/door.ts";
import type { DoorAccess } from "../run/context.ts";
import type { Folders } from "../run/folders.ts";
import { doorUnitIn } from "./gate_files.ts";

/** The place of the front door, and what a client needs to reach it. */
export interface DoorPlace extends DoorAccess {
  /** An address of this host, without brackets. */
  readonly address: string;
  readonly port: number;
}

/** Reads where the front door listens from the units; undefined if none is rendered. */
export function doorPlace(
  folders: Pick<Folders, "systemd">,
  key: string | undefined,
): DoorPlace | undefined {
  const door = readDoor(doorUnitIn(folders));
  if (door === undefined) return undefined;
  const [first = ""] = doorAddresses(door.settings);
  const address = first === "0.0.0.0" ? "127.0.0.1" : first === "::" ? "::1" : first;
  const { port } = door.settings;
  const host = address.includes(":") ? `[${address}]` : address;
  return { url: `http://${host}:${port}`, key, address, port };
}
