/** The target language: Quadlet and systemd units. Knows nothing of the Codex. */
export { dropInFolders } from "./drop_ins.ts";
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
export { parseGeneratorOutput, serviceOf, unitOf } from "./generator_output.ts";
export {
  BOOT_DROP_IN,
  covenTarget,
  GPU_EXPORTER,
  HARVESTER,
  OBSERVER,
  QUADLET_FOLDER,
  SCRIBE,
  SEPULCHER,
  soulstoneUnit,
  SYSTEMD_FOLDER,
  WATCHER_FOLDERS,
  WATCHERS_TARGET,
} from "./names.ts";
export { QUADLET_KEYS, type QuadletGroup, type QuadletKey } from "./quadlet_keys.ts";
export { type Split, splitWords } from "./split.ts";
export { SYSTEMD_COMMANDS, SYSTEMD_KEYS, SYSTEMD_LISTS } from "./systemd_keys.ts";
export {
  type Directive,
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
