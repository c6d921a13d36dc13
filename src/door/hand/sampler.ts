import { readGpuLoads } from "../../units/gpu_loads.ts";
import type { CommandContext } from "../../run/context.ts";
import type { ToFront } from "../channel/messages.ts";

/** The pause between two measurements. */
const PAUSE_MILLISECONDS = 2000;

/** Measures the GPUs every two seconds while it is wanted, however often that changes. */
export class Sampler {
  readonly #context: CommandContext;
  readonly #onSample: (sample: Extract<ToFront, { kind: "sample" }>) => void;
  readonly #pauseMilliseconds: number;
  #isWanted = false;
  #isBusy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    context: CommandContext,
    onSample: (sample: Extract<ToFront, { kind: "sample" }>) => void,
    pauseMilliseconds = PAUSE_MILLISECONDS,
  ) {
    this.#pauseMilliseconds = pauseMilliseconds;
    this.#context = context;
    this.#onSample = onSample;
  }

  /** Begins to measure, or ends it. */
  set isWanted(isWanted: boolean) {
    this.#isWanted = isWanted;
    if (isWanted && !this.#isBusy) void this.#measure();
  }

  close(): void {
    this.#isWanted = false;
    clearTimeout(this.#timer);
  }

  async #measure(): Promise<void> {
    this.#isBusy = this.#isWanted;
    if (!this.#isWanted) return;
    const { gpus, usedMib } = await readGpuLoads(this.#context);
    if (!this.#isWanted) return void (this.#isBusy = false);
    this.#onSample({ kind: "sample", gpus, usedMib });
    this.#timer = setTimeout(() => void this.#measure(), this.#pauseMilliseconds);
  }
}
