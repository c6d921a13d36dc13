/**
 * Health checks for a command without network: the gate starts a second sandbox, which asks only
 * engines that the rendered units publish on 127.0.0.1. The command sends a port and receives a
 * boolean; it cannot choose the path or another port, or read the answer.
 */
import type { Endpoint } from "../host/probe.ts";
import { openSandbox, type SendToGate } from "./gate_request.ts";

/** Asks engines for their health. */
export interface Prober {
  answers(port: number): Promise<boolean>;
  /** Closes the channel, which would keep the process running. */
  close(): void;
}

/** The message of the gate to the second sandbox: the endpoints that it may ask, and the channel. */
export interface ProberOrder {
  readonly endpoints: readonly Endpoint[];
  readonly channel: MessagePort;
}

/** A question on the channel. */
export interface ProbeQuestion {
  readonly id: number;
  readonly port: number;
}

/** The answer to the question of the same id. */
export type ProbeAnswer = { readonly id: number; readonly ok: boolean };

/** Asks the gate, by `send`, to start a prober. */
export function startProber(send: SendToGate): Prober {
  const channel = openSandbox("prober", send);
  const waiting = new Map<number, (ok: boolean) => void>();
  let count = 0;
  channel.onmessage = ({ data }: MessageEvent<ProbeAnswer>) => {
    waiting.get(data.id)?.(data.ok);
    waiting.delete(data.id);
  };
  return {
    answers: (port) =>
      new Promise((done) => {
        const id = count++;
        waiting.set(id, done);
        channel.postMessage({ id, port } satisfies ProbeQuestion);
      }),
    close: () => channel.close(),
  };
}
