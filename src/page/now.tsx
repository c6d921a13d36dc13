/// <reference lib="dom" />
import type { Status } from "../core/api/schema.ts";
import { key, useKey } from "./door.ts";
import { hasToWait, proposed, release } from "./orders.ts";
import { Bar, Copyable, PassingButton, Sparkline, SteadyButton } from "./parts.tsx";
import { now, offline, samples, type Soulstone, state } from "./state.ts";
import { clockOf, countOf, durationOf, listOf, memoryOf, numberOf } from "./words.ts";

/** The present: the state of the door in a sentence, the phases of a swap, and what is measured. */
export function Now() {
  const known = state.value;
  return (
    <section class={offline.value === undefined ? "now" : "now old"} aria-label="Now">
      <div class="sentence">
        <p role="status">{sentence()}</p>
        <div class="buttons">
          {key.value !== "" && (
            <button type="button" class="quiet" onClick={() => useKey("")}>Forget the key</button>
          )}
          {known?.held && (
            <PassingButton aria-disabled={hasToWait("release")} onClick={release}>
              Release
            </PassingButton>
          )}
          <SteadyButton
            class="quiet"
            isOff={!known?.soulstones.some(isUp) || hasToWait("banish")}
            onClick={() => proposed.value = { kind: "banish", target: undefined }}
          >
            Banish everything
          </SteadyButton>
        </div>
      </div>
      {offline.value === undefined
        ? <Phases swap={known?.swap ?? null} />
        : <Copyable text="systemctl --user status lychd-vessel" label="the command" />}
      <Measured />
    </section>
  );
}

/** Returns true if an engine uses the machine. */
export function isUp({ state }: Soulstone): boolean {
  return state !== "down";
}

/** Returns true if an engine should run and does not. */
export function hasFailed({ problem, state }: Soulstone): boolean {
  return problem !== null && state !== "ready";
}

function sentence(): string {
  const known = state.value;
  if (offline.value !== undefined) {
    const { since, why } = offline.value;
    return `${why} The page tries again every 2 seconds` +
      (known === undefined ? "." : `; what it shows is from before ${clockOf(new Date(since))}.`);
  }
  return known === undefined ? "Asking the door…" : sentenceOf(known);
}

function sentenceOf({ phase, held, goal, soulstones, swap }: Status): string {
  const wish = goal === null ? undefined : "name" in goal ? goal.name : listOf(goal.names);
  const failed = phraseOf(soulstones.filter(hasFailed), ["has failed", "have failed"]);
  const suffix = (failed === undefined ? "" : ` ${failed}.`) +
    (held ? " Held: the door changes no engine until it is released." : "");
  if (phase === "draining") {
    return `Next: ${wish}. Requests under way are finished first.${suffix}`;
  }
  if (swap !== null || phase === "swapping") {
    const left = swap === null
      ? ""
      : swap.estimate_seconds === 0
      ? " It takes longer than usual."
      : ` About ${durationOf(swap.estimate_seconds)} left.`;
    const change = wish === undefined ? changeOf(swap) : ` to ${wish}`;
    return `Changing${change}.${left}${suffix}`;
  }
  const up = soulstones.filter((each) => isUp(each) && !hasFailed(each));
  return `${phraseOf(up, ["runs", "run"]) ?? "No engine runs"}.${suffix}`;
}

/** Returns the engines of a swap that no request wishes, as far as it has come. */
function changeOf(swap: Status["swap"]): string {
  const of = (isStop: boolean) => {
    const phases = swap?.phases.filter(({ phase }) => (phase === "stop") === isStop) ?? [];
    const names = [...new Set(phases.flatMap(({ soulstones }) => soulstones))];
    return names.length === 0 ? [] : [`${isStop ? "stop" : "start"} ${listOf(names)}`];
  };
  const parts = [...of(true), ...of(false)];
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}

/** Returns engines as a subject with its verb; only their number if they are many. */
function phraseOf(stones: readonly Soulstone[], [one, many]: readonly [string, string]) {
  if (stones.length === 0) return undefined;
  const names = stones.map(({ name }) => name);
  return `${names.length > 6 ? countOf(names.length, "engine") : listOf(names)} ${
    names.length === 1 ? one : many
  }`;
}

const PHASES = {
  stop: "stop",
  memory: "wait for memory of",
  start: "start",
  healthy: "wait for",
} as const;

/** The phases of a swap, or else the requests, in the same place, so that nothing moves. */
function Phases({ swap }: Pick<Status, "swap">) {
  if (swap === null) return <p class="phases">{requestWords()}</p>;
  return (
    <ol class="phases" aria-label="Phases of the swap">
      {swap.phases.map(({ phase, soulstones, seconds, since }) => (
        <li key={`${phase} ${since}`} class={seconds === null ? "current" : "done"}>
          {PHASES[phase]} <span class="names">{listOf(soulstones)}</span>{" "}
          <b>
            {durationOf(seconds ?? Math.max(0, Math.floor((now.value - Date.parse(since)) / 1000)))}
          </b>
        </li>
      ))}
    </ol>
  );
}

function requestWords(): string {
  const stones = state.value?.soulstones ?? [];
  const sum = (of: "under_way" | "waiting") => stones.reduce((all, each) => all + each[of], 0);
  const [open, waiting] = [sum("under_way"), sum("waiting")];
  if (open + waiting === 0) return "No request is under way.";
  return `${countOf(open, "request")} under way, ${waiting} waiting.`;
}

function Measured() {
  const all = samples.value;
  const last = all.at(-1);
  const isOld = offline.value !== undefined;
  return (
    <div class="measures">
      <div
        class="gpus"
        role="group"
        aria-label="GPUs"
        tabindex={(last?.gpus.length ?? 0) > 1 ? 0 : undefined}
      >
        {last?.gpus.map((gpu, i) => (
          <Bar
            key={i}
            title={last.gpus.length > 1 ? `${i}: ${gpu.name}` : gpu.name}
            share={gpu.memory_used_mib / gpu.memory_mib}
            text={[
              `${memoryOf(gpu.memory_used_mib)} of ${memoryOf(gpu.memory_mib)}`,
              ...gpu.power_watts === null ? [] : [`${numberOf(Math.round(gpu.power_watts))} W`],
              ...gpu.utilization === null ? [] : [`${Math.round(gpu.utilization * 100)} %`],
            ].join(" · ")}
          />
        ))}
      </div>
      <Sparkline
        title="Output"
        unit="tokens/s"
        values={all.map(({ tokens_per_second }) => tokens_per_second)}
        isOld={isOld}
      />
      <Sparkline
        title="Under way"
        unit=""
        values={all.map(({ under_way }) => under_way)}
        isOld={isOld}
      />
      <Sparkline
        title="Waiting"
        unit=""
        values={all.map(({ waiting }) => waiting)}
        isOld={isOld}
      />
    </div>
  );
}
