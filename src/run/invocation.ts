import type { Invocation } from "../cli/tree.ts";

export { EXIT, type ExitCode } from "../cli/exit.ts";
export type { Invocation } from "../cli/tree.ts";

/** The options of `lychd summon`. */
export type SummonOptions = Omit<
  Extract<Invocation, { command: "summon" }>,
  "command" | "wish"
>;

/** The options of every command that writes into the live folders. */
export type InscribeOptions = Omit<Extract<Invocation, { command: "rollback" }>, "command">;
