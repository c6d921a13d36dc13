import type { Place } from "../report/mod.ts";
import type { TomlPath } from "./toml.ts";

/** The state of the files that the rules depend on. */
export interface RuleContext {
  /** Returns the place of a setting, or undefined if it has its default. */
  readonly settingsPlace: (path: TomlPath) => Place | undefined;
  /** True if every Soulstone could be read; otherwise a group may be missing for that reason. */
  readonly isComplete: boolean;
}
