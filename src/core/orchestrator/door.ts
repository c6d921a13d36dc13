/** The front door as its Runes describe it. */

/** A value that JSON can represent. */
export type Json = string | number | boolean | null | readonly Json[] | {
  readonly [key: string]: Json;
};

/** The settings of the front door: `[vessel]` of the Codex. */
export interface DoorSettings {
  readonly port: number;
  /** The addresses that it listens on. */
  readonly bindAddress: string;
  /** The name of a client, and the SHA-256 digest of its key in hexadecimal. */
  readonly keys: readonly { readonly name: string; readonly digest: string }[];
  readonly allowedOrigins: readonly string[];
  readonly lingerSeconds: number;
  readonly queueLimit: number;
  readonly waitSeconds: number;
  readonly drainSeconds: number;
  /** A Coven, `none` to stop all engines, or undefined if nothing changes without requests. */
  readonly idleCoven: string | undefined;
  readonly idleMinutes: number | undefined;
  /** True if a stream that waits gets the state as text of the model's reasoning. */
  readonly loadingMessage: boolean;
  readonly maxBodyMib: number;
}

/** The knowledge of the front door about one engine. */
export interface DoorEngine {
  readonly aliases: readonly string[];
  /** The id that the engine gives to its model, and expects in requests. */
  readonly served: string | undefined;
  /** The most requests at once. */
  readonly concurrency: number | undefined;
  readonly idleMinutes: number | undefined;
  /** Top-level parameters that each request gets, whatever the client sends. */
  readonly set: Readonly<Record<string, Json>>;
  /** Top-level parameters that are removed. */
  readonly strip: readonly string[];
}

/** The front door, as read from the units. */
export interface Door {
  readonly settings: DoorSettings;
  /** By name of the Soulstone. */
  readonly engines: ReadonlyMap<string, DoorEngine>;
}

/**
 * Returns the addresses that the door listens on: with 127.0.0.1 also ::1, because `localhost` is both,
 * and another user could listen on the second one.
 *
 * @example
 * ```ts
 * import { doorAddresses } from "./door.ts";
 * doorAddresses({ bindAddress: "127.0.0.1" }); // ["127.0.0.1", "::1"]
 * ```
 */
export function doorAddresses({ bindAddress }: Pick<DoorSettings, "bindAddress">): string[] {
  return bindAddress === "127.0.0.1" ? [bindAddress, "::1"] : [bindAddress];
}
/** Stub. */
export function readDoor(_files: readonly unknown[]): Door | undefined {
  return undefined;
}
