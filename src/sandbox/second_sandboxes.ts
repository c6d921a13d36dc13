/**
 * The sandboxes that a command works with: one that asks engines for their health, and one that speaks
 * HTTP for the front door. They connect only to ports that the gate reads from the units.
 */
import { doorNetwork, readDoor } from "../core/orchestrator/door.ts";
import { readInventory } from "../core/orchestrator/inventory.ts";
import type { PageFiles } from "../door/front/page/page.ts";
import type { ProberOrder } from "../run/health.ts";
import type { Folders } from "../run/folders.ts";
import type { Invocation } from "../run/invocation.ts";
import { unitsIn } from "./gate_files.ts";
import { frontPermissions, proberPermissions, type StartSandbox } from "./permissions.ts";

/** The order of the gate to the sandbox of the front door. */
export interface FrontOrder {
  /** The channel to the command that started it. */
  readonly channel: MessagePort;
  readonly page: PageFiles;
}

/** The folder of the page, which `deno task bundle` makes: in the bundle, beside this program. */
const PAGE = new URL(
  import.meta.url.endsWith(".ts") ? "../../dist/bundle/page/" : "./page/",
  import.meta.url,
);

/** Reads the files of the page; none if this program runs from its source and the page is not built. */
function readPage(): PageFiles {
  try {
    const names = [...Deno.readDirSync(PAGE)].map(({ name }) => name);
    const read = (name: string) => Deno.readFileSync(new URL(name, PAGE));
    return new Map(names.map((name) => [name.replace(/\.gz$/, ""), read(name)]));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Map();
    throw error;
  }
}

/** Returns what starts the second sandboxes of a command, with the channels to it. */
export function secondSandboxes(
  invocation: Invocation,
  folders: Folders,
  start: StartSandbox,
) {
  let prober: { readonly worker: Worker; readonly key: string } | undefined;
  return {
    /** Connects the sandbox that asks for health, if the command may have one: one for the same endpoints. */
    prober(channel: MessagePort): void {
      const endpoints = readInventory(unitsIn(folders)).engines.flatMap(({ port, healthPath }) =>
        healthPath === undefined ? [] : [{ port, path: healthPath }]
      );
      const permissions = proberPermissions(invocation, endpoints.map(({ port }) => port));
      if (permissions === undefined) return;
      const key = JSON.stringify(endpoints);
      if (prober?.key !== key) {
        prober?.worker.terminate();
        prober = { worker: start("health_worker", permissions), key };
      }
      prober.worker.postMessage({ endpoints, channel } satisfies ProberOrder, [channel]);
    },
    /**
     * Starts a sandbox that speaks HTTP, if the command may have one. A render may have changed the
     * ports, so the command asks for a new one then. `fail` is called if it ends with an error.
     */
    front(channel: MessagePort, fail: (error: Error) => void): void {
      const files = unitsIn(folders);
      const door = readDoor(files);
      const permissions = door &&
        frontPermissions(invocation, doorNetwork(door, readInventory(files)));
      if (permissions === undefined) return;
      const worker = start("front_worker", permissions);
      worker.onerror = (event) => {
        event.preventDefault();
        fail(new Error(`internal error of the front door: ${event.message}`));
      };
      worker.postMessage({ channel, page: readPage() } satisfies FrontOrder, [channel]);
    },
  };
}
