import type { ImportContext } from "./imported.ts";

/** A host with GPUs of NVIDIA and without a Codex, for tests and generated documents. */
export const EMPTY_HOST: ImportContext = {
  home: "/home/lich",
  runtime: "/run/user/1000",
  config: "/home/lich/.config",
  user: 1000,
  takenPorts: new Map(),
  takenGroups: new Set(),
  vendor: "NVIDIA",
  variables: new Map(),
};
