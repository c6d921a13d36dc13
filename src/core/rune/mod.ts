/** The target language: Quadlet and systemd units. */
export * from "./escape.ts";
export * from "./expand.ts";
export * from "./names.ts";
export * from "./podman_options.ts";
export * from "./quadlet_keys.ts";
export * from "./split.ts";
export * from "./systemd_keys.ts";
export * from "./unit.ts";
export * from "./yaml.ts";
