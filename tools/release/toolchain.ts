/** A program of the list `toolchain`, which makes a binary or is part of it. */
export interface Program {
  readonly name: string;
  /** SHA-256 of its archive in hex, or `missing`. */
  readonly digest: string;
  /** The version in its source. */
  readonly version: string;
}

/** Reads the list `toolchain`. */
export function toolchain(): Program[] {
  const text = Deno.readTextFileSync(new URL("toolchain", import.meta.url));
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
    const [name = "", digest = "", , source = ""] = line.split(" ");
    return { name, digest, version: /[@v](\d+\.\d+\.\d+)(?:\/|$)/.exec(source)?.[1] ?? "" };
  });
}
