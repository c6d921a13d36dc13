/** The things that a sandbox cannot do itself, and that the gate therefore starts for it. */

/** The message of a sandbox to the gate, with the channel on which the other side answers. */
export type GateRequest =
  /** A sandbox that asks engines for their health, or the one that speaks HTTP for the front door. */
  | { readonly wanted: "prober" | "front"; readonly channel: MessagePort }
  /** The editor of the operator, on a copy of a file of the Codex. */
  | { readonly wanted: "editor"; readonly path: string; readonly channel: MessagePort };

/** Sends a message to the gate, and moves the channel to it. */
export type SendToGate = (message: GateRequest, transfer: Transferable[]) => void;

/** Returns true if a message of a sandbox is a request to the gate, and not its exit code. */
export function isGateRequest(message: unknown): message is GateRequest {
  return typeof message === "object" && message !== null && "wanted" in message;
}

/** Asks the gate to start a second sandbox. Returns the channel to it. */
export function openSandbox(wanted: "prober" | "front", send: SendToGate): MessagePort {
  const { port1, port2 } = new MessageChannel();
  send({ wanted, channel: port2 }, [port2]);
  return port1;
}
