import { command, countOf, formatCount } from "../../report/mod.ts";
import { type Check, error, ok, skipped, warning } from "../check.ts";

/** Whether the Codex can be compiled. */
export const CODEX_VALID: Check = {
  id: "codex.valid",
  about: "the Codex is valid",
  why: "of a Codex with an error nothing is rendered",
  run({ codex }) {
    if (codex.kind === "none") return [skipped(codex.reason)];
    const fix = command`lychd check --codex ${codex.shown}`;
    const count = formatCount(codex.findings);
    if (codex.findings.some(({ severity }) => severity === "error")) {
      return [error(`${codex.shown}: ${count}`, fix)];
    }
    return codex.findings.length > 0
      ? [warning(`${codex.shown}: ${count}`, fix, "it works, but maybe not as it was meant")]
      : [ok(`${codex.shown}: ${countOf(codex.codex.soulstones.length, "Soulstone")}, no fault`)];
  },
};
