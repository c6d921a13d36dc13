/** The source language: the TOML files of the operator. It does not depend on units. */
export { type Codex, type Portal, type Soulstone, uriOf, watchersOf } from "./codex.ts";
export { fileOf } from "./file_of.ts";
export { jsonSchemaText, schemaFile, schemaFiles, schemaLine } from "./json_schema.ts";
export {
  type EngineName,
  ENGINES,
  type Preference,
  PREFERENCES,
  QUADLET_SECTIONS,
  SCHEMA_KINDS,
  type SchemaKind,
} from "./kinds.ts";
export { nextFreePort, parsePortRange, type PortOwner, portOwners, portsOf } from "./ports.ts";
export {
  exceededByGroups,
  FILE_LIMIT_KIB,
  FIRST_FREE_PORT,
  GROUP_LIMIT,
  RUNES_LIMIT_MIB,
  SOULSTONE_LIMIT,
} from "./limits.ts";
export { parsePortalUrl, type PortalUrl } from "./portal_url.ts";
export { type CodexFile, type CodexFolder, type ReadCodex, readCodex } from "./read.ts";
export { lychdSchema, NAME, portalSchema, soulstoneSchema } from "./schema.ts";
export { extraScrapeConfigs } from "./scrape_configs.ts";
export { parseVolume, type Volume } from "./volume.ts";
export { type Plain, tomlKey, type TomlPath, tomlValue } from "./toml.ts";
