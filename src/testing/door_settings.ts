/** The defaults of the front door, for tests. */
import type { DoorSettings } from "../core/orchestrator/door.ts";

/** The settings of `[vessel]` that a Codex does not have to set. */
export const DOOR_SETTINGS: Omit<DoorSettings, "port"> = {
  bindAddress: "127.0.0.1",
  keys: [],
  allowedOrigins: [],
  lingerSeconds: 3,
  queueLimit: 512,
  waitSeconds: 600,
  drainSeconds: 600,
  idleCoven: undefined,
  idleMinutes: undefined,
  loadingMessage: false,
  maxBodyMib: 64,
};
