/**
 * How a command asks engines over HTTP without having the network itself: the gate starts a second
 * sandbox that may speak to the named ports of 127.0.0.1 and do nothing else.
 */
import type { Endpoint } from "./host/probe.ts";

/** Asks whether an engine serves. */
export interface Prober {
  answers(endpoint: Endpoint): Promise<boolean>;
  /** Ends it, so that nothing keeps the process. */
  close(): void;
}

/** What a command sends to the gate: the ports, and the channel on which it will ask. */
export interface ProberWanted {
  readonly proberPorts: readonly number[];
  readonly channel: MessagePort;
}

/** One question on the channel; the answer is {@linkcode ProbeAnswer} of the same number. */
export interface ProbeQuestion {
  readonly id: number;
  readonly endpoint: Endpoint;
}

/** One answer on the channel. */
export interface ProbeAnswer {
  readonly id: number;
  readonly ok: boolean;
}

/** Whether a message of the worker asks for a prober. */
export function isProberWanted(message: unknown): message is ProberWanted {
  return typeof message === "object" && message !== null && "proberPorts" in message;
}

/**
 * Has a prober for `ports` started by whoever gets what `send` sends.
 */
export function startProber(
  ports: readonly number[],
  send: (message: ProberWanted, transfer: Transferable[]) => void,
): Prober {
  const { port1, port2 } = new MessageChannel();
  const waiting = new Map<number, (ok: boolean) => void>();
  let count = 0;
  port1.onmessage = ({ data }: MessageEvent<ProbeAnswer>) => {
    waiting.get(data.id)?.(data.ok);
    waiting.delete(data.id);
  };
  send({ proberPorts: ports, channel: port2 }, [port2]);
  return {
    answers: (endpoint) =>
      new Promise((done) => {
        const id = count++;
        waiting.set(id, done);
        port1.postMessage({ id, endpoint } satisfies ProbeQuestion);
      }),
    close: () => port1.close(),
  };
}
