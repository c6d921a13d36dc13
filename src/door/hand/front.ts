import type { FrontState } from "../../core/dispatcher/state_file.ts";
import type { ToFront, ToHand } from "../channel/messages.ts";
import type { Logs } from "./logs.ts";
import { ChannelFault, readToHand } from "./messages.ts";

/** The messages about the front itself, which {@linkcode Front} handles. */
type OwnKind = "listening" | "cannot-listen" | "left";

/** A message that needs the hand. */
export type Asked = Exclude<ToHand, { kind: OwnKind }>;

/** A front, as the hand sees it. */
export class Front {
  /** The engines that it may send requests to, until it says that it is free of them. */
  readonly using = new Set<string>();
  /** Its requests, as it reported them last. */
  state: FrontState = { phase: "steady", wish: undefined, engines: [], portals: [] };
  /** Its figures for Prometheus, as it reported them last. */
  metrics: string | undefined;
  /** The logs that it reads. */
  readonly logs: Logs;
  /** True while clients follow its events. */
  isFollowed = false;
  /** True while it waits for the end of a swap. */
  isSwapping = false;
  readonly #channel: MessagePort;
  readonly #opened = Promise.withResolvers<string | undefined>();
  readonly #left = Promise.withResolvers<void>();

  /** Calls `onAsked` for each message, and `onFault` for one that no front sends. */
  constructor(
    channel: MessagePort,
    logs: Logs,
    onAsked: (message: Asked, front: Front) => void,
    onFault: (fault: ChannelFault) => void,
  ) {
    this.#channel = channel;
    this.logs = logs;
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      try {
        const message = readToHand(data);
        if (message.kind === "listening") this.#opened.resolve(undefined);
        else if (message.kind === "cannot-listen") this.#opened.resolve(message.why);
        else if (message.kind === "left") this.#left.resolve();
        else onAsked(message, this);
      } catch (error) {
        if (!(error instanceof ChannelFault)) throw error;
        onFault(error);
      }
    };
    channel.onmessageerror = () => onFault(new ChannelFault("not readable"));
  }

  /** Returns, once it is known, why it cannot listen; undefined if it listens. */
  get opened(): Promise<string | undefined> {
    return this.#opened.promise;
  }

  send(message: ToFront): void {
    this.#channel.postMessage(message);
  }

  /** Lets it finish its requests within this time, and closes the channel. */
  async leave(withinSeconds: number): Promise<void> {
    this.send({ kind: "leave", withinSeconds });
    const timer = setTimeout(this.#left.resolve, (withinSeconds + GRACE_SECONDS) * 1000);
    await this.#left.promise;
    clearTimeout(timer);
    this.close();
  }

  close(): void {
    this.logs.close();
    this.#channel.close();
  }
}

/** The time for a front to cut its requests when its time is over. */
const GRACE_SECONDS = 2;
