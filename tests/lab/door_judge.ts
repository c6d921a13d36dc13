/** Judges what clients of the front door saw, while an operator did what may disturb them. */
import type { Attempt, Chat } from "./door_load.ts";

/** An action of the operator. The times are in milliseconds since 1970. */
export interface Action {
  readonly what: string;
  /**
   * The target of a kill. Streams break off if it is the door, and end with an error if it is their engine.
   * Nothing else may disturb a request.
   */
  readonly kills: { readonly engine: string } | "door" | "nothing";
  readonly beginMilliseconds: number;
  /** For a kill of the door, when it listens again. */
  readonly endMilliseconds: number;
}

/** The ends of attempts that need no explanation. */
const GOOD: ReadonlySet<Attempt["end"]> = new Set(["whole", "left", "busy"]);

/**
 * Returns a line for each attempt that failed without a kill at the same time, and for each chat that got
 * no answer at last although nothing was killed during its last attempt.
 */
export function unexplained(chats: readonly Chat[], actions: readonly Action[]): string[] {
  return chats.flatMap(({ id, model, attempts }) => {
    const isKilled = (attempt: Attempt) =>
      actions.some(({ kills, beginMilliseconds, endMilliseconds }) =>
        (kills === "door" ||
          kills !== "nothing" && kills.engine === model && attempt.end !== "cut") &&
        beginMilliseconds <= attempt.endMilliseconds &&
        endMilliseconds >= attempt.beginMilliseconds
      );
    const bad = attempts.filter((attempt, i) => {
      const isGood = GOOD.has(attempt.end) && (attempt.end !== "busy" || i < attempts.length - 1);
      return !isGood && (attempt.end === "wrong" || !isKilled(attempt));
    });
    return bad.map(({ end, said, beginMilliseconds, endMilliseconds }) =>
      `${id} for ${model}: ${end} from ${beginMilliseconds} to ${endMilliseconds}: ${said}`
    );
  });
}

/** Counts the chats by their end. */
export function countByEnd(chats: readonly Chat[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { attempts } of chats) {
    const end = attempts.at(-1)?.end ?? "none";
    counts[end] = (counts[end] ?? 0) + 1;
  }
  return counts;
}
