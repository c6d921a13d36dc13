import type { EngineState } from "../core/orchestrator/mod.ts";
import { soulstoneUnit } from "../core/rune/names.ts";

/** The command that helps an engine in a state that is not as it should be. */
export function stateHint(name: string, state: EngineState): string | undefined {
  switch (state) {
    case "failed":
    case "restarting":
      return `lychd logs ${name}`;
    case "masked":
      return `systemctl --user unmask ${soulstoneUnit(name).service}`;
    case "missing":
      // A render that changes nothing does not have systemd read the units.
      return "lychd render && systemctl --user daemon-reload";
    default:
      return undefined;
  }
}
