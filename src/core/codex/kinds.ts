/** Lists of words that are closed: kept apart, so that they can be named without loading a schema. */

/** The engines that lychd knows how to start. */
export const ENGINES = ["vllm", "sglang", "llamacpp", "tabbyapi", "generic"] as const;

/** The name of an engine profile. */
export type EngineName = (typeof ENGINES)[number];

/** What a JSON Schema describes: a file below `soulstones/`, or the file `lychd.toml`. */
export const SCHEMA_KINDS = ["soulstones", "lychd"] as const;

/** One of {@linkcode SCHEMA_KINDS}. */
export type SchemaKind = (typeof SCHEMA_KINDS)[number];

/** The sections of a unit to which `quadlet` passes keys. */
export const QUADLET_SECTIONS = ["Unit", "Container", "Service", "Install", "Quadlet"] as const;
