import type { Codex } from "../codex/mod.ts";
import type { Facts } from "../facts.ts";
import type { Command, Finding } from "../report/mod.ts";
import type { Wants } from "./wants.ts";

/** What doctor examines: what is known of a host, and the Codex that it shall run. */
export interface Subject {
  readonly facts: Facts;
  readonly codex: CodexState;
  /** What the Codex needs of a host; nothing of it without one. */
  readonly wants: Wants;
}

/** A Codex as doctor found it. */
export type CodexState =
  | { readonly kind: "none"; readonly reason: string }
  | {
    readonly kind: "read";
    /** How the operator calls it. */
    readonly shown: string;
    readonly codex: Codex;
    readonly findings: readonly Finding[];
  };

/** How a thing is. */
export type State = "ok" | "warning" | "error" | "skipped";

/** What a check says of one thing. */
export type Verdict =
  | { readonly state: "ok"; readonly what: string }
  | {
    readonly state: "warning" | "error";
    readonly what: string;
    /** Why it matters, when it is not for the reason of the whole check. */
    readonly why?: string;
    /** The command that mends it. */
    readonly fix: Command;
  }
  | { readonly state: "skipped"; readonly what: string };

/** One question about a host. */
export interface Check {
  /** `group.name`. */
  readonly id: string;
  /** What is asked, for `--list`. */
  readonly about: string;
  /** Why the answer matters. */
  readonly why: string;
  readonly run: (subject: Subject) => readonly Verdict[];
}

/** All is well. */
export function ok(what: string): Verdict {
  return { state: "ok", what };
}

/** It works, but not as it should, or not for long. */
export function warning(what: string, fix: Command, why?: string): Verdict {
  return { state: "warning", what, fix, ...why === undefined ? {} : { why } };
}

/** Something will fail. */
export function error(what: string, fix: Command, why?: string): Verdict {
  return { state: "error", what, fix, ...why === undefined ? {} : { why } };
}

/** It could not be asked, or makes no sense here. */
export function skipped(reason: string): Verdict {
  return { state: "skipped", what: reason };
}
