/**
 * How a command asks engines over HTTP without having the network itself: the gate starts a second
 * sandbox, which asks the engines that the rendered units publish on 127.0.0.1 and nobody else. The
 * command names a port and learns whether an engine answers there; it chooses no other port, no path,
 * and reads no answer.
 */
import type { Endpoint } from "../host/probe.ts";

/** Asks whether an engine serves. */
export interface Prober {
  answers(port: number): Promise<boolean>;
  /** Ends it, so that nothing keeps the process. */
  close(): void;
}

/** What a command sends to the gate: the channel on which it will ask. */
export interface ProberWanted {
  readonly proberChannel: MessagePort;
}

/** What the gate sends to the second sandbox: whom it may be asked about, and the channel. */
export interface ProberOrder {
  readonly endpoints: readonly Endpoint[];
  readonly channel: MessagePort;
}

/** One question on the channel; the answer is {@linkcode ProbeAnswer} of the same number. */
export interface ProbeQuestion {
  readonly id: number;
  readonly port: number;
}

/** One answer on the channel. */
export interface ProbeAnswer {
  readonly id: number;
  readonly ok: boolean;
}

/** Whether a message of the worker asks for a prober. */
export function isProberWanted(message: unknown): message is ProberWanted {
  return typeof message === "object" && message !== null && "proberChannel" in message;
}

/** Has a prober started by whoever gets what `send` sends. */
export function startProber(
  send: (message: ProberWanted, transfer: Transferable[]) => void,
): Prober {
  const { port1, port2 } = new MessageChannel();
  const waiting = new Map<number, (ok: boolean) => void>();
  let count = 0;
  port1.onmessage = ({ data }: MessageEvent<ProbeAnswer>) => {
    waiting.get(data.id)?.(data.ok);
    waiting.delete(data.id);
  };
  send({ proberChannel: port2 }, [port2]);
  return {
    answers: (port) =>
      new Promise((done) => {
        const id = count++;
        waiting.set(id, done);
        port1.postMessage({ id, port } satisfies ProbeQuestion);
      }),
    close: () => port1.close(),
  };
}
