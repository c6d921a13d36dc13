import type { EngineProfile } from "./profile.ts";

/** Any other image: lychd adds nothing that it cannot know. */
export const GENERIC: EngineProfile = {
  name: "generic",
  title: "engine",
  matches: () => true,
  head: () => [],
  entrypoint: [],
  flags: () => [],
  portFlag: undefined,
  needsModel: false,
  needsGpu: () => false,
  healthPath: undefined,
  metricsPath: () => undefined,
  metricsNeedKey: () => false,
  caches: () => [],
  shmMib: 0,
  startTimeoutSeconds: 900,
};
