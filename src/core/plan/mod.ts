/** Compares wanted files with those on disk. */
export * from "./diff.ts";
export * from "./digest.ts";
export * from "./generation.ts";
export * from "./plan.ts";
export * from "./receipt.ts";
export * from "./restarts.ts";
