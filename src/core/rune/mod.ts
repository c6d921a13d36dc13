/** The target language: Quadlet and systemd units. */
export {
  type TextPlace,
  writeExecWord,
  writeText,
  writeToken,
  writeVariable,
  writeWord,
  type Written,
} from "./escape.ts";
export { expand, type Expanded, type ExpandedAs, type Expansions } from "./expand.ts";
export {
  BOOT_DROP_IN,
  covenTarget,
  dropInFolders,
  GPU_EXPORTER,
  HARVESTER,
  OBSERVER,
  QUADLET_FOLDER,
  SCRIBE,
  SEPULCHER,
  serviceOf,
  soulstoneUnit,
  SYSTEMD_FOLDER,
  unitOf,
  WATCHER_FOLDERS,
  WATCHERS_TARGET,
} from "./names.ts";
export { QUADLET_KEYS, type QuadletGroup, type QuadletKey } from "./quadlet_keys.ts";
export { type Split, splitWords } from "./split.ts";
export { SYSTEMD_COMMANDS, SYSTEMD_KEYS, SYSTEMD_LISTS } from "./systemd_keys.ts";
export {
  type Directive,
  directive,
  parseGeneratorOutput,
  type Provenance,
  readQuadletUnit,
  type ReadUnit,
  readUnit,
  type Section,
  type Unit,
  type UnitLine,
  verifyUnit,
} from "./unit.ts";
export { verifyYaml, writeYaml, type YamlValue } from "./yaml.ts";
