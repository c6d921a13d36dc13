/// <reference lib="dom" />
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Plan } from "../core/api/schema.ts";
import { key, read, wordsOf } from "./door.ts";
import { engineStates, offline } from "./state.ts";

/** The effect of an order, or why it is not known; neither until the first answer of the door. */
export interface Answer {
  readonly plan?: Plan;
  readonly problem?: string;
  /** False until the door answers again. */
  readonly isCurrent: boolean;
}

/** Asks the door what an order would do, and again whenever an engine changes its state. */
export function usePlan(query: string | undefined): Answer {
  const answer = useSignal<Omit<Answer, "isCurrent"> & { readonly question?: string }>({});
  const question = [query, engineStates.value, offline.value === undefined].join(" ");
  useEffect(() => {
    if (query === undefined) return;
    const stop = new AbortController();
    const set = (found: Omit<Answer, "isCurrent">) => {
      if (!stop.signal.aborted) answer.value = { question, ...found };
    };
    read<Plan>(`/lychd/v1/plan?${query}`, stop.signal).then(
      (plan) => set({ plan }),
      (error) => set({ problem: wordsOf(error) }),
    );
    return () => stop.abort();
  }, [question, key.value]);
  return { ...answer.value, isCurrent: answer.value.question === question };
}
