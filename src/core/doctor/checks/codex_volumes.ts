import type { Check } from "../check.ts";
import { pathVerdicts } from "./codex.ts";

/** Whether what is mounted is there and can be read. */
export const CODEX_VOLUMES: Check = {
  id: "codex.volumes",
  about: "what is mounted is there, and can be read",
  why: "Podman does not start a container with a source that is not there",
  run: (subject) => pathVerdicts(subject, "volume"),
};
