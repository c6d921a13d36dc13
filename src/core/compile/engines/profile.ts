import type { EngineName, Soulstone } from "../../codex/mod.ts";

/** A flag that an engine needs, and how it may already stand in the operator's `exec`. */
export interface Flag {
  /** The names of the flag, the one that lychd writes first. */
  readonly names: readonly [string, ...string[]];
  /** The words behind it; none for a switch. */
  readonly values: readonly string[];
}

/** A named volume that keeps what an engine would else load or compile again at each start. */
export interface Cache {
  readonly volume: string;
  readonly target: string;
}

/** How one engine is told what every Soulstone needs. */
export interface EngineProfile {
  readonly name: EngineName;
  /** Its name for people. */
  readonly title: string;
  /** Whether an image is one of this engine, by its repository without tag. */
  readonly matches: (repository: string) => boolean;
  /** Words before all flags, when `exec` does not bring a whole command. */
  readonly head: (model: string | undefined) => readonly string[];
  /** First words of a command that the image's entrypoint already runs. */
  readonly entrypoint: readonly string[];
  /** Flags that make it listen on `port` of the pod, serve `model`, and show its metrics. */
  readonly flags: (port: number, model: string | undefined) => readonly Flag[];
  /** The flag whose value must be the Soulstone's port. */
  readonly portFlag: string | undefined;
  /** Whether it cannot start without a model. */
  readonly needsModel: boolean;
  /** Whether `image` is useless without a GPU. */
  readonly needsGpu: (image: string) => boolean;
  /** Answers 200 only when it can serve. */
  readonly healthPath: string | undefined;
  /** Where it exports Prometheus metrics, if it does when it is run like this. */
  readonly metricsPath: (soulstone: Soulstone) => string | undefined;
  /** Whether it shows metrics only to who has a key. */
  readonly metricsNeedKey: (soulstone: Soulstone) => boolean;
  readonly caches: (model: string | undefined) => readonly Cache[];
  /** What its documentation asks for, in MiB; 0 when it needs none. */
  readonly shmMib: number;
  /** Pull of the image and load of a model included. */
  readonly startTimeoutSeconds: number;
}

/** Where Hugging Face's library keeps models, for root. */
export const HUGGINGFACE_CACHE: Cache = {
  volume: "lychd-huggingface",
  target: "/root/.cache/huggingface",
};
