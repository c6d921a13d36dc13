/** Stub. */
export function serveFront(_channel: MessagePort): void {}
