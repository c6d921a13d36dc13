/** Starts a front in a worker, as the door does, for an engine on the port of the first argument. */
const url = new URL("./front_process_worker.ts", import.meta.url);
const worker = new Worker(url, { type: "module" });
worker.onmessage = ({ data }) => Deno.stdout.write(new TextEncoder().encode(`${data}\n`));
worker.postMessage(Number(Deno.args[0]));
// The runtime needs descriptors for its first signal, and fails without them.
Deno.addSignalListener("SIGUSR1", () => {});
