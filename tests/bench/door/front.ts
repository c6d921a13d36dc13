/**
 * The front door without its hand: `front.ts PORT ENGINE_PORT`. The engine `eye` is always ready.
 *
 * @module
 */
import type { ToFront, ToHand } from "../../../src/door/channel/messages.ts";
import type { FrontOrder } from "../../../src/sandbox/second_sandboxes.ts";
import { DOOR_SETTINGS } from "../../../src/testing/door_settings.ts";

const [port = 0, enginePort = 0] = Deno.args.map(Number);
const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const worker = new Worker(
  import.meta.resolve(`../../../src/sandbox/front_worker${extension}`),
  {
    type: "module",
    deno: {
      permissions: {
        ...{ read: false, write: false, run: false, env: false, sys: false, ffi: false },
        net: [`127.0.0.1:${port}`, `[::1]:${port}`, `127.0.0.1:${enginePort}`],
      },
    },
  },
);
const { port1: hand, port2: channel } = new MessageChannel();
worker.postMessage({ channel, page: new Map() } satisfies FrontOrder, [channel]);
hand.onmessage = ({ data }: MessageEvent<ToHand>) => {
  if (data.kind === "cannot-listen") throw new Error(data.why);
};
tell({
  kind: "units",
  inventory: {
    engines: [{
      name: "eye",
      service: "soulstone-eye.service",
      profile: "generic",
      image: "",
      covens: [],
      slot: undefined,
      resident: false,
      stray: false,
      capabilities: [],
      conflicts: [],
      port: enginePort,
      uri: "",
      isOnLoopback: true,
      healthPath: undefined,
      startCheck: { kind: "none", path: undefined, timeout: undefined },
      metricsPath: undefined,
      vramMib: 0,
      devices: [],
      description: undefined,
    }],
    covens: [],
  },
  door: {
    reservedPorts: { first: 1, last: 0 },
    settings: { ...DOOR_SETTINGS, port },
    engines: new Map(),
    portals: [],
  },
  links: { grafana: undefined, prometheus: undefined },
  portalKeys: new Map(),
});
tell({ kind: "observed", engines: new Map([["eye", "ready"]]), isHeld: false, since: new Map() });

function tell(message: ToFront): void {
  hand.postMessage(message);
}
