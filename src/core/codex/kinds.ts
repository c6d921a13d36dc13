/** Closed lists of names, in a file of their own so that no schema is loaded to use them. */

/** The engine profiles. */
export const ENGINES = ["vllm", "sglang", "llamacpp", "tabbyapi", "ollama", "generic"] as const;

/** The name of an engine profile. */
export type EngineName = (typeof ENGINES)[number];

/** The kinds of Codex files: those below `soulstones/` and in `portals/`, and `lychd.toml`. */
export const SCHEMA_KINDS = ["soulstones", "portals", "lychd"] as const;

/** One of {@linkcode SCHEMA_KINDS}. */
export type SchemaKind = (typeof SCHEMA_KINDS)[number];

/** When a Portal gets a request for a model that this host has too. */
export const PREFERENCES = ["local", "portal", "fallback"] as const;

/** One of {@linkcode PREFERENCES}. */
export type Preference = (typeof PREFERENCES)[number];

/** The unit sections that `quadlet` can set. */
export const QUADLET_SECTIONS = ["Unit", "Container", "Service", "Install", "Quadlet"] as const;
