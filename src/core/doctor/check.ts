import type { Codex } from "../codex/mod.ts";
import { type Facts, whyUnknown } from "../facts.ts";
import type { Command, Finding } from "../report/mod.ts";
import type { Needs } from "./needs.ts";

/** The facts of a host and the Codex that it is checked for. */
export interface Subject {
  readonly facts: Facts;
  readonly codex: CodexState;
  /** The needs of the Codex; empty without one. */
  readonly needs: Needs;
}

/** A Codex with its findings, or the reason why there is none. */
export type CodexState = { readonly kind: "none"; readonly reason: string } | ReadCodex;

interface ReadCodex {
  readonly kind: "read";
  /** The path as the operator wrote it. */
  readonly shown: string;
  readonly codex: Codex;
  readonly findings: readonly Finding[];
}

/** The outcome of a check. */
export type State = "ok" | "warning" | "error" | "skipped";

/** The outcome of a check for one thing. */
export type Verdict =
  | { readonly state: "ok" | "skipped"; readonly what: string }
  | {
    readonly state: "warning" | "error";
    readonly what: string;
    /** The reason why it matters, if it differs from that of the check. */
    readonly why: string | undefined;
    readonly fix: Command;
  };

/** The verdicts of a check: one, or several in their order. */
export type Verdicts = Verdict | readonly Verdict[];

/** A check of a host. */
export interface Check {
  /** `group.name`. */
  readonly id: string;
  /** A statement that is true if the check succeeds. */
  readonly about: string;
  /** The reason why it matters. */
  readonly why: string;
  readonly run: (subject: Subject) => Verdicts;
}

/** A success. */
export function ok(what: string): Verdict {
  return { state: "ok", what };
}

/** A problem that engines survive, at least for now. */
export function warning(what: string, fix: Command, why?: string): Verdict {
  return { state: "warning", what, why, fix };
}

/** A problem that makes something fail. */
export function error(what: string, fix: Command, why?: string): Verdict {
  return { state: "error", what, why, fix };
}

/** The check does not apply, or something it needs is unknown. */
export function skipped(reason: string): Verdict {
  return { state: "skipped", what: reason };
}

/** Another check reports the cause. */
export function see(id: string, reason?: string): Verdict {
  return skipped(`see ${id}${reason === undefined ? "" : `: ${reason}`}`);
}

/** A fact that the check needs is unknown. */
export function unknown(facts: Facts, id: string): Verdict {
  return skipped(whyUnknown(facts, id));
}

/** Skips a check while there is no Codex. */
export function withCodex(
  run: (subject: Subject & { readonly codex: ReadCodex }) => Verdicts,
): Check["run"] {
  return ({ codex, ...subject }) =>
    codex.kind === "none" ? skipped(codex.reason) : run({ ...subject, codex });
}

/** Returns a check that also needs a Soulstone: a Codex without one has errors, which `codex.valid` reports. */
export function withSoulstones(run: Parameters<typeof withCodex>[0]): Check["run"] {
  return withCodex((subject) =>
    subject.codex.codex.soulstones.length === 0 ? skipped("the Codex has errors") : run(subject)
  );
}
