import { command } from "../../report/mod.ts";
import { type Check, skipped, warning } from "../check.ts";
import { pathVerdicts } from "./codex.ts";

/** Whether models are where engines look for them. */
export const CODEX_MODELS: Check = {
  id: "codex.models",
  about: "models that are files are there, in a volume",
  why: "the engine ends at its start, and systemd starts it again and again",
  run(subject) {
    const { wants, codex } = subject;
    if (codex.kind === "none") return [skipped(codex.reason)];
    const unmounted = wants.unmounted.map(({ path, soulstone }) =>
      warning(
        `${soulstone} loads ${path}, which is in none of its volumes`,
        command`lychd check --codex ${codex.shown}    # then add the folder to its volumes`,
        "unless the image brings it along, the engine will not find it",
      )
    );
    const verdicts = pathVerdicts(subject, "model");
    return unmounted.length > 0
      ? [...unmounted, ...verdicts.filter(({ state }) => state !== "skipped")]
      : verdicts;
  },
};
