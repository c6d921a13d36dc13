/** A version as numbers: `5.4.2-rc1` is 5, 4, 2. */
export type Version = readonly [number, number, number];

/**
 * Returns the first version in a text.
 *
 * @example
 * ```ts
 * import { readVersion } from "./version.ts";
 * readVersion("podman version 5.4.2"); // [5, 4, 2]
 * ```
 */
export function readVersion(text: string | undefined): Version | undefined {
  const found = /(?<!\d)(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? "");
  return found === null ? undefined : [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
}

/** Returns a negative number if `a` is older than `b`. */
export function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** Returns true if `version` is older than the version in `text`; false if either is missing. */
export function isOlder(version: Version | undefined, text: string | undefined): boolean {
  const other = readVersion(text);
  return version !== undefined && other !== undefined && compareVersions(version, other) < 0;
}
