import { whyUnknown } from "../../facts.ts";
import { command, countOf } from "../../report/mod.ts";
import { type Check, error, ok, skipped } from "../check.ts";

/** Whether Podman has the secrets. */
export const CODEX_SECRETS: Check = {
  id: "codex.secrets",
  about: "Podman has every secret of the Codex",
  why: "an engine with a secret that is not there does not start",
  run({ facts, codex, wants }) {
    if (codex.kind === "none") return [skipped(codex.reason)];
    if (wants.secrets.length === 0) return [skipped("the Codex has no secrets")];
    const fact = facts.commands["podman-secrets"];
    if (fact === undefined || "failed" in fact || fact.exit !== 0) {
      return [skipped(whyUnknown(facts, "podman-secrets"))];
    }
    const there = new Set(fact.stdout.map((line) => line.trim()));
    const missing = wants.secrets.filter((name) => !there.has(name));
    if (missing.length === 0) return [ok(`Podman has ${countOf(wants.secrets.length, "secret")}`)];
    return missing.map((name) =>
      error(
        `the secret ${name} is not there`,
        command`podman secret create ${name} -    # reads it from stdin`,
      )
    );
  },
};
