import { METRICS_LENGTH, type ToFront, type ToHand } from "../channel/messages.ts";
import { BodyMemory } from "./body/body_memory.ts";
import { Driver } from "./dispatch/driver.ts";
import { EngineClient } from "./engine/client.ts";
import type { StopSignal } from "./engine/stop_signal.ts";
import { handle } from "./handle.ts";
import { listen, type Listening } from "./listen.ts";
import { Logs } from "./logs.ts";
import { Orders } from "./orders.ts";
import { PACE, type Pace } from "./pace.ts";
import { Page, type PageFiles } from "./page/page.ts";
import { Events } from "./report/events.ts";
import { LEFT } from "./exchange/exchange.ts";
import { Metrics } from "./report/metrics.ts";
import { Portals } from "./portal/portals.ts";
import { RequestLog } from "./report/request_log.ts";
import { sampleOf } from "./report/sample.ts";
import { statusOf } from "./report/status.ts";
import { epochSeconds } from "./report/time.ts";

/** The parts of a front besides its channel. */
export interface FrontOptions {
  /** The times without a setting; {@linkcode PACE} by default. */
  readonly pace?: Pace;
  /** The files of its page; none by default. */
  readonly page?: PageFiles;
}

/** The memory for bodies of requests, together. */
const BODIES_BYTES = 512 * 1_048_576;

/**
 * Serves the HTTP side of the front door, as the messages of the hand tell: the first units open the port,
 * `leave` closes it. Resolves after it left. Needs the permission to listen on the port and to connect to
 * those of the engines.
 *
 * @example
 * ```ts ignore
 * serveFront(port); // a MessagePort, whose other end is the hand
 * ```
 */
export function serveFront(
  channel: MessagePort,
  { pace = PACE, page: files = new Map() }: FrontOptions = {},
): Promise<void> {
  const page = new Page(files);
  const left = Promise.withResolvers<void>();
  const send = (message: ToHand) => channel.postMessage(message);
  const events = new Events((isFollowed) => {
    if (isFollowed) metrics.rate.begin(now());
    else {
      metrics.rate.end();
      driver?.measure(new Map());
    }
    send({ kind: "follow", isFollowed });
  });
  const log = new RequestLog();
  const orders = new Orders(send);
  const logs = new Logs(send);
  const memory = new BodyMemory(BODIES_BYTES);
  const client = new EngineClient(connect);
  let [driver, listening]: [Driver?, Listening?] = [];

  const now = () => performance.now();
  let measuring: ReturnType<typeof setTimeout> | undefined;
  const measureSoon = () => {
    measuring ??= setTimeout(() => {
      measuring = undefined;
      measure();
    }, pace.metricsMilliseconds);
  };
  const measure = async () => {
    const text = await driver?.metricsText();
    if (text !== undefined && text.length <= METRICS_LENGTH) send({ kind: "metrics", text });
  };
  const metrics = new Metrics({ now, changed: measureSoon });

  const portals = new Portals({ pace, changed: () => driver?.learnOfPortal() });

  const begin = (units: Extract<ToFront, { kind: "units" }>) => {
    portals.load(units);
    const begun = driver = new Driver(units, {
      now,
      send,
      metrics,
      portals,
      changed() {
        measureSoon();
        events.publish(() => statusOf(begun));
        for (const request of log.takeNew()) events.tell("request", () => request);
      },
      ended: (ticket) => log.add(ticket, now()),
    });
    const parts = { driver: begun, client, memory, metrics, pace, events, log, logs, orders, page };
    try {
      listening = listen(units.door.settings, (request, info) => handle(request, info, parts));
      send({ kind: "listening" });
      measure();
    } catch (error) {
      send({ kind: "cannot-listen", why: error instanceof Error ? error.message : String(error) });
    }
  };

  const leave = async (withinSeconds: number) => {
    events.close();
    logs.close();
    const message = "the door stops";
    const timer = setTimeout(() => {
      driver?.endAll({ status: 503, code: "cut", message, retryAfterSeconds: 2 });
      orders.endAll(message);
    }, withinSeconds * 1000);
    await listening?.stop();
    clearTimeout(timer);
    clearTimeout(measuring);
    client.close();
    portals.close();
    driver?.close();
    send({ kind: "left" });
    left.resolve();
  };

  channel.onmessage = ({ data }: MessageEvent<ToFront>) => {
    switch (data.kind) {
      case "units":
        if (driver === undefined) begin(data);
        else {
          portals.load(data);
          driver.reload(data);
        }
        events.endRefused();
        logs.endRefused();
        break;
      case "observed":
        driver?.observe(data);
        break;
      case "problems":
        driver?.learn(data);
        break;
      case "sample": {
        const { rate } = metrics;
        const [tokensPerSecond, time] = [rate.take(now()), epochSeconds(now())];
        driver?.measure(data.usedMib);
        const engines = driver?.status.engines ?? [];
        const sampled = { epochSeconds: time, gpus: data.gpus, tokensPerSecond, engines };
        events.tell("sample", () => sampleOf(sampled));
        break;
      }
      case "log":
        logs.take(data);
        break;
      case "log-end":
        logs.end(data);
        break;
      case "gone":
        driver?.endOf(data.clients, LEFT);
        break;
      case "phase":
        driver?.advance(data);
        break;
      case "swapped":
        driver?.finishSwap(data);
        break;
      case "done":
        driver?.finishOrder();
        orders.done(data);
        break;
      case "leave":
        leave(data.withinSeconds);
    }
  };
  return left.promise;
}

/** Connects to an engine. Small requests are sent at once. */
async function connect(port: number, stop: StopSignal | undefined): Promise<Deno.TcpConn> {
  const abort = new AbortController();
  const onStop = () => abort.abort();
  stop?.addEventListener("abort", onStop);
  const connecting = Deno.connect({ hostname: "127.0.0.1", port, signal: abort.signal });
  const connection = await connecting.finally(() => stop?.removeEventListener("abort", onStop));
  connection.setNoDelay();
  return connection;
}
